/** Compiled functions keep what they need and nothing else. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { traceableBackend } from "../../../../lib/engine/compile/trace.ts";
import { compile, installHost, ready, tf } from "../../../../lib/index.ts";
import { RecordingHost } from "../../recording-host.ts";

let removeHost: () => void;
beforeAll(async () => {
  await ready();
  // Keeps what XLA refuses out of the report.
  removeHost = installHost(new RecordingHost());
});
afterAll(() => removeHost());
afterEach(() => tf.disposeVariables());

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** What is held once everything lost is collected. */
async function counts() {
  for (let i = 0; i < 5; i++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const { numTensors, numDataBuffers, numBytes } = tf.memory();
  const { binding } = traceableBackend()!;
  const { tensors, functions, bytes } = binding.memory();
  // Symbolic ones included.
  const ids = binding.getNumOfTensors();
  return { numTensors, numDataBuffers, numBytes, tensors, functions, bytes, ids };
}

/** What was lost before may go meanwhile. */
function expectNoGrowth(before: Awaited<ReturnType<typeof counts>>, after: typeof before) {
  for (const key of Object.keys(before) as (keyof typeof before)[])
    expect(after[key], key).toBeLessThanOrEqual(before[key]);
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

test("2,000 steps leave all counts as they were", async () => {
  const { step } = trainingStep();
  const x = tf.ones([4, 8]);
  step(x).dispose();
  const before = await counts();
  for (let i = 0; i < 2000; i++) step(x).dispose();
  expectNoGrowth(before, await counts());
});

test("compiling and disposing grows nothing", async () => {
  const x = tf.ones([4, 8]);
  const weight = tf.variable(tf.ones([8, 8]));
  const [big, small] = [tf.ones([100, 8]), tf.scalar(0.5)];
  const once = () => {
    using step = compile((x: tf.Tensor) => {
      weight.assign(tf.mul(weight, small));
      return tf.grads((a: tf.Tensor) => tf.sum(tf.matMul(tf.concat([a, big]), weight)))([x]);
    });
    tf.dispose(step(x));
    tf.dispose(step(x));
  };
  once();
  const before = await counts();
  for (let i = 0; i < 10; i++) once();
  expectNoGrowth(before, await counts());
});

test("what falls back to a graph leaves no XLA function behind", async () => {
  const image = tf.ones([1, 4, 4, 3]) as tf.Tensor4D;
  const once = () => {
    using step = compile((x: tf.Tensor) =>
      tf.image.cropAndResize(x as tf.Tensor4D, tf.tensor2d([[0, 0, 1, 1]]), tf.tensor1d([0], "int32"), [2, 2]),
    );
    step(image).dispose();
  };
  once();
  const before = await counts();
  for (let i = 0; i < 5; i++) once();
  expectNoGrowth(before, await counts());
});

test("results belong to the scope of the call", async () => {
  const step = compile((x: tf.Tensor) => [tf.add(x, 1), tf.add(x, 2)]);
  const x = tf.ones([2]);
  tf.dispose(step(x));
  const before = await counts();
  const kept = tf.tidy(() => step(x)[1]!);
  expect((await counts()).numTensors).toBe(before.numTensors + 1);
  kept.dispose();
  expectNoGrowth(before, await counts());
});

test("intermediates never become tensors of JavaScript", async () => {
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
  const before = await counts();
  (() => {
    const table = tf.ones([100, 100]);
    const step = compile((x: tf.Tensor) => tf.add(x, table));
    tf.dispose([step(tf.ones([100])), table]);
  })();
  expect(traceableBackend()!.binding.memory().functions).toBe(before.functions + 1);
  expectNoGrowth(before, await counts());
});
