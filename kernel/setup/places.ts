/**
 * Setup: everything between a fresh machine and a running notebook. Steps that install (Node 24, .venv, kernelspec),
 * `start`, and `doctor`. Nothing here runs inside a kernel, and no other folder imports from here.
 *
 * This file says where things are. A checkout keeps its `.venv` and `notebooks/` at its root; an installed package,
 * which may be shared or read-only, keeps them in the folder the user is in.
 */
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { findPackageRoot, isCheckout as isCheckoutAt, setupCommandOf } from "../../lib/engine/runtime/package-root.ts";

export interface Places {
  /** The folder of Gradbook's package.json. */
  readonly packageRoot: string;
  readonly isCheckout: boolean;
  /** The folder that holds what is made for the user: `.venv` and `notebooks`. */
  readonly home: string;
  readonly venv: string;
  /** The Python of `venv`, whether it exists yet or not. */
  readonly venvPython: string;
  readonly kernelspec: string;
  /** The file a kernel process starts with. */
  readonly kernelMain: string;
  /** The notebooks that come with the package. */
  readonly packageNotebooks: string;
  readonly notebooks: string;
  /** What the user types to run setup again. */
  readonly setupCommand: string;
}

/** `cwd` and `venv` as the user gave them; `packageRoot` only in tests. */
export function findPlaces(options: { cwd?: string; venv?: string; packageRoot?: string } = {}): Places {
  const cwd = options.cwd ?? process.cwd();
  const packageRoot = options.packageRoot ?? findPackageRoot(dirname(fileURLToPath(import.meta.url)));
  const isCheckout = isCheckoutAt(packageRoot);
  const home = isCheckout ? packageRoot : cwd;
  const venv = options.venv ? resolve(cwd, options.venv) : join(home, ".venv");
  return {
    packageRoot,
    isCheckout,
    home,
    venv,
    venvPython: process.platform === "win32" ? join(venv, "Scripts", "python.exe") : join(venv, "bin", "python"),
    kernelspec: join(venv, "share", "jupyter", "kernels", "gradbook"),
    kernelMain: join(packageRoot, "dist", "kernel", "main.js"),
    packageNotebooks: join(packageRoot, "notebooks"),
    notebooks: join(home, "notebooks"),
    setupCommand: setupCommandOf(packageRoot),
  };
}

export function packageVersion(places: Places): string {
  return JSON.parse(readFileSync(join(places.packageRoot, "package.json"), "utf8")).version;
}
