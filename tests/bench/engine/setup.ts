/**
 * `npm run bench:setup`: what bench:engine needs and `npm test` does not, all of it in .cache/bench-engine:
 *
 * - the packages of package.json beside this file, among them the unmodified `@tensorflow/tfjs-node`,
 * - that package's own binding, compiled from the sources that it carries, against the TensorFlow that our engine runs on: both then
 *   differ in the binding alone. The sources compile as they are, without an edit,
 * - a virtual environment of Python with the packages of requirements.txt. From PyPI on Linux, PyTorch comes with
 *   CUDA's libraries (5 GB); pip's own settings (PIP_INDEX_URL and its like) can name an index with a smaller build.
 *
 * What cannot be had is named at the end; the bench then runs without it.
 */
import { type SpawnSyncOptions, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { findCompiler } from "../../../kernel/setup/native-addon.ts";
import { findPython } from "../../../kernel/setup/python.ts";
import { findInstallation } from "../../../lib/engine/runtime/locate.ts";
import { peersFolder, peersPython, pythonPackages } from "./contestants.ts";

/** What `tensorflow/core/platform/ctstring_internal.h` offers to tfjs-node. */
const stringsHeader = `#pragma once
#include "tensorflow/c/tf_tstring.h"
#define TF_TString_Init TF_StringInit
#define TF_TString_Copy TF_StringCopy
#define TF_TString_GetDataPointer TF_StringGetDataPointer
#define TF_TString_GetSize TF_StringGetSize
#define TF_TString_Dealloc TF_StringDealloc
`;

const steps: [string, () => string][] = [
  ["node packages", installNodePackages],
  ["binding of tfjs-node", compileBinding],
  ["Python environment", makeEnvironment],
  ...readFileSync(join(import.meta.dirname, "requirements.txt"), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((requirement): [string, () => string] => [requirement, () => installPythonPackage(requirement)]),
];
mkdirSync(peersFolder, { recursive: true });
const missing: string[] = [];
for (const [title, run] of steps) {
  console.log(`bench:setup: ${title} ...`);
  try {
    console.log(`bench:setup: ${title}: ${run()}`);
  } catch (error) {
    missing.push(`${title}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
for (const line of missing) console.error(`bench:setup: MISSING ${line}`);
process.exitCode = missing.length > 0 ? 1 : 0;

function installNodePackages(): string {
  const wanted = join(import.meta.dirname, "package.json");
  const installed = join(peersFolder, "package.json");
  const text = readFileSync(wanted, "utf8");
  const packages = Object.keys((JSON.parse(text) as { dependencies: object }).dependencies);
  const complete = packages.every((name) => existsSync(join(peersFolder, "node_modules", name)));
  if (complete && readFileSync(installed, "utf8") === text) return "ready";
  copyFileSync(wanted, installed);
  // Without scripts: tfjs-node's would download the library of TensorFlow 2.9.
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"];
  run("npm", ["install", ...flags], { cwd: peersFolder, shell: process.platform === "win32" });
  return "done";
}

function compileBinding(): string {
  const runtime = findInstallation();
  if ("missing" in runtime) throw new Error(runtime.missing);
  const tfjsNode = join(peersFolder, "node_modules", "@tensorflow", "tfjs-node");
  // Where the package looks: module_path in its package.json.
  const target = join(tfjsNode, "lib", "napi-v8", "tfjs_binding.node");
  const sources = ["tfjs_backend.cc", "tfjs_binding.cc"].map((name) => join(tfjsNode, "binding", name));
  const builtFor = `${target}.for`;
  const said = `${runtime.libraries} ${runtime.version} ${sources.map((file) => statSync(file).size)}`;
  if (existsSync(target) && existsSync(builtFor) && readFileSync(builtFor, "utf8") === said) return "ready";
  mkdirSync(dirname(target), { recursive: true });
  const headers = join(peersFolder, "headers");
  mkdirSync(join(headers, "tensorflow", "core", "platform"), { recursive: true });
  writeFileSync(join(headers, "tensorflow", "core", "platform", "ctstring_internal.h"), stringsHeader);
  const nodeHeaders = dirname(createRequire(import.meta.url).resolve("node-api-headers/package.json"));
  const compiler = findCompiler()?.command;
  if (!compiler) throw new Error("No C++ compiler answers; install one, or name it in CXX.");
  const libraries =
    process.platform === "darwin"
      ? ["-undefined", "dynamic_lookup", ...["cc", "framework"].map((part) => `-ltensorflow_${part}.2`)]
      : ["-l:libtensorflow_cc.so.2", "-l:libtensorflow_framework.so.2"];
  run(compiler[0]!, [
    ...compiler.slice(1),
    // As node-gyp compiles: -O3, and version 8 of Node-API, the highest that the package names.
    ...["-O3", "-std=c++17", "-fPIC", "-shared", "-w", "-DNAPI_VERSION=8", "-DBUILDING_NODE_EXTENSION"],
    ...[join(nodeHeaders, "include"), headers, runtime.headers, tfjsNode].flatMap((path) => ["-I", path]),
    ...sources,
    ...["-o", target, "-L", runtime.libraries, ...libraries, `-Wl,-rpath,${runtime.libraries}`],
  ]);
  writeFileSync(builtFor, said);
  return `done, for TensorFlow ${runtime.version}`;
}

function makeEnvironment(): string {
  const folder = join(peersFolder, "venv");
  if (spawnSync(peersPython, ["-c", "import pip"]).status === 0) return "ready";
  rmSync(folder, { recursive: true, force: true });
  const python = findPython();
  run(python.executable, ["-m", "venv", folder]);
  return `done (Python ${python.version})`;
}

function installPythonPackage(requirement: string): string {
  const name = requirement.split("==")[0]!;
  const { module, marker } = pythonPackages[name]!;
  // Written only once it can be imported: what the bench looks for.
  if (existsSync(marker) && readFileSync(marker, "utf8") === requirement) return "ready";
  rmSync(marker, { force: true });
  const flags = ["--disable-pip-version-check", "--no-input", "--quiet", "--retries", "5"];
  run(peersPython, ["-m", "pip", "install", ...flags, requirement]);
  run(peersPython, ["-c", `import ${module}`]);
  writeFileSync(marker, requirement);
  return "done";
}

/** @throws Error with the last lines of what it printed */
function run(command: string, args: string[], options: SpawnSyncOptions = {}): void {
  const { status, stdout, stderr, error } = spawnSync(command, args, { ...options, encoding: "utf8" });
  if (status === 0) return;
  const output = `${stdout ?? ""}${stderr ?? ""}`.trim().split("\n").slice(-6).join("\n  ");
  throw new Error(error ? `${command} could not be started (${error.message})` : `${command} failed:\n  ${output}`);
}
