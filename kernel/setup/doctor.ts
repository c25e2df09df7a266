/** `gradbook doctor`: what works on this machine, what does not, and how to get it. */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { historyPath } from "../wire/history.ts";
import { findChromium } from "./chromium.ts";
import { engineChecks } from "./doctor-engine.ts";
import { SetupError } from "./errors.ts";
import { type KernelSpec, kernelName } from "./kernelspec.ts";
import { findNode24, majorOf } from "./node-runtime.ts";
import { type Places, packageVersion } from "./places.ts";
import { askPython, findPython } from "./python.ts";

export interface Finding {
  ok: boolean;
  /** What was found, in one line. */
  detail: string;
  /** What to do about it. */
  fix?: string | undefined;
}

export interface Check {
  name: string;
  /** Notebooks do not run without it. */
  required: boolean;
  run(): Finding;
}

/** Runs the checks, prints a line for each, and returns the exit code: 1 when something required fails. */
export function doctor(places: Places, say: (line: string) => void = console.log, checks = allChecks(places)): number {
  say(`Gradbook ${packageVersion(places)} in ${places.packageRoot}`);
  let missing = 0;
  for (const check of checks) {
    const { ok, detail, fix } = findingOf(check);
    const mark = ok ? "ok     " : check.required ? "MISSING" : "absent ";
    say(`${mark}  ${check.name.padEnd(18)} ${detail}`);
    if (!ok && fix) say(`${" ".repeat(28)}-> ${fix}`);
    if (!ok && check.required) missing++;
  }
  say(
    missing === 0
      ? "Everything that notebooks need is here."
      : `${missing} required ${missing === 1 ? "thing is" : "things are"} missing.`,
  );
  return missing === 0 ? 0 : 1;
}

function findingOf(check: Check): Finding {
  try {
    return check.run();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    const [detail = "", ...fix] = error.message.split("\n");
    return { ok: false, detail, fix: fix.join(" ") };
  }
}

export function allChecks(places: Places): Check[] {
  const required = true;
  return [
    { name: "Node", required, run: () => checkNode(places) },
    { name: "sockets (zeromq)", required, run: () => checkModule(places, "zeromq") },
    { name: "parser (oxc)", required, run: () => checkModule(places, "oxc-parser", "oxc-transform") },
    { name: "esbuild", required, run: () => checkModule(places, "esbuild") },
    { name: "Python", required, run: checkPython },
    { name: "environment", required, run: () => checkEnvironment(places) },
    { name: "JupyterLab", required, run: () => checkLab(places) },
    { name: "kernelspec", required, run: () => checkKernelspec(places) },
    { name: "kernel", required, run: () => checkKernel(places) },
    { name: "history", required: false, run: () => checkHistory() },
    ...engineChecks(places),
    { name: "browser for tests", required: false, run: checkChromium },
  ];
}

/** Runs a program to its end; `undefined` when it cannot be started or fails. */
function outputOf(
  command: string,
  args: string[],
  options: { cwd?: string; timeout?: number } = {},
): string | undefined {
  const result = spawnSync(command, args, { encoding: "utf8", timeout: 10_000, ...options });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

function checkNode(places: Places): Finding {
  const { path, fromPackage } = findNode24(places.packageRoot);
  const version = outputOf(path, ["--version"]);
  const origin = fromPackage ? `npm package ${fromPackage}` : path;
  if (!version) {
    const fix =
      "It needs glibc (not Alpine's musl). Put a Node 24 for this system first on PATH and remove that package.";
    return { ok: false, detail: `${path} cannot run here`, fix };
  }
  return { ok: majorOf(version) >= 24, detail: `${version} (${origin})`, fix: "Install Node 24." };
}

/** Native modules are loaded in a process of their own: one that does not fit the machine may end it. */
function checkModule(places: Places, ...names: string[]): Finding {
  const code = `await Promise.all(${JSON.stringify(names)}.map((name) => import(name)))`;
  const node = findNode24(places.packageRoot).path;
  const result = spawnSync(node, ["--input-type=module", "-e", code], {
    cwd: places.packageRoot,
    encoding: "utf8",
    timeout: 20_000,
  });
  if (result.status === 0) return { ok: true, detail: `${names.join(", ")} load` };
  const reason = result.stderr.split("\n").find((line) => line.includes("Error")) ?? "it ended the process";
  const fix = places.isCheckout ? "npm install" : "npm install gradbook (with optional packages)";
  return { ok: false, detail: `${names.join(", ")}: ${reason}`, fix };
}

function checkPython(): Finding {
  const python = findPython();
  return { ok: true, detail: `${python.version} (${python.executable}), can make environments` };
}

function checkEnvironment(places: Places): Finding {
  const python = askPython(places.venvPython);
  if (!python) return { ok: false, detail: `no Python environment in ${places.venv}`, fix: places.setupCommand };
  return { ok: true, detail: `${places.venv} (Python ${python.version})` };
}

function checkLab(places: Places): Finding {
  const list =
    "import importlib.metadata as m; print(', '.join(n + ' ' + m.version(n) for n in ('jupyterlab', 'notebook', 'nbclient')))";
  const versions = outputOf(places.venvPython, ["-c", list]);
  if (!versions) return { ok: false, detail: "not installed in the environment", fix: places.setupCommand };
  return { ok: true, detail: versions };
}

function checkKernelspec(places: Places): Finding {
  const file = join(places.kernelspec, "kernel.json");
  if (!existsSync(file)) return { ok: false, detail: `${file} does not exist`, fix: places.setupCommand };
  const { argv } = JSON.parse(readFileSync(file, "utf8")) as KernelSpec;
  const gone = argv.filter((part) => part !== "{connection_file}" && !part.startsWith("-") && !existsSync(part));
  if (gone.length > 0)
    return { ok: false, detail: `it names what is not there: ${gone.join(", ")}`, fix: places.setupCommand };
  return { ok: true, detail: places.kernelspec };
}

function checkKernel(places: Places): Finding {
  const probe = fileURLToPath(new URL("./probe-kernel.py", import.meta.url));
  const result = spawnSync(places.venvPython, [probe, kernelName], { encoding: "utf8", timeout: 90_000 });
  if (result.status !== 0) {
    const reason = result.stderr?.trim().split("\n").at(-1) || "it did not start";
    return { ok: false, detail: `1 + 1 got no answer: ${reason}`, fix: places.setupCommand };
  }
  const answer = JSON.parse(result.stdout) as { status: string; results: string[]; seconds: number };
  const ok = answer.status === "ok" && answer.results[0] === "2";
  const detail = ok ? `started in ${answer.seconds.toFixed(2)} s, 1 + 1 is 2` : `1 + 1 gave ${JSON.stringify(answer)}`;
  return { ok, detail };
}

/** Without it a kernel keeps history for its own session only. */
function checkHistory(file = historyPath()): Finding {
  let place = file;
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  try {
    accessSync(place, constants.W_OK);
    return { ok: true, detail: file };
  } catch {
    const fix = "Make it writable, or name another file in the environment variable GRADBOOK_HISTORY.";
    return { ok: false, detail: `${place} cannot be written: nothing is remembered between sessions`, fix };
  }
}

function checkChromium(): Finding {
  const path = findChromium();
  if (path) return { ok: true, detail: path };
  return {
    ok: false,
    detail: "no Chromium on PATH",
    fix: "Only browser tests need it. Debian: apt-get install chromium",
  };
}
