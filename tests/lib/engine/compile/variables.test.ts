/** Variables in compiled functions: read at each call, assigned as in eager code, whole again after a throw. */
import { afterEach, beforeAll, expect, test } from "vitest";
import { compile, ready, tf } from "../../../../lib/index.ts";

beforeAll(() => ready());
afterEach(() => tf.disposeVariables());

const values = (tensor: tf.Tensor) => Array.from(tensor.dataSync());

test("a variable assigned outside is read anew at the next call", () => {
  const weight = tf.variable(tf.scalar(2));
  const step = compile((x: tf.Tensor) => tf.mul(x, weight));
  expect(values(step(tf.scalar(3)))).toEqual([6]);
  weight.assign(tf.scalar(5));
  expect(values(step(tf.scalar(3)))).toEqual([15]);
});

test("assignments are seen inside the function, in order, and outside after it", () => {
  const [a, b] = [tf.variable(tf.scalar(1)), tf.variable(tf.scalar(10))];
  const step = compile(() => {
    a.assign(tf.add(a, 1));
    b.assign(tf.mul(b, a));
    a.assign(tf.add(a, b));
    return [tf.mul(a, 1), b];
  });
  const [first] = step() as [tf.Tensor, tf.Variable];
  expect([values(first), values(a), values(b)]).toEqual([[22], [22], [20]]);
  const [second, same] = step() as [tf.Tensor, tf.Variable];
  expect([values(second), values(a), values(b)]).toEqual([[483], [483], [460]]);
  expect(same).toBe(b);
});

test("a variable may be assigned another one, and both go their ways", () => {
  const [source, target] = [tf.variable(tf.tensor1d([1, 2])), tf.variable(tf.tensor1d([0, 0]))];
  const sync = compile(() => target.assign(source));
  sync();
  source.assign(tf.tensor1d([3, 4]));
  expect(values(target)).toEqual([1, 2]);
  sync();
  expect(values(target)).toEqual([3, 4]);
});

test("a variable that is frozen stays as it is, and trains again when it is not; two traces do for both", () => {
  const [a, b] = [tf.variable(tf.scalar(1)), tf.variable(tf.scalar(1))];
  const optimizer = tf.train.sgd(0.125);
  using step = compile(() => optimizer.minimize(() => tf.square(tf.sub(tf.add(a, b), 1)), true)!);
  const moved = () => {
    const [fromA, fromB] = [values(a)[0], values(b)[0]];
    step();
    return [values(a)[0] !== fromA, values(b)[0] !== fromB];
  };
  for (const trainable of [true, false, true, false]) {
    a.trainable = trainable;
    expect(moved()).toEqual([trainable, true]);
  }
  expect(compile.stats(step).traces.length).toBe(2);
});

test("freezing a layer needs no new trace of what computes no gradient", () => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
  using run = compile((x: tf.Tensor) => model.apply(x) as tf.Tensor);
  run(tf.ones([1, 2]));
  model.layers[0]!.trainable = false;
  run(tf.ones([1, 2]));
  expect(compile.stats(run).traces.length).toBe(1);
});

test("tensors that shared values with a variable keep the old ones", () => {
  const weight = tf.variable(tf.tensor1d([1, 2]));
  const before = weight.clone();
  const step = compile(() => weight.assign(tf.add(weight, before)));
  step();
  const between = weight.clone();
  step();
  expect([values(before), values(between), values(weight)]).toEqual([
    [1, 2],
    [2, 4],
    [3, 6],
  ]);
});

test("a variable whose values were shared from its birth is one of its own in a trace", () => {
  const tensor = tf.tensor1d([1, 2]);
  const [a, b] = [tf.variable(tensor), tf.variable(tensor)];
  const step = compile(() => {
    a.assign(tf.add(b, tensor));
  });
  step();
  step();
  expect([values(a), values(b), values(tensor)]).toEqual([
    [2, 4],
    [1, 2],
    [1, 2],
  ]);
});

test("variables among the arguments are assigned", () => {
  const [a, b] = [tf.variable(tf.scalar(1)), tf.variable(tf.scalar(2))];
  const step = compile((model: { weight: tf.Variable }, x: tf.Tensor) => model.weight.assign(tf.add(model.weight, x)));
  step({ weight: a }, tf.scalar(10));
  step({ weight: b }, tf.scalar(20));
  step({ weight: a }, tf.scalar(10));
  expect([values(a), values(b)]).toEqual([[21], [22]]);
  expect(compile.stats(step).traces.length).toBe(2);
});

