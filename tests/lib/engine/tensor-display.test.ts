import { beforeEach, describe, expect, test } from "vitest";
import { computeSummary, readSummary } from "../../../lib/engine/tensor-summary.ts";
import { tf } from "../../../lib/index.ts";
import { backends, placeOf, useBackend } from "./backends.ts";

function shown(value: object): { "text/plain": string; "text/html": string } {
  const show = (value as Record<symbol, () => never>)[Symbol.for("Jupyter.display")]!;
  return show.call(value);
}
const plain = (value: object) => shown(value)["text/plain"];

describe.each(backends)("on %s", (backend) => {
  beforeEach(() => useBackend(backend));

  test("a tensor shows its type, shape, device, minimum, mean, maximum and values", () => {
    const matrix = tf.tensor2d([
      [1, 2.5],
      [-3, 10],
    ]);
    expect(plain(matrix)).toBe(
      [
        `Tensor float32 [2, 2] on ${placeOf[backend]}`,
        "min -3 · mean 2.625 · max 10",
        "[[  1 2.5]",
        " [ -3  10]]",
      ].join("\n"),
    );
  });

  test("a million numbers show as a few, and a picture", () => {
    const { "text/plain": text, "text/html": html } = shown(tf.range(0, 1_000_000).reshape([1000, 1000]));
    expect(text).toContain("min 0 · mean 500000 · max 999999");
    expect(text).toContain("…");
    expect(text).toContain("999999]]");
    expect(text.length).toBeLessThan(2000);
    expect(html).toContain("<svg");
    expect(html.length).toBeLessThan(40_000);
  });

  test("a tensor read in pieces shows the same as one read at once", () => {
    // The first has more values than are read at once, in pieces that end inside a row.
    const rows = tf.range(0, 1200).reshape([1200, 1]);
    const big = rows.add(tf.range(0, 1000).div(1000));
    expect(plain(big)).toContain("min 0 · mean 600 · max 1200");
    expect(plain(big)).toMatch(/\[\[\s+0 +0\.001 +0\.002/);
    expect(plain(big)).toMatch(/1200\]\]$/);
    const spoilt = tf.where(big.equal(600), tf.scalar(Number.NaN), big);
    expect(plain(spoilt)).toContain("1 NaN or infinite");
    expect(shown(spoilt)["text/html"]).toContain("× NaN");
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
    const place = `on ${placeOf[backend]}`;
    expect(plain(tf.scalar(3))).toBe(`Tensor float32 [] ${place}\n3`);
    expect(plain(tf.zeros([0, 3]))).toBe(`Tensor float32 [0, 3] ${place}\nno values`);
    expect(plain(tf.tensor1d(["a", "b"]))).toBe(`Tensor string [2] ${place}\n["a" "b"]`);
    expect(plain(tf.tensor1d([true, false]))).toContain("[ true false]");
    using weights = tf.variable(tf.ones([2]), true, `weights on ${backend}`);
    expect(plain(weights)).toContain(`Variable "weights on ${backend}" float32 [2]`);
  });

  test("scalars, pairs, strings and complex numbers have no picture; a mask has one", () => {
    const hasPicture = (tensor: tf.Tensor) => shown(tensor)["text/html"].includes("<svg");
    expect(hasPicture(tf.scalar(3))).toBe(false);
    expect(hasPicture(tf.tensor1d([1, 2]))).toBe(false);
    expect(hasPicture(tf.tensor1d(["a", "b", "c"]))).toBe(false);
    expect(hasPicture(tf.tensor1d([1, 2, 3]))).toBe(true);
    expect(hasPicture(tf.tensor1d([true, false, true]))).toBe(true);
    if (backend !== "wasm") {
      const complex = tf.complex([1, 2, 3], [4, 5, 6]);
      expect(hasPicture(complex)).toBe(false);
      expect(plain(complex)).toContain("[[1 4]\n [2 5]\n [3 6]]");
    }
  });

  test("a disposed tensor says so instead of throwing", () => {
    const tensor = tf.ones([2]);
    tensor.dispose();
    expect(plain(tensor)).toBe("Tensor float32 [2], disposed: its values are gone");
  });

  test("text in a tensor cannot become markup, and a long one is cut", () => {
    expect(shown(tf.tensor1d(["<script>"]))["text/html"]).not.toContain("<script>");
    const long = plain(tf.tensor1d(["ä".repeat(1_000_000)]));
    expect(long).toContain(`${"ä".repeat(39)}…`);
    expect(long.length).toBeLessThan(200);
  });

  test("showing a tensor leaves no tensor behind, a big one neither", () => {
    for (const tensor of [tf.ones([100, 100]), tf.ones([1100, 1000])]) {
      const before = tf.memory();
      plain(tensor);
      expect(tf.memory().numTensors).toBe(before.numTensors);
      expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
    }
  });

  test("a tensor whose values cannot be read says why instead of throwing", () => {
    const tensor = tf.ones([3]);
    const data = tensor.dataSync;
    tensor.dataSync = () => {
      throw new Error("The device is gone.\nA second line.");
    };
    expect(plain(tensor)).toBe("Tensor float32 [3]\nThe device is gone.");
    tensor.dataSync = data;
  });
});

describe.runIf(backends.includes("tensorflow"))(
  "a very big tensor, which TensorFlow's ops summarise where it is",
  () => {
    beforeEach(() => useBackend("tensorflow"));

    test.each([[[300, 500]], [[70_000]], [[70_000, 1]], [[7, 100, 130]], [[2, 3, 50, 70]]])(
      "of shape %j has the same summary as one that is read",
      (shape) => {
        using tensor = tf.randomNormal(shape, 1, 1, "float32", 5);
        const offsets = [0, 5, tensor.size - 1];
        const [computed, read] = [computeSummary(tensor, offsets)!, readSummary(tensor, offsets)];
        expect(computed.picked).toEqual(read.picked);
        expect([computed.range!.min, computed.range!.max, computed.notFinite]).toEqual([
          read.range!.min,
          read.range!.max,
          0,
        ]);
        expect(computed.range!.mean).toBeCloseTo(read.range!.mean, 5);
        expect(computed.blocks.panels.length).toBe(read.blocks.panels.length);
        for (const [index, { sums, counts }] of read.blocks.panels.entries())
          for (const [cell, sum] of sums.entries())
            expect(computed.blocks.panels[index]!.sums[cell]).toBeCloseTo(sum / counts[cell]!, 4);
      },
    );

    test("with NaN inside is read, because ops cannot pass it over", () => {
      using tensor = tf.tensor1d([1, Number.NaN, 3]);
      expect(computeSummary(tensor, [0])).toBeUndefined();
    });

    test("shows itself and leaves nothing behind", () => {
      using tensor = tf.ones([2100, 2000]);
      const before = tf.memory().numTensors;
      expect(plain(tensor)).toContain("min 1 · mean 1 · max 1");
      expect(shown(tensor)["text/html"]).toContain("<svg");
      expect(tf.memory().numTensors).toBe(before);
    });
  },
);
