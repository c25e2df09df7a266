/** Products of matrices with what follows them. */
import type * as tf from "@tensorflow/tfjs";
import { type Activation, activate } from "./activation.ts";
import { flag, type Inputs, type Kernel, kernel, type } from "./op.ts";

interface FusedProduct extends Activation {
  transposeA: boolean;
  transposeB: boolean;
}

interface FusedProductInputs extends Inputs<"a" | "b"> {
  bias?: tf.TensorInfo;
  preluActivationWeights?: tf.TensorInfo;
}

/** Every dense layer is one. tfjs-node makes it of calls of TensorFlow.js's own operations, which cost more than the small products among them. */
const fusedMatMul = kernel<FusedProductInputs, FusedProduct>(
  "_FusedMatMul",
  (ops, { a, b, bias, preluActivationWeights }, attributes) => {
    const named = { T: type(a.dtype), adj_x: flag(attributes.transposeA), adj_y: flag(attributes.transposeB) };
    return activate(ops, ops.one("BatchMatMulV2", [a, b], named), bias, preluActivationWeights, attributes);
  },
);

export const matrixKernels: Kernel[] = [fusedMatMul];
