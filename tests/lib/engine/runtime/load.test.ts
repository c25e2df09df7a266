import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { loadBinding, prepareEnvironment } from "../../../../lib/engine/runtime/load.ts";
import { findRuntime, type Runtime } from "../../../../lib/engine/runtime/locate.ts";

/** A runtime in a folder of its own, whose addon is a text file. */
function brokenRuntime(folderName = "gradbook-load-"): Runtime {
  const folder = mkdtempSync(join(tmpdir(), folderName));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const addon = join(folder, "addon.node");
  writeFileSync(addon, "not a library");
  return { libraries: join(folder, "tensorflow"), addon, version: "2.21.0", variant: "cuda" };
}

function addCudaCompiler(runtime: Runtime): string {
  const cuda = join(runtime.libraries, "..", "nvidia", "cuda_nvcc");
  mkdirSync(join(cuda, "nvvm", "libdevice"), { recursive: true });
  return cuda;
}

test("XLA is told where the wheel of nvcc lies, beside what the user says", () => {
  const runtime = brokenRuntime();
  const cuda = addCudaCompiler(runtime);
  const env: NodeJS.ProcessEnv = { XLA_FLAGS: "--xla_dump_to=/d" };
  prepareEnvironment(runtime, env);
  expect(env["XLA_FLAGS"]).toBe(`--xla_dump_to=/d --xla_gpu_cuda_data_dir=${cuda}`);
  expect(env["TF_CPP_MIN_LOG_LEVEL"]).toBe("2");
});

test("the user's own CUDA folder and log level stay", () => {
  const runtime = brokenRuntime();
  addCudaCompiler(runtime);
  const env = { XLA_FLAGS: "--xla_gpu_cuda_data_dir=/usr/local/cuda", TF_CPP_MIN_LOG_LEVEL: "0" };
  prepareEnvironment(runtime, env);
  expect(env).toEqual({ XLA_FLAGS: "--xla_gpu_cuda_data_dir=/usr/local/cuda", TF_CPP_MIN_LOG_LEVEL: "0" });
});

test("without the wheel of nvcc, or with a space in its path, XLA's flags are left alone", () => {
  const env: NodeJS.ProcessEnv = {};
  prepareEnvironment(brokenRuntime(), env);
  const spaced = brokenRuntime("gradbook load ");
  addCudaCompiler(spaced);
  prepareEnvironment(spaced, env);
  expect(env["XLA_FLAGS"]).toBeUndefined();
});

test("what the system's loader refuses is one sentence with the folder and the reason", () => {
  const runtime = brokenRuntime();
  expect(() => loadBinding(runtime)).toThrow(
    /^TensorFlow 2\.21\.0 in .+tensorflow could not be loaded: .*addon\.node.+\.$/,
  );
});

test("the runtime that setup made starts, says nothing, and has as many devices as asked for", () => {
  const runtime = findRuntime();
  expect(runtime).not.toHaveProperty("missing");
  const module = (name: string) => new URL(`../../../../lib/engine/runtime/${name}.ts`, import.meta.url).href;
  const script = `
    const { loadBinding } = await import("${module("load")}");
    const { configProto, readSettings } = await import("${module("settings")}");
    const binding = loadBinding(${JSON.stringify(runtime)});
    binding.start(configProto(readSettings()), 0);
    console.log(binding.TF_Version, binding.devices().map((device) => device.type).join());`;
  const env = { ...process.env, GRADBOOK_VIRTUAL_CPUS: "3", GRADBOOK_DEVICES: "cpu", TF_CPP_MIN_LOG_LEVEL: "" };
  delete (env as NodeJS.ProcessEnv)["TF_CPP_MIN_LOG_LEVEL"];
  const ran = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8", env });
  expect(ran.stderr).toBe("");
  expect(ran.stdout).toBe(`${(runtime as Runtime).version} CPU,CPU,CPU\n`);
});
