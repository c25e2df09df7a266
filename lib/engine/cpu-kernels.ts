/** Kernels that a backend lacks or has wrong, lent by TensorFlow.js's plain JavaScript backend. */
import * as tf from "@tensorflow/tfjs";

/**
 * What the WebAssembly backend lacks and real-valued models need: the gradients of embeddings and convolutions first of
 * all. Complex numbers are not lent: that backend cannot hold them, so TensorFlow.js's own error is the truth there.
 */
const lacking = [
  "Conv2DBackpropFilter",
  "DepthwiseConv2dNativeBackpropFilter",
  "DepthwiseConv2dNativeBackpropInput",
  "Einsum",
  "RaggedGather",
  "RaggedRange",
  "RaggedTensorToTensor",
  "StaticRegexReplace",
];

/** What version 4.22 of it computes wrong, and when. The conformance suite finds each of these without the replacement. */
const wrong: Record<string, (attributes: Record<string, unknown>) => boolean> = {
  // 0.5 becomes false, and of an int32 only the lowest byte counts.
  Cast: ({ dtype }) => dtype === "bool",
  // Reads beyond its input.
  GatherV2: ({ batchDims }) => Number(batchDims) > 0,
  // No gradient where the largest value of a window is negative.
  MaxPoolGrad: () => true,
};

/**
 * Registers those kernels for `backend`. Values move to the cpu backend when such a kernel runs and back when the next one
 * needs them; TensorFlow.js does the moving.
 */
export function lendCpuKernels(backend: string): void {
  for (const kernelName of lacking) {
    const lent = tf.getKernel(kernelName, "cpu");
    if (!lent || tf.getKernel(kernelName, backend)) continue;
    tf.registerKernel({ kernelName, backendName: backend, kernelFunc: onCpu(lent) });
  }
  for (const [kernelName, isWrong] of Object.entries(wrong)) {
    const [own, lent] = [tf.getKernel(kernelName, backend), tf.getKernel(kernelName, "cpu")];
    if (!own || !lent || replaced.has(own.kernelFunc)) continue;
    const right = onCpu(lent);
    const kernelFunc: tf.KernelFunc = (params) => (isWrong(params.attrs ?? {}) ? right : own.kernelFunc)(params);
    replaced.add(kernelFunc);
    tf.unregisterKernel(kernelName, backend);
    tf.registerKernel({ ...own, kernelFunc });
  }
}

/** Where this file was loaded twice, the second time finds the first one's replacements. */
const replacedKey = Symbol.for("gradbook.replacedKernels");
const holder = globalThis as { [replacedKey]?: WeakSet<tf.KernelFunc> };
holder[replacedKey] ??= new WeakSet();
const replaced = holder[replacedKey];

function onCpu({ kernelFunc }: tf.KernelConfig): tf.KernelFunc {
  return ({ inputs, attrs }) => {
    const cpu = tf.findBackend("cpu");
    const outputs = kernelFunc({ inputs, backend: cpu, ...(attrs && { attrs }) });
    // A tensor (not bare info) tells TensorFlow.js which backend holds the values.
    const held = (output: tf.TensorInfo) => tf.engine().makeTensorFromTensorInfo(output, cpu);
    return Array.isArray(outputs) ? outputs.map(held) : held(outputs);
  };
}
