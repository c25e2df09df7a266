/** Windows that slide over a tensor's spatial axes: how far an input is padded and how many windows fit. */
import type { Attributes } from "./op.ts";
import { int, text } from "./op.ts";

/** One spatial axis, in elements. */
export interface Axis {
  size: number;
  /** Extent of the window, dilation included. */
  window: number;
  stride: number;
  dilation: number;
  before: number;
  /** As much as the last window needs: less or more than what was asked for where the rounding mode says so. */
  after: number;
  /** Windows, 0 where none fits. */
  out: number;
}

export interface Windows {
  /** TensorFlow's name for the padding of all axes together. */
  padding: "SAME" | "VALID" | "EXPLICIT";
  axes: Axis[];
}

/** Padding as TensorFlow.js writes it: one number for all sides, or pairs for all axes of the tensor, batch and channels included. */
export type Pad = "valid" | "same" | number | readonly (readonly [number, number])[];
export type Rounding = "floor" | "round" | "ceil";

export interface WindowOptions {
  /** Input sizes of the spatial axes; every other list has as many elements. */
  sizes: readonly number[];
  filter: readonly number[];
  strides: readonly number[];
  dilations?: readonly number[];
  pad: Pad;
  rounding?: Rounding | undefined;
  /** Windows along each axis, where a gradient's shape tells: TensorFlow.js keeps the rounding mode from gradients. */
  out?: readonly number[];
  /** Where in `pad` the pairs of the spatial axes begin: 1 for channels last. */
  firstAxis?: number;
}

const roundings = { floor: Math.floor, round: Math.round, ceil: Math.ceil };

/**
 * TensorFlow.js computes the same (`computeConv2DInfo`), but takes the height's filter and stride for the width too when
 * the padding is a number.
 */
export function windowsOf(options: WindowOptions): Windows {
  const axes = options.sizes.map((_, index) => axisOf(options, index));
  const { pad } = options;
  if (pad === "same") return { padding: "SAME", axes };
  return { padding: axes.some(({ before, after }) => before > 0 || after > 0) ? "EXPLICIT" : "VALID", axes };
}

function axisOf(options: WindowOptions, index: number): Axis {
  const { sizes, filter, strides, dilations, pad, rounding, firstAxis = 1 } = options;
  const size = sizes[index]!;
  const stride = strides[index]!;
  const dilation = dilations?.[index] ?? 1;
  const window = (filter[index]! - 1) * dilation + 1;
  const axis = (out: number, before: number): Axis => {
    const after = Math.max(0, (out - 1) * stride + window - size - before);
    return { size, window, stride, dilation, before, after, out };
  };
  if (pad === "same") {
    const out = Math.ceil(size / stride);
    const total = Math.max(0, (out - 1) * stride + window - size);
    return axis(out, Math.floor(total / 2));
  }
  const [before, after] = padAt(pad, firstAxis + index);
  const exact = (size + before + after - window) / stride + 1;
  return axis(options.out?.[index] ?? Math.max(0, roundings[rounding ?? "floor"](exact)), before);
}

function padAt(pad: Exclude<Pad, "same">, axis: number): readonly [number, number] {
  if (pad === "valid") return [0, 0];
  return typeof pad === "number" ? [pad, pad] : pad[axis]!;
}

/** A number or a list for each of `rank` axes. */
export function perAxis(value: number | readonly number[], rank: number): readonly number[] {
  return typeof value === "number" ? new Array<number>(rank).fill(value) : value.slice(0, rank);
}

/** Attributes `padding` and, where needed, `explicit_paddings` of a convolution with channels last. */
export function paddingAttributes({ padding, axes }: Windows): Attributes {
  if (padding !== "EXPLICIT") return { padding: text(padding) };
  const pairs = axes.flatMap(({ before, after }) => [before, after]);
  return { padding: text(padding), explicit_paddings: int([0, 0, ...pairs, 0, 0]) };
}

/** Paddings of all axes, as `PadV2` takes them, for a tensor with channels last. */
export function paddings({ axes }: Windows): [number, number][] {
  return [[0, 0], ...axes.map(({ before, after }): [number, number] => [before, after]), [0, 0]];
}

/** For each axis of a tensor with channels last, its value between those of batch and channels. */
export function channelsLast(values: readonly number[], outer = 1): number[] {
  return [outer, ...values, outer];
}
