/**
 * Builds `dist/` from the TypeScript sources: every file by `tsc` (JavaScript and declarations), then the kernel's two
 * threads, `kernel/main.ts` and `kernel/worker.ts`, each as one file by esbuild, because reading one file instead of
 * forty is a good part of the cold start; and the part of tfjs-node that the engine uses, so that an installed package does
 * not depend on tfjs-node, whose install script downloads an old TensorFlow. Plain JavaScript: it runs before there is
 * anything to run TypeScript with.
 *
 *   node kernel/setup/build.mjs              check types and build; nothing to do when no source has changed
 *   node kernel/setup/build.mjs --no-check   build although types may be wrong (faster; the next full build checks them)
 *   node kernel/setup/build.mjs --watch      build again on every change
 *
 * Files are built aside and renamed into `dist/` one by one, so a running kernel never finds a half-written file.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, watch } from "node:fs";
import { chmod, copyFile, mkdir, readdir, readFile, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { dirname, extname, join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const dist = join(root, "dist");
const stampFile = join(dist, ".stamp");
const lockFolder = join(root, ".cache", "build.lock");

/** The two files a kernel process starts its threads with. The kernelspec and the kernel know their names. */
const bundles = ["kernel/main.ts", "kernel/worker.ts"];
/** The file through which the engine uses tfjs-node, a package for development only. */
const tfjsNode = "lib/engine/tensorflow/tfjs-node.ts";
const sourceRoots = ["index.ts", "kernel", "lib", "tsconfig.json", "tsconfig.build.json"];
/** Not TypeScript, but part of the product: requirements, logos, styles. */
const assetExtensions = new Set([".txt", ".svg", ".png", ".css", ".html", ".json", ".py"]);
/** The JupyterLab extension has its own build, the native addon its own compiler. */
const otherBuilds = ["kernel/lab", "lib/engine/native"];

async function* filesUnder(path) {
  const full = join(root, path);
  if (!existsSync(full) || otherBuilds.includes(path)) return;
  if (!(await stat(full)).isDirectory()) {
    yield path;
    return;
  }
  const names = await readdir(full);
  for (const name of names.sort()) if (name !== "node_modules") yield* filesUnder(`${path}/${name}`);
}

async function sourceFiles() {
  const files = [];
  for (const start of sourceRoots) for await (const file of filesUnder(start)) files.push(file);
  return files;
}

/** One hash over everything that decides what `dist/` holds, the compilers' versions included. */
async function sourceHash(files) {
  const hash = createHash("sha256");
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(await readFile(join(root, file)))
      .update("\0");
  for (const name of ["typescript", "esbuild", "@tensorflow/tfjs-node-gpu"]) {
    hash.update(JSON.parse(await readFile(join(root, "node_modules", name, "package.json"), "utf8")).version);
  }
  return hash.digest("hex");
}

async function readStamp() {
  try {
    return JSON.parse(await readFile(stampFile, "utf8"));
  } catch {
    return {};
  }
}

/** True when `dist/` is what the sources say. `checked` asks for types that have been checked as well. */
export async function isUpToDate({ checked = true } = {}) {
  const stamp = await readStamp();
  return stamp.hash === (await sourceHash(await sourceFiles())) && (stamp.checked || !checked);
}

/** Runs the TypeScript compiler; resolves with its exit code and what it printed. */
function runCompiler(outDir, checked) {
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const options = ["-p", "tsconfig.build.json", "--outDir", outDir, ...(checked ? [] : ["--noCheck"])];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [compiler, ...options], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output: output.trim() }));
  });
}

async function bundleThreads(outDir) {
  const entries = bundles.filter((entry) => existsSync(join(root, entry)));
  if (entries.length === 0) return;
  const { build: esbuild } = await import("esbuild");
  await esbuild({
    absWorkingDir: root,
    entryPoints: entries,
    outdir: outDir,
    outbase: ".",
    bundle: true,
    // What an entry imports dynamically stays apart, so that it is compiled with the cache that the entry switches on.
    splitting: true,
    chunkNames: "kernel/chunks/[name]-[hash]",
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node24",
    sourcemap: false,
    logLevel: "warning",
  });
}

/**
 * tfjs-node's JavaScript and what it needs become part of `dist/`; TensorFlow.js itself and our own files stay apart,
 * because there must be one of each. Their licences go into `dist/THIRD-PARTY-LICENSES.txt`.
 */
