/** Gradients in compiled functions against finite differences: something that shares no code with them. */
import { beforeAll, expect, test } from "vitest";
import { compile, ready, tf } from "../../../../lib/index.ts";
import { numbers } from "./functions.ts";

beforeAll(() => ready());

/** Central differences of a scalar function, entry by entry; float32 leaves about three digits. */
function differences(f: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor, step = 1e-2): number[] {
  return Array.from({ length: x.size }, (_, i) =>
    tf.tidy(() => {
      const at = (by: number) => {
        const values = Float32Array.from(x.dataSync());
        values[i]! += by;
        return f(tf.tensor(values, x.shape)).dataSync()[0]!;
      };
      return (at(step) - at(-step)) / (2 * step);
    }),
  );
}

const layer = tf.layers.dense({
  units: 3,
  activation: "tanh",
  kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
});

const scalars: Record<string, { shape: number[]; f: (x: tf.Tensor) => tf.Tensor }> = {
  "a product of matrices": { shape: [3, 4], f: (x) => tf.sum(tf.square(tf.matMul(x, tf.cos(x), true))) },
  "softmax cross entropy": {
    shape: [3, 4],
    f: (x) => tf.losses.softmaxCrossEntropy(tf.oneHot(tf.tensor1d([0, 3, 1], "int32"), 4), x),
  },
  "a convolution": {
    shape: [1, 5, 5, 2],
    f: (x) =>
      tf.mean(tf.square(tf.conv2d(x as tf.Tensor4D, tf.cos(tf.reshape(tf.range(0, 36), [3, 3, 2, 2])), 1, "same"))),
  },
  "an embedding": { shape: [5, 2], f: (x) => tf.sum(tf.exp(tf.gather(x, tf.tensor1d([1, 1, 4], "int32")))) },
  "normalisation over the last axis": {
    shape: [3, 6],
    f: (x) => {
      const { mean, variance } = tf.moments(x, -1, true);
      return tf.sum(
        tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 0.1))), tf.sin(tf.reshape(tf.range(0, 18), [3, 6]))),
      );
    },
  },
  "a layer of tf.layers": { shape: [2, 4], f: (x) => tf.mean(tf.square(layer.apply(x) as tf.Tensor)) },
};

test.each(Object.entries(scalars))("%s", (_, { shape, f }) => {
  tf.tidy(() => {
    const x = numbers(shape);
    f(x);
    using gradient = compile(tf.grad(f));
    const computed = Array.from(gradient(x).dataSync());
    const expected = differences(f, x);
    const scale = Math.max(...expected.map(Math.abs));
    for (const [i, value] of computed.entries()) expect(Math.abs(value - expected[i]!) / scale).toBeLessThan(5e-3);
  });
});
