/** The kernels that replace or complete those of tfjs-node, against TensorFlow.js's plain JavaScript backend. */
import { beforeAll, expect, test } from "vitest";
import { logSoftmax, sparseSoftmaxCrossEntropy } from "../../../../lib/engine/tensorflow/kernels/cross-entropy.ts";
import { compile, ready, tf } from "../../../../lib/index.ts";
import { type Case, cases, inputsOf, tensorsOf } from "./kernel-cases.ts";

beforeAll(async () => {
  await ready();
  expect(tf.getBackend()).toBe("tensorflow");
});

interface Values {
  dtype: string;
  shape: number[];
  values: (number | string)[];
}

function valuesOf(result: unknown): Values[] {
  return tensorsOf(result).map((x) => ({
    dtype: x.dtype,
    shape: x.shape,
    values: Array.from(x.dataSync() as ArrayLike<number | string>),
  }));
}

function on<T>(backend: string, work: () => T): T {
  tf.setBackend(backend);
  try {
    return work();
  } finally {
    tf.setBackend("tensorflow");
  }
}

function call({ f }: Case, inputs: tf.Tensor[]) {
  return f(...(inputs as never[]));
}

function run(backend: string, example: Case): Values[] {
  return on(backend, () => scoped(() => valuesOf(call(example, inputsOf(example)))));
}

/** As `tf.tidy`, for results that are no tensors. */
function scoped<T>(work: () => T): T {
  tf.engine().startScope();
  try {
    return work();
  } finally {
    tf.engine().endScope();
  }
}

/** Gradients of the sum of f's squares, so that each element of the result has a gradient of its own. */
function gradientsOf(example: Case): Values[] {
  const loss = (...x: tf.Tensor[]) => tf.sum(tf.square(call(example, x) as tf.Tensor)) as tf.Scalar;
  return valuesOf(tf.grads(loss)(inputsOf(example)));
}

function expectClose(actual: Values[], expected: Values[]): void {
  expect(actual.map(({ dtype, shape }) => [dtype, shape])).toEqual(expected.map(({ dtype, shape }) => [dtype, shape]));
  actual.forEach(({ values }, i) => {
    const wanted = expected[i]!.values;
    values.forEach((value, k) => {
      if (typeof value === "string") expect(value).toBe(wanted[k]);
      else expect(Math.abs(value - Number(wanted[k]))).toBeLessThanOrEqual(1e-4 * Math.max(1, Math.abs(value)));
    });
  });
}

test.each(Object.entries(cases))("%s gives what the cpu backend gives", (_, example) => {
  const before = tf.memory().numTensors;
  expectClose(run("tensorflow", example), run("cpu", example));
  expect(tf.memory().numTensors).toBe(before);
});

test.each(Object.entries(cases).filter(([, { gradients }]) => gradients))(
  "%s has the cpu backend's gradients",
  (_, example) => {
    const expected = scoped(() => on("cpu", () => gradientsOf(example)));
    expectClose(
      scoped(() => gradientsOf(example)),
      expected,
    );
  },
);

/** What the gradient of f's sum of squares must be, from f's values alone: central differences. */
function differences(f: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor): number[] {
  const values = Array.from(x.dataSync());
  const lossAt = (i: number, step: number) => {
    const moved = values.map((value, k) => (k === i ? value + step : value));
    return tf.tidy(() => tf.sum(tf.square(f(tf.tensor(moved, x.shape)))).dataSync()[0]!);
  };
  return values.map((_, i) => (lossAt(i, 0.01) - lossAt(i, -0.01)) / 0.02);
}

// The cpu backend divides the gradient of an average pool by the whole window, padding included, and does not know in a
// gradient what the rounding mode was; so here f's own values are the measure.
test.each<[string, number[], (x: tf.Tensor) => tf.Tensor]>([
  ["avgPool padded by a number", [1, 4, 5, 1], (x) => tf.avgPool(x as tf.Tensor4D, 3, 2, 1)],
  ["avgPool with rounding up", [1, 4, 5, 1], (x) => tf.avgPool(x as tf.Tensor4D, 3, 2, 1, "ceil")],
  ["avgPool3d padded by a number", [1, 3, 4, 3, 1], (x) => tf.avgPool3d(x as tf.Tensor5D, 2, 2, 1)],
  ["maxPool with rounding up", [1, 4, 5, 1], (x) => tf.maxPool(x as tf.Tensor4D, 3, 2, 1, "ceil")],
  [
    "conv2d with rounding up",
    [1, 4, 5, 1],
    (x) => tf.conv2d(x as tf.Tensor4D, tf.tensor4d([1, -2, 3, 0.5], [2, 2, 1, 1]), 2, 1, "NHWC", 1, "ceil"),
  ],
])("the gradient of %s is the slope of its values", (_, shape, f) => {
  const [x] = inputsOf({ inputs: [shape] });
  const [gradient] = valuesOf(tf.grads((each: tf.Tensor) => tf.sum(tf.square(f(each))) as tf.Scalar)([x!]));
  differences(f, x!).forEach((slope, i) => {
    expect(Math.abs(slope - Number(gradient!.values[i]))).toBeLessThan(2e-2 * Math.max(1, Math.abs(slope)));
  });
});

