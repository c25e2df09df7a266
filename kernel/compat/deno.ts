/**
 * The global `Deno` for notebooks written for Deno's kernel. Installed, not enumerable, only when a cell mentions it:
 * libraries that look for `Deno` to tell where they run must find Node.
 */
import * as os from "node:os";
import { inspect } from "node:util";
import { files } from "./deno-files.ts";
import { createDenoJupyter, type DenoJupyterOptions } from "./deno-jupyter.ts";

export interface DenoOptions extends DenoJupyterOptions {
  /** Version of the TypeScript that cells are written in. */
  typescript: string;
}

/** What is read of an object that is passed around, without anybody meaning Deno's API. */
const quietly = new Set(["then", "toJSON", "constructor", "inspect", "nodeType", "toString", "valueOf"]);

/** @throws Error from the object itself when a member is read that is not there, with what to use instead */
export function createDeno(options: DenoOptions): object {
  const members: Record<string, unknown> = {
    jupyter: createDenoJupyter(options),
    ...files,
    args: [],
    build: build(),
    version: {
      deno: `0.0.0 (Gradbook kernel on Node ${process.versions.node})`,
      v8: process.versions.v8,
      typescript: options.typescript,
    },
    env: {
      get: (name: string) => process.env[name],
      set: (name: string, value: string) => {
        process.env[name] = value;
      },
      has: (name: string) => name in process.env,
      delete: (name: string) => {
        delete process.env[name];
      },
      toObject: () => ({ ...process.env }),
    },
    noColor: Boolean(process.env["NO_COLOR"]),
    pid: process.pid,
    ppid: process.ppid,
    cwd: () => process.cwd(),
    chdir: (path: string) => process.chdir(path),
    hostname: () => os.hostname(),
    execPath: () => process.execPath,
    memoryUsage: () => process.memoryUsage(),
    osRelease: () => os.release(),
    inspect: (value: unknown, settings = {}) => inspect(value, settings),
    exit: (code = 0) => process.exit(code),
  };
  return new Proxy(members, {
    get(target, name, receiver) {
      if (typeof name === "symbol" || name in target || quietly.has(name)) return Reflect.get(target, name, receiver);
      throw new Error(
        `Deno.${name} is not available in the Gradbook kernel; it runs on Node. ${instead[name] ?? "Look for the same in Node's modules (node:...) or in a package from npm."}`,
      );
    },
  });
}

const instead: Record<string, string> = {
  serve: 'Use createServer from "node:http".',
  listen: 'Use createServer from "node:net".',
  connect: 'Use connect from "node:net".',
  Command: "Use await $`command`, or a line that starts with !.",
  run: "Use await $`command`, or a line that starts with !.",
  open: 'Use open from "node:fs/promises".',
  openSync: 'Use openSync from "node:fs".',
  watchFs: 'Use watch from "node:fs/promises".',
  test: 'Use test from "node:test".',
  openKv: "Use a database package from npm, or node:sqlite.",
  dlopen: "Use a native package from npm.",
  stdin: "Use await prompt().",
  stdout: "Use process.stdout.",
  stderr: "Use process.stderr.",
};

/**
 * Defines `globalThis.Deno` once; `create` runs when a cell first reads it. A user's own `Deno` stays.
 * @returns whether the global is ours
 */
export function installDeno(create: () => object): boolean {
  if (Object.hasOwn(globalThis, "Deno")) return false;
  const define = (value: unknown) =>
    Object.defineProperty(globalThis, "Deno", { value, writable: true, configurable: true, enumerable: false });
  Object.defineProperty(globalThis, "Deno", {
    configurable: true,
    enumerable: false,
    get() {
      const value = create();
      define(value);
      return value;
    },
    set: define,
  });
  return true;
}

function build(): Record<string, unknown> {
  const arch = process.arch === "arm64" ? "aarch64" : process.arch === "x64" ? "x86_64" : process.arch;
  const name = { win32: "windows" }[process.platform as string] ?? process.platform;
  const vendor = { darwin: "apple", win32: "pc" }[process.platform as string] ?? "unknown";
  const env = { linux: "gnu", win32: "msvc" }[process.platform as string];
  const target = [arch, vendor, name, env].filter(Boolean).join("-");
  return { target, arch, os: name, vendor, env, standalone: false };
}
