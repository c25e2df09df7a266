/**
 * The TensorFlow runtime of this machine: where it is, with which settings it starts, how our addon is loaded. Setup
 * uses this too. Lives here: files, environment variables, bytes of configuration. May not live here: anything that
 * imports TensorFlow.js.
 *
 * This file finds TensorFlow's shared libraries and the addon compiled for them. Nothing here starts a process or waits.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { addonName } from "./addon-name.ts";
import { findPackageRoot, isCheckout, setupCommandOf } from "./package-root.ts";

/** The TensorFlow that setup fetches. */
export const tensorflowVersion = "2.21.0";

/** `cpu` and `cuda` as setup fetches them; `other` for an installation of the user's own without CUDA beside it. */
export type RuntimeVariant = "cpu" | "cuda" | "other";

/** TensorFlow's files, whether or not the addon is compiled for them. */
export interface Installation {
  /** The folder with `libtensorflow_cc.so.2`. */
  libraries: string;
  /** The folder with TensorFlow's C headers, `tensorflow/c/...`. */
  headers: string;
  /** Such as `2.21.0`; `unknown` where an installation of the user's own does not say. */
  version: string;
  variant: RuntimeVariant;
  /** The folder that the addon is put into. */
  addonFolder: string;
}

export interface Runtime {
  /** The folder with `libtensorflow_cc.so.2`. */
  libraries: string;
  /** Path of the compiled addon. */
  addon: string;
  version: string;
  variant: RuntimeVariant;
}

/** One sentence: what is missing and how to get it. */
export interface Missing {
  missing: string;
}

/** What decides where things are. The defaults are this process's; tests give their own. */
export interface Surroundings {
  env?: NodeJS.ProcessEnv;
  platform?: NodeJS.Platform;
  home?: string;
  packageRoot?: string;
}

/**
 * The runtime that the engine starts, or what is missing. `GRADBOOK_TENSORFLOW` may name another installation (the folder of the
 * libraries, of Python's packages, or of a virtual environment), or say `cpu`, `cuda` (which of those that setup
 * fetched) or `off`.
 */
export function findRuntime(surroundings: Surroundings = {}): Runtime | Missing {
  const installation = findInstallation(surroundings);
  if ("missing" in installation) return installation;
  const packageRoot = surroundings.packageRoot ?? ownPackageRoot();
  const { libraries, version, variant } = installation;
  const addon = addonPath(packageRoot, installation);
  if (existsSync(addon)) return { libraries, addon, version, variant };
  const rebuild = isCheckout(packageRoot) ? "npm run build" : setupCommandOf(packageRoot);
  return {
    missing: `The native addon is not compiled for TensorFlow ${version} in ${libraries}: "${rebuild}" compiles it.`,
  };
}

/** As `findRuntime`, without the addon. */
export function findInstallation(surroundings: Surroundings = {}): Installation | Missing {
  const { env = process.env, platform = process.platform } = surroundings;
  const packageRoot = surroundings.packageRoot ?? ownPackageRoot();
  const asked = env["GRADBOOK_TENSORFLOW"] || undefined;
  if (asked === "off") return { missing: "TensorFlow is switched off by GRADBOOK_TENSORFLOW=off." };
  const folder = runtimeFolder(surroundings);
  if (asked !== undefined && asked !== "cpu" && asked !== "cuda") {
    return findOther(resolve(asked), join(folder, "other"), platform);
  }
  const variants: ("cpu" | "cuda")[] = asked ? [asked] : ["cuda", "cpu"];
  for (const variant of variants) {
    const installation = fetchedInstallation(folder, variant);
    if (existsSync(join(installation.libraries, libraryName(platform)))) return installation;
  }
  const which = `TensorFlow ${tensorflowVersion}${asked ? ` (${asked})` : ""}`;
  return { missing: `${which} is not in ${folder}: "${setupCommandOf(packageRoot)}" fetches it.` };
}

/** Where setup puts a variant, whether it is there or not. */
export function fetchedInstallation(folder: string, variant: "cpu" | "cuda"): Installation {
  const root = join(folder, `tensorflow-${tensorflowVersion}-${variant}`);
  const libraries = join(root, "tensorflow");
  return { libraries, headers: join(libraries, "include"), version: tensorflowVersion, variant, addonFolder: root };
}

