/** What `npm install gradbook` gives somebody: packed, installed in an empty folder, set up, started, used. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findPlaces } from "../../kernel/setup/places.ts";

const minutes = 60_000;
const { packageRoot } = findPlaces();
const folder = mkdtempSync(join(tmpdir(), "gradbook-installed-"));
const installed = findPlaces({ cwd: folder, packageRoot: join(folder, "node_modules", "gradbook") });
const notebook = join(installed.notebooks, "01-spam-filter.ipynb");

function run(command: string, args: string[], cwd = folder): string {
  return execFileSync(command, args, {
    cwd,
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

test("doctor finds all that notebooks need", () => {
  expect(run("npx", ["gradbook", "doctor"])).toContain("Everything that notebooks need is here.");
});

/** Starts JupyterLab and resolves with its address when that is printed. */
async function startLab(): Promise<{ process: ChildProcess; url: URL }> {
  const cli = join(folder, "node_modules", "gradbook", "dist", "kernel", "cli.js");
  const child = spawn(process.execPath, [cli, "start", "--no-browser"], {
    cwd: folder,
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
