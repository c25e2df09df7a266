import { describe, expect, it } from "vitest";
import { tf } from "../../../lib/index.ts";
import { backends, useBackend } from "./backends.ts";

describe.each(backends)("sums by segment on %s", (backend) => {
  it("adds up the rows of each segment, and leaves empty ones at zero", async () => {
    await useBackend(backend);
    const rows = tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]);
    const sums = tf.unsortedSegmentSum(rows, tf.tensor1d([2, 0, 2], "int32"), 4);
    expect(sums.arraySync()).toEqual([
      [3, 4],
      [0, 0],
      [6, 8],
      [0, 0],
    ]);
  });

  it("adds numbers, whole ones too, and keeps their dtype", async () => {
    await useBackend(backend);
    const sums = tf.unsortedSegmentSum(tf.tensor1d([5, 7, 9], "int32"), tf.tensor1d([1, 1, 0], "int32"), 2);
    expect(sums.dtype).toBe("int32");
    expect([...sums.dataSync()]).toEqual([9, 12]);
  });

  it("gives the gradient of an embedding of a large vocabulary", async () => {
    await useBackend(backend);
    const table = tf.zeros([20_000, 64]);
    const ids = tf.tensor1d([7, 19_999, 7], "int32");
    const gradient = tf.grad((weights) => tf.gather(weights, ids).sum())(table);
    const rows = tf.gather(gradient, tf.tensor1d([6, 7, 19_999], "int32")).sum(1);
    expect([...rows.dataSync()]).toEqual([0, 128, 64]);
  });
});
