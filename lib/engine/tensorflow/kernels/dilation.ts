/** Greyscale dilation and its gradients, with padding by a number. */
import type * as tf from "@tensorflow/tfjs";
import { type Attributes, type Inputs, int, type Kernel, kernel, text, type } from "./op.ts";
import { padded, unpadded } from "./rearranged.ts";
import { channelsLast, type Pad, perAxis, type Windows, windowsOf } from "./window.ts";

interface Dilation {
  strides: number | number[];
  pad: Pad;
  dilations: number | number[];
}

function windowsFor(x: tf.TensorInfo, filter: tf.TensorInfo, { strides, pad, dilations }: Dilation): Windows {
  return windowsOf({
    sizes: x.shape.slice(1, 3),
    filter: filter.shape.slice(0, 2),
    strides: perAxis(strides, 2),
    dilations: perAxis(dilations ?? 1, 2),
    pad,
  });
}

function attributesOf(x: tf.TensorInfo, { padding, axes }: Windows): Attributes {
  return {
    T: type(x.dtype),
    strides: int(channelsLast(axes.map(({ stride }) => stride))),
    rates: int(channelsLast(axes.map(({ dilation }) => dilation))),
    padding: text(padding === "SAME" ? "SAME" : "VALID"),
  };
}

export const dilationKernels: Kernel[] = [
  kernel<Inputs<"x" | "filter">, Dilation>("Dilation2D", (ops, { x, filter }, attributes) => {
    const windows = windowsFor(x, filter, attributes);
    return ops.one("Dilation2D", [padded(ops, x, windows, -Infinity), filter], attributesOf(x, windows));
  }),

  kernel<Inputs<"x" | "filter" | "dy">, Dilation>("Dilation2DBackpropInput", (ops, { x, filter, dy }, attributes) => {
    const windows = windowsFor(x, filter, attributes);
    const inputs = [padded(ops, x, windows, -Infinity), filter, dy];
    const gradient = ops.one("Dilation2DBackpropInput", inputs, attributesOf(x, windows));
    return unpadded(ops, gradient, windows, x.shape);
  }),

  kernel<Inputs<"x" | "filter" | "dy">, Dilation>("Dilation2DBackpropFilter", (ops, { x, filter, dy }, attributes) => {
    const windows = windowsFor(x, filter, attributes);
    const inputs = [padded(ops, x, windows, -Infinity), filter, dy];
    return ops.one("Dilation2DBackpropFilter", inputs, attributesOf(x, windows));
  }),
];
