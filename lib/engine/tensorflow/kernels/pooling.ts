/** Pooling over two and three spatial axes: any padding and rounding mode, gradients, and the places of the maxima. */
import * as tf from "@tensorflow/tfjs";
import { type Attributes, flag, type Inputs, int, type Kernel, kernel, type Ops, text, type } from "./op.ts";
import { padded, paddedShape, unpadded } from "./rearranged.ts";
import { channelsLast, type Pad, perAxis, type Rounding, type Windows, windowsOf } from "./window.ts";

interface Pooling {
  filterSize: number | number[];
  strides: number | number[];
  pad: Pad;
  dimRoundingMode?: Rounding;
}

/** Windows over an input of `shape`, whose gradient has the shape of `dy`. */
function windowsFor(shape: readonly number[], attributes: Pooling, dy?: tf.TensorInfo): Windows {
  const { filterSize, strides, pad, dimRoundingMode } = attributes;
  const rank = shape.length - 2;
  return windowsOf({
    sizes: shape.slice(1, -1),
    filter: perAxis(filterSize, rank),
    strides: perAxis(strides, rank),
    pad,
    rounding: dimRoundingMode,
    ...(dy && { out: dy.shape.slice(1, -1) }),
  });
}

/** Explicit padding is in the input by the time the op runs: XLA and the average pools know no other. */
function attributesOf(dtype: tf.DataType, { padding, axes }: Windows): Attributes {
  return {
    T: type(dtype),
    ksize: int(channelsLast(axes.map(({ window }) => window))),
    strides: int(channelsLast(axes.map(({ stride }) => stride))),
    padding: text(padding === "SAME" ? "SAME" : "VALID"),
    data_format: text(axes.length === 2 ? "NHWC" : "NDHWC"),
  };
}

function outputShape(shape: readonly number[], { axes }: Windows): number[] {
  return [shape[0]!, ...axes.map(({ out }) => out), shape.at(-1)!];
}

/** TensorFlow refuses an input smaller than the window; TensorFlow.js answers with a tensor that has no elements. */
function isEmpty({ axes }: Windows): boolean {
  return axes.some(({ out }) => out === 0);
}

function lowest(dtype: tf.DataType): number {
  return dtype === "int32" ? -(2 ** 31) : -Infinity;
}

function maxPool(op: string): Kernel {
  return kernel<Inputs<"x">, Pooling>(op, (ops, { x }, attributes) => {
    const windows = windowsFor(x.shape, attributes);
    if (isEmpty(windows)) return tf.zeros(outputShape(x.shape, windows), x.dtype);
    return ops.one(op, [padded(ops, x, windows, lowest(x.dtype))], attributesOf(x.dtype, windows));
  });
}

function maxPoolGradient(op: string): Kernel {
  return kernel<Inputs<"dy" | "input" | "output">, Pooling>(op, (ops, { dy, input, output }, attributes) => {
    const windows = windowsFor(input.shape, attributes, dy);
    const inputs = [padded(ops, input, windows, lowest(input.dtype)), output, dy];
    return unpadded(ops, ops.one(op, inputs, attributesOf(input.dtype, windows)), windows, input.shape);
  });
}

function averagePool(op: string): Kernel {
  return kernel<Inputs<"x">, Pooling>(op, (ops, { x }, attributes) => {
    const windows = windowsFor(x.shape, attributes);
    if (isEmpty(windows)) return tf.zeros(outputShape(x.shape, windows));
    const averages = ops.one(op, [padded(ops, x, windows, 0)], attributesOf("float32", windows));
    return windows.padding === "EXPLICIT" ? ops.binary("Mul", averages, paddingShare(windows)) : averages;
  });
}

function averagePoolGradient(op: string): Kernel {
  return kernel<Inputs<"dy" | "input">, Pooling>(op, (ops, { dy, input }, attributes) => {
    const windows = windowsFor(input.shape, attributes, dy);
    const shape = ops.ints(paddedShape(input.shape, windows));
    const share = windows.padding === "EXPLICIT" ? ops.binary("Mul", dy, paddingShare(windows)) : dy;
    const gradient = ops.one(op, [shape, share], attributesOf("float32", windows));
    return unpadded(ops, gradient, windows, input.shape);
  });
}

/**
 * What a window's average over padding and values is to be multiplied with, to be the average of the values alone: elements of the
 * window by elements of it that are no padding, for all windows of an image; 0 where a window holds no values.
 */
function paddingShare({ axes }: Windows): tf.Tensor {
  const perAxisShare = axes.map(({ size, window, stride, before, out }) =>
    Array.from({ length: out }, (_, index) => {
      const begin = index * stride - before;
      const values = Math.min(begin + window, size) - Math.max(begin, 0);
      return values > 0 ? window / values : 0;
    }),
  );
  const all = perAxisShare.reduce((outer, inner) => outer.flatMap((a) => inner.map((b) => a * b)), [1]);
  return tf.tensor(all, [1, ...axes.map(({ out }) => out), 1], "float32");
}

const maxPoolWithArgmax = kernel<Inputs<"x">, Pooling & { includeBatchInIndex: boolean }>(
  "MaxPoolWithArgmax",
  (ops, { x }, attributes) => {
    const windows = windowsFor(x.shape, attributes);
    // The op lets a NaN win that comes first; the other pools pass over it.
    const values = x.dtype === "float32" ? withoutNaN(ops, x) : x;
    const { data_format: _, ...shared } = attributesOf(x.dtype, windows);
    const named = {
      ...shared,
      Targmax: type("int64"),
      include_batch_in_index: flag(attributes.includeBatchInIndex),
    };
    const outputs = ops.many("MaxPoolWithArgmax", [padded(ops, values, windows, lowest(x.dtype))], named, 2);
    const places = ops.cast(outputs[1]!, "int64", "int32");
    return [outputs[0]!, windows.padding === "EXPLICIT" ? placesWithoutPadding(ops, places, x.shape, windows) : places];
  },
);

function withoutNaN(ops: Ops, x: tf.TensorInfo): tf.Tensor {
  return ops.one("SelectV2", [ops.map("IsNan", x), tf.scalar(-Infinity), x], { T: type("float32") });
}

/** Flat indices into the padded input, as flat indices into `shape`. */
function placesWithoutPadding(ops: Ops, places: tf.Tensor, shape: readonly number[], windows: Windows): tf.Tensor {
  const from = paddedShape(shape, windows);
  let rest = places;
  let result: tf.Tensor = tf.zerosLike(places);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = tf.scalar(from[axis]!, "int32");
    const before = tf.scalar(windows.axes[axis - 1]?.before ?? 0, "int32");
    const index = axis === 0 ? rest : ops.binary("FloorMod", rest, size);
    const moved = ops.binary("Mul", ops.binary("Sub", index, before), tf.scalar(step, "int32"));
    result = ops.binary("AddV2", result, moved);
    rest = ops.binary("FloorDiv", rest, size);
    step *= shape[axis]!;
  }
  return result;
}

export const poolingKernels: Kernel[] = [
  maxPool("MaxPool"),
  maxPool("MaxPool3D"),
  maxPoolGradient("MaxPoolGrad"),
  maxPoolGradient("MaxPool3DGrad"),
  averagePool("AvgPool"),
  averagePool("AvgPool3D"),
  averagePoolGradient("AvgPoolGrad"),
  averagePoolGradient("AvgPool3DGrad"),
  maxPoolWithArgmax,
];
