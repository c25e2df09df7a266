/**
 * How a tensor shows itself as the result of a cell: shape, type, size, minimum, mean, maximum, and a few values from
 * the corners. The output is bounded whatever the tensor's size.
 */
import * as tf from "@tensorflow/tfjs";

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
  const { head, facts, values } = describe(tensor);
  const html = [`<div><b>${escapeHtml(head)}</b>`];
  if (facts) html.push(`<br><small>${escapeHtml(facts)}</small>`);
  if (values)
    html.push(
      `<pre style="margin: 0.4em 0 0; font-family: monospace; font-size: var(--jp-code-font-size, 13px)">${escapeHtml(values)}</pre>`,
    );
  html.push("</div>");
  return { "text/plain": [head, facts, values].filter(Boolean).join("\n"), "text/html": html.join("") };
}

function describe(tensor: tf.Tensor): { head: string; facts?: string; values?: string } {
  const kind = tensor instanceof tf.Variable ? `Variable "${tensor.name}"` : "Tensor";
  const head = `${kind} ${tensor.dtype} [${tensor.shape.join(", ")}]`;
  if (tensor.isDisposed) return { head: `${head}, disposed: its values are gone` };
  if (tensor.size === 0) return { head, facts: "no values" };
  // Complex values come as pairs (real, imaginary): shown as one more axis of length 2.
  const shape = tensor.dtype === "complex64" ? [...tensor.shape, 2] : tensor.shape;
  const data = tensor.dataSync() as ArrayLike<number> | string[];
  const numbers = tensor.dtype === "string" || tensor.dtype === "complex64" ? undefined : (data as ArrayLike<number>);
  const facts = numbers && tensor.size > 1 ? statistics(numbers) : undefined;
  const values = preview(data, shape, formatter(tensor.dtype));
  return { head, ...(facts && { facts }), values };
}

/** Minimum, mean and maximum of the finite values, and how many are not finite. */
function statistics(values: ArrayLike<number>): string {
  let [min, max, sum, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    count++;
  }
  const odd = values.length - count;
  const facts = count === 0 ? [] : [`min ${short(min)}`, `mean ${short(sum / count)}`, `max ${short(max)}`];
  if (odd > 0) facts.push(`${odd.toLocaleString("en")} NaN or infinite`);
  return facts.join(" · ");
}

type Format = (value: number | string) => string;

function formatter(dtype: tf.DataType): Format {
  if (dtype === "string")
    return (value) => JSON.stringify(String(value).length > 40 ? `${String(value).slice(0, 39)}…` : value);
  if (dtype === "bool") return (value) => (value ? "true" : "false");
  return (value) => short(Number(value));
}

function short(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value);
  return String(Number(value.toPrecision(4)));
}

/** Nested brackets as NumPy prints them: of a long axis the first and last few, with an ellipsis between. */
function preview(data: ArrayLike<number> | string[], shape: number[], format: Format): string {
  const shown = axesShown(shape);
  const cells: string[] = [];
  const pick = (axis: number, offset: number): void => {
    if (axis === shape.length) {
      cells.push(format(data[offset]!));
      return;
    }
    for (const index of shown[axis]!) if (index >= 0) pick(axis + 1, offset * shape[axis]! + index);
  };
  pick(0, 0);

  const width = Math.max(...cells.map((cell) => cell.length));
  let next = 0;
  const print = (axis: number, indent: string): string => {
    if (axis === shape.length) return cells[next++]!.padStart(width);
    const last = axis === shape.length - 1;
    const parts = shown[axis]!.map((index) => (index < 0 ? "…" : print(axis + 1, `${indent} `)));
    return `[${parts.join(last ? " " : `\n${indent} `)}]`;
  };
  return print(0, "");
}

/** For each axis the indices to show, -1 for an ellipsis; fewer of each the more axes there are. */
function axesShown(shape: number[]): number[][] {
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

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
