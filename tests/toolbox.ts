/** How `npm test` runs other programs: on Node 24, with output shown as it comes, away from the user's own Jupyter. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import type { Places } from "../kernel/setup/places.ts";

export interface PartResult {
  passed: number;
  failed: number;
  /** What the table should say beside the numbers. */
  note?: string;
}

export interface Part {
  name: string;
  run(tools: Toolbox): Promise<PartResult>;
}

interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  testResults: { status: string; assertionResults: unknown[] }[];
}

export class Toolbox {
  readonly places: Places;
  readonly slow: boolean;
  readonly #scratch: string;
  readonly #env: NodeJS.ProcessEnv;
  #reports = 0;

  constructor(places: Places, scratch: string, slow: boolean) {
    this.places = places;
    this.slow = slow;
    this.#scratch = scratch;
    const folder = (name: string) => {
      const path = join(scratch, name);
      mkdirSync(path, { recursive: true });
      return path;
    };
    const bin = join(places.packageRoot, "node_modules", ".bin");
    this.#env = {
      ...process.env,
      // Whoever says `node` in a test means the Node that the tests run on.
      PATH: [dirname(process.execPath), bin, process.env["PATH"] ?? ""].join(delimiter),
      JUPYTER_CONFIG_DIR: folder("jupyter-config"),
      JUPYTER_DATA_DIR: folder("jupyter-data"),
      JUPYTER_RUNTIME_DIR: folder("jupyter-runtime"),
      IPYTHONDIR: folder("ipython"),
      ...(slow ? { GRADBOOK_SLOW_TESTS: "1" } : {}),
    };
  }

  /** Runs a program in the checkout; shows and returns what it prints. */
  run(command: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number; output: string }> {
    return new Promise((resolve, reject) => {
      const child = spawn(command, args, {
        cwd: this.places.packageRoot,
        env: { ...this.#env, ...env },
        stdio: ["ignore", "pipe", "pipe"],
      });
      let output = "";
      const tee = (to: NodeJS.WriteStream) => (chunk: Buffer) => {
        output += chunk;
        to.write(chunk);
      };
      child.stdout.on("data", tee(process.stdout));
      child.stderr.on("data", tee(process.stderr));
      child.on("error", reject);
      child.on("close", (code) => resolve({ code: code ?? 1, output }));
    });
  }

  /** Runs a tool of node_modules on Node 24: `script` is a path below node_modules. */
  async tool(script: string, args: string[], nodeFlags: string[] = []): Promise<PartResult> {
    const { code } = await this.run(process.execPath, [...nodeFlags, join("node_modules", script), ...args]);
    return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  }

  /** Runs Vitest and counts from its own report. */
  async vitest(args: string[]): Promise<PartResult> {
    const file = join(this.#scratch, `vitest-${this.#reports++}.json`);
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
    const { code } = await this.run(process.execPath, ["node_modules/vitest/vitest.mjs", "run", ...reporters, ...args]);
    if (!existsSync(file)) return { passed: 0, failed: 1, note: "Vitest wrote no report" };
    const report = JSON.parse(readFileSync(file, "utf8")) as VitestReport;
    // A file that could not be loaded has no tests to count.
    const broken = report.testResults.filter((t) => t.status === "failed" && t.assertionResults.length === 0).length;
    const failed = report.numFailedTests + broken;
    return {
      passed: report.numPassedTests,
      failed: code !== 0 && failed === 0 ? 1 : failed,
      ...(report.numPendingTests > 0 ? { note: `${report.numPendingTests} skipped` } : {}),
    };
  }

  /** Runs the Python tests (`test_*.py`) of a folder in the environment that setup made. A skipped test is a failure. */
  async pythonTests(folder: string): Promise<PartResult> {
    const args = ["-m", "unittest", "discover", "-v", "-s", folder, "-p", "test_*.py"];
    const env = { GRADBOOK_HISTORY: join(this.#scratch, "history.sqlite") };
    const { code, output } = await this.run(this.places.venvPython, args, env);
    return readUnittest(output, code);
  }

  /** The folders at and below `folder` that hold Python tests. */
  foldersWithPythonTests(folder: string): string[] {
    const full = join(this.places.packageRoot, folder);
    if (!existsSync(full)) return [];
    const entries = readdirSync(full, { withFileTypes: true });
    const here = entries.some((e) => e.isFile() && /^test_.*\.py$/.test(e.name)) ? [folder] : [];
    const below = entries.filter((e) => e.isDirectory() && e.name !== "__pycache__");
    return [...here, ...below.flatMap((e) => this.foldersWithPythonTests(`${folder}/${e.name}`))];
  }
}

/** Reads "Ran 43 tests ..." and "FAILED (failures=1, errors=2, skipped=3)" at the end of unittest's output. */
export function readUnittest(output: string, code: number): PartResult {
  const ran = Number(/^Ran (\d+) tests? in/m.exec(output)?.[1] ?? 0);
  const lastLine = output.trimEnd().split("\n").at(-1) ?? "";
  const count = (word: string) => Number(new RegExp(`\\b${word}=(\\d+)`).exec(lastLine)?.[1] ?? 0);
  const skipped = count("skipped");
  const failed = count("failures") + count("errors") + count("unexpected successes") + skipped;
  if (ran === 0) return { passed: 0, failed: 1, note: "no test ran" };
  return {
    passed: Math.max(0, ran - failed),
    failed: code !== 0 && failed === 0 ? 1 : failed,
    ...(skipped > 0 ? { note: `${skipped} skipped, which counts as failed` } : {}),
  };
}

/** The sum of several results, with their notes. */
export function sumOf(results: PartResult[]): PartResult {
  const notes = results.flatMap((result) => result.note ?? []);
  return {
    passed: results.reduce((total, result) => total + result.passed, 0),
    failed: results.reduce((total, result) => total + result.failed, 0),
    ...(notes.length > 0 ? { note: notes.join("; ") } : {}),
  };
}
