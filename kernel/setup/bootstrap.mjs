/**
 * From a fresh clone to a command: node packages, build, then the command `gradbook` on Node 24. Plain JavaScript for
 * Node 20 and newer, and nothing but Node's own modules: it runs before anything is installed.
 *
 *   node kernel/setup/bootstrap.mjs setup | start ... | doctor | test ... | check | bench ... | bench:engine ... | bench:setup
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Commands that run a file of tests/bench. */
const benches = { bench: "kernel/bench.ts", "bench:engine": "engine/bench.ts", "bench:setup": "engine/setup.ts" };

/** Ends with one message that says what to do. */
function stop(message) {
  console.error(message);
  process.exit(1);
}

function readJson(file) {
  return JSON.parse(readFileSync(join(root, file), "utf8"));
}

function checkNode() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major >= 20) return;
  stop(
    `Gradbook is set up with Node 20 or newer; this is Node ${process.versions.node} (${process.execPath}).\n` +
      "Install a newer one (https://nodejs.org) and see that it comes first on PATH. The kernel's own Node 24 comes by npm.",
  );
}

/**
 * True when node_modules holds what package-lock.json says, by npm's own record of what it installed. Packages for
 * other systems are missing on purpose; the ones for this system are looked for when they are used.
 */
export function packagesAreInstalled(lock, installed) {
  return Object.entries(lock.packages).every(([path, wanted]) => {
    if (path === "") return true;
    const found = installed.packages[path];
    return found ? found.version === wanted.version : Boolean(wanted.optional || wanted.devOptional || wanted.peer);
  });
}

function installPackages() {
  const record = "node_modules/.package-lock.json";
  if (existsSync(join(root, record)) && packagesAreInstalled(readJson("package-lock.json"), readJson(record))) {
    console.log("setup: node packages: ready");
    return;
  }
  console.log("setup: node packages: npm install (a minute or two) ...");
  const started = performance.now();
  // The versions are the lock file's, and the lock file stays as it is. Not `npm ci`: since npm 11.16 it refuses a lock
  // file that lacks an optional package for another system, and such packages come and go in registries
  // (https://github.com/npm/cli/issues/9846).
  const args = ["install", "--no-save", "--loglevel=error"];
  // Under `npm start` and its like the running npm says where it is; it need not be the one on PATH.
  const npm = process.env.npm_execpath;
  const viaNode = npm && /npm-cli\.c?js$/.test(npm);
  const result = viaNode
    ? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio: "inherit" })
    : spawnSync("npm", args, { cwd: root, stdio: "inherit", shell: process.platform === "win32" });
  if (result.error) stop(`npm could not be started (${result.error.message}). Install Node 20 or newer with npm.`);
  if (result.status !== 0) {
    stop(
      "npm could not install the node packages; it says why above. If it is the network: `npm ping` tells whether npm reaches its registry.",
    );
  }
  console.log(`setup: node packages: done (${((performance.now() - started) / 1000).toFixed(1)} s)`);
}

/** The tests' own part "types" reports wrong types, so that the other parts run all the same. */
async function buildDist({ checked }) {
  const { build } = await import("./build.mjs");
  try {
    const outcome = await build({ checked });
    console.log(`setup: build: ${outcome === "built" ? "done" : "ready"}`);
  } catch (error) {
    stop(error.message);
  }
}

async function main([command = "setup", ...args]) {
  checkNode();
  installPackages();
  const isForTests = ["test", "check", ...Object.keys(benches)].includes(command);
  await buildDist({ checked: !isForTests });
  const built = (file) => join(root, "dist", "kernel", file);
  const { findNode24, runInTerminal } = await import(pathToFileURL(built("setup/node-runtime.js")).href);
  let node;
  try {
    node = findNode24(root).path;
  } catch (error) {
    if (error.name !== "SetupError") throw error;
    stop(error.message);
  }
  const gradbook = (...line) => runInTerminal(node, [built("cli.js"), ...line]);
  if (!isForTests) return await gradbook(command, ...args);
  const tests = (...line) => runInTerminal(node, [join(root, "tests", "run.ts"), ...line], { cwd: root });
  if (command === "check") return await tests("--check");
  if (command in benches) return await runInTerminal(node, [join(root, "tests", "bench", benches[command]), ...args]);
  const code = await gradbook("setup", "--for-tests");
  return code !== 0 ? code : await tests(...args);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = await main(process.argv.slice(2));
}
