import { tf } from "../../../../lib/index.ts";
import { build, type Case, gives, numbers, type Values } from "./cases.ts";

type Tensor4D = tf.Tensor4D;
const ones4 = (...shape: [number, number, number, number]) => tf.ones(shape) as Tensor4D;

/** Reads a tensor as a function of its indices; outside it is `outside`. */
function reader(tensor: tf.Tensor, outside = 0): (...indices: number[]) => number {
  const [data, strides] = [tensor.dataSync(), [...tensor.strides, 1]];
  return (...indices) => {
    if (indices.some((index, axis) => index < 0 || index >= tensor.shape[axis]!)) return outside;
    return data[indices.reduce((offset, index, axis) => offset + index * strides[axis]!, 0)]!;
  };
}

function sumOver(sizes: number[], term: (...indices: number[]) => number): number {
  const [first, ...rest] = sizes;
  if (first === undefined) return term();
  let sum = 0;
  for (let i = 0; i < first; i++) sum += sumOver(rest, (...others) => term(i, ...others));
  return sum;
}

/** Matrix product by its definition. */
function product(a: tf.Tensor, b: tf.Tensor): Values {
  const [x, y] = [reader(a), reader(b)];
  return build([a.shape[0]!, b.shape[1]!], (i, j) => sumOver([a.shape[1]!], (k) => x(i, k) * y(k, j)));
}

export const matmuls: Case[] = [
  gives(
    "2 x 3 times 3 x 2",
    () =>
      tf.matMul(
        tf.tensor2d([
          [1, 2, 3],
          [4, 5, 6],
        ]),
        tf.tensor2d([
          [1, 0],
          [0, 1],
          [1, 1],
        ]),
      ),
    [
      [4, 5],
      [10, 11],
    ],
  ),
  {
    name: "all four transpositions agree with the definition",
    run: () => {
      const [a, b] = [numbers([5, 7]) as tf.Tensor2D, numbers([7, 3], 2) as tf.Tensor2D];
      const expected = product(a, b);
      for (const [transposeA, transposeB] of [
        [false, false],
        [false, true],
        [true, false],
        [true, true],
      ] as const) {
        const left = transposeA ? a.transpose<tf.Tensor2D>() : a;
        const right = transposeB ? b.transpose<tf.Tensor2D>() : b;
        checkGives(tf.matMul(left, right, transposeA, transposeB), expected);
      }
    },
  },
  {
    name: "a large one agrees with the definition in some places",
    run: () => {
      const [a, b] = [numbers([130, 257]), numbers([257, 70], 2)];
      const got = reader(tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D));
      const [x, y] = [reader(a), reader(b)];
      for (const [i, j] of [
        [0, 0],
        [129, 69],
        [64, 33],
      ] as const) {
        const expected = sumOver([257], (k) => x(i, k) * y(k, j));
        checkGives(tf.scalar(got(i, j)), expected, 1e-4);
      }
    },
  },
  {
    name: "batches are multiplied one by one, and a single matrix serves all",
    run: () => {
      const [a, b] = [numbers([2, 3, 4]), numbers([2, 4, 2], 2)];
      const each = tf.unstack(a).map((matrix, i) => product(matrix, tf.unstack(b)[i]!));
      checkGives(tf.matMul(a, b), each);
      const one = tf.unstack(b)[0]!;
      checkGives(
        tf.matMul(a, one.expandDims(0)),
        tf.unstack(a).map((matrix) => product(matrix, one)),
      );
    },
  },
  gives("dot of vectors", () => tf.dot([1, 2, 3], [4, 5, 6]), 32),
  gives(
    "dot of matrix and vector",
    () =>
      tf.dot(
        [
          [1, 2],
          [3, 4],
        ],
        [1, 1],
      ),
    [3, 7],
  ),
  gives("outerProduct", () => tf.outerProduct([1, 2], [3, 4]), [
    [3, 4],
    [6, 8],
  ]),
  gives(
    "einsum",
    () =>
      tf.einsum(
        "ij,kj->ik",
        tf.tensor2d([
          [1, 2],
          [3, 4],
        ]),
        tf.tensor2d([
          [1, 2],
          [3, 4],
        ]),
      ),
    [
      [5, 11],
      [11, 25],
    ],
  ),
  gives(
    "einsum of attention",
    () => tf.einsum("bqd,bkd->bqk", tf.ones([2, 3, 4]), tf.ones([2, 5, 4])),
    build([2, 3, 5], () => 4),
  ),
  gives(
    "fused with bias and activation",
    () => tf.fused.matMul({ a: tf.tensor2d([[1, -1]]), b: tf.eye(2), bias: tf.tensor1d([1, 0]), activation: "relu" }),
    [[2, 0]],
  ),
  gives("bandPart", () => tf.linalg.bandPart(tf.ones([3, 3]), -1, 0), [
    [1, 0, 0],
    [1, 1, 0],
    [1, 1, 1],
  ]),
];

