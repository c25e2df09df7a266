/** Convolutions over two spatial axes: any padding, and channels first by way of transposes, which TensorFlow lacks on a CPU. */
import type * as tf from "@tensorflow/tfjs";
import { type Activation, activate, type FusedInputs } from "./activation.ts";
import { flag, type Inputs, int, type Kernel, kernel, type Ops, text, type } from "./op.ts";
import {
  channelsLast,
  type Pad,
  paddingAttributes,
  perAxis,
  type Rounding,
  type Windows,
  windowsOf,
} from "./window.ts";

const toChannelsLast = [0, 2, 3, 1];
const toChannelsFirst = [0, 3, 1, 2];

interface Convolution {
  strides: number | number[];
  pad: Pad;
  dataFormat?: "NHWC" | "NCHW";
  dilations?: number | number[];
  dimRoundingMode?: Rounding;
}

interface FusedConvolution extends Convolution, Activation {}

/** Windows of a convolution whose input has shape `[batch, height, width, channels]`, and the gradient of its output that of `dy`. */
export function windows2d(
  shape: readonly number[],
  filterShape: readonly number[],
  attributes: Convolution,
  dy?: tf.TensorInfo,
): Windows {
  const { strides, pad, dataFormat, dilations, dimRoundingMode } = attributes;
  return windowsOf({
    sizes: shape.slice(1, 3),
    filter: filterShape.slice(0, 2),
    strides: perAxis(strides, 2),
    dilations: perAxis(dilations ?? 1, 2),
    pad,
    rounding: dimRoundingMode,
    firstAxis: dataFormat === "NCHW" ? 2 : 1,
    ...(dy && { out: dy.shape.slice(1, 3) }),
  });
}

/** Runs `body` with channels last, whatever the data format is; it gets and returns tensors in that order. */
export function withChannelsLast(
  ops: Ops,
  format: "NHWC" | "NCHW" | undefined,
  x: tf.TensorInfo,
  body: (x: tf.TensorInfo) => tf.Tensor,
): tf.Tensor {
  if (format !== "NCHW") return body(x);
  return ops.transpose(body(ops.transpose(x, toChannelsLast)), toChannelsFirst);
}

function convolve(ops: Ops, x: tf.TensorInfo, filter: tf.TensorInfo, attributes: Convolution): tf.Tensor {
  const windows = windows2d(x.shape, filter.shape, attributes);
  return ops.one("Conv2D", [x, filter], {
    T: type(x.dtype),
    ...convolutionAttributes(windows),
    use_cudnn_on_gpu: flag(true),
  });
}

export function convolutionAttributes(windows: Windows) {
  return {
    strides: int(channelsLast(windows.axes.map(({ stride }) => stride))),
    dilations: int(channelsLast(windows.axes.map(({ dilation }) => dilation))),
    data_format: text("NHWC"),
    ...paddingAttributes(windows),
  };
}

export const convolutionKernels: Kernel[] = [
  kernel<Inputs<"x" | "filter">, Convolution>("Conv2D", (ops, { x, filter }, attributes) =>
    withChannelsLast(ops, attributes.dataFormat, x, (nhwc) => convolve(ops, nhwc, filter, attributes)),
  ),

  kernel<FusedInputs, FusedConvolution>("FusedConv2D", (ops, { x, filter, bias, preluActivationWeights }, attributes) =>
    withChannelsLast(ops, attributes.dataFormat, x, (nhwc) => {
      // Weights of PReLU come in the order of the data; a vector belongs to the channels in either format.
      const first = attributes.dataFormat === "NCHW" && preluActivationWeights?.shape.length === 3;
      const slopes = first ? ops.transpose(preluActivationWeights, [1, 2, 0]) : preluActivationWeights;
      return activate(ops, convolve(ops, nhwc, filter, attributes), bias, slopes, attributes);
    }),
  ),

  kernel<Inputs<"dy" | "filter">, Convolution & { inputShape: number[] }>(
    "Conv2DBackpropInput",
    (ops, { dy, filter }, attributes) =>
      withChannelsLast(ops, attributes.dataFormat, dy, (nhwc) => {
        const { inputShape, dataFormat } = attributes;
        const shape = dataFormat === "NCHW" ? toChannelsLast.map((axis) => inputShape[axis]!) : inputShape;
        const windows = windows2d(shape, filter.shape, attributes, nhwc);
        const inputs = [ops.ints(shape), filter, nhwc];
        return ops.one("Conv2DBackpropInput", inputs, { T: type("float32"), ...convolutionAttributes(windows) });
      }),
  ),

  kernel<Inputs<"x" | "dy">, Convolution & { filterShape: number[] }>(
    "Conv2DBackpropFilter",
    (ops, { x, dy }, attributes) => {
      const { dataFormat, filterShape } = attributes;
      const last = (tensor: tf.TensorInfo) => (dataFormat === "NCHW" ? ops.transpose(tensor, toChannelsLast) : tensor);
      const images = last(x);
      const gradient = last(dy);
      const windows = windows2d(images.shape, filterShape, attributes, gradient);
      const inputs = [images, ops.ints(filterShape), gradient];
      return ops.one("Conv2DBackpropFilter", inputs, { T: type("float32"), ...convolutionAttributes(windows) });
    },
  ),
];
