/** Finds a Python, makes the virtual environment, and installs the pinned packages into it. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { setupError } from "./errors.ts";
import type { Places } from "./places.ts";
import type { Step } from "./steps.ts";

export interface Python {
  executable: string;
  version: string;
  /** False where Debian's python3-venv or its like is missing. */
  canMakeVenv: boolean;
}

const commands = ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10", "python"];
const describe =
  "import sys, json, importlib.util as u; print(json.dumps({'executable': sys.executable, " +
  "'version': '.'.join(map(str, sys.version_info[:3])), 'canMakeVenv': bool(u.find_spec('venv') and u.find_spec('ensurepip'))}))";

/** What a command answers that should be a Python; undefined when it is none. */
export function askPython(command: string, env: NodeJS.ProcessEnv = process.env): Python | undefined {
  const { status, stdout } = spawnSync(command, ["-c", describe], { encoding: "utf8", env });
  if (status !== 0) return undefined;
  try {
    return JSON.parse(stdout) as Python;
  } catch {
    return undefined;
  }
}

export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 3 || (major === 3 && minor >= 10);
}

/**
 * The first Python on PATH that is 3.10 or newer and can make virtual environments.
 * Throws GB_SETUP_NO_VENV, GB_SETUP_PYTHON_TOO_OLD or GB_SETUP_NO_PYTHON, whichever is nearest to a solution.
 */
export function findPython(env: NodeJS.ProcessEnv = process.env): Python {
  const found: Python[] = [];
  for (const command of commands) {
    const python = askPython(command, env);
    if (!python) continue;
    if (isNewEnough(python.version) && python.canMakeVenv) return python;
    found.push(python);
  }
  const withoutVenv = found.find((python) => isNewEnough(python.version));
  if (withoutVenv) throw setupError("GB_SETUP_NO_VENV", withoutVenv);
  const old = found[0];
  if (old) throw setupError("GB_SETUP_PYTHON_TOO_OLD", { found: `Python ${old.version} (${old.executable})` });
  throw setupError("GB_SETUP_NO_PYTHON", { tried: commands.join(", ") });
}

/** What setup remembers inside a virtual environment that it made or filled. */
interface VenvStamp {
  /** Where it was made. Scripts in a virtual environment carry their path: one that was moved is made again. */
  path?: string;
  /** Requirements file to the hash of what was installed from it. */
  requirements: Record<string, string>;
}

function stampFile(places: Places): string {
  return join(places.venv, ".gradbook.json");
}

function readStamp(places: Places): VenvStamp | undefined {
  if (!existsSync(stampFile(places))) return undefined;
  return JSON.parse(readFileSync(stampFile(places), "utf8")) as VenvStamp;
}

function writeStamp(places: Places, stamp: VenvStamp): void {
  writeFileSync(stampFile(places), `${JSON.stringify(stamp, null, 2)}\n`);
}

/** Makes `.venv`. One that somebody else made is used as it is; one that setup made and that was moved is made again. */
export function venvStep(places: Places, env: NodeJS.ProcessEnv = process.env): Step {
  return {
    title: "Python environment",
    doing: `making ${places.venv}`,
    isDone: () => {
      const madeAt = readStamp(places)?.path;
      const moved = madeAt !== undefined && madeAt !== places.venv;
      return !moved && askPython(places.venvPython, env) !== undefined;
    },
    run: () => {
      const python = findPython(env);
      if (existsSync(places.venv) && readdirSync(places.venv).length > 0) {
        // Only what is certainly a virtual environment is ever taken away.
        if (!existsSync(join(places.venv, "pyvenv.cfg"))) {
          throw setupError("GB_SETUP_VENV_NOT_A_VENV", { folder: places.venv });
        }
        rmSync(places.venv, { recursive: true });
      }
      const made = spawnSync(python.executable, ["-m", "venv", places.venv], { encoding: "utf8", env });
      if (made.status !== 0) {
        rmSync(places.venv, { recursive: true, force: true });
        throw setupError("GB_SETUP_VENV_FAILED", { folder: places.venv, output: lastLines(made.stdout + made.stderr) });
      }
      writeStamp(places, { path: places.venv, requirements: {} });
    },
  };
}

/** The requirements files lie beside this file, in the sources and in `dist/` alike. */
export const requirementsFile = fileURLToPath(new URL("./requirements.txt", import.meta.url));
export const testRequirementsFile = fileURLToPath(new URL("./requirements-test.txt", import.meta.url));

export function requirementsStep(places: Places, file: string, title: string): Step {
  const name = basename(file);
  const text = readFileSync(file, "utf8");
  const hash = createHash("sha256").update(text).digest("hex");
  const pinned = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return {
    title,
    doing: `installing ${pinned.join(", ")} (a minute or two)`,
    isDone: () => readStamp(places)?.requirements[name] === hash,
    run: () => {
      const options = ["--disable-pip-version-check", "--no-input", "--quiet", "--retries", "5"];
      const pip = spawnSync(places.venvPython, ["-m", "pip", "install", ...options, "-r", file], { encoding: "utf8" });
      if (pip.status !== 0) {
        throw setupError("GB_SETUP_PIP_FAILED", { file: name, output: lastLines(pip.stdout + pip.stderr) });
      }
      const stamp = readStamp(places) ?? { requirements: {} };
      writeStamp(places, { ...stamp, requirements: { ...stamp.requirements, [name]: hash } });
    },
  };
}

function lastLines(output: string): string {
  return output.trim().split("\n").slice(-15).join("\n");
}
