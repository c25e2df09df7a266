import { availableParallelism } from "node:os";
import * as tf from "@tensorflow/tfjs";

const backendTitles: Record<string, string> = { wasm: "WebAssembly", cpu: "plain JavaScript (slow)" };

/** What runs the tensors of this process. Shows itself as one line. */
export class Device {
  /** Name of the backend as TensorFlow.js knows it: `wasm` or `cpu`. */
  readonly backend: string = tf.getBackend();
  /** Version of TensorFlow.js. */
  readonly tensorflowjs: string = tf.version.tfjs;
  /** Whether the backend computes with SIMD instructions. */
  readonly simd: boolean = this.backend === "wasm" && tf.env().getBool("WASM_HAS_SIMD_SUPPORT");
  /** Processors this process may use. The WebAssembly backend computes on one of them. */
  readonly processors: number = availableParallelism();
  /** Bytes held by tensors now. */
  readonly tensorBytes: number = tf.memory().numBytes;
  /** Tensors alive now. */
  readonly tensors: number = tf.memory().numTensors;

  toString(): string {
    const title = backendTitles[this.backend] ?? this.backend;
    return [
      `TensorFlow.js ${this.tensorflowjs}`,
      this.simd ? `${title} with SIMD` : title,
      `1 thread of ${this.processors} processors`,
      `${this.tensors} tensors, ${(this.tensorBytes / 1e6).toFixed(1)} MB`,
    ].join(" · ");
  }

  [Symbol.for("Jupyter.display")](): Record<string, string> {
    return { "text/plain": this.toString() };
  }
}

/** What runs the tensors, as it is now. Throws before the engine has started. */
export function device(): Device {
  if (!tf.getBackend()) throw new Error("The engine has not started yet. Call `await ready()` first.");
  return new Device();
}
