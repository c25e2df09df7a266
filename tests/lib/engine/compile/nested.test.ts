/** Functions within functions: compiled ones, gradients, and the bodies of TensorFlow's loops. */
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { GraphOps } from "../../../../lib/engine/recurrent/graph-ops.ts";
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

describe("graphs inside the graph, such as the bodies of loops", () => {
  const inside = (work: () => tf.Tensor[]) =>
    compile((x: tf.Tensor) => {
      GraphOps.current()!.function(work);
      return x;
    });

  test("a random op needs to know the round", () => {
    expect(() => inside(() => [tf.randomUniform([2])])(tf.scalar(1))).toThrow("same numbers in every round");
  });

  test("variables are read there, but neither assigned nor made", () => {
    const weight = tf.variable(tf.scalar(1), true, "counter");
    expect(values(inside(() => [tf.add(weight, 1)])(tf.scalar(5)))).toEqual([5]);
    const assign = inside(() => [weight.assign(tf.scalar(2)) as never]);
    expect(() => assign(tf.scalar(1))).toThrow("variable counter was assigned inside the body of a loop");
    const make = inside(() => [tf.variable(tf.scalar(2))]);
    expect(() => make(tf.scalar(1))).toThrow("a variable was made inside the body of a loop");
    expect(values(weight)).toEqual([1]);
    expect(values(tf.add(weight, 1))).toEqual([2]);
  });
});