/** The folder for all runtimes: in a checkout `.runtime/`, for an installed package in the user's cache. */
export function runtimeFolder(surroundings: Surroundings = {}): string {
  const { env = process.env, platform = process.platform, home = homedir() } = surroundings;
  const packageRoot = surroundings.packageRoot ?? ownPackageRoot();
  if (isCheckout(packageRoot)) return join(packageRoot, ".runtime");
  return join(userCache(env, platform, home), "gradbook", "runtime");
}

/** Path of the addon that fits this package's sources and that installation, whether it is there or not. */
export function addonPath(packageRoot: string, installation: Installation): string {
  // Its absolute path is compiled into the addon for an installation elsewhere.
  const place = isElsewhere(installation) ? installation.libraries : "";
  const target = `${installation.version} ${installation.variant} ${place}`;
  return join(installation.addonFolder, addonName(packageRoot, target));
}

/** True for an installation that the addon does not lie beside. */
export function isElsewhere(installation: Installation): boolean {
  return dirname(installation.libraries) !== installation.addonFolder;
}

/** File name of TensorFlow's main library. */
export function libraryName(platform: NodeJS.Platform, part: "cc" | "framework" = "cc"): string {
  return platform === "darwin" ? `libtensorflow_${part}.2.dylib` : `libtensorflow_${part}.so.2`;
}

function ownPackageRoot(): string {
  return findPackageRoot(dirname(fileURLToPath(import.meta.url)));
}

/** https://specifications.freedesktop.org/basedir-spec/latest/ and what other systems do instead. */
function userCache(env: NodeJS.ProcessEnv, platform: NodeJS.Platform, home: string): string {
  if (env["XDG_CACHE_HOME"]) return env["XDG_CACHE_HOME"];
  if (platform === "darwin") return join(home, "Library", "Caches");
  if (platform === "win32") return env["LOCALAPPDATA"] ?? join(home, "AppData", "Local");
  return join(home, ".cache");
}

/** An installation of the user's own: `folder` is the one with the libraries, Python's packages or an environment. */
function findOther(folder: string, addonFolder: string, platform: NodeJS.Platform): Installation | Missing {
  const libraries = placesInside(folder).find((place) => existsSync(join(place, libraryName(platform))));
  if (libraries === undefined) {
    return {
      missing: `GRADBOOK_TENSORFLOW names ${folder}, and there is no ${libraryName(platform)} in it: name the folder that holds it, a virtual environment with TensorFlow, or leave the variable unset.`,
    };
  }
  const packages = dirname(libraries);
  const hasCuda = existsSync(join(packages, "nvidia", "cuda_runtime"));
  return {
    libraries,
    headers: join(libraries, "include"),
    version: versionBeside(libraries),
    variant: hasCuda ? "cuda" : "other",
    addonFolder,
  };
}

/** The folder itself, `tensorflow/` in it, and `tensorflow/` among the packages of a virtual environment. */
function placesInside(folder: string): string[] {
  const pythons = ["lib", "lib64"].flatMap((lib) => {
    const names = existsSync(join(folder, lib)) ? readdirSync(join(folder, lib)) : [];
    return names.filter((name) => name.startsWith("python3")).map((name) => join(folder, lib, name));
  });
  return [
    folder,
    join(folder, "tensorflow"),
    ...pythons.map((python) => join(python, "site-packages", "tensorflow")),
    join(folder, "Lib", "site-packages", "tensorflow"),
  ];
}

/** The version that pip's record beside the package, or TensorFlow's own header, tells. */
function versionBeside(libraries: string): string {
  for (const name of readdirSync(dirname(libraries))) {
    const version = /^tensorflow(?:_cpu)?-(\d+\.\d+\.\d+\w*)\.dist-info$/.exec(name)?.[1];
    if (version) return version;
  }
  const header = join(libraries, "include", "tensorflow", "core", "public", "release_version.h");
  const text = existsSync(header) ? readFileSync(header, "utf8") : "";
  const number = (part: string) => new RegExp(`#define TF_${part}_VERSION (\\d+)`).exec(text)?.[1];
  const parts = ["MAJOR", "MINOR", "PATCH"].map(number);
  return parts.includes(undefined) ? "unknown" : parts.join(".");
}
