/** precision: "bfloat16" rounds what is multiplied, and nothing else. */
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { compile, ready, tf } from "../../../../lib/index.ts";
import { distance } from "./comparing.ts";
import { numbers } from "./functions.ts";

beforeAll(() => ready());
afterEach(() => tf.disposeVariables());

/** Rounds to the nearest bfloat16, ties to even: the upper 16 bits of a float32. */
function bfloat16(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer);
  bits[0] = (bits[0]! + 0x7fff + ((bits[0]! >>> 16) & 1)) & 0xffff0000;
  return new Float32Array(bits.buffer)[0]!;
}

function rounded(tensor: tf.Tensor): tf.Tensor {
  return tf.tensor(Float32Array.from(tensor.dataSync(), bfloat16), tensor.shape);
}

const products: Record<string, { inputs: () => tf.Tensor[]; run: (...inputs: tf.Tensor[]) => tf.Tensor }> = {
  matMul: { inputs: () => [numbers([6, 5]), numbers([5, 4])], run: (a, b) => tf.matMul(a!, b!) },
  "matMul, batched and transposed": {
    inputs: () => [numbers([2, 5, 6]), numbers([2, 4, 5])],
    run: (a, b) => tf.matMul(a!, b!, true, true),
  },
  conv2d: {
    inputs: () => [numbers([1, 5, 5, 2]), numbers([3, 3, 2, 3])],
    run: (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "same"),
  },
  depthwiseConv2d: {
    inputs: () => [numbers([1, 5, 5, 2]), numbers([3, 3, 2, 1])],
    run: (x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "same"),
  },
};

describe.each([true, false])("XLA: %s", (xla) => {
  test.each(Object.entries(products))("%s multiplies rounded inputs", (_, { inputs, run }) => {
    const given = inputs();
    const half = compile(run, { xla, precision: "bfloat16" })(...given);
    expect(half.dtype).toBe("float32");
    // Exact products of rounded inputs, rounded once or twice more to the 8 bits of a bfloat16.
    const expected = run(...given.map(rounded));
    expect(distance(expected.dataSync(), half.dataSync())).toBeLessThan(2 ** -7);
    expect(distance(run(...given).dataSync(), half.dataSync())).toBeGreaterThan(1e-5);
    // XLA may keep more digits of a result than a bfloat16 has.
    if (!xla) expect(Array.from(half.dataSync()).every((value) => value === bfloat16(value))).toBe(true);
  });

  test("gradients are multiplied so too", () => {
    const gradient = tf.grads((a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.matMul(a, b)));
    const [a, b] = [numbers([6, 5]), numbers([5, 4])];
    const step = compile((a: tf.Tensor, b: tf.Tensor) => gradient([a, b]), { xla, precision: "bfloat16" });
    const [da] = step(a, b);
    const [expected] = gradient([rounded(a), rounded(b)]);
    expect(distance(expected!.dataSync(), da!.dataSync())).toBeLessThan(2 ** -7);
  });

  test("everything else stays float32", () => {
    const x = numbers([50]);
    const f = (x: tf.Tensor) => tf.sum(tf.exp(tf.mul(x, 1.0001)));
    const half = compile(f, { xla, precision: "bfloat16" })(x);
    expect(distance(f(x).dataSync(), half.dataSync())).toBeLessThan(3e-7);
  });
});

test("variables stay float32: steps too small for a bfloat16 add up", () => {
  const weight = tf.variable(tf.ones([2, 2]));
  const optimizer = tf.train.sgd(1e-4);
  const step = compile((x: tf.Tensor) => optimizer.minimize(() => tf.mean(tf.matMul(x, weight)), true, [weight])!, {
    precision: "bfloat16",
  });
  for (let i = 0; i < 20; i++) step(tf.ones([2, 2]));
  for (const value of weight.dataSync()) expect(value).toBeCloseTo(1 - 20 * 0.5 * 1e-4, 6);
});

test("a compiled function inside another one keeps a precision of its own", () => {
  const [a, b] = [numbers([6, 5]), numbers([5, 4])];
  const inner = compile((a: tf.Tensor, b: tf.Tensor) => tf.matMul(a, b), { precision: "bfloat16" });
  const plain = compile((a: tf.Tensor, b: tf.Tensor) => tf.matMul(a, b));
  const outer = compile((a: tf.Tensor, b: tf.Tensor) => [inner(a, b), plain(a, b), tf.matMul(a, b)]);
  const [half, full, own] = outer(a, b).map((tensor) => Array.from(tensor.dataSync()));
  expect(half!.every((value) => value === bfloat16(value))).toBe(true);
  expect(full).toEqual(own);
  expect(full!.every((value) => value === bfloat16(value))).toBe(false);
});
