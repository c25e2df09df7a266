/** Starts TensorFlow in this process and registers backend `tensorflow`. */
import * as tf from "@tensorflow/tfjs";
import { retryAfterCollection } from "../memory.ts";
import { loadBinding } from "../runtime/load.ts";
import { findRuntime } from "../runtime/locate.ts";
import { configProto, readSettings } from "../runtime/settings.ts";
import { TensorFlowBackend } from "./backend.ts";
import { installKernels } from "./kernels/index.ts";
import { registerHandlers, restoreUtil } from "./tfjs-node.ts";

let backend: TensorFlowBackend | undefined;

/** The running backend `tensorflow`, or undefined where another backend runs. */
export function tensorflowBackend(): TensorFlowBackend | undefined {
  return backend;
}

/**
 * Loads the runtime and makes its backend the current one. Returns undefined, or in one sentence why that is
 * not possible here. Throws for settings that make no sense.
 */
export function startTensorFlow(): string | undefined {
  if (backend) return undefined;
  const runtime = findRuntime();
  if ("missing" in runtime) return runtime.missing;
  const settings = readSettings();
  let binding: ReturnType<typeof loadBinding>;
  try {
    binding = retryAfterCollection(loadBinding(runtime));
    binding.start(configProto(settings), settings.memoryLimitBytes);
    if (binding.isUsingGpuDevice()) binding.setTensorFloat32(settings.tensorFloat32);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  restoreUtil();
  const made = new TensorFlowBackend(binding);
  tf.registerBackend("tensorflow", () => made, 3);
  tf.setBackend("tensorflow");
  installKernels(made);
  registerHandlers();
  backend = made;
  return undefined;
}
