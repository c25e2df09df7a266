/** Setup's TensorFlow step with a stand-in pip that gives small wheels. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findPlaces, type Places } from "../../kernel/setup/places.ts";
import { findPython } from "../../kernel/setup/python.ts";
import { runSteps } from "../../kernel/setup/steps.ts";
import { requireSpace, tensorflowStep } from "../../kernel/setup/tensorflow.ts";
import type { Machine } from "../../kernel/setup/tensorflow-plan.ts";
import { findInstallation, libraryName } from "../../lib/engine/runtime/locate.ts";

const machine: Machine = { platform: "linux", arch: "x64", glibc: "2.36", hasAvx: true };
const library = libraryName(process.platform);
const python = findPython().executable;

let folder: string;
let places: Places;
let runtime: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gradbook-wheels-"));
  put("gradbook/package.json", '{ "name": "gradbook" }');
  places = { ...findPlaces({ packageRoot: join(folder, "gradbook") }), venvPython: python };
  runtime = join(folder, "cache", "gradbook", "runtime");
  put("python/pip/__init__.py", "");
  put("python/pip/__main__.py", standInPip);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(path: string, content: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

/** Copies the wheels whose names begin with what is asked for, and notes the call. */
const standInPip = `
import os, re, shutil, sys
here = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
with open(os.path.join(here, "calls.txt"), "a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\\n")
folder = sys.argv[sys.argv.index("--dest") + 1]
os.makedirs(folder, exist_ok=True)
asked = [a for a in sys.argv if re.match(r"[a-z0-9-]+[=<>]=?\\d", a)]
for requirement in asked:
    name = re.split("[=<>]", requirement)[0].replace("-", "_")
    found = [w for w in os.listdir(os.path.join(here, "wheels")) if w.startswith(name + "-")]
    if not found:
        sys.exit("ERROR: No matching distribution found for " + requirement)
    shutil.copy(os.path.join(here, "wheels", found[0]), folder)
`;

function wheel(name: string, files: Record<string, string>): void {
  mkdirSync(join(folder, "wheels"), { recursive: true });
  const script =
    "import json, sys, zipfile\nwith zipfile.ZipFile(sys.argv[1], 'w') as z:\n  [z.writestr(*f) for f in json.load(sys.stdin).items()]";
  execFileSync(python, ["-c", script, join(folder, "wheels", name)], { input: JSON.stringify(files) });
}

const tensorflowFiles = {
  [`tensorflow/${library}`]: "library",
  [`tensorflow/${libraryName(process.platform, "framework")}`]: "library",
  "tensorflow/python/_pywrap.so": "not wanted",
  "tensorflow/include/tensorflow/c/c_api.h": '#include "tensorflow/core/needed.h"\n#include <vector>\n',
  "tensorflow/include/tensorflow/core/needed.h": '#include "further.h"\n',
  "tensorflow/include/tensorflow/core/further.h": "",
  "tensorflow/include/tensorflow/core/other.h": "",
  "tensorflow/THIRD_PARTY_NOTICES.txt": "licences",
};

const env = (): NodeJS.ProcessEnv => ({
  ...process.env,
  PYTHONPATH: join(folder, "python"),
  XDG_CACHE_HOME: join(folder, "cache"),
  GRADBOOK_TENSORFLOW: "",
});

async function setup(on: Machine = machine, options: { strict?: boolean; env?: NodeJS.ProcessEnv } = {}) {
  const lines: string[] = [];
  const step = tensorflowStep(places, { ...env(), ...options.env }, () => on);
  const reports = await runSteps([step], { say: (line) => lines.push(line), strict: options.strict ?? false });
  return { outcome: reports[0]?.outcome, lines };
}

function filesBelow(place: string): string[] {
  const entries = readdirSync(place, { recursive: true, withFileTypes: true });
  return entries
    .filter((e) => !e.isDirectory())
    .map((e) => join(e.parentPath, e.name).slice(place.length + 1))
    .sort();
}

test("libraries and the headers they need are unpacked, nothing else, and a second setup is ready", async () => {
  wheel("tensorflow_cpu-2.21.0-cp312.whl", tensorflowFiles);
  expect((await setup()).outcome).toBe("done");
  expect(readdirSync(runtime)).toEqual(["tensorflow-2.21.0-cpu"]);
  expect(filesBelow(join(runtime, "tensorflow-2.21.0-cpu", "tensorflow"))).toEqual(
    [
      "THIRD_PARTY_NOTICES.txt",
      "include/tensorflow/c/c_api.h",
      "include/tensorflow/core/further.h",
      "include/tensorflow/core/needed.h",
      library,
      libraryName(process.platform, "framework"),
    ].sort(),
  );
  expect(findInstallation({ env: env(), packageRoot: places.packageRoot })).toMatchObject({ variant: "cpu" });
  expect((await setup()).lines).toEqual(["setup: TensorFlow runtime: ready"]);
});

