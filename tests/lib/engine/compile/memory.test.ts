/** Compiled functions keep what they need and nothing else. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeAll, expect, test } from "vitest";
import { traceableBackend } from "../../../../lib/engine/compile/trace.ts";
import { compile, ready, tf } from "../../../../lib/index.ts";

beforeAll(() => ready());
afterEach(() => tf.disposeVariables());

function counts() {
  const { numTensors, numDataBuffers, numBytes } = tf.memory();
  const { tensors, functions, bytes } = traceableBackend()!.binding.memory();
  return { numTensors, numDataBuffers, numBytes, tensors, functions, bytes };
}

function trainingStep() {
  const weights = [tf.variable(tf.randomNormal([8, 8])), tf.variable(tf.zeros([8]))];
  const optimizer = tf.train.adam(0.01);
  const step = compile(
    (x: tf.Tensor) =>
      optimizer.minimize(
        () => tf.mean(tf.square(tf.dropout(tf.add(tf.matMul(x, weights[0]!), weights[1]!), 0.1))),
        true,
        weights,
      )!,
  );
  return { step, weights, optimizer };
}

test("2,000 steps leave all counts as they were", () => {
  const { step } = trainingStep();
  const x = tf.ones([4, 8]);
  step(x).dispose();
  const before = counts();
  for (let i = 0; i < 2000; i++) step(x).dispose();
  expect(counts()).toEqual(before);
});

test("compiling and disposing grows nothing", () => {
  const x = tf.ones([4, 8]);
  const weight = tf.variable(tf.ones([8, 8]));
  const big = tf.ones([100, 8]);
  const once = () => {
    using step = compile((x: tf.Tensor) => {
      weight.assign(tf.mul(weight, 0.5));
      return tf.grads((a: tf.Tensor) => tf.sum(tf.matMul(tf.concat([a, big]), weight)))([x]);
    });
    tf.dispose(step(x));
    tf.dispose(step(x));
  };
  once();
  const before = counts();
  for (let i = 0; i < 50; i++) once();
  expect(counts()).toEqual(before);
});

test("what falls back to a graph leaves no XLA function behind", () => {
  const image = tf.ones([1, 4, 4, 3]) as tf.Tensor4D;
  const once = () => {
    using step = compile((x: tf.Tensor) =>
      tf.image.cropAndResize(x as tf.Tensor4D, tf.tensor2d([[0, 0, 1, 1]]), tf.tensor1d([0], "int32"), [2, 2]),
    );
    step(image).dispose();
  };
  once();
  const before = counts();
  for (let i = 0; i < 5; i++) once();
  expect(counts()).toEqual(before);
});

test("results belong to the scope of the call", () => {
  const step = compile((x: tf.Tensor) => [tf.add(x, 1), tf.add(x, 2)]);
  const x = tf.ones([2]);
  tf.dispose(step(x));
  const before = counts();
  const kept = tf.tidy(() => step(x)[1]!);
  expect(counts().numTensors).toBe(before.numTensors + 1);
  kept.dispose();
  expect(counts()).toEqual(before);
});

test("intermediates never become tensors of JavaScript", () => {
  const step = compile((x: tf.Tensor) => {
    let y = x;
    for (let i = 0; i < 50; i++) y = tf.tanh(tf.add(y, i));
    return y;
  });
  const x = tf.ones([1000]);
  step(x).dispose();
  const { binding } = traceableBackend()!;
  const before = binding.memory().tensors;
  binding.resetPeak();
  const y = step(x);
  expect(binding.memory().tensors).toBe(before + 1);
  // The result and the seed's eight bytes; XLA's own buffers are not tensors.
  expect(binding.memory().peakBytes - binding.memory().bytes).toBeLessThan(100);
  y.dispose();
});

test("a compiled function that is lost gives its traces back", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const { binding } = traceableBackend()!;
  const before = binding.memory().functions;
  (() => {
    const table = tf.ones([100, 100]);
    const step = compile((x: tf.Tensor) => tf.add(x, table));
    tf.dispose([step(tf.ones([100])), table]);
  })();
  expect(binding.memory().functions).toBe(before + 1);
  for (let i = 0; i < 20 && binding.memory().functions > before; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(binding.memory().functions).toBe(before);
});
