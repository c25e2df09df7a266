/** What every engine must be able to do. A new backend joins the list below and passes the same tests. */
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ready, tf } from "../../../lib/index.ts";

beforeAll(() => ready());

describe.each(["wasm", "cpu"])("%s", (backend) => {
  let tensorsBefore = 0;
  beforeEach(async () => {
    expect(await tf.setBackend(backend)).toBe(true);
    tensorsBefore = tf.memory().numTensors;
    tf.engine().startScope();
  });
  afterEach(() => {
    tf.engine().endScope();
    expect(tf.memory().numTensors).toBe(tensorsBefore);
  });

  test("matrices are multiplied", () => {
    const a = tf.tensor2d([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const b = tf.tensor2d([
      [1, 0],
      [0, 1],
      [1, 1],
    ]);
    expect(tf.matMul(a, b).arraySync()).toEqual([
      [4, 5],
      [10, 11],
    ]);
    expect(tf.matMul(a, a, false, true).arraySync()).toEqual([
      [14, 32],
      [32, 77],
    ]);
  });

  test("a tensor keeps its values until it is disposed, whatever runs meanwhile", () => {
    const kept = tf.range(0, 1000);
    for (let i = 0; i < 20; i++) tf.tidy(() => tf.randomNormal([300, 300], 0, 1, "float32", i).square().sum());
    expect(Array.from(kept.dataSync())).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    kept.dispose();
    expect(() => kept.dataSync()).toThrow("disposed");
  });

  const functions: Record<string, { shape: number[]; f: (x: tf.Tensor) => tf.Tensor }> = {
    "a dense layer": {
      shape: [3, 4],
      f: (x) => tf.tanh(tf.matMul(x as tf.Tensor2D, tf.randomNormal<tf.Rank.R2>([4, 5], 0, 1, "float32", 3))),
    },
    "softmax cross entropy": {
      shape: [3, 4],
      f: (x) => tf.losses.softmaxCrossEntropy(tf.oneHot(tf.tensor1d([0, 2, 1], "int32"), 4), x),
    },
    "an embedding": { shape: [5, 3], f: (x) => tf.gather(x, tf.tensor1d([1, 1, 4], "int32")).square() },
    "a convolution's filter": {
      shape: [2, 2, 2, 3],
      f: (filter) =>
        tf
          .conv2d(tf.randomNormal<tf.Rank.R4>([1, 4, 4, 2], 0, 1, "float32", 5), filter as tf.Tensor4D, 1, "same")
          .square(),
    },
    "a depthwise convolution's filter": {
      shape: [2, 2, 2, 1],
      f: (filter) =>
        tf
          .depthwiseConv2d(
            tf.randomNormal<tf.Rank.R4>([1, 4, 4, 2], 0, 1, "float32", 6),
            filter as tf.Tensor4D,
            1,
            "same",
          )
          .square(),
    },
    "layer normalisation": {
      shape: [3, 4],
      f: (x) => {
        const { mean, variance } = tf.moments(x, -1, true);
        return x.sub(mean).div(variance.add(1e-2).sqrt()).pow(3);
      },
    },
  };

  test.each(Object.entries(functions))("the gradient of %s agrees with finite differences", (_, { shape, f }) => {
    const x = tf.randomNormal(shape, 0, 1, "float32", 11);
    const value = (at: tf.Tensor) => tf.sum(f(at)) as tf.Scalar;
    const gradient = tf.grad(value)(x).dataSync();
    const step = 1e-2;
    for (let i = 0; i < x.size; i++) {
      const moved = (by: number) => {
        const data = x.dataSync().slice();
        data[i]! += by;
        return tf.tidy(() => value(tf.tensor(data, shape)).dataSync()[0]!);
      };
      const difference = (moved(step) - moved(-step)) / (2 * step);
      expect(Math.abs(gradient[i]! - difference)).toBeLessThan(2e-2 * Math.max(1, Math.abs(difference)));
    }
  });

  test("einsum contracts", () => {
    const a = tf.tensor2d([
      [1, 2],
      [3, 4],
    ]);
    expect(tf.einsum("ij,kj->ik", a, a).arraySync()).toEqual([
      [5, 11],
      [11, 25],
    ]);
  });

  test("a dense model learns XOR, and the same seed learns the same", async () => {
    const inputs = tf.tensor2d([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ]);
    const labels = tf.tensor2d([[0], [1], [1], [0]]);
    const learn = async (seed: number) => {
      const dense = (units: number, activation: "tanh" | "sigmoid", offset: number, inputShape?: number[]) =>
        tf.layers.dense({
          units,
          activation,
          kernelInitializer: tf.initializers.glorotUniform({ seed: seed + offset }),
          ...(inputShape && { inputShape }),
        });
      const model = tf.sequential({ layers: [dense(8, "tanh", 0, [2]), dense(1, "sigmoid", 1)] });
      const optimizer = tf.train.adam(0.1);
      model.compile({ optimizer, loss: "binaryCrossentropy" });
      const history = await model.fit(inputs, labels, { epochs: 100, batchSize: 4, shuffle: false, verbose: 0 });
      const predicted = Array.from((model.predict(inputs) as tf.Tensor).dataSync());
      model.dispose();
      optimizer.dispose();
      return { predicted, loss: history.history.loss!.at(-1) as number };
    };
    const [first, again] = [await learn(7), await learn(7)];
    expect(first.predicted.map(Math.round)).toEqual([0, 1, 1, 0]);
    expect(first.loss).toBeLessThan(0.1);
    expect(again).toEqual(first);
  });
});

test("what the WebAssembly backend cannot do is said in TensorFlow.js's own words", async () => {
  await tf.setBackend("wasm");
  expect(() => tf.complex([1], [2])).toThrow("Kernel 'Complex' not registered for backend 'wasm'");
});
