/** Functions within functions: compiled ones, gradients, and the bodies of TensorFlow's loops. */
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { traceBody } from "../../../../lib/engine/compile/nested.ts";
import { currentTrace, traceableBackend } from "../../../../lib/engine/compile/trace.ts";
import { compile, ready, tf } from "../../../../lib/index.ts";

beforeAll(() => ready());
afterEach(() => tf.disposeVariables());

const values = (tensor: tf.Tensor) => Array.from(tensor.dataSync());

test("a compiled function inside another one becomes part of it", () => {
  const weight = tf.variable(tf.scalar(1));
  const inner = compile((x: tf.Tensor) => {
    weight.assign(tf.add(weight, x));
    return tf.mul(x, weight);
  });
  const outer = compile((x: tf.Tensor) => tf.add(inner(x), inner(x)));
  expect(values(outer(tf.scalar(2)))).toEqual([16]);
  expect(values(weight)).toEqual([5]);
  expect(compile.stats(inner).traces.length).toBe(0);
});

test("a gradient taken around a compiled function goes through it", () => {
  const weight = tf.variable(tf.scalar(3));
  const f = compile((x: tf.Tensor) => tf.mul(tf.square(x), weight));
  f(tf.scalar(2));
  expect(values(tf.grad((x: tf.Tensor) => f(x))(tf.scalar(2)))).toEqual([12]);
  const { grads } = tf.variableGrads(() => f(tf.scalar(2)) as tf.Scalar, [weight]);
  expect(values(grads[weight.name]!)).toEqual([4]);
  expect(values(compile(tf.grad((x: tf.Tensor) => f(x)))(tf.scalar(2)))).toEqual([12]);
});

test("custom gradients and gradients of gradients are traced", () => {
  const clipped = tf.customGrad((x) => ({
    value: tf.square(x as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => tf.mul(dy, 7),
  }));
  expect(values(compile(tf.grad((x: tf.Tensor) => clipped(x)))(tf.scalar(2)))).toEqual([7]);
  const second = tf.grad((x: tf.Tensor) => tf.grad((y: tf.Tensor) => tf.pow(y, 3))(x));
  expect(values(compile(second)(tf.scalar(2)))[0]).toBeCloseTo(12, 5);
});

/** x doubled `rounds` times and `add` added each time, as one While op. */
function loop(x: tf.Tensor, add: tf.Tensor, rounds: number, draw = false): tf.Tensor {
  const backend = traceableBackend()!;
  const { binding } = backend;
  const arguments_ = [
    { shape: [] as number[], dtype: "int32" as const },
    { shape: x.shape, dtype: x.dtype },
  ];
  const body = traceBody(
    arguments_,
    (i, y) => {
      const next = tf.add(tf.mul(y!, 2), add);
      return [tf.add(i!, tf.scalar(1, "int32")), draw ? tf.add(next, tf.randomUniform(x.shape)) : next];
    },
    { round: 0 },
  );
  const trace = currentTrace()!;
  const outside = [x, add];
  const condition = traceBody(
    [...arguments_, ...body.native.captures.map(() => ({ shape: add.shape, dtype: add.dtype }))].slice(0, 2),
    (i) => [tf.less(i!, tf.scalar(rounds, "int32"))],
  );
  expect(condition.native.captures.length).toBe(0);
  expect(outside.length).toBe(2);
  // What the body captures travels with the loop as further, unchanging arguments.
  const captured = body.native.captures;
  const types = [binding.TF_INT32, binding.TF_FLOAT, ...captured.map((id) => binding.metadata(id).dtype)];
  const withCaptures = traceBody(
    [...arguments_, ...captured.map((id) => ({ shape: binding.metadata(id).shape, dtype: "float32" as const }))],
    (i, y, ...rest) => [tf.add(i!, tf.scalar(1, "int32")), tf.add(tf.mul(y!, 2), rest[0]!), ...rest],
  );
  const conditionWithCaptures = traceBody(
    [...arguments_, ...captured.map((id) => ({ shape: binding.metadata(id).shape, dtype: "float32" as const }))],
    (i) => [tf.less(i!, tf.scalar(rounds, "int32"))],
  );
  const inputs = [...trace.inputIds([tf.scalar(0, "int32"), x]), ...captured];
  const results = trace.execute(
    "StatelessWhile",
    [
      { name: "T", type: binding.TF_ATTR_TYPE, value: types },
      { name: "cond", type: binding.TF_ATTR_FUNC, value: conditionWithCaptures.native.name },
      { name: "body", type: binding.TF_ATTR_FUNC, value: withCaptures.native.name },
      { name: "output_shapes", type: binding.TF_ATTR_SHAPE, value: [] },
    ].filter(({ name }) => name !== "output_shapes"),
    inputs,
    inputs.length,
  );
  return results.map((metadata) => backend.createOutputTensor(metadata) as tf.Tensor)[1]!;
}

describe("loop bodies", () => {
  test("a While op in a compiled function", () => {
    const add = tf.variable(tf.fill([40], 1));
    for (const xla of [false, true]) {
      const step = compile((x: tf.Tensor) => loop(x, add, 3), { xla });
      expect(values(step(tf.fill([40], 5))).slice(0, 2)).toEqual([47, 47]);
    }
  });

  test("what is captured is reported, and a constant is not", () => {
    const outer = tf.fill([40], 1);
    const body = traceBody([{ shape: [40], dtype: "float32" }], (x) => [tf.add(tf.mul(x!, outer), tf.scalar(3))]);
    expect(body.native.captures.length).toBe(1);
    expect(body.results).toEqual([{ shape: [40], dtype: "float32" }]);
    traceableBackend()!.binding.deleteFunction(body.native.id);
  });

  test("a random op needs to know the round", () => {
    expect(() => compile(() => traceBody([], () => [tf.randomUniform([2])]).results)()).toThrow(
      "same numbers in every round",
    );
  });

  test("assigning or making a variable in a body is an error", () => {
    const weight = tf.variable(tf.scalar(1), true, "counter");
    const assign = compile(() => traceBody([], () => [weight.assign(tf.scalar(2)) as never]).results);
    expect(() => assign()).toThrow("variable counter was assigned inside the body of a loop");
    const make = compile(() => traceBody([], () => [tf.variable(tf.scalar(2))]).results);
    expect(() => make()).toThrow("a variable was made inside the body of a loop");
    expect(values(weight)).toEqual([1]);
  });
});