test("a GPU brings CUDA's libraries, in folders that TensorFlow's own search path reaches", async () => {
  const metadata = ["cuda-runtime", "cusolver", "cuda-nvcc"].map(
    (name) => `Requires-Dist: nvidia-${name}-cu12<13.0; extra == "and-cuda"`,
  );
  wheel("tensorflow-2.21.0-cp312.whl", {
    ...tensorflowFiles,
    "tensorflow-2.21.0.dist-info/METADATA": metadata.join("\n"),
  });
  wheel("nvidia_cuda_runtime_cu12-12.whl", {
    "nvidia/cuda_runtime/lib/libcudart.so.12": "cudart",
    "nvidia/cuda_runtime/include/cuda.h": "",
  });
  wheel("nvidia_cusolver_cu12-11.whl", { "nvidia/cusolver/lib/libcusolver.so.11": "cusolver" });
  wheel("nvidia_cuda_nvcc_cu12-12.whl", {
    "nvidia/cuda_nvcc/bin/ptxas": "ptxas",
    "nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc": "",
  });

  const { outcome, lines } = await setup({ ...machine, gpus: "NVIDIA A100" });
  expect(outcome).toBe("done");
  expect(lines[0]).toContain("tensorflow 2.21.0 with the CUDA libraries");
  const nvidia = join(runtime, "tensorflow-2.21.0-cuda", "nvidia");
  expect(filesBelow(nvidia)).toEqual([
    "cuda_nvcc/bin/ptxas",
    "cuda_nvcc/nvvm/libdevice/libdevice.10.bc",
    "cuda_runtime/lib/libcudart.so.12",
    "cuda_runtime/lib/libcusolver.so.11",
    "cusolver/lib/libcusolver.so.11",
  ]);
  const linked = realpathSync(join(nvidia, "cuda_runtime", "lib", "libcusolver.so.11"));
  expect(linked).toBe(realpathSync(join(nvidia, "cusolver", "lib", "libcusolver.so.11")));
  expect(statSync(join(nvidia, "cuda_nvcc", "bin", "ptxas")).mode & 0o111).toBe(0o111);
  expect(findInstallation({ env: env(), packageRoot: places.packageRoot })).toMatchObject({ variant: "cuda" });
  expect(readFileSync(join(folder, "calls.txt"), "utf8")).toContain("nvidia-cusolver-cu12<13.0");
});

test("a download that fails is one warning that says what is missing, and leaves nothing behind", async () => {
  mkdirSync(join(folder, "wheels"));
  const { outcome, lines } = await setup();
  expect(outcome).toBe("failed");
  expect(lines.length).toBe(2);
  expect(lines[1]).toMatch(
    /^setup: WARNING: TensorFlow runtime: pip could not download tensorflow-cpu==2\.21\.0:\n.*No matching distribution/,
  );
  expect(lines[1]).toContain("notebooks then compute with WebAssembly");
  expect(readdirSync(runtime)).toEqual([]);
});

test("where tests run, the same failure ends setup", async () => {
  mkdirSync(join(folder, "wheels"));
  await expect(setup(machine, { strict: true })).rejects.toThrow("No matching distribution");
});

test("a system without a TensorFlow library is warned, and pip is not called", async () => {
  const { outcome, lines } = await setup({ platform: "win32", arch: "x64", hasAvx: true });
  expect(outcome).toBe("failed");
  expect(lines.length).toBe(1);
  expect(lines[0]).toContain("There is no TensorFlow library for this machine");
  expect(existsSync(join(folder, "calls.txt"))).toBe(false);
});

test("what a killed setup left is cleared away", async () => {
  wheel("tensorflow_cpu-2.21.0-cp312.whl", tensorflowFiles);
  const gone = spawnSync(process.execPath, ["-e", ""]).pid;
  const half = join(runtime, `partial-${gone}`, "unpacked", "tensorflow");
  mkdirSync(half, { recursive: true });
  writeFileSync(join(half, library), "hal");
  expect((await setup()).outcome).toBe("done");
  expect(readdirSync(runtime)).toEqual(["tensorflow-2.21.0-cpu"]);
});

test("another installation is used as it is, and a wrong folder is named", async () => {
  put(`other/tensorflow/${library}`, "library");
  expect((await setup(machine, { env: { GRADBOOK_TENSORFLOW: join(folder, "other") } })).outcome).toBe("skipped");
  const { lines } = await setup(machine, { env: { GRADBOOK_TENSORFLOW: join(folder, "nowhere") } });
  expect(lines[0]).toContain(`GRADBOOK_TENSORFLOW names ${join(folder, "nowhere")}`);
  expect(existsSync(join(folder, "calls.txt"))).toBe(false);
});

test("switched off, the step is left out", async () => {
  expect(await setup(machine, { env: { GRADBOOK_TENSORFLOW: "off" } })).toEqual({ outcome: undefined, lines: [] });
});

test("a disk without room is told before anything is downloaded, with what is needed and what is free", () => {
  expect(() => requireSpace(folder, 1e18)).toThrow(/takes 1000000000\.0 GB of disk, and .+ has \d+\.\d GB free/);
  expect(() => requireSpace(folder, 1)).not.toThrow();
});

test("a cache that cannot be written is a warning that names it", async () => {
  put("cache/gradbook", "a file where a folder should be");
  const { outcome, lines } = await setup();
  expect(outcome).toBe("failed");
  expect(lines.at(-1)).toContain(`belongs into ${runtime}, which cannot be written`);
});
