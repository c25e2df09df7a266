/** Depthwise convolutions: any padding, dilation, channels first. */
import type * as tf from "@tensorflow/tfjs";
import { type Activation, activate, type FusedInputs } from "./activation.ts";
import { convolutionAttributes, windows2d, withChannelsLast } from "./convolution.ts";
import { type Inputs, type Kernel, kernel, type Ops, type } from "./op.ts";
import { dilated, isDilated } from "./rearranged.ts";
import type { Pad, Rounding, Windows } from "./window.ts";

interface Depthwise {
  strides: number | number[];
  pad: Pad;
  dataFormat?: "NHWC" | "NCHW";
  dilations?: number | number[];
  dimRoundingMode?: Rounding;
}

function convolve(ops: Ops, x: tf.TensorInfo, filter: tf.TensorInfo, attributes: Depthwise): tf.Tensor {
  const windows = windows2d(x.shape, filter.shape, attributes);
  if (!isDilated(windows)) return depthwise(ops, x, filter, windows);
  return dilated(ops, x, windows, (dense) => depthwise(ops, dense, filter, denseWindows(windows)));
}

function depthwise(ops: Ops, x: tf.TensorInfo, filter: tf.TensorInfo, windows: Windows): tf.Tensor {
  return ops.one("DepthwiseConv2dNative", [x, filter], { T: type(x.dtype), ...convolutionAttributes(windows) });
}

function denseWindows({ axes }: Windows): Windows {
  return { padding: "VALID", axes: axes.map((axis) => ({ ...axis, dilation: 1 })) };
}

export const depthwiseKernels: Kernel[] = [
  kernel<Inputs<"x" | "filter">, Depthwise>("DepthwiseConv2dNative", (ops, { x, filter }, attributes) =>
    withChannelsLast(ops, attributes.dataFormat, x, (nhwc) => convolve(ops, nhwc, filter, attributes)),
  ),

  kernel<FusedInputs, Depthwise & Activation>(
    "FusedDepthwiseConv2D",
    (ops, { x, filter, bias, preluActivationWeights }, attributes) =>
      withChannelsLast(ops, attributes.dataFormat, x, (nhwc) =>
        activate(ops, convolve(ops, nhwc, filter, attributes), bias, preluActivationWeights, attributes),
      ),
  ),

  kernel<Inputs<"dy" | "filter">, Depthwise & { inputShape: number[] }>(
    "DepthwiseConv2dNativeBackpropInput",
    (ops, { dy, filter }, attributes) => {
      const windows = windows2d(attributes.inputShape, filter.shape, attributes, dy);
      const inputs = [ops.ints(attributes.inputShape), filter, dy];
      const named = { T: type("float32"), ...convolutionAttributes(windows) };
      return ops.one("DepthwiseConv2dNativeBackpropInput", inputs, named);
    },
  ),

  kernel<Inputs<"x" | "dy">, Depthwise & { filterShape: number[] }>(
    "DepthwiseConv2dNativeBackpropFilter",
    (ops, { x, dy }, attributes) => {
      const windows = windows2d(x.shape, attributes.filterShape, attributes, dy);
      const inputs = [x, ops.ints(attributes.filterShape), dy];
      const named = { T: type("float32"), ...convolutionAttributes(windows) };
      return ops.one("DepthwiseConv2dNativeBackpropFilter", inputs, named);
    },
  ),
];