function checkGives(actual: tf.Tensor, expected: Values, tolerance = 1e-5): void {
  void gives("", () => actual, expected, { tolerance }).run();
}

interface Geometry {
  stride: number;
  pad: "same" | "valid";
  dilation?: number;
}

/** Output length and padding before, by TensorFlow's rule. */
function lengths(input: number, window: number, { stride, pad, dilation = 1 }: Geometry): [number, number] {
  const reach = (window - 1) * dilation + 1;
  if (pad === "valid") return [Math.floor((input - reach) / stride) + 1, 0];
  const output = Math.ceil(input / stride);
  return [output, Math.floor(Math.max(0, (output - 1) * stride + reach - input) / 2)];
}

/** Convolution by its definition (NHWC, filters HWIO). */
function convolved(x: tf.Tensor, filter: tf.Tensor, geometry: Geometry): Values {
  const [batch, height, width] = x.shape as [number, number, number];
  const [filterHeight, filterWidth, inputs, outputs] = filter.shape as [number, number, number, number];
  const [outHeight, top] = lengths(height, filterHeight, geometry);
  const [outWidth, left] = lengths(width, filterWidth, geometry);
  const { stride, dilation = 1 } = geometry;
  const [at, weight] = [reader(x), reader(filter)];
  return build([batch, outHeight, outWidth, outputs], (n, y, column, o) =>
    sumOver(
      [filterHeight, filterWidth, inputs],
      (fy, fx, i) =>
        at(n, y * stride - top + fy * dilation, column * stride - left + fx * dilation, i) * weight(fy, fx, i, o),
    ),
  );
}

const convolutions: [string, number[], number[], Geometry][] = [
  ["a 3 x 3 convolution that keeps the size", [2, 6, 5, 3], [3, 3, 3, 4], { stride: 1, pad: "same" }],
  ["a convolution without padding", [1, 6, 5, 2], [3, 2, 2, 3], { stride: 1, pad: "valid" }],
  ["a convolution with stride 2", [1, 7, 6, 2], [3, 3, 2, 2], { stride: 2, pad: "same" }],
  ["a 1 x 1 convolution", [2, 3, 3, 4], [1, 1, 4, 2], { stride: 1, pad: "valid" }],
  ["a dilated convolution", [1, 7, 7, 2], [3, 3, 2, 2], { stride: 1, pad: "same", dilation: 2 }],
];

