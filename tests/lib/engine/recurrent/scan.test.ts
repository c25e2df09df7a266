/** `scan`: the same numbers as a plain loop, eagerly and compiled, and a gradient to everything that goes in. */
import { beforeAll, describe, expect, test } from "vitest";
import { scan } from "../../../../lib/engine/recurrent/index.ts";
import { compile, ready, tf } from "../../../../lib/index.ts";
import { tensorDistance } from "../compile/comparing.ts";
import { countOps } from "./count-ops.ts";

beforeAll(() => ready());

let seed = 1;
const numbers = (shape: number[]): tf.Tensor => tf.randomUniform(shape, -1, 1, "float32", seed++);
const matMul = (a: tf.Tensor, b: tf.Tensor) => tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D);

/** Eager, as a graph and by XLA; returns the ops of the graph. */
function compare(run: (...inputs: tf.Tensor[]) => tf.Tensor[], inputs: tf.Tensor[]): Record<string, number> {
  const expected = run(...inputs);
  let ops: Record<string, number> = {};
  for (const xla of [true, false]) {
    using compiled = compile(run, { xla });
    ops = countOps(() => expect(tensorDistance(expected, compiled(...inputs))).toBeLessThan(1e-5));
    expect(compile.stats(compiled).traces).toMatchObject([{ xla }]);
  }
  return ops;
}

const cumulated = (x: tf.Tensor, options = {}) =>
  scan(
    (sum: tf.Tensor, entry: tf.Tensor): [tf.Tensor, tf.Tensor] => {
      const next = tf.add(sum, entry);
      return [next, next];
    },
    tf.scalar(0),
    x,
    options,
  );

test("running sums, forwards and backwards", () => {
  const x = tf.tensor1d([1, 2, 3, 4]);
  const values = (reverse: boolean) => cumulated(x, { reverse }).map((tensor) => tensor.arraySync());
  expect(values(false)).toEqual([10, [1, 3, 6, 10]]);
  expect(values(true)).toEqual([10, [10, 9, 7, 4]]);
  for (const reverse of [false, true]) {
    const ops = compare((input) => cumulated(input, { reverse }), [x]);
    expect(ops).toMatchObject({ StatelessWhile: 1 });
  }
});

test("without inputs it runs `length` steps, and outputs may be null", () => {
  const run = (x: tf.Tensor) => {
    const [last, nothing] = scan((s: tf.Tensor): [tf.Tensor, null] => [tf.mul(s, 2), null], x, [] as tf.Tensor[], {
      length: 5,
    });
    expect(nothing).toBeNull();
    return [last];
  };
  expect(run(tf.scalar(3))[0]!.arraySync()).toBe(96);
  compare(run, [tf.scalar(3)]);
});

const weights = () => tf.variable(numbers([4, 4]));

/** A step with structures for state, input and output, an int32 state, and what it closes over: a variable and a tensor. */
function network(w: tf.Tensor, x: tf.Tensor, h: tf.Tensor, options = {}) {
  const bias = tf.tensor1d([0.1, 0.2, 0.3, 0.4]);
  return scan(
    ({ h, count }: { h: tf.Tensor; count: tf.Tensor }, [entry]: [tf.Tensor]) => {
      const gate = tf.sigmoid(tf.add(matMul(h, w), bias));
      const next = tf.tanh(tf.add(tf.mul(gate, entry), tf.mul(h, 0.5)));
      const state = { h: next, count: tf.add(count, tf.scalar(1, "int32")) };
      return [state, { y: tf.mul(next, gate), count }] as [typeof state, { y: tf.Tensor; count: tf.Tensor }];
    },
    { h, count: tf.scalar(0, "int32") },
    [x],
    options,
  );
}

describe.each([false, true])("reverse: %s", (reverse) => {
  test("gradients reach initial state, inputs, and tensors and variables from outside", () => {
    const w = weights();
    const run = (x: tf.Tensor, h: tf.Tensor, v: tf.Tensor) =>
      tf.grads((x, h, w, v) => {
        const [last, outputs] = network(tf.mul(w, v), x, h, { reverse });
        return tf.add(tf.sum(tf.mul(outputs.y, numbersLike(outputs.y))), tf.sum(tf.square(last.h)));
      })([x, h, w, v]);
    const ops = compare(run, [numbers([6, 3, 4]), numbers([3, 4]), numbers([4])]);
    expect(ops).toMatchObject({ StatelessWhile: 2 });
  });
});

const numbersLike = (tensor: tf.Tensor): tf.Tensor => tf.reshape(tf.cos(tf.range(0, tensor.size)), tensor.shape);

test("a loss of the last state only, or of outputs that do not depend on the state, has its gradients", () => {
  const w = weights();
  const inputs = [numbers([5, 3, 4]), numbers([3, 4])];
  compare((x, h) => tf.grads((x, h) => tf.sum(network(w, x, h)[0].h))([x!, h!]), inputs);
  const squares = (x: tf.Tensor) =>
    scan((s: tf.Tensor, e: tf.Tensor): [tf.Tensor, tf.Tensor] => [s, tf.square(e)], tf.scalar(0), x)[1];
  compare((x) => [tf.grad((x) => tf.sum(squares(x)))(x!)], [numbers([5, 2])]);
});

