import assert from "node:assert/strict";
import { tf } from "../../../../lib/index.ts";
import { type Case, close, gives, numbers } from "./cases.ts";

type Function = (x: tf.Tensor) => tf.Tensor;
type Tensor2D = tf.Tensor2D;
type Tensor4D = tf.Tensor4D;

const labels = () => tf.oneHot(tf.tensor1d([0, 2, 1], "int32"), 4);

/** Functions of one tensor, each with the shape of a small one, whose gradients are compared with finite differences. */
const functions: Record<string, [shape: number[], f: Function]> = {
  "a polynomial": [[5], (x) => x.pow(3).sub(x.mul(2)).add(x.square())],
  "a quotient": [[4], (x) => tf.div(x, x.square().add(1))],
  "exp, log and sqrt": [[4], (x) => x.exp().add(1).log().add(1).sqrt()],
  "sin and cos": [[4], (x) => x.sin().mul(x.mul(2).cos())],
  "sigmoid, tanh and softplus": [[4], (x) => x.sigmoid().add(x.tanh()).mul(x.softplus())],
  "elu, selu and erf": [[4], (x) => x.elu().add(x.selu()).mul(x.erf())],
  "where and clip": [
    [6],
    (x) => tf.where(numbers([6], 4).greater(0), x.square(), x.mul(3)).add(x.clipByValue(-0.3, 0.6).mul(2)),
  ],
  "max and min": [[3, 3], (x) => x.max(1).mul(2).add(x.min(0))],
  "mean over an axis": [[3, 4], (x) => x.mean(1).square()],
  prod: [[2, 3], (x) => x.prod(1)],
  cumsum: [[5], (x) => x.cumsum(0).square()],
  softmax: [[3, 4], (x) => x.softmax().mul(numbers([3, 4], 9))],
  "log softmax": [[3, 4], (x) => x.logSoftmax().mul(numbers([3, 4], 9))],
  "softmax cross entropy": [[3, 4], (x) => tf.losses.softmaxCrossEntropy(labels(), x)],
  "a dense layer": [[3, 4], (x) => tf.tanh(tf.matMul(x as Tensor2D, numbers([4, 5], 3) as Tensor2D))],
  "the left side of a transposed product": [
    [4, 3],
    (x) => tf.matMul(x as Tensor2D, numbers([4, 2], 3) as Tensor2D, true).square(),
  ],
  "the right side of a transposed product": [
    [2, 4],
    (x) => tf.matMul(numbers([3, 4], 3) as Tensor2D, x as Tensor2D, false, true).square(),
  ],
  "a batched product": [[2, 3, 4], (x) => tf.matMul(x, numbers([2, 4, 2], 3)).square()],
  attention: [[2, 3, 4], (x) => tf.matMul(tf.matMul(x, x, false, true).softmax(), x).square()],
  "an embedding": [[5, 3], (x) => tf.gather(x, tf.tensor1d([1, 1, 4], "int32")).square()],
  "a slice, a concat and a stack": [
    [4, 2],
    (x) => tf.concat([x.slice([1, 0], [2, 2]), tf.stack([x.sum(0), x.mean(0)])]).square(),
  ],
  "a transpose and a reshape": [[2, 3], (x) => x.transpose().reshape([2, 3]).mul(x)],
  "pad, tile and reverse": [
    [3],
    (x) =>
      x
        .pad([[1, 1]])
        .tile([2])
        .reverse()
        .mul(numbers([10], 2)),
  ],
  split: [[4, 2], (x) => tf.split(x, 2)[1]!.square()],
  broadcasting: [
    [1, 3],
    (x) =>
      x
        .mul(numbers([4, 1], 2))
        .add(x)
        .square(),
  ],
  "a convolution's input": [
    [1, 4, 4, 2],
    (x) => tf.conv2d(x as Tensor4D, numbers([2, 2, 2, 3], 5) as Tensor4D, 1, "same").square(),
  ],
  "a convolution's filter": [
    [2, 2, 2, 3],
    (x) => tf.conv2d(numbers([1, 4, 4, 2], 5) as Tensor4D, x as Tensor4D, 1, "same").square(),
  ],
  "a convolution with stride 2": [
    [3, 3, 1, 2],
    (x) => tf.conv2d(numbers([1, 6, 6, 1], 5) as Tensor4D, x as Tensor4D, 2, "valid").square(),
  ],
  "a depthwise convolution's input": [
    [1, 4, 4, 2],
    (x) => tf.depthwiseConv2d(x as Tensor4D, numbers([2, 2, 2, 1], 6) as Tensor4D, 1, "same").square(),
  ],
  "a depthwise convolution's filter": [
    [2, 2, 2, 1],
    (x) => tf.depthwiseConv2d(numbers([1, 4, 4, 2], 6) as Tensor4D, x as Tensor4D, 1, "same").square(),
  ],
  "a transposed convolution": [
    [1, 2, 2, 1],
    (x) => tf.conv2dTranspose(x as Tensor4D, numbers([2, 2, 2, 1], 6) as Tensor4D, [1, 4, 4, 2], 2, "same").square(),
  ],
  "average pooling": [[1, 4, 4, 1], (x) => tf.avgPool(x as Tensor4D, 2, 2, "same").square()],
  "max pooling": [[1, 4, 4, 1], (x) => tf.maxPool(x as Tensor4D, 2, 2, "same").square()],
  "batch normalisation": [
    [2, 3],
    (x) => tf.batchNorm(x, numbers([3], 2), tf.ones([3]), numbers([3], 3), numbers([3], 4)).square(),
  ],
  "layer normalisation": [
    [3, 4],
    (x) => {
      const { mean, variance } = tf.moments(x, -1, true);
      return x.sub(mean).div(variance.add(1e-2).sqrt()).pow(3);
    },
  ],
  "local response normalisation": [[1, 2, 2, 3], (x) => tf.localResponseNormalization(x as Tensor4D).square()],
  "resizing an image": [[1, 2, 2, 1], (x) => tf.image.resizeBilinear(x as Tensor4D, [4, 4]).square()],
};

