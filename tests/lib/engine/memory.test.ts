/** Who owns a tensor: scopes and `using` first, and the garbage collector for what is lost. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { tf } from "../../../lib/index.ts";
import { backends, collectUntil, useBackend } from "./backends.ts";

setFlagsFromString("--expose-gc");
globalThis.gc ??= runInNewContext("gc") as typeof globalThis.gc;

const counts = () => {
  const { numTensors, numBytes, numDataBuffers } = tf.memory();
  return { numTensors, numBytes, numDataBuffers };
};

const nothing = { numTensors: 0, numBytes: 0, numDataBuffers: 0 };

describe.each(backends)("on %s", (backend) => {
  beforeEach(async () => {
    await useBackend(backend);
    expect(counts()).toEqual(nothing);
  });
  // Whatever a test lost: after a collection nothing is left of it.
  afterEach(async () => {
    await collectUntil(() => tf.memory().numTensors <= 0);
    expect(counts()).toEqual(nothing);
  });

  test("using disposes a tensor and a variable at the end of the block, once", () => {
    let seen: tf.Tensor;
    {
      using tensor = tf.ones([2, 2]);
      using variable = tf.variable(tensor);
      using early = tf.zeros([3]);
      early.dispose();
      seen = tensor;
      expect(variable.isDisposed).toBe(false);
    }
    expect(seen.isDisposed).toBe(true);
    expect(counts()).toEqual(nothing);
  });

  test("using disposes when the block throws", () => {
    expect(() => {
      using tensor = tf.ones([2, 2]);
      throw new Error(`with ${tensor.shape}`);
    }).toThrow("with 2,2");
    expect(counts()).toEqual(nothing);
  });

  test("lost tensors are released and no longer counted", async () => {
    for (let i = 0; i < 50; i++) tf.ones([100, 100]).add(1);
  });

  test("lost strings are released and no longer counted", async () => {
    for (let i = 0; i < 50; i++) tf.tensor1d(["a", "bc"]);
  });

  test("the result of a tidy, and what keep took out of one, are released when they are lost", async () => {
    for (let i = 0; i < 20; i++) tf.tidy(() => tf.tidy(() => tf.ones([10, 10]).square()));
    for (let i = 0; i < 20; i++) tf.tidy(() => void tf.keep(tf.ones([10, 10])));
  });

  test("of tensors that share their values the lost one is no longer counted, and the other keeps the values", async () => {
    const kept: tf.Tensor[] = [];
    for (let i = 0; i < 10; i++) kept.push(tf.fill([2, 3], i).reshape([6]));
    expect(tf.memory().numTensors).toBe(20);
    await collectUntil(() => tf.memory().numTensors <= 10);
    expect(tf.memory().numTensors).toBe(10);
    for (const [i, tensor] of kept.entries()) expect(Array.from(tensor.dataSync())).toEqual(Array(6).fill(i));
    tf.dispose(kept);
    expect(counts()).toEqual(nothing);
  });

  test("a kept tensor outlives any collection", async () => {
    const kept = tf.range(0, 1000);
    for (let i = 0; i < 20; i++) kept.add(i);
    await collectUntil(() => tf.memory().numTensors <= 1);
    tf.ones([1000]).add(5).dispose();
    expect(Array.from(kept.dataSync())).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    kept.dispose();
  });

  test("a lost variable is released, and its name is free again", async () => {
    const name = `lost on ${backend}`;
    tf.tidy(() => {
      tf.variable(tf.ones([10, 10]), true, name).assign(tf.zeros([10, 10]));
    });
    await collectUntil(() => !(name in tf.engine().registeredVariables));
    expect(Object.keys(tf.engine().registeredVariables)).toEqual([]);
    using again = tf.variable(tf.scalar(1), true, name);
    expect(again.name).toBe(name);
  });

  test("a variable that code can reach is trained by minimize, though nobody named it", async () => {
    const train = (() => {
      const weight = tf.variable(tf.scalar(5));
      const sgd = tf.train.sgd(0.1);
      return () => {
        sgd.minimize(() => weight.square() as tf.Scalar);
        return weight.dataSync()[0]!;
      };
    })();
    await collectUntil(() => tf.memory().numTensors <= 2);
    expect(train()).toBeCloseTo(4, 5);
    expect(train()).toBeCloseTo(3.2, 5);
  });

  test("a lost model is released with its weights and its optimizer's", async () => {
    const names = () => Object.keys(tf.engine().registeredVariables);
    const makeModel = () => {
      const model = tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [3] })] });
      model.compile({ optimizer: tf.train.adam(0.1), loss: "meanSquaredError" });
      return model;
    };
    const train = async () => {
      const model = makeModel();
      await model.fit(tf.ones([4, 3]), tf.ones([4, 4]), { verbose: 0 });
      model.predict(tf.ones([1, 3]));
    };
    await train();
    expect(names().length).toBeGreaterThan(2);
    // The sign that a new model comes: what the layers' cache holds of the old one goes.
    makeModel().dispose();
    await collectUntil(() => tf.memory().numTensors <= 0);
    expect(names()).toEqual([]);
  });

  test("values that are lost while others are disposed do not make the count wrong", async () => {
    for (let i = 0; i < 20; i++) {
      const [a, b] = tf.split(tf.ones([4, 2]), 2);
      const shared = a!.reshape([4]);
      b!.dispose();
      if (i % 2) shared.dispose();
      tf.grad((x: tf.Tensor) => x.square().sum())(tf.ones([3]));
    }
  });
});
