/** Padding and dilation by rearranging the input, for ops of TensorFlow that know neither. */
import * as tf from "@tensorflow/tfjs";
import { type Ops, type } from "./op.ts";
import { channelsLast, paddings, type Windows } from "./window.ts";

/**
 * Runs `convolve` (padding VALID, stride 1, no dilation) on the interleaved sub-images of `x` and puts its results
 * together again: the "space to batch" way of https://www.tensorflow.org/api_docs/python/tf/nn/with_space_to_batch.
 */
export function dilated(
  ops: Ops,
  x: tf.TensorInfo,
  windows: Windows,
  convolve: (x: tf.Tensor) => tf.Tensor,
): tf.Tensor {
  if (windows.axes.some(({ stride }) => stride > 1)) {
    throw new Error("A convolution got both strides and dilations above 1; one of them has to be 1.");
  }
  // Every sub-image must have the same size: what the last ones lack is padded here and cut off below.
  const padded = windows.axes.map(({ size, before, after, dilation }) => {
    return Math.ceil((size + before + after) / dilation) * dilation;
  });
  const blocks = ops.ints(windows.axes.map(({ dilation }) => dilation));
  const outer = windows.axes.map(({ size, before }, i) => [before, padded[i]! - size - before]);
  const crops = windows.axes.map(({ window, out }, i) => [0, padded[i]! - (window - 1) - out]);
  const pairs = (values: number[][]) => tf.tensor2d(values, [values.length, 2], "int32");
  const spread = ops.one("SpaceToBatchND", [x, blocks, pairs(outer)], {
    T: type(x.dtype),
    Tblock_shape: type("int32"),
    Tpaddings: type("int32"),
  });
  return ops.one("BatchToSpaceND", [convolve(spread), blocks, pairs(crops)], {
    T: type(x.dtype),
    Tblock_shape: type("int32"),
    Tcrops: type("int32"),
  });
}

export function isDilated({ axes }: Windows): boolean {
  return axes.some(({ dilation }) => dilation > 1);
}

/** `x` padded with `value` wherever `windows` asks for explicit padding. */
export function padded(ops: Ops, x: tf.TensorInfo, windows: Windows, value: number): tf.TensorInfo {
  return windows.padding === "EXPLICIT" ? ops.pad(x, paddings(windows), value) : x;
}

/** Shape of what `padded` makes of a tensor of `shape`. */
export function paddedShape(shape: readonly number[], windows: Windows): number[] {
  if (windows.padding !== "EXPLICIT") return [...shape];
  return shape.map((size, axis) => {
    const { before, after } = windows.axes[axis - 1] ?? { before: 0, after: 0 };
    return size + before + after;
  });
}

/** Takes off again what `padded` put around a tensor of `shape`. */
export function unpadded(ops: Ops, x: tf.Tensor, windows: Windows, shape: readonly number[]): tf.Tensor {
  if (windows.padding !== "EXPLICIT") return x;
  const begin = channelsLast(
    windows.axes.map(({ before }) => before),
    0,
  );
  return ops.slice(x, begin, shape);
}
