/**
 * Other front ends than JupyterLab, run as programs: terminal console, `jupyter run`, nbconvert. This file starts them
 * away from the user's own Jupyter; the tests beside it say what they must show.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPlaces } from "../../kernel/setup/places.ts";

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A folder with a HOME, settings and runtime files of its own, in which programs of the virtual environment run. */
export class OwnJupyter implements Disposable {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;

  constructor() {
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), "gradbook-jupyter-")));
    const inside = (name: string) => {
      const path = join(this.folder, `.${name}`);
      mkdirSync(path);
      return path;
    };
    this.env = {
      ...process.env,
      HOME: this.folder,
      JUPYTER_CONFIG_DIR: inside("config"),
      JUPYTER_DATA_DIR: inside("data"),
      JUPYTER_RUNTIME_DIR: inside("runtime"),
      IPYTHONDIR: inside("ipython"),
      XDG_DATA_HOME: inside("xdg-data"),
      XDG_CACHE_HOME: inside("xdg-cache"),
    };
  }

  /** Runs `python ARGS...` of the virtual environment to its end. */
  python(args: string[], options: { input?: string; env?: NodeJS.ProcessEnv } = {}): Promise<Ended> {
    return new Promise((resolve, reject) => {
      const child = spawn(findPlaces().venvPython, args, { cwd: this.folder, env: { ...this.env, ...options.env } });
      const ended: Ended = { code: null, stdout: "", stderr: "" };
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        ended.stdout += text;
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        ended.stderr += text;
      });
      child.on("error", reject);
      child.on("close", (code) => resolve({ ...ended, code }));
      child.stdin.end(options.input ?? "");
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
