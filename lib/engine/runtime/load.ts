/** Loads the addon, and with it TensorFlow's libraries. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Binding } from "../tensorflow/binding.ts";
import type { Runtime } from "./locate.ts";

/**
 * Loads TensorFlow into this process. A process of its own is the place to try it: a library that does not fit
 * the processor ends the process. Throws an Error of one sentence when the system's loader refuses.
 */
export function loadBinding(runtime: Runtime): Binding {
  prepareEnvironment(runtime, process.env);
  try {
    return createRequire(import.meta.url)(runtime.addon) as Binding;
  } catch (error) {
    throw new Error(loadFailure(runtime, error), { cause: error });
  }
}

/**
 * What TensorFlow reads from the environment while it is being loaded. The user's own values stay. Only on Node's main
 * thread does a change of `process.env` reach native code.
 */
export function prepareEnvironment(runtime: Runtime, env: NodeJS.ProcessEnv): void {
  // Errors only: at its start TensorFlow tells about processor instructions and missing GPUs at length.
  env["TF_CPP_MIN_LOG_LEVEL"] ??= "2";
  // XLA compiles for a GPU with ptxas and libdevice, which come in the wheel of nvcc.
  const cuda = join(dirname(runtime.libraries), "nvidia", "cuda_nvcc");
  const flags = env["XLA_FLAGS"] ?? "";
  if (!existsSync(join(cuda, "nvvm", "libdevice")) || flags.includes("xla_gpu_cuda_data_dir")) return;
  // Flags are split at spaces; a path with one is left to XLA, which looks beside the libraries itself.
  if (!/\s/.test(cuda)) env["XLA_FLAGS"] = `${flags} --xla_gpu_cuda_data_dir=${cuda}`.trim();
}

function loadFailure(runtime: Runtime, error: unknown): string {
  const reason = (error instanceof Error ? error.message : String(error)).trim().split("\n", 1)[0] ?? "";
  const what = `TensorFlow ${runtime.version} in ${runtime.libraries} could not be loaded: ${reason.replace(/\.$/, "")}`;
  if (/GLIBC(XX)?_[\d.]+/.test(reason)) return `${what}; this system's C or C++ library is older than it needs.`;
  return `${what}; "gradbook doctor" tells more, and setup run again puts right what is missing or half there.`;
}