test("windows that are not square are padded by a number on every side alike", () => {
  const [x, filter] = inputsOf({
    inputs: [
      [1, 5, 6, 2],
      [3, 1, 2, 4],
    ],
  }) as [tf.Tensor4D, tf.Tensor4D];
  const around: [number, number][] = [
    [0, 0],
    [1, 1],
    [1, 1],
    [0, 0],
  ];
  const expected = tf.conv2d(tf.pad(x, around), filter, 1, "valid");
  expectClose(valuesOf(tf.conv2d(x, filter, 1, 1)), valuesOf(expected));
});

test("an index out of range is an error that names it", () => {
  expect(() => tf.gather(tf.tensor1d([1, 2]), tf.tensor1d([0, 5], "int32"))).toThrow(
    /index value 5 is not in \[0, 1\]/,
  );
  expect(() => tf.gather(tf.tensor1d([1, 2]), tf.tensor1d([-1], "int32"))).toThrow(/index value -1 is not/);
});

test("the places of maxima are places in the image, not in what is padded around it", () => {
  const x = tf.tensor4d([5, 1, 2, 3], [1, 2, 2, 1]);
  const { result, indexes } = tf.maxPoolWithArgmax(x, 2, 2, 1);
  expect(result!.dataSync()).toEqual(Float32Array.of(5, 1, 2, 3));
  expect(indexes!.dataSync()).toEqual(Int32Array.of(0, 1, 2, 3));
});

test("scalars are joined to a vector", () => {
  expect(tf.concat([tf.scalar(1), tf.scalar(2)]).arraySync()).toEqual([1, 2]);
});

test("infinity and NaN pass prelu, step and sign as they should", () => {
  const x = tf.tensor1d([Infinity, -Infinity, Number.NaN, 0]);
  expect(tf.prelu(x, tf.tensor1d([0.5])).arraySync()).toEqual([Infinity, -Infinity, Number.NaN, 0]);
  expect(tf.step(x, 0.5).arraySync()).toEqual([1, 0.5, Number.NaN, 0.5]);
  expect(tf.sign(x).arraySync()).toEqual([1, -1, 0, 0]);
});

test("multinomial draws what its probabilities say, and the same for the same seed", () => {
  const draws = (seed?: number) => tf.multinomial(tf.tensor1d([0.1, 0, 0.9]), 2000, seed, true).arraySync() as number[];
  const counts = [0, 0, 0];
  for (const draw of draws()) counts[draw]!++;
  expect(counts[1]).toBe(0);
  expect(counts[0]! / 2000).toBeCloseTo(0.1, 1);
  expect(draws(3.5)).toEqual(draws(3.5));
  expect(draws(3.5)).not.toEqual(draws(4.5));
  expect(draws()).not.toEqual(draws());
});

test.each(["tensorflow", "cpu"])("cross entropy on %s has the values and gradients of its definition", (backend) => {
  on(backend, () => {
    const [logits] = inputsOf({ inputs: [[2, 3, 5]] });
    const labels = tf.tensor2d(
      [
        [0, 4, 2],
        [1, 1, 3],
      ],
      [2, 3],
      "int32",
    );
    const definition = (x: tf.Tensor) => tf.neg(tf.sum(tf.mul(tf.oneHot(labels, 5), tf.log(tf.softmax(x))), -1));
    const losses = sparseSoftmaxCrossEntropy(labels, logits!);
    expectClose(valuesOf(losses), valuesOf(definition(logits!)));
    const weigh = (f: (x: tf.Tensor) => tf.Tensor) => tf.grad((x) => tf.sum(tf.square(f(x))))(logits!);
    expectClose(valuesOf(weigh((x) => sparseSoftmaxCrossEntropy(labels, x))), valuesOf(weigh(definition)));
    expectClose(valuesOf(logSoftmax(logits!)), valuesOf(tf.log(tf.softmax(logits!))));
    expectClose(valuesOf(weigh((x) => logSoftmax(x))), valuesOf(weigh((x) => tf.log(tf.softmax(x)))));
    expect(() => sparseSoftmaxCrossEntropy(labels, tf.ones([2, 5]))).toThrow(/labels of shape \[2,3\].*\[2,5\]/);
  });
});

const traceable = Object.entries(cases).filter(([, { eagerOnly }]) => eagerOnly === undefined);

test.each(traceable)("%s gives the same compiled, as a graph and by XLA", (_, example) => {
  const inputs = inputsOf(example);
  const eager = valuesOf(call(example, inputs));
  for (const xla of example.graphOnly ? [false] : [false, true]) {
    const compiled = compile((...x: tf.Tensor[]) => call(example, x), { xla });
    expectClose(valuesOf(compiled(...inputs)), eager);
    compiled.dispose();
  }
});

test.each(traceable.filter(([, { gradients }]) => gradients))(
  "the gradients of %s are the same compiled",
  (_, example) => {
    const loss = (...x: tf.Tensor[]) => tf.sum(tf.square(call(example, x) as tf.Tensor)) as tf.Scalar;
    const inputs = inputsOf(example);
    const compiled = compile((...x: tf.Tensor[]) => tf.grads(loss)(x), { xla: !example.graphOnly });
    expectClose(valuesOf(compiled(...inputs)), valuesOf(tf.grads(loss)(inputs)));
    compiled.dispose();
  },
);
