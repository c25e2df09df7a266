/**
 * How a tensor shows itself as the result of a cell: shape, type, device, minimum, mean, maximum, a few values from
 * the corners, and a heat map. The output is bounded whatever the tensor's size; showing one leaves no tensor behind and never throws.
 */
import * as tf from "@tensorflow/tfjs";
import { nativeBinding, shortDeviceName } from "./device.ts";
import { drawHeatMap, escapeXml, shortNumber } from "./heat-map.ts";
import { summarise } from "./tensor-summary.ts";

const displaySymbol = Symbol.for("Jupyter.display");
/** At most so many values are printed. */
const maxValues = 150;

/** Gives every tensor and variable the display method. */
export function installTensorDisplay(): void {
  Object.defineProperty(tf.Tensor.prototype, displaySymbol, {
    configurable: true,
    writable: true,
    value: function show(this: tf.Tensor) {
      return tensorBundle(this);
    },
  });
}

/** The tensor as `text/plain` and `text/html`. Reads its values (synchronously), except those of a disposed tensor. */
function tensorBundle(tensor: tf.Tensor): Record<string, string> {
  const { head, facts, values, picture } = describe(tensor);
  const html = [`<div><b>${escapeXml(head)}</b>`];
  if (facts) html.push(`<br><small>${escapeXml(facts)}</small>`);
  if (picture) html.push(`<div style="margin: 0.4em 0 0">${picture}</div>`);
  if (values)
    html.push(
      `<pre style="margin: 0.4em 0 0; font-family: monospace; font-size: var(--jp-code-font-size, 13px)">${escapeXml(values)}</pre>`,
    );
  html.push("</div>");
  return { "text/plain": [head, facts, values].filter(Boolean).join("\n"), "text/html": html.join("") };
}

interface Description {
  head: string;
  facts?: string;
  values?: string;
  /** An SVG element. */
  picture?: string | undefined;
}

function describe(tensor: tf.Tensor): Description {
  const kind = tensor instanceof tf.Variable ? `Variable "${tensor.name}"` : "Tensor";
  const head = `${kind} ${tensor.dtype} [${tensor.shape.join(", ")}]`;
  if (tensor.isDisposed) return { head: `${head}, disposed: its values are gone` };
  const placed = `${head} on ${placeOf(tensor)}`;
  if (tensor.size === 0) return { head: placed, facts: "no values" };
  try {
    return { head: placed, ...(isReal(tensor) ? describeReal(tensor) : describeOther(tensor)) };
  } catch (error) {
    // A tensor inside compile() has no values; a device may be out of memory. Neither may spoil the cell.
    return { head, facts: firstLine(error instanceof Error ? error.message : String(error)) };
  }
}

function isReal({ dtype }: tf.Tensor): boolean {
  return dtype === "float32" || dtype === "int32" || dtype === "bool";
}

function describeReal(tensor: tf.Tensor): Omit<Description, "head"> {
  const shown = axesShown(tensor.shape);
  const summary = summarise(tensor, offsetsOf(tensor.shape, shown));
  const { range, notFinite, picked, blocks } = summary;
  const facts: string[] = [];
  if (range)
    facts.push(`min ${shortNumber(range.min)}`, `mean ${shortNumber(range.mean)}`, `max ${shortNumber(range.max)}`);
  if (notFinite > 0) facts.push(`${notFinite.toLocaleString("en")} NaN or infinite`);
  const format = tensor.dtype === "bool" ? (value: number) => (value ? "true" : "false") : shortNumber;
  return {
    ...(tensor.size > 1 && { facts: facts.join(" · ") }),
    values: layOut(tensor.shape, shown, picked.map(format)),
    picture: drawHeatMap(blocks),
  };
}

/** Strings, and complex numbers, which come as pairs (real, imaginary): shown as one more axis of length 2. */
function describeOther(tensor: tf.Tensor): Omit<Description, "head"> {
  const complex = tensor.dtype === "complex64";
  const shape = complex ? [...tensor.shape, 2] : tensor.shape;
  const shown = axesShown(shape);
  // The engine's own read, because `dataSync` decodes every string before the first one can be taken.
  const data = tf.engine().readSync(tensor.dataId) as Uint8Array[] | Float32Array;
  const texts = offsetsOf(shape, shown).map((offset) => {
    const value = data[offset]!;
    return typeof value === "number" ? shortNumber(value) : quoted(value);
  });
  return { values: layOut(shape, shown, texts) };
}

function quoted(bytes: Uint8Array): string {
  // Four bytes a character at most: a long text is cut before it is decoded.
  const text = tf.util.decodeString(bytes.subarray(0, 170));
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 39)}…` : text);
}

/** Where its values are: `CPU:0`, `GPU:1`, or the name of a backend without devices. */
function placeOf(tensor: tf.Tensor): string {
  const titles: Record<string, string> = { wasm: "WebAssembly", cpu: "JavaScript" };
  const backend = tf.getBackend();
  const binding = nativeBinding();
  if (!binding) return titles[backend] ?? backend;
  try {
    const native = tf.backend() as unknown as { tensorMap: { get(dataId: object): { id: number } | undefined } };
    const id = native.tensorMap.get(tensor.dataId)?.id ?? -1;
    return id > 0 ? shortDeviceName(binding.deviceOf(id)) : "CPU:0";
  } catch {
    return "CPU:0";
  }
}

/** For each axis the indices to show, -1 for an ellipsis; fewer of each the more axes there are. */
function axesShown(shape: readonly number[]): number[][] {
  for (const edge of [5, 4, 3, 2, 1]) {
    const shown = shape.map((size) => ends(size, edge));
    const count = shown.reduce((product, indices) => product * indices.filter((index) => index >= 0).length, 1);
    if (count <= maxValues) return shown;
  }
  // Very many axes: the first value of the outer ones.
  return shape.map((size, axis) => (axis >= shape.length - 4 ? ends(size, 1) : size > 1 ? [0, -1] : [0]));
}

function ends(size: number, edge: number): number[] {
  if (size <= 2 * edge) return Array.from({ length: size }, (_, index) => index);
  const indices = Array.from({ length: edge }, (_, index) => index);
  return [...indices, -1, ...indices.map((index) => size - edge + index)];
}

/** Row-major positions of the values shown, ascending. */
function offsetsOf(shape: readonly number[], shown: number[][]): number[] {
  return shown.reduce(
    (offsets, indices, axis) =>
      offsets.flatMap((offset) => indices.filter((index) => index >= 0).map((index) => offset * shape[axis]! + index)),
    [0],
  );
}

/** Nested brackets as NumPy prints them: of a long axis the first and last few, with an ellipsis between. */
function layOut(shape: readonly number[], shown: number[][], texts: string[]): string {
  const width = Math.max(...texts.map((text) => text.length));
  let next = 0;
  const print = (axis: number, indent: string): string => {
    if (axis === shape.length) return texts[next++]!.padStart(width);
    const last = axis === shape.length - 1;
    const parts = shown[axis]!.map((index) => (index < 0 ? "…" : print(axis + 1, `${indent} `)));
    return `[${parts.join(last ? " " : `\n${indent} `)}]`;
  };
  return print(0, "");
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]!;
}
