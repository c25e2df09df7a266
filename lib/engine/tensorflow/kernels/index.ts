/**
 * Kernels of backend `tensorflow` that replace or complete those of tfjs-node: where its version reads values back, refuses what TensorFlow
 * can do, has no kernel at all, or answers otherwise than TensorFlow.js's own tests demand. The numbers come from TensorFlow's
 * ops; a kernel here only chooses and prepares them, and never reads a tensor's values, so that all of them can be traced.
 */
import * as tf from "@tensorflow/tfjs";
import type { TensorFlowBackend } from "../backend.ts";
import { activationKernels } from "./activation.ts";
import { convolutionKernels } from "./convolution.ts";
import { convolution3dKernels } from "./convolution-3d.ts";
import { countingKernels } from "./counting.ts";
import { crossEntropyKernels, registerCrossEntropyGradient } from "./cross-entropy.ts";
import { depthwiseKernels } from "./depthwise.ts";
import { dilationKernels } from "./dilation.ts";
import { einsumKernels } from "./einsum.ts";
import { elementwiseKernels } from "./elementwise.ts";
import { imageKernels } from "./image.ts";
import { indexingKernels } from "./indexing.ts";
import { matrixKernels } from "./matrix.ts";
import { type Kernel, Ops } from "./op.ts";
import { poolingKernels } from "./pooling.ts";
import { raggedKernels } from "./ragged.ts";
import { randomKernels } from "./random.ts";
import { sparseKernels } from "./sparse.ts";
import { stringKernels } from "./strings.ts";

const kernels: Kernel[] = [
  ...activationKernels,
  ...convolutionKernels,
  ...convolution3dKernels,
  ...countingKernels,
  ...crossEntropyKernels,
  ...depthwiseKernels,
  ...dilationKernels,
  ...einsumKernels,
  ...elementwiseKernels,
  ...imageKernels,
  ...indexingKernels,
  ...matrixKernels,
  ...poolingKernels,
  ...raggedKernels,
  ...randomKernels,
  ...sparseKernels,
  ...stringKernels,
];

/** Registers the kernels of this folder for backend `tensorflow`. Call it once, after tfjs-node's own are registered. */
export function installKernels(backend: TensorFlowBackend): void {
  const ops = new Ops(backend);
  for (const { name, run } of kernels) {
    if (tf.getKernel(name, "tensorflow")) tf.unregisterKernel(name, "tensorflow");
    tf.registerKernel({
      kernelName: name,
      backendName: "tensorflow",
      kernelFunc: ({ inputs, attrs }) => run(ops, inputs as Record<string, tf.TensorInfo>, attrs ?? {}),
    });
  }
  registerCrossEntropyGradient();
}
