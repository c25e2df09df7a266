/** Kernels that a backend lacks, lent by TensorFlow.js's plain JavaScript backend. */
import * as tf from "@tensorflow/tfjs";

/**
 * What the WebAssembly backend lacks and real-valued models need: the gradients of embeddings and convolutions first of
 * all. Complex numbers are not lent: that backend cannot hold them, so TensorFlow.js's own error is the truth there.
 */
const lent = [
  "Conv2DBackpropFilter",
  "DepthwiseConv2dNativeBackpropFilter",
  "DepthwiseConv2dNativeBackpropInput",
  "Einsum",
  "RaggedGather",
  "RaggedRange",
  "RaggedTensorToTensor",
  "StaticRegexReplace",
  "UnsortedSegmentSum",
];

/**
 * Registers those kernels for `backend` where it has none. Values move to the cpu backend when such a kernel runs and
 * back when the next one needs them; TensorFlow.js does the moving.
 */
export function lendCpuKernels(backend: string): void {
  for (const kernelName of lent) {
    const kernel = tf.getKernel(kernelName, "cpu");
    if (!kernel || tf.getKernel(kernelName, backend)) continue;
    tf.registerKernel({
      kernelName,
      backendName: backend,
      kernelFunc: ({ inputs, attrs }) => {
        const cpu = tf.findBackend("cpu");
        const outputs = kernel.kernelFunc({ inputs, backend: cpu, ...(attrs && { attrs }) });
        // A tensor (not bare info) tells TensorFlow.js which backend holds the values.
        const held = (output: tf.TensorInfo) => tf.engine().makeTensorFromTensorInfo(output, cpu);
        return Array.isArray(outputs) ? outputs.map(held) : held(outputs);
      },
    });
  }
}
