import { describe, expect, it } from "vitest";
import { tf } from "../../../lib/index.ts";
import { useBackend } from "./backends.ts";

/** One product in plain JavaScript: m x k times k x n. */
function product(a: ArrayLike<number>, b: ArrayLike<number>, [m, k, n]: [number, number, number]): number[] {
  return Array.from({ length: m * n }, (_, at) => {
    const [row, column] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let i = 0; i < k; i++) sum += a[row * k + i]! * b[i * n + column]!;
    return sum;
  });
}

describe("matrix products on WebAssembly", () => {
  // The second is large enough for its matrices to be multiplied one by one.
  it.each([
    { batch: [], sizes: [5, 7, 3] as [number, number, number] },
    { batch: [2], sizes: [128, 512, 129] as [number, number, number] },
    { batch: [2, 3], sizes: [4, 2, 5] as [number, number, number] },
  ])("of a batch [$batch] of $sizes are right, whichever operand is transposed", async ({ batch, sizes }) => {
    await useBackend("wasm");
    const [m, k, n] = sizes;
    const count = batch.reduce((all, size) => all * size, 1);
    const a = tf.randomUniform([...batch, m, k], -1, 1, "float32", 1);
    const b = tf.randomUniform([...batch, k, n], -1, 1, "float32", 2);
    const [aValues, bValues] = [a.dataSync(), b.dataSync()];
    const expected = Array.from({ length: count }, (_, at) =>
      product(aValues.subarray(at * m * k), bValues.subarray(at * k * n), sizes),
    ).flat();
    const swapped = (x: tf.Tensor) => {
      const last = x.rank - 1;
      return tf.transpose(x, [...x.shape.keys()].slice(0, -2).concat(last, last - 1));
    };
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const result = tf.matMul(transposeA ? swapped(a) : a, transposeB ? swapped(b) : b, transposeA, transposeB);
        expect(result.shape).toEqual([...batch, m, n]);
        const values = result.dataSync();
        const largest = expected.reduce((most, value, at) => Math.max(most, Math.abs(value - values[at]!)), 0);
        expect(largest).toBeLessThan(1e-4);
      }
    }
  });

  it("leave no tensors behind", async () => {
    await useBackend("wasm");
    const a = tf.randomUniform([2, 256, 256]);
    const before = tf.memory().numTensors;
    tf.matMul(a, a, true, false).dispose();
    tf.matMul(a, a, false, true).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