test("tf.variableGrads and optimizers go through it", () => {
  const w = weights();
  const start = w.clone();
  const inputs = [numbers([5, 3, 4]), numbers([3, 4])];
  const optimizer = () => tf.train.sgd(0.1);
  const step = (by: tf.Optimizer) => (x: tf.Tensor, h: tf.Tensor) => [
    by.minimize(() => tf.sum(network(w, x, h)[1].y) as tf.Scalar, true)!,
  ];
  const expected = [...step(optimizer())(inputs[0]!, inputs[1]!), w.clone()];
  w.assign(start);
  using compiled = compile(step(optimizer()));
  expect(tensorDistance(expected, [...compiled(inputs[0]!, inputs[1]!), w])).toBeLessThan(1e-5);
});

test("a loop in a loop has its gradient", () => {
  const w = weights();
  const run = (x: tf.Tensor, h: tf.Tensor) => {
    const inner = (state: tf.Tensor, rows: tf.Tensor) =>
      scan(
        (s: tf.Tensor, row: tf.Tensor): [tf.Tensor, null] => [tf.tanh(tf.add(matMul(s, w), row)), null],
        state,
        rows,
      )[0];
    const loss = (x: tf.Tensor, h: tf.Tensor) => {
      const [, outputs] = scan(
        (state: tf.Tensor, entry: tf.Tensor): [tf.Tensor, tf.Tensor] => {
          const next = inner(state, tf.stack([entry, tf.neg(entry)]));
          return [next, tf.mul(next, entry)];
        },
        h,
        x,
      );
      return tf.sum(tf.square(outputs));
    };
    return tf.grads((x, h, w) => tf.mul(loss(x, h), tf.sum(tf.mul(w, 1))))([x, h, w]);
  };
  compare(run as never, [numbers([4, 3, 4]), numbers([3, 4])]);
});

test("a gradient of a gradient goes through it", () => {
  const w = weights();
  const slope = (x: tf.Tensor) => tf.grad((h: tf.Tensor) => tf.sum(network(w, x, h)[1].y));
  const run = (x: tf.Tensor, h: tf.Tensor) => [tf.grad((h: tf.Tensor) => tf.sum(tf.square(slope(x)(h))))(h)];
  compare(run as never, [numbers([3, 3, 4]), numbers([3, 4])]);
});

test("random ops in a step draw anew in every step, also in loops in loops", () => {
  const draw = () =>
    scan((s: tf.Tensor): [tf.Tensor, tf.Tensor] => [s, tf.randomUniform([1])], tf.scalar(0), [] as tf.Tensor[], {
      length: 3,
    })[1];
  const nested = () =>
    scan((s: tf.Tensor): [tf.Tensor, tf.Tensor] => [s, draw()], tf.scalar(0), [] as tf.Tensor[], { length: 4 })[1];
  using compiled = compile(nested, { xla: false });
  const values = [...compiled().dataSync(), ...compiled().dataSync()];
  expect(new Set(values).size).toBe(24);
});

test("wrong steps and inputs are errors that say what was expected", () => {
  const zero = tf.scalar(0);
  const inputs = tf.zeros([3, 2]);
  const keep = (s: tf.Tensor): [tf.Tensor, null] => [s, null];
  const run = (fn: () => unknown) => () => fn();
  expect(run(() => scan(keep, zero, [inputs, tf.zeros([4])]))).toThrow(/inputs of one length, got 3, 4/);
  expect(run(() => scan(keep, zero, inputs, { length: 5 }))).toThrow(/one length, got 3, 5/);
  expect(run(() => scan(keep, zero, []))).toThrow(/needs the option `length`/);
  expect(run(() => scan(keep, zero, tf.scalar(1)))).toThrow(/input 0 is a scalar/);
  expect(run(() => scan(keep, zero, tf.zeros([0, 2])))).toThrow(/at least one step/);
  expect(run(() => scan(() => [inputs, null], zero, inputs))).toThrow(
    /state 0 was float32 \[\] before the step and is float32 \[3, 2\]/,
  );
  expect(run(() => scan((s) => s as never, zero, inputs))).toThrow(/must return \[state, output\]/);
  expect(run(() => scan(keep, 3 as never, inputs))).toThrow(/the initial state must be a tensor/);
  expect(run(() => scan(keep, { a: "x" } as never, inputs))).toThrow(/initial state\.a must be a tensor.*the string x/);
});

test("an error in a step leaves the trace usable, and nothing behind", () => {
  const x = numbers([3, 2]);
  const failing = (x: tf.Tensor) => {
    expect(() =>
      tf.grad((x: tf.Tensor) =>
        cumulatedThen(x, () => {
          throw new Error("in the step");
        }),
      )(x),
    ).toThrow("in the step");
    return cumulated(x)[0];
  };
  const cumulatedThen = (x: tf.Tensor, then: () => void) =>
    tf.sum(
      scan(
        (s: tf.Tensor, e: tf.Tensor): [tf.Tensor, null] => {
          then();
          return [tf.add(s, e), null];
        },
        tf.zeros([2]),
        x,
      )[0],
    );
  using compiled = compile((x: tf.Tensor) => tf.sum(failing(x.sum(1))), { xla: false });
  tf.dispose(compiled(x));
  const sum = x.sum().dataSync()[0]!;
  const before = tf.memory().numTensors;
  const result = compiled(x);
  expect(result.dataSync()[0]).toBeCloseTo(sum, 5);
  result.dispose();
  expect(tf.memory().numTensors).toBe(before);
});
