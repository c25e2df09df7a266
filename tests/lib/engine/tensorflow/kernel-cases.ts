/** For the tests of the replaced kernels: calls of TensorFlow.js's API that run them, on small inputs from a fixed sequence. */
import { tf } from "../../../../lib/index.ts";

export interface Case {
  /** Shapes of the arguments; what is not float32 says so. */
  inputs: (number[] | { shape: number[]; dtype: "int32" | "bool"; below?: number })[];
  /** Called with those tensors; `never` because each op wants another rank of them. */
  f(...x: never[]): tf.Tensor | tf.Tensor[] | object;
  /** Compare gradients with the cpu backend's too. */
  gradients?: true;
  /** Why it is compiled to a graph function only. */
  graphOnly?: string;
  /** Why it is not compiled. */
  eagerOnly?: string;
}

type Pairs = [[number, number], [number, number], [number, number], [number, number]];
const uneven: Pairs = [
  [0, 0],
  [1, 2],
  [0, 1],
  [0, 0],
];
const unevenFirst: Pairs = [
  [0, 0],
  [0, 0],
  [1, 2],
  [0, 1],
];
const image = [2, 5, 6, 3];
const imageFirst = [2, 3, 5, 6];
const volume = [1, 4, 5, 4, 2];
const ints = (shape: number[], below: number) => ({ shape, dtype: "int32" as const, below });
const bools = (shape: number[]) => ({ shape, dtype: "bool" as const });

