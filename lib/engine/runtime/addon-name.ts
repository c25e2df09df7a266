/** The name of the compiled addon. It says what it was compiled from, so that one that no longer fits is never loaded. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** How the addon is compiled, but for paths. */
export const compilerFlags: readonly string[] = [
  "-O2",
  "-std=c++17",
  "-fPIC",
  "-fvisibility=hidden",
  "-DBUILDING_NODE_EXTENSION",
];

/** Raised whenever setup compiles or links in another way than these flags tell. */
const recipe = "5";

const prefix = "gradbook_tensorflow-";

/** Matches the addon's file names, of whatever sources. */
export function isAddonName(name: string): boolean {
  return name.startsWith(prefix) && name.endsWith(".node");
}

/** The addon's C++ files, `.cc` and `.h`, by name. An installed package carries them as well. */
export function nativeSources(packageRoot: string): string[] {
  const folder = join(packageRoot, "lib", "engine", "native");
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names
    .filter((name) => /\.(cc|h)$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** `target` says for which TensorFlow. */
export function addonName(packageRoot: string, target: string): string {
  const hash = createHash("sha256");
  const say = (...parts: (string | Buffer)[]) => {
    for (const part of parts) hash.update(part).update("\0");
  };
  say(recipe, target, process.platform, process.arch, ...compilerFlags, nodeHeadersVersion(packageRoot));
  for (const file of nativeSources(packageRoot)) say(file.slice(packageRoot.length), readFileSync(file));
  return `${prefix}${hash.digest("hex").slice(0, 16)}.node`;
}

function nodeHeadersVersion(packageRoot: string): string {
  try {
    const resolve = createRequire(join(packageRoot, "package.json")).resolve;
    return JSON.parse(readFileSync(resolve("node-api-headers/package.json"), "utf8")).version;
  } catch {
    return "none";
  }
}
