/** Activations, alone and after a fused product or convolution. */
import * as tf from "@tensorflow/tfjs";
import { float, type Inputs, type Kernel, kernel, type Ops, text, type } from "./op.ts";

/** What the attributes of a fused kernel say of its activation. */
export interface Activation {
  activation?: "linear" | "relu" | "relu6" | "elu" | "sigmoid" | "prelu" | "leakyrelu";
  leakyreluAlpha?: number;
}

/** What a fused convolution gets. */
export interface FusedInputs extends Inputs<"x" | "filter"> {
  bias?: tf.TensorInfo;
  preluActivationWeights?: tf.TensorInfo;
}

/** Adds `bias` and applies the activation to the result of a product, or of a convolution with channels last. */
export function activate(
  ops: Ops,
  x: tf.Tensor,
  bias: tf.TensorInfo | undefined,
  slopes: tf.TensorInfo | undefined,
  { activation, leakyreluAlpha }: Activation,
): tf.Tensor {
  const biased = bias ? addBias(ops, x, bias) : x;
  switch (activation ?? "linear") {
    case "linear":
      return biased;
    case "relu":
      return ops.map("Relu", biased);
    case "relu6":
      return ops.map("Relu6", biased);
    case "elu":
      return ops.map("Elu", biased);
    case "sigmoid":
      return ops.map("Sigmoid", biased);
    case "leakyrelu":
      return leakyRelu(ops, biased, leakyreluAlpha ?? 0.2);
    case "prelu":
      if (!slopes) throw new Error('A fused kernel got activation "prelu" without preluActivationWeights.');
      return prelu(ops, biased, slopes);
    default:
      throw new Error(
        `A fused kernel got activation "${activation}"; it knows linear, relu, relu6, elu, sigmoid, prelu and leakyrelu.`,
      );
  }
}

function addBias(ops: Ops, x: tf.Tensor, bias: tf.TensorInfo): tf.Tensor {
  const perChannel = bias.shape.length === 1 && bias.shape[0] === x.shape.at(-1);
  if (perChannel) return ops.one("BiasAdd", [x, bias], { T: type(x.dtype), data_format: text("NHWC") });
  return ops.binary("AddV2", x, bias);
}

function leakyRelu(ops: Ops, x: tf.TensorInfo, alpha: number): tf.Tensor {
  return ops.one("LeakyRelu", [asFloat(ops, x)], { alpha: float(alpha), T: type("float32") });
}

function prelu(ops: Ops, x: tf.TensorInfo, alpha: tf.TensorInfo): tf.Tensor {
  const values = asFloat(ops, x);
  const isNegative = ops.binary("Less", values, tf.scalar(0));
  const sloped = ops.binary("Mul", asFloat(ops, alpha), values);
  return ops.one("SelectV2", [isNegative, sloped, values], { T: type("float32") });
}

function asFloat(ops: Ops, x: tf.TensorInfo): tf.TensorInfo {
  return x.dtype === "float32" ? x : ops.cast(x, x.dtype, "float32");
}

export const activationKernels: Kernel[] = [
  kernel<Inputs<"x">, tf.LeakyReluAttrs>("LeakyRelu", (ops, { x }, { alpha }) => leakyRelu(ops, x, alpha)),
  kernel<Inputs<"x" | "alpha">, object>("Prelu", (ops, { x, alpha }) => prelu(ops, x, alpha)),
];