export const convs: Case[] = [
  ...convolutions.map(
    ([name, shape, filterShape, geometry]): Case => ({
      name: `${name} agrees with the definition`,
      run: () => {
        const [x, filter] = [numbers(shape), numbers(filterShape, 2)];
        const { stride, pad, dilation = 1 } = geometry;
        checkGives(
          tf.conv2d(x as Tensor4D, filter as Tensor4D, stride, pad, "NHWC", dilation),
          convolved(x, filter, geometry),
          1e-5,
        );
      },
    }),
  ),
  gives("explicit padding", () => tf.conv2d(ones4(1, 2, 2, 1), ones4(3, 3, 1, 1), 1, 1), [
    [
      [[4], [4]],
      [[4], [4]],
    ],
  ]),
  gives("conv1d", () => tf.conv1d(tf.tensor3d([[[1], [2], [3]]]), tf.tensor3d([[[1]], [[10]]]), 1, "valid"), [
    [[21], [32]],
  ]),
  {
    name: "a depthwise convolution agrees with the definition",
    run: () => {
      const [x, filter] = [numbers([1, 5, 5, 3]), numbers([3, 3, 3, 2], 2)];
      const [at, weight] = [reader(x), reader(filter)];
      const expected = build([1, 5, 5, 6], (_, y, column, channel) => {
        const [i, multiple] = [Math.floor(channel / 2), channel % 2];
        return sumOver([3, 3], (fy, fx) => at(0, y - 1 + fy, column - 1 + fx, i) * weight(fy, fx, i, multiple));
      });
      checkGives(tf.depthwiseConv2d(x as Tensor4D, filter as Tensor4D, 1, "same"), expected);
    },
  },
  {
    name: "a separable convolution is a depthwise one and a 1 x 1 one",
    run: () => {
      const [x, depth, point] = [
        numbers([1, 5, 5, 2]),
        numbers([3, 3, 2, 2], 2),
        numbers([1, 1, 4, 3], 3),
      ] as Tensor4D[];
      const expected = tf.conv2d(tf.depthwiseConv2d(x!, depth!, 1, "same"), point!, 1, "valid").arraySync();
      checkGives(tf.separableConv2d(x!, depth!, point!, 1, "same"), expected);
    },
  },
  gives(
    "a transposed convolution spreads",
    () => tf.conv2dTranspose(ones4(1, 1, 2, 1), ones4(1, 2, 1, 1), [1, 1, 4, 1], 2, "valid"),
    [[[[1], [1], [1], [1]]]],
  ),
  gives(
    "fused with bias and activation",
    () =>
      tf.fused.conv2d({
        x: ones4(1, 1, 2, 1),
        filter: tf.tensor4d([-1, 2], [1, 1, 1, 2]),
        strides: 1,
        pad: "valid",
        bias: tf.tensor1d([0, 1]),
        activation: "relu",
      }),
    [
      [
        [
          [0, 3],
          [0, 3],
        ],
      ],
    ],
  ),
];

/** Pooling by its definition; padding takes no part. */
function pooled(x: tf.Tensor, window: number, geometry: Geometry, kind: "max" | "avg"): Values {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const [outHeight, top] = lengths(height, window, geometry);
  const [outWidth, left] = lengths(width, window, geometry);
  const at = reader(x, Number.NaN);
  return build([batch, outHeight, outWidth, channels], (n, y, column, channel) => {
    const seen: number[] = [];
    for (let fy = 0; fy < window; fy++)
      for (let fx = 0; fx < window; fx++)
        seen.push(at(n, y * geometry.stride - top + fy, column * geometry.stride - left + fx, channel));
    const inside = seen.filter((value) => !Number.isNaN(value));
    return kind === "max" ? Math.max(...inside) : inside.reduce((sum, value) => sum + value, 0) / inside.length;
  });
}

export const pools: Case[] = [
  ...(["max", "avg"] as const).flatMap((kind) =>
    (
      [
        ["same", 2],
        ["valid", 2],
        ["same", 1],
      ] as const
    ).map(
      ([pad, stride]): Case => ({
        name: `${kind} pooling, padding ${pad}, stride ${stride}, agrees with the definition`,
        run: () => {
          const x = numbers([2, 5, 6, 3]);
          const pool = kind === "max" ? tf.maxPool : tf.avgPool;
          checkGives(pool(x as Tensor4D, 3, stride, pad), pooled(x, 3, { stride, pad }, kind));
        },
      }),
    ),
  ),
  gives(
    "the gradient of max pooling goes to the largest",
    () => tf.grad((x) => tf.maxPool(x as Tensor4D, 2, 2, "valid").sum())(tf.tensor4d([1, 4, 3, 2], [1, 2, 2, 1])),
    [
      [
        [[0], [1]],
        [[0], [0]],
      ],
    ],
  ),
  gives(
    "the gradient of average pooling is spread",
    () => tf.grad((x) => tf.avgPool(x as Tensor4D, 2, 2, "valid").sum())(tf.ones([1, 2, 2, 1])),
    [
      [
        [[0.25], [0.25]],
        [[0.25], [0.25]],
      ],
    ],
  ),
  gives("three dimensions", () => tf.maxPool3d(tf.range(0, 8).reshape([1, 2, 2, 2, 1]) as tf.Tensor5D, 2, 2, "valid"), [
    [[[[7]]]],
  ]),
];
