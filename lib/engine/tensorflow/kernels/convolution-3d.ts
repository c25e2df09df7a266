/** Convolutions over three spatial axes: padding by a number, and dilation. */
import type * as tf from "@tensorflow/tfjs";
import { type Inputs, int, type Kernel, kernel, type Ops, text, type } from "./op.ts";
import { dilated, isDilated, padded, paddedShape, unpadded } from "./rearranged.ts";
import { channelsLast, type Pad, perAxis, type Windows, windowsOf } from "./window.ts";

interface Convolution3d {
  strides: number | number[];
  pad: Pad;
  dilations?: number | number[];
}

function windows3d(shape: readonly number[], filterShape: readonly number[], attributes: Convolution3d): Windows {
  return windowsOf({
    sizes: shape.slice(1, 4),
    filter: filterShape.slice(0, 3),
    strides: perAxis(attributes.strides, 3),
    dilations: perAxis(attributes.dilations ?? 1, 3),
    pad: attributes.pad,
  });
}

/** The op pads for itself only as SAME does; explicit padding is in the input by the time it runs. */
function attributes3d({ padding, axes }: Windows) {
  return {
    strides: int(channelsLast(axes.map(({ stride }) => stride))),
    padding: text(padding === "SAME" ? "SAME" : "VALID"),
    data_format: text("NDHWC"),
  };
}

function convolve(ops: Ops, x: tf.TensorInfo, filter: tf.TensorInfo, windows: Windows): tf.Tensor {
  return ops.one("Conv3D", [x, filter], { T: type(x.dtype), ...attributes3d(windows) });
}

export const convolution3dKernels: Kernel[] = [
  kernel<Inputs<"x" | "filter">, Convolution3d>("Conv3D", (ops, { x, filter }, attributes) => {
    const windows = windows3d(x.shape, filter.shape, attributes);
    if (!isDilated(windows)) return convolve(ops, padded(ops, x, windows, 0), filter, windows);
    return dilated(ops, x, windows, (dense) => convolve(ops, dense, filter, { ...windows, padding: "VALID" }));
  }),

  kernel<Inputs<"x" | "dy">, Convolution3d & { filterShape: number[] }>(
    "Conv3DBackpropFilterV2",
    (ops, { x, dy }, attributes) => {
      const windows = windows3d(x.shape, attributes.filterShape, attributes);
      const inputs = [padded(ops, x, windows, 0), ops.ints(attributes.filterShape), dy];
      return ops.one("Conv3DBackpropFilterV2", inputs, { T: type(x.dtype), ...attributes3d(windows) });
    },
  ),

  kernel<Inputs<"dy" | "filter">, Convolution3d & { inputShape: number[] }>(
    "Conv3DBackpropInputV2",
    (ops, { dy, filter }, attributes) => {
      const windows = windows3d(attributes.inputShape, filter.shape, attributes);
      const inputs = [ops.ints(paddedShape(attributes.inputShape, windows)), filter, dy];
      const named = { T: type(dy.dtype), Tshape: type("int32"), ...attributes3d(windows) };
      return unpadded(ops, ops.one("Conv3DBackpropInputV2", inputs, named), windows, attributes.inputShape);
    },
  ),
];