export const cases: Record<string, Case> = {
  "conv2d padded by a number": { inputs: [image, [3, 3, 3, 4]], f: (x, w) => tf.conv2d(x, w, 1, 1), gradients: true },
  "conv2d padded unevenly": { inputs: [image, [2, 3, 3, 4]], f: (x, w) => tf.conv2d(x, w, 2, uneven), gradients: true },
  "conv2d with rounding up": { inputs: [image, [2, 2, 3, 4]], f: (x, w) => tf.conv2d(x, w, 2, 1, "NHWC", 1, "ceil") },
  "conv2d dilated": { inputs: [image, [2, 2, 3, 4]], f: (x, w) => tf.conv2d(x, w, 1, "same", "NHWC", 2) },
  "conv2d with channels first": {
    inputs: [imageFirst, [3, 3, 3, 4]],
    f: (x, w) => tf.conv2d(x, w, 2, "same", "NCHW"),
    gradients: true,
  },
  "conv2d with channels first, padded unevenly": {
    inputs: [imageFirst, [2, 2, 3, 4]],
    f: (x, w) => tf.conv2d(x, w, 1, unevenFirst, "NCHW"),
  },
  "conv2dTranspose padded unevenly": {
    inputs: [
      [1, 3, 3, 2],
      [2, 2, 1, 2],
    ],
    f: (x, w) =>
      tf.conv2dTranspose(x, w, [1, 3, 3, 1], 2, [
        [0, 0],
        [1, 2],
        [1, 2],
        [0, 0],
      ]),
    gradients: true,
  },
  "fused conv2d with channels first and prelu": {
    inputs: [imageFirst, [2, 2, 3, 4], [4], [4]],
    f: (x, filter, bias, preluActivationWeights) =>
      tf.fused.conv2d({
        x,
        filter,
        bias,
        preluActivationWeights,
        strides: 1,
        pad: "valid",
        dataFormat: "NCHW",
        activation: "prelu",
      }),
  },
  "fused conv2d with leaky relu": {
    inputs: [image, [2, 2, 3, 4], [4]],
    f: (x, filter, bias) =>
      tf.fused.conv2d({ x, filter, bias, strides: 1, pad: 1, activation: "leakyrelu", leakyreluAlpha: 0.3 }),
  },
  "depthwiseConv2d padded unevenly": {
    inputs: [image, [3, 3, 3, 2]],
    f: (x, w) => tf.depthwiseConv2d(x, w, 1, uneven),
    gradients: true,
  },
  "depthwiseConv2d dilated": {
    inputs: [image, [2, 2, 3, 2]],
    f: (x, w) => tf.depthwiseConv2d(x, w, 1, "same", "NHWC", [2, 3]),
  },
  "depthwiseConv2d dilated and padded": {
    inputs: [image, [2, 2, 3, 2]],
    f: (x, w) => tf.depthwiseConv2d(x, w, 1, 2, "NHWC", 2),
  },
  "fused depthwiseConv2d": {
    inputs: [image, [2, 2, 3, 1], [3]],
    f: (x, filter, bias) => tf.fused.depthwiseConv2d({ x, filter, bias, strides: 2, pad: "same", activation: "relu6" }),
  },
  "separableConv2d dilated": {
    inputs: [image, [2, 2, 3, 2], [1, 1, 6, 4]],
    f: (x, depthwise, pointwise) => tf.separableConv2d(x, depthwise, pointwise, 1, "valid", [2, 2]),
  },
  conv3d: { inputs: [volume, [2, 2, 2, 2, 3]], f: (x, w) => tf.conv3d(x, w, 1, "same"), gradients: true },
  "conv3d dilated": {
    inputs: [volume, [2, 2, 2, 2, 3]],
    f: (x, w) => tf.conv3d(x, w, 1, "valid", "NDHWC", [2, 3, 2]),
  },
  "maxPool padded by a number": { inputs: [image], f: (x) => tf.maxPool(x, 3, 2, 1), gradients: true },
  "maxPool padded unevenly": { inputs: [image], f: (x) => tf.maxPool(x, [3, 3], 1, uneven), gradients: true },
  "maxPool with rounding up": { inputs: [image], f: (x) => tf.maxPool(x, 3, 2, 1, "ceil") },
  "maxPool unpadded with rounding up": { inputs: [image], f: (x) => tf.maxPool(x, 2, 2, 0, "ceil") },
  "maxPool of integers": { inputs: [ints(image, 50)], f: (x) => tf.maxPool(x, 2, 1, 1) },
  "maxPool3d padded by a number": { inputs: [volume], f: (x) => tf.maxPool3d(x, 2, 2, 1), gradients: true },
  "avgPool padded by a number": { inputs: [image], f: (x) => tf.avgPool(x, 3, 2, 1) },
  "avgPool padded unevenly": { inputs: [image], f: (x) => tf.avgPool(x, 3, 1, uneven) },
  "avgPool with rounding up": { inputs: [image], f: (x) => tf.avgPool(x, 3, 2, 1, "ceil") },
  "avgPool3d padded by a number": { inputs: [volume], f: (x) => tf.avgPool3d(x, 3, 2, 1) },
  maxPoolWithArgmax: {
    inputs: [image],
    f: (x) => tf.maxPoolWithArgmax(x, 3, 2, "same", true),
    graphOnly: "XLA has no such kernel",
  },
  dilation2d: {
    inputs: [image, [2, 2, 3]],
    f: (x, w) => tf.dilation2d(x, w, 1, "same", 2),
    gradients: true,
    graphOnly: "XLA has no such kernel",
  },
  "gather along an axis, with batches": {
    inputs: [[3, 4, 2], ints([3, 2], 4)],
    f: (x, i) => tf.gather(x, i, 1, 1),
  },
  "gather of rows": { inputs: [[5, 3], ints([2, 4], 5)], f: (x, i) => tf.gather(x, i) },
  "scatterND of elements": { inputs: [ints([4], 6), [4]], f: (i, x) => tf.scatterND(i, x, [6]) },
  "searchSorted left": {
    inputs: [[2, 3]],
    f: (x) =>
      tf.searchSorted(
        tf.tensor2d([
          [-1, 0, 1],
          [-0.5, 0.2, 0.9],
        ]),
        x,
        "left",
      ),
  },
  "searchSorted right": {
    inputs: [[2, 3]],
    f: (x) =>
      tf.searchSorted(
        tf.tensor2d([
          [-1, 0, 1],
          [-0.5, 0.2, 0.9],
        ]),
        x,
        "right",
      ),
  },
  denseBincount: { inputs: [ints([2, 6], 8), [2, 6]], f: (x, w) => tf.denseBincount(x, w, 5) },
  "denseBincount of what occurs": {
    inputs: [ints([2, 6], 8)],
    f: (x) => tf.denseBincount(x, tf.tensor1d([]), 5, true),
  },
  bitwiseAnd: { inputs: [ints([6], 100), ints([6], 100)], f: (a, b) => tf.bitwiseAnd(a, b) },
  einsum: {
    inputs: [
      [2, 3, 4],
      [2, 4, 5],
    ],
    f: (a, b) => tf.einsum("bij,bjk->bik", a, b),
  },
  "fused matMul with a transposed operand": {
    inputs: [
      [4, 3],
      [4, 5],
    ],
    f: (a, b) => tf.fused.matMul({ a, b, transposeA: true, activation: "relu" }),
    gradients: true,
  },
  "fused matMul with bias and elu": {
    inputs: [[2, 3, 4], [4, 5], [5]],
    f: (a, b, bias) => tf.fused.matMul({ a, b: tf.tile(tf.expandDims(b, 0), [2, 1, 1]), bias, activation: "elu" }),
    gradients: true,
  },
  "fused matMul with prelu": {
    inputs: [[3, 4], [4, 5], [1, 5], [5]],
    f: (a, b, bias, preluActivationWeights) =>
      tf.fused.matMul({ a, b, bias, activation: "prelu", preluActivationWeights }),
  },
  step: { inputs: [[12]], f: (x) => tf.step(x, 0.25) },
  "relu, by its gradient": { inputs: [[12]], f: (x) => tf.relu(x), gradients: true },
  prelu: { inputs: [[3, 4], [4]], f: (x, alpha) => tf.prelu(x, alpha), gradients: true },
  "leakyRelu of integers": { inputs: [ints([6], 9)], f: (x) => tf.leakyRelu(tf.sub(x, 4), 0.3) },
  sign: { inputs: [[6]], f: (x) => tf.sign(x) },
  "mean of integers": { inputs: [ints([3, 4], 20)], f: (x) => tf.mean(x, 1) },
  "round of integers": { inputs: [ints([4], 20)], f: (x) => tf.round(x) },
  clipByValue: { inputs: [[12]], f: (x) => tf.clipByValue(x, -0.5, 1), gradients: true },
  "diag of truth values": { inputs: [bools([3])], f: (x) => tf.diag(x) },
  "max and min of truth values": { inputs: [bools([3, 4])], f: (x) => [tf.max(x, 1), tf.min(x, 0, true)] },
  "order of truth values": { inputs: [bools([6]), bools([6])], f: (a, b) => [tf.less(a, b), tf.greaterEqual(a, b)] },
  "isNaN, isInf and isFinite of integers": {
    inputs: [ints([4], 20)],
    f: (x) => [tf.isNaN(x), tf.isInf(x), tf.isFinite(x)],
  },
  "image.transform": {
    inputs: [[1, 4, 5, 2]],
    f: (x) => tf.image.transform(x, tf.tensor2d([[1, 0.2, 0.3, -0.1, 1, 0.5, 0, 0]]), "bilinear", "reflect", 0, [5, 3]),
    graphOnly: "XLA has no such kernel",
  },
  "image.rotateWithOffset filled with a colour": {
    inputs: [[1, 5, 6, 4]],
    f: (x) => tf.image.rotateWithOffset(x, 1.1, [1, 2, 3], [0.3, 0.6]),
    graphOnly: "XLA has no such kernel",
  },
  sparseReshape: {
    inputs: [],
    f: () =>
      tf.sparse.sparseReshape(
        tf.tensor2d(
          [
            [0, 1],
            [2, 0],
          ],
          [2, 2],
          "int32",
        ),
        [3, 2],
        [2, -1],
      ),
    graphOnly: "XLA has no such kernel",
  },
  sparseFillEmptyRows: {
    inputs: [[2]],
    f: (x) =>
      tf.sparse.sparseFillEmptyRows(
        tf.tensor2d(
          [
            [0, 1],
            [2, 0],
          ],
          [2, 2],
          "int32",
        ),
        x,
        [4, 2],
        7,
      ),
    eagerOnly: "the result's shape depends on data",
  },
  "sparseSegmentMean and Sum": {
    inputs: [[5, 3]],
    f: (x) => [tf.sparse.sparseSegmentMean(x, [0, 2, 3], [0, 0, 1]), tf.sparse.sparseSegmentSum(x, [4, 2], [0, 1])],
    eagerOnly: "the result's shape depends on data",
  },
  raggedRange: {
    inputs: [],
    f: () => tf.raggedRange(tf.tensor1d([0, 5], "int32"), tf.tensor1d([3, 7], "int32"), tf.tensor1d([1, 1], "int32")),
    eagerOnly: "the result's shape depends on data",
  },
  "string.stringSplit": {
    inputs: [],
    f: () => tf.string.stringSplit(tf.tensor1d(["a bc", "d"]), tf.scalar(" ")),
    eagerOnly: "strings",
  },
  "string.stringNGrams": {
    inputs: [],
    f: () =>
      tf.string.stringNGrams(["a", "b", "c", "d"], tf.tensor1d([0, 3, 4], "int32"), "|", [2], "<", ">", 1, false),
    eagerOnly: "strings",
  },
  "string.stringToHashBucketFast": {
    inputs: [],
    f: () => tf.string.stringToHashBucketFast(["a", "b", ""], 10),
    eagerOnly: "strings",
  },
  "order of strings": {
    inputs: [],
    f: () => [tf.less(tf.tensor1d(["a", "b"]), tf.tensor1d(["b", "a"])), tf.greaterEqual(["x"], ["x"])],
    eagerOnly: "strings",
  },
};

/** The tensors of a case: always the same for the same case. */
export function inputsOf({ inputs }: Pick<Case, "inputs">): tf.Tensor[] {
  let seed = 1;
  // https://en.wikipedia.org/wiki/Linear_congruential_generator, constants of Numerical Recipes
  const next = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  return inputs.map((input) => {
    const { shape, dtype, below = 2 } = Array.isArray(input) ? { shape: input, dtype: "float32" as const } : input;
    const value = () => (dtype === "float32" ? next() * 4 - 2 : Math.floor(next() * below));
    return tf.tensor(Array.from({ length: tf.util.sizeFromShape(shape) }, value), shape, dtype);
  });
}

/** The tensors of a result, whatever holds them. */
export function tensorsOf(result: unknown): tf.Tensor[] {
  if (result instanceof tf.Tensor) return [result];
  return Object.values(result as object).flatMap(tensorsOf);
}
