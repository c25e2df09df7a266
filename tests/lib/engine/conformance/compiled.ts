import assert from "node:assert/strict";
import { compile, tf } from "../../../../lib/index.ts";
import { type Case, close, numbers, type Values } from "./cases.ts";

type Tensor2D = tf.Tensor2D;

/** Functions that must give the same compiled as eager; twice, because the second call does not trace. */
const functions: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  arithmetic: (x) => x.mul(2).add(1).square().sub(x.div(3)),
  "a dense layer": (x) => tf.relu(tf.matMul(x as Tensor2D, numbers([6, 5], 2) as Tensor2D).add(0.1)),
  "softmax and a reduction": (x) =>
    x
      .softmax()
      .mul(numbers([4, 6], 3))
      .sum(1),
  "gather, slice and concat": (x) => tf.concat([tf.gather(x, tf.tensor1d([3, 0], "int32")), x.slice([1, 0], [1, 6])]),
  "a gradient": (x) => tf.grad((y) => y.pow(3).tanh().sum())(x),
  "a convolution": (x) =>
    tf.conv2d(x.reshape([1, 4, 6, 1]) as tf.Tensor4D, numbers([3, 3, 1, 2], 4) as tf.Tensor4D, 1, "same"),
  "comparison and choice": (x) => tf.where(x.greater(0), x, x.mul(0.1)),
  integers: (x) => x.mul(10).toInt().mod(tf.scalar(3, "int32")),
  einsum: (x) => tf.einsum("ij,kj->ik", x, x),
};

export const compiling: Case[] = [
  ...Object.entries(functions).map(
    ([name, f]): Case => ({
      name: `${name} gives the same compiled as eager`,
      run: () => {
        using g = compile(f);
        for (const seed of [1, 2]) {
          const x = numbers([4, 6], seed);
          close(g(x), f(x).arraySync() as Values, 1e-4);
        }
      },
    }),
  ),
  {
    name: "other shapes are traced anew",
    run: () => {
      using double = compile((x: tf.Tensor) => x.mul(2));
      close(double(tf.tensor1d([1, 2])), [2, 4]);
      close(double(tf.tensor2d([[3]])), [[6]]);
      close(double(tf.tensor1d([5, 6])), [10, 12]);
    },
  },
  {
    name: "arguments and results may be nested",
    run: () => {
      using f = compile(({ a, b: [c] }: { a: tf.Tensor; b: [tf.Tensor] }, times: number) => ({
        sum: a.add(c),
        all: [a.mul(times), c.mul(times)] as const,
      }));
      const { sum, all } = f({ a: tf.scalar(2), b: [tf.scalar(3)] }, 10);
      close(sum, 5);
      close(all[0], 20);
      close(all[1], 30);
    },
  },
  {
    name: "variables are read at each call and assigned ones updated",
    run: () => {
      using total = tf.variable(tf.scalar(1));
      using add = compile((x: tf.Tensor) => {
        total.assign(total.add(x));
        return total.mul(10);
      });
      close(add(tf.scalar(2)), 30);
      total.assign(tf.scalar(100));
      close(add(tf.scalar(3)), 1030);
      close(total.clone(), 103);
    },
  },
  {
    name: "an optimizer's steps are those of eager code",
    run: () => {
      const train = (wrap: (step: () => tf.Scalar) => () => tf.Scalar) => {
        const weight = tf.variable(numbers([6, 1], 5));
        const optimizer = tf.train.adam(0.1);
        const x = numbers([8, 6], 6) as Tensor2D;
        const loss = () =>
          tf
            .matMul(x, weight as unknown as Tensor2D)
            .sub(1)
            .square()
            .mean() as tf.Scalar;
        const step = wrap(() => optimizer.minimize(loss, true, [weight])!);
        const losses = Array.from({ length: 5 }, () => step().dataSync()[0]!);
        if ("dispose" in step) (step as { dispose(): void }).dispose();
        optimizer.dispose();
        weight.dispose();
        return losses;
      };
      const eager = train((step) => step);
      const compiled = train((step) => compile(step));
      assert.ok(eager[4]! < eager[0]!);
      for (const [i, loss] of eager.entries())
        assert.ok(Math.abs(loss - compiled[i]!) < 1e-4, `step ${i}: ${compiled[i]}, eager ${loss}`);
    },
  },
  {
    name: "random numbers without a seed are new at each call",
    run: () => {
      using draw = compile(() => tf.randomNormal([10]));
      assert.notDeepEqual(Array.from(draw().dataSync()), Array.from(draw().dataSync()));
    },
  },
  {
    name: "an error inside is thrown, and the next call works",
    run: () => {
      using product = compile((a: tf.Tensor, b: tf.Tensor) => tf.matMul(a as Tensor2D, b as Tensor2D));
      assert.throws(() => product(tf.ones([2, 3]), tf.ones([2, 3])), /matmul/i);
      close(product(tf.ones([1, 2]), tf.ones([2, 1])), [[2]]);
    },
  },
];