test("any object with variables in its fields is a model", () => {
  class Layer {
    readonly weight = tf.variable(
      tf.tensor2d(
        [
          [1, 2],
          [3, 4],
        ],
        [2, 2],
      ),
    );
    forward(x: tf.Tensor) {
      return tf.matMul(x, this.weight);
    }
  }
  class Model {
    readonly layers = [new Layer(), new Layer()];
    forward = (x: tf.Tensor) => this.layers.reduce((h, layer) => layer.forward(h), x);
  }
  const model = new Model();
  const forward = compile((model: Model, x: tf.Tensor) => model.forward(x));
  const x = tf.tensor2d([[1, 1]]);
  expect(values(forward(model, x))).toEqual(values(model.forward(x)));
});

test("variables made inside get their first values, also when these depend on each other, and live on", () => {
  let made: tf.Variable[] | undefined;
  const step = compile((x: tf.Tensor) => {
    if (!made) {
      const first = tf.variable(tf.mul(x, 2));
      const constant = tf.variable(tf.scalar(7));
      const second = tf.variable(tf.add(first, 1));
      const unrelated = tf.variable(tf.zerosLike(x));
      const outside = tf.variable(given);
      made = [first, constant, second, unrelated, outside];
    }
    made[0]!.assign(tf.add(made[0]!, made[2]!));
    return tf.add(made[0]!, made[1]!);
  });
  const given = tf.scalar(100);
  expect(values(step(tf.scalar(5)))).toEqual([28]);
  expect(made!.map((variable) => values(variable)[0])).toEqual([21, 7, 11, 0, 100]);
  expect(values(step(tf.scalar(5)))).toEqual([39]);
  expect(values(made![0]!)).toEqual([32]);
  expect(values(given)).toEqual([100]);
});

test("a throw inside leaves every variable alone and every tensor count as it was", () => {
  const weight = tf.variable(tf.tensor1d([1, 2]));
  const optimizer = tf.train.adam(0.1);
  const x = tf.tensor1d([1, 1]);
  let fails = true;
  const step = compile((x: tf.Tensor) => {
    const loss = optimizer.minimize(() => tf.sum(tf.square(tf.mul(weight, x))), true, [weight])!;
    weight.assign(tf.zeros([2]));
    if (fails) throw new Error("no");
    return loss;
  });
  expect(() => step(x)).toThrow("no");
  const before = { ...tf.memory() };
  for (let i = 0; i < 5; i++) expect(() => step(x)).toThrow("no");
  expect(tf.memory()).toEqual(before);
  expect(values(weight)).toEqual([1, 2]);
  expect(optimizer.iterations).toBe(0);
  // Inside the gradient, where TensorFlow.js keeps what the backward pass would need.
  const inGradient = compile((x: tf.Tensor) =>
    tf.grad((y) => {
      weight.assign(tf.square(tf.mul(y, weight)));
      throw new Error("no");
    })(x),
  );
  for (let i = 0; i < 5; i++) expect(() => inGradient(x)).toThrow("no");
  expect(tf.memory()).toEqual(before);
  expect(values(weight)).toEqual([1, 2]);
  fails = false;
  step(x);
  expect(values(weight)).toEqual([0, 0]);
});

test("a run that fails assigns nothing", () => {
  const weight = tf.variable(tf.tensor1d([1, 2, 3]));
  const step = compile(
    (i: tf.Tensor) => {
      weight.assign(tf.add(weight, 1));
      return tf.gather(weight, i);
    },
    { xla: false },
  );
  expect(() => step(tf.tensor1d([9], "int32"))).toThrow("not in [0, 3)");
  expect(values(weight)).toEqual([1, 2, 3]);
  step(tf.tensor1d([0], "int32"));
  expect(values(weight)).toEqual([2, 3, 4]);
});

test("a disposed variable asks for a new trace", () => {
  let weight = tf.variable(tf.scalar(2));
  const step = compile((x: tf.Tensor) => tf.mul(x, weight));
  expect(values(step(tf.scalar(3)))).toEqual([6]);
  weight.dispose();
  weight = tf.variable(tf.scalar(5));
  expect(values(step(tf.scalar(3)))).toEqual([15]);
});
