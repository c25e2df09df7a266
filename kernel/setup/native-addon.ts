/** Compiles our native addon (`lib/engine/native`) for the TensorFlow that is here. */
import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { compilerFlags, isAddonName, nativeSources } from "../../lib/engine/runtime/addon-name.ts";
import {
  addonPath,
  findInstallation,
  type Installation,
  isElsewhere,
  libraryName,
} from "../../lib/engine/runtime/locate.ts";
import { setupError } from "./errors.ts";
import type { Places } from "./places.ts";
import type { Step } from "./steps.ts";

export interface Compiler {
  /** The command and arguments before its own, such as `["ccache", "g++"]`. */
  command: string[];
  /** The first line of `--version`. */
  version: string;
}

const compilers = ["c++", "g++", "clang++"];

/** The compiler that CXX names, or else the first of the usual ones that answers. */
export function findCompiler(env: NodeJS.ProcessEnv = process.env): Compiler | undefined {
  for (const name of env["CXX"] ? [env["CXX"]] : compilers) {
    const command = name.trim().split(/\s+/);
    const result = spawnSync(command[0]!, [...command.slice(1), "--version"], { encoding: "utf8", env });
    if (result.status === 0) return { command, version: result.stdout.split("\n")[0]! };
  }
  return undefined;
}

export function addonStep(places: Places, env: NodeJS.ProcessEnv = process.env): Step {
  const installation = () => {
    const found = findInstallation({ env, packageRoot: places.packageRoot });
    return "missing" in found ? undefined : found;
  };
  return {
    title: "native addon",
    doing: "compiling lib/engine/native for TensorFlow",
    without:
      "Setup goes on without it: notebooks then compute with WebAssembly, on one processor and several times slower.",
    applies: () => installation() !== undefined,
    isDone: () => existsSync(addonPath(places.packageRoot, installation()!)),
    run: () => compileAddon(places, installation()!, env),
  };
}

/**
 * For `npm run build`, which imports it from `dist/`: compiles the addon when its sources have changed since.
 * "no TensorFlow" where there is none to compile for.
 *
 * @public
 */
export async function updateAddon(places: Places): Promise<"compiled" | "unchanged" | "no TensorFlow"> {
  const step = addonStep(places);
  if (!step.applies!()) return "no TensorFlow";
  if (await step.isDone()) return "unchanged";
  await step.run();
  return "compiled";
}

/** Throws GB_SETUP_ADDON_NO_COMPILER, GB_SETUP_ADDON_NO_HEADERS or GB_SETUP_ADDON_FAILED. */
async function compileAddon(places: Places, installation: Installation, env: NodeJS.ProcessEnv): Promise<void> {
  const compiler = findCompiler(env);
  if (!compiler) throw setupError("GB_SETUP_ADDON_NO_COMPILER", { tried: env["CXX"] || compilers.join(", ") });
  if (!existsSync(join(installation.headers, "tensorflow", "c", "c_api.h"))) {
    throw setupError("GB_SETUP_ADDON_NO_HEADERS", { folder: installation.headers });
  }
  const addon = addonPath(places.packageRoot, installation);
  const scratch = mkdtempSync(join(tmpdir(), "gradbook-addon-"));
  const compile = (args: string[]) => runCompiler(compiler, args);
  try {
    // All sources as one: most of the time goes into the standard library's headers.
    const sources = nativeSources(places.packageRoot).filter((file) => file.endsWith(".cc"));
    const together = join(scratch, "addon.cc");
    writeFileSync(together, sources.map((file) => `#include ${JSON.stringify(file)}\n`).join(""));
    const includes = ["-isystem", nodeHeaders(places.packageRoot), "-isystem", installation.headers];
    const object = join(scratch, "addon.o");
    await compile([...compilerFlags, ...includes, "-c", together, "-o", object]);

    const libraries = await linkedLibraries(installation, scratch, compile);
    mkdirSync(installation.addonFolder, { recursive: true });
    const fresh = join(installation.addonFolder, `${basename(addon)}.${process.pid}`);
    await compile([object, ...libraries, ...linkArguments(installation, process.platform), "-o", fresh]);
    renameSync(fresh, addon);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  // In the user's cache, other projects may have other versions of Gradbook.
  if (places.isCheckout) removeOldAddons(installation.addonFolder, basename(addon));
}

/**
 * What the addon is linked with. On Linux empty libraries with TensorFlow's names: the linker would spend seconds on the
 * symbols of the real ones, and the loader checks them all the same (`-z now`).
 */
async function linkedLibraries(
  { libraries }: Installation,
  scratch: string,
  compile: (args: string[]) => Promise<void>,
): Promise<string[]> {
  const names = (["cc", "framework"] as const).map((part) => libraryName(process.platform, part));
  if (process.platform !== "linux") return names.map((name) => join(libraries, name));
  for (const name of names) {
    await compile(["-shared", `-Wl,-soname,${name}`, "-x", "c++", "/dev/null", "-o", join(scratch, name)]);
  }
  // They define nothing, so a linker that leaves out what seems unneeded has to be told.
  return ["-Wl,--no-as-needed", ...names.map((name) => join(scratch, name)), "-Wl,--as-needed"];
}

/** The search path is relative to the addon, so that a checkout can be moved; only for an installation elsewhere not. */
export function linkArguments(installation: Installation, platform: NodeJS.Platform): string[] {
  const here = platform === "darwin" ? "@loader_path" : "$ORIGIN";
  const place = isElsewhere(installation) ? installation.libraries : `${here}/${basename(installation.libraries)}`;
  const searchPath = `-Wl,-rpath,${place}`;
  // Node's own functions are found in the process that loads the addon.
  if (platform === "darwin") return ["-shared", searchPath, "-undefined", "dynamic_lookup"];
  // Node unloads what a worker thread loaded when it ends, and TensorFlow's own threads would run on in what is no longer there.
  return ["-shared", searchPath, "-Wl,-z,now", "-Wl,-z,nodelete"];
}

function runCompiler(compiler: Compiler, args: string[]): Promise<void> {
  const [command, ...first] = compiler.command;
  return new Promise((resolve, reject) => {
    execFile(command!, [...first, ...args], { maxBuffer: 2 ** 26 }, (error, _stdout, stderr) => {
      if (!error) return resolve();
      const output = stderr.trim().split("\n").slice(0, 40).join("\n") || error.message;
      reject(setupError("GB_SETUP_ADDON_FAILED", { compiler: compiler.command.join(" "), output }));
    });
  });
}

/** Node-API's headers come in a package of their own, which names the folder itself. */
function nodeHeaders(packageRoot: string): string {
  return createRequire(join(packageRoot, "package.json"))("node-api-headers").include_dir;
}

function removeOldAddons(folder: string, current: string): void {
  for (const name of readdirSync(folder)) {
    if (isAddonName(name) && name !== current) rmSync(join(folder, name));
  }
}