/** Differences in float32: the step is a compromise between rounding and curvature. */
function agreesWithDifferences(shape: number[], f: Function): void {
  const x = numbers(shape, 11);
  const value = (at: tf.Tensor) => tf.sum(f(at)) as tf.Scalar;
  const gradient = tf.grad(value)(x).dataSync();
  const data = x.dataSync();
  const step = 1e-2;
  for (let i = 0; i < x.size; i++) {
    const moved = (by: number) => {
      const other = data.slice();
      other[i]! += by;
      return tf.tidy(() => value(tf.tensor(other, shape)).dataSync()[0]!);
    };
    const difference = (moved(step) - moved(-step)) / (2 * step);
    const bound = 2e-2 * Math.max(1, Math.abs(difference));
    assert.ok(
      Math.abs(gradient[i]! - difference) < bound,
      `gradient ${i} is ${gradient[i]}, differences say ${difference}`,
    );
  }
}

export const gradients: Case[] = [
  ...Object.entries(functions).map(
    ([name, [shape, f]]): Case => ({
      name: `of ${name} agrees with finite differences`,
      run: () => agreesWithDifferences(shape, f),
    }),
  ),
  gives(
    "of the second order",
    () =>
      tf.grad((x) =>
        tf
          .grad((y) => y.pow(3).sum())(x)
          .sum(),
      )(tf.tensor1d([2, 3])),
    [12, 18],
  ),
  gives(
    "with a given output gradient",
    () => tf.grad((x) => x.square())(tf.tensor1d([1, 2]), tf.tensor1d([10, 1])),
    [20, 4],
  ),
  {
    name: "valueAndGrads gives the value and all gradients",
    run: () => {
      const { value, grads } = tf.valueAndGrads((x, y) => x.mul(y).sum())([tf.tensor1d([2, 3]), tf.tensor1d([4, 5])]);
      close(value, 23);
      close(grads[0]!, [4, 5]);
      close(grads[1]!, [2, 3]);
    },
  },
  {
    name: "variableGrads gives those of trainable variables",
    run: () => {
      using weight = tf.variable(tf.tensor1d([1, 2]), true, "conformance weight");
      using fixed = tf.variable(tf.tensor1d([3, 4]), false, "conformance fixed");
      const { value, grads } = tf.variableGrads(() => weight.mul(fixed).sum());
      close(value, 11);
      assert.deepEqual(Object.keys(grads), [weight.name]);
      close(grads[weight.name]!, [3, 4]);
    },
  },
  {
    name: "a custom gradient is used",
    run: () => {
      const clipped = tf.customGrad((x, save) => {
        (save as tf.GradSaveFunc)([x as tf.Tensor]);
        return { value: (x as tf.Tensor).square(), gradFunc: (dy) => dy.mul(100) };
      });
      close(tf.grad((x) => clipped(x).sum())(tf.tensor1d([1, 2])), [100, 100]);
    },
  },
];