async function bundleTfjsNode(outDir) {
  if (!existsSync(join(root, tfjsNode))) return;
  const { build: esbuild } = await import("esbuild");
  const ownFiles = {
    name: "own-files",
    setup: (bundler) =>
      bundler.onResolve({ filter: /^\.\.?\// }, ({ path, importer }) =>
        importer === join(root, tfjsNode) ? { path: path.replace(/\.ts$/, ".js"), external: true } : undefined,
      ),
  };
  const { metafile } = await esbuild({
    absWorkingDir: root,
    entryPoints: [tfjsNode],
    outdir: outDir,
    outbase: ".",
    bundle: true,
    external: ["@tensorflow/tfjs", "@tensorflow/tfjs-core", "@tensorflow/tfjs-layers", "@tensorflow/tfjs-converter"],
    plugins: [ownFiles],
    platform: "node",
    format: "esm",
    target: "node20",
    // CommonJS inside an ES module: what stays apart is required.
    banner: {
      js: 'import { createRequire as makeRequire } from "node:module";\nconst require = makeRequire(import.meta.url);',
    },
    legalComments: "eof",
    metafile: true,
    logLevel: "warning",
  });
  await writeFile(join(outDir, "THIRD-PARTY-LICENSES.txt"), await licencesOf(Object.keys(metafile.inputs)));
}

/** The licences of the packages that these files belong to, as the packages carry them. */
async function licencesOf(files) {
  const packageOf = (file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];
  const names = [...new Set(files.map(packageOf))].filter((name) => name !== undefined).sort();
  const parts = ["Parts of these packages are in lib/engine/tensorflow/tfjs-node.js."];
  for (const name of names) {
    const folder = join(root, "node_modules", name);
    const { version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    parts.push(`${"=".repeat(100)}\n${name} ${version} (${license})`);
    const texts = (await readdir(folder)).filter((file) => /^(licen[cs]e|notice)/i.test(file)).sort();
    for (const text of texts) parts.push((await readFile(join(folder, text), "utf8")).trim());
    if (texts.length === 0) parts.push(`Its licence is that of this package, in the file LICENSE beside package.json.`);
  }
  return `${parts.join("\n\n")}\n`;
}

async function copyAssets(files, outDir) {
  for (const file of files) {
    if (!file.includes("/") || !assetExtensions.has(extname(file))) continue;
    const target = join(outDir, file);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(join(root, file), target);
  }
}

async function listFiles(folder) {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((e) => e.isFile()).map((e) => relative(folder, join(e.parentPath ?? e.path, e.name)));
}

/** A running kernel loads some chunks late, under the names they had when it started: they stay for a day. */
async function isRecentChunk(file) {
  if (!file.startsWith(join("kernel", "chunks"))) return false;
  return Date.now() - (await stat(join(dist, file))).mtimeMs < 24 * 3600 * 1000;
}

/** Moves what was built into `dist/`, file by file, and takes away what the sources no longer give. */
async function putInPlace(fresh) {
  const made = new Set(await listFiles(fresh));
  for (const file of made) {
    const target = join(dist, file);
    const same = existsSync(target) && (await readFile(target)).equals(await readFile(join(fresh, file)));
    if (same) continue;
    await mkdir(dirname(target), { recursive: true });
    await rename(join(fresh, file), target);
  }
  for (const file of await listFiles(dist)) {
    if (made.has(file) || file === ".stamp" || (await isRecentChunk(file))) continue;
    await rm(join(dist, file));
    let folder = dirname(join(dist, file));
    while (folder.startsWith(dist + sep) && (await readdir(folder)).length === 0) {
      await rmdir(folder);
      folder = dirname(folder);
    }
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** One build at a time in a checkout: two tests or an editor and a test may ask at the same moment. */
async function withLock(work) {
  await mkdir(dirname(lockFolder), { recursive: true });
  const owner = join(lockFolder, "pid");
  for (;;) {
    try {
      await mkdir(lockFolder);
      await writeFile(owner, String(process.pid));
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      const pid = Number(await readFile(owner, "utf8").catch(() => ""));
      const age = Date.now() - (await stat(lockFolder).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
      // Without a pid the owner is between its two lines, or died there.
      if (pid ? !isAlive(pid) : age > 5000) await rm(lockFolder, { recursive: true, force: true });
      else await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  try {
    return await work();
  } finally {
    await rm(lockFolder, { recursive: true, force: true });
  }
}

/**
 * Builds `dist/` unless it is up to date. Returns "built" or "unchanged"; throws an Error whose message is the
 * compiler's when the sources do not compile, and then leaves `dist/` as it was.
 */
export async function build({ checked = true } = {}) {
  if (await isUpToDate({ checked })) return "unchanged";
  return await withLock(async () => {
    const files = await sourceFiles();
    const hash = await sourceHash(files);
    const stamp = await readStamp();
    if (stamp.hash === hash && (stamp.checked || !checked)) return "unchanged";
    const fresh = join(root, ".cache", `build-${process.pid}`);
    try {
      const { code, output } = await runCompiler(fresh, checked);
      if (code !== 0) throw new Error(`The TypeScript sources do not compile:\n${output}`);
      await bundleThreads(fresh);
      await bundleTfjsNode(fresh);
      await copyAssets(files, fresh);
      const cli = join(fresh, "kernel", "cli.js");
      if (existsSync(cli)) await chmod(cli, 0o755);
      await putInPlace(fresh);
      await writeFile(stampFile, JSON.stringify({ hash, checked }));
    } finally {
      await rm(fresh, { recursive: true, force: true });
    }
    return "built";
  });
}

async function buildAndSay(options) {
  const started = performance.now();
  try {
    const outcome = await build(options);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(outcome === "built" ? `build: dist/ written (${seconds} s)` : "build: up to date");
    await updateAddon();
    return true;
  } catch (error) {
    console.error(error.message);
    return false;
  }
}

/** Compiles the native addon when its C++ sources have changed, where setup has fetched TensorFlow. */
async function updateAddon() {
  const built = (file) => import(pathToFileURL(join(dist, "kernel", "setup", file)).href);
  const started = performance.now();
  const outcome = await (await built("native-addon.js")).updateAddon((await built("places.js")).findPlaces());
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (outcome === "compiled") console.log(`build: native addon compiled (${seconds} s)`);
}

function watchSources(options) {
  let timer;
  let running = Promise.resolve();
  const again = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      running = running.then(() => buildAndSay(options));
    }, 150);
  };
  for (const start of sourceRoots) {
    const path = join(root, start);
    if (existsSync(path)) watch(path, { recursive: true }, again);
  }
  console.log("build: watching kernel/ and lib/; restart a notebook's kernel to use what was built (Ctrl+C ends this)");
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const options = { checked: !process.argv.includes("--no-check") };
  const good = await buildAndSay(options);
  if (process.argv.includes("--watch")) watchSources(options);
  else if (!good) process.exitCode = 1;
}
