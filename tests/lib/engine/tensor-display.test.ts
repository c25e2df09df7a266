import { beforeAll, expect, test } from "vitest";
import { ready, tf } from "../../../lib/index.ts";

beforeAll(() => ready());

function shown(value: object): { "text/plain": string; "text/html": string } {
  const show = (value as Record<symbol, () => never>)[Symbol.for("Jupyter.display")]!;
  return show.call(value);
}
const plain = (value: object) => shown(value)["text/plain"];

test("a tensor shows its type, shape, minimum, mean, maximum and values", () => {
  const matrix = tf.tensor2d([
    [1, 2.5],
    [-3, 10],
  ]);
  expect(plain(matrix)).toBe(
    ["Tensor float32 [2, 2]", "min -3 · mean 2.625 · max 10", "[[  1 2.5]", " [ -3  10]]"].join("\n"),
  );
});

test("a million numbers show as a few", () => {
  const { "text/plain": text, "text/html": html } = shown(tf.range(0, 1_000_000).reshape([1000, 1000]));
  expect(text).toContain("min 0 · mean 500000 · max 999999");
  expect(text).toContain("…");
  expect(text).toContain("999999]]");
  expect(text.length).toBeLessThan(2000);
  expect(html.length).toBeLessThan(2500);
});

test.each([[[20, 20, 20]], [[9, 9, 9, 9]], [[6, 6, 6, 6, 6]], [[4, 4, 4, 4, 4, 4]]])(
  "a tensor of shape %j shows a bounded number of values",
  (shape) => {
    const numbers = plain(tf.ones(shape)).split("\n").slice(2).join(" ").match(/\d/g)!;
    expect(numbers.length).toBeGreaterThan(7);
    expect(numbers.length).toBeLessThanOrEqual(150);
  },
);

test("values that are not finite are counted and do not spoil the mean", () => {
  expect(plain(tf.tensor1d([1, 3, Number.NaN, Number.POSITIVE_INFINITY]))).toContain(
    "min 1 · mean 2 · max 3 · 2 NaN or infinite",
  );
});

test("scalars, empty tensors, strings, booleans and variables have their own look", () => {
  expect(plain(tf.scalar(3))).toBe("Tensor float32 []\n3");
  expect(plain(tf.zeros([0, 3]))).toBe("Tensor float32 [0, 3]\nno values");
  expect(plain(tf.tensor1d(["a", "b"]))).toBe('Tensor string [2]\n["a" "b"]');
  expect(plain(tf.tensor1d([true, false]))).toContain("[ true false]");
  expect(plain(tf.variable(tf.ones([2]), true, "weights"))).toContain('Variable "weights" float32 [2]');
});

test("a disposed tensor says so instead of throwing", () => {
  const tensor = tf.ones([2]);
  tensor.dispose();
  expect(plain(tensor)).toBe("Tensor float32 [2], disposed: its values are gone");
});

test("text in a tensor cannot become markup", () => {
  expect(shown(tf.tensor1d(["<script>"]))["text/html"]).not.toContain("<script>");
});

test("showing a tensor leaves no tensor behind", () => {
  const tensor = tf.ones([100, 100]);
  const before = tf.memory().numTensors;
  plain(tensor);
  expect(tf.memory().numTensors).toBe(before);
});
