/** Functions of TensorFlow.js along axes: reductions, shapes, indices, products. */
import { tf } from "../../../../lib/index.ts";
import { any, integers, numbers, plain, smooth, type T, two } from "./function-table.ts";

const cube = () => [numbers([2, 3, 4])];
const reductions: Record<string, (x: T) => T> = {
  "logSumExp, all": (x) => tf.logSumExp(x),
  "logSumExp, axis": (x) => tf.logSumExp(x, 1, true),
  "max, all": (x) => tf.max(x),
  "max, axis": (x) => tf.max(x, 2),
  "mean, all": (x) => tf.mean(x),
  "mean, axes": (x) => tf.mean(x, [0, 2], true),
  "min, axis": (x) => tf.min(x, 1),
  "prod, axis": (x) => tf.prod(x, 1),
  "sum, all": (x) => tf.sum(x),
  "sum, axes": (x) => tf.sum(x, [0, 1]),
  cumsum: (x) => tf.cumsum(x, 2),
  "cumsum, exclusive, reversed": (x) => tf.cumsum(x, 2, true, true),
  "norm, euclidean": (x) => tf.norm(x),
  "norm, 1": (x) => tf.norm(x, 1, 2),
  "norm, infinity": (x) => tf.norm(x, Number.POSITIVE_INFINITY, 1),
  "moments, variance": (x) => tf.moments(x, [0, 1]).variance,
};
for (const [name, f] of Object.entries(reductions)) smooth(name, cube, f);
plain(
  "all",
  () => [integers([3, 4], 2).cast("bool")],
  (x) => tf.all(x, 1),
);
plain(
  "any",
  () => [integers([3, 4], 2).cast("bool")],
  (x) => tf.any(x, 0),
);
plain("argMax", cube, (x) => tf.argMax(x, 2));
plain("argMin", cube, (x) => tf.argMin(x, 1));
plain("cumprod", cube, (x) => tf.cumprod(x, 1));
plain(
  "bincount",
  () => [integers([12], 5)],
  (x) => tf.bincount(x as tf.Tensor1D, [], 6),
);
plain(
  "denseBincount",
  () => [integers([3, 6], 4)],
  (x) => tf.denseBincount(x as tf.Tensor2D, [], 5),
);
plain(
  "confusionMatrix",
  () => [integers([9], 4), integers([9], 4)],
  (a, b) => tf.math.confusionMatrix(a as tf.Tensor1D, b as tf.Tensor1D, 4),
);
plain("topk", cube, (x) => {
  const { values, indices } = tf.topk(x, 2);
  return [values, indices];
});
plain(
  "lowerBound",
  () => [tf.tensor1d([1, 3, 5, 7]), tf.tensor1d([0, 3, 6])],
  (s, v) => tf.lowerBound(s as tf.Tensor1D, v as tf.Tensor1D),
);
plain(
  "upperBound",
  () => [tf.tensor1d([1, 3, 5, 7]), tf.tensor1d([0, 3, 6])],
  (s, v) => tf.upperBound(s as tf.Tensor1D, v as tf.Tensor1D),
);

smooth(
  "batchToSpaceND",
  () => [numbers([4, 2, 2, 1])],
  (x) =>
    tf.batchToSpaceND(
      x,
      [2, 2],
      [
        [0, 0],
        [0, 0],
      ],
    ),
);
smooth(
  "spaceToBatchND",
  () => [numbers([1, 4, 4, 2])],
  (x) =>
    tf.spaceToBatchND(
      x,
      [2, 2],
      [
        [0, 0],
        [0, 0],
      ],
    ),
);
smooth(
  "broadcastTo",
  () => [numbers([3, 1])],
  (x) => tf.broadcastTo(x, [2, 3, 4]),
);
smooth(
  "cast",
  () => [numbers([3, 4])],
  (x) => tf.cast(tf.cast(x, "float32"), "float32"),
);
plain("cast to int32 and bool", any, (x) => [tf.cast(x, "int32"), tf.cast(x, "bool")]);
smooth(
  "concat",
  () => [numbers([2, 3]), numbers([2, 4])],
  (a, b) => tf.concat([a, b], 1),
);
plain(
  "depthToSpace",
  () => [numbers([1, 2, 2, 8])],
  (x) => tf.depthToSpace(x as tf.Tensor4D, 2),
);
smooth("expandDims", any, (x) => tf.expandDims(x, 1));
smooth(
  "gather",
  () => [numbers([5, 3])],
  (x) =>
    tf.gather(
      x,
      tf.tensor2d(
        [
          [4, 0],
          [1, 4],
        ],
        [2, 2],
        "int32",
      ),
      0,
    ),
);
smooth(
  "gather along the last axis",
  () => [numbers([3, 5])],
  (x) => tf.gather(x, tf.tensor1d([0, 4, 4], "int32"), 1),
);
plain(
  "gather with computed indices",
  () => [numbers([5, 3]), integers([4], 5)],
  (x, i) => tf.gather(x, i),
);
plain(
  "gatherND",
  () => [numbers([3, 4])],
  (x) =>
    tf.gatherND(
      x,
      tf.tensor2d(
        [
          [0, 1],
          [2, 3],
          [0, 1],
        ],
        [3, 2],
        "int32",
      ),
    ),
);
smooth(
  "mirrorPad",
  () => [numbers([3, 4])],
  (x) =>
    tf.mul(
      2,
      tf.pad(x, [
        [1, 2],
        [0, 1],
      ]),
    ),
);
plain(
  "mirrorPad, reflected",
  () => [numbers([3, 4])],
  (x) =>
    tf.mirrorPad(
      x,
      [
        [1, 2],
        [2, 1],
      ],
      "reflect",
    ),
);
plain(
  "oneHot",
  () => [integers([6], 4)],
  (x) => tf.oneHot(x, 4, 0.9, 0.1),
);
smooth("reshape", any, (x) => tf.reshape(x, [2, 6]));
smooth("reverse", cube, (x) => tf.reverse(x, [0, 2]));
smooth("slice", cube, (x) => tf.slice(x, [0, 1, 1], [2, 1, 3]));
smooth(
  "split",
  () => [numbers([6, 2])],
  (x) => tf.split(x, [1, 2, 3], 0),
);
smooth(
  "squeeze",
  () => [numbers([1, 3, 1])],
  (x) => tf.squeeze(x),
);
smooth("stack", two, (a, b) => tf.stack([a, b], 1));
plain("stridedSlice", cube, (x) => tf.stridedSlice(x, [0, 2, 3], [2, 0, 0], [1, -1, -2]));
smooth(
  "tile",
  () => [numbers([2, 3])],
  (x) => tf.tile(x, [2, 2]),
);
smooth("transpose", cube, (x) => tf.transpose(x, [2, 0, 1]));
smooth("unstack", cube, (x) => tf.unstack(x, 1));
plain(
  "scatterND",
  () => [numbers([3, 2])],
  (x) => tf.scatterND(tf.tensor2d([[0], [3], [1]], [3, 1], "int32"), x, [5, 2]),
);
plain(
  "tensorScatterUpdate",
  () => [numbers([5, 2]), numbers([2, 2])],
  (x, u) => tf.tensorScatterUpdate(x, tf.tensor2d([[0], [3]], [2, 1], "int32"), u),
);
plain(
  "made from nothing",
  () => [numbers([2])],
  (x) => [
    tf.add(tf.linspace(0, 1, 2), x),
    tf.range(0, 6, 2),
    tf.fill([2, 2], 3),
    tf.eye(3),
    tf.ones([2, 2], "int32"),
    tf.zerosLike(x),
    tf.onesLike(x),
  ],
);
plain(
  "diag",
  () => [numbers([4])],
  (x) => tf.diag(x),
);
plain(
  "sparseToDense",
  () => [numbers([2])],
  (x) =>
    tf.sparseToDense(
      tf.tensor2d(
        [
          [0, 1],
          [2, 0],
        ],
        [2, 2],
        "int32",
      ),
      x as tf.Tensor1D,
      [3, 2],
      0.5,
    ),
);
plain(
  "meshgrid",
  () => [numbers([3]), numbers([2])],
  (a, b) => tf.meshgrid(a, b),
);
smooth(
  "unsortedSegmentSum",
  () => [numbers([5, 2])],
  (x) => tf.unsortedSegmentSum(x, tf.tensor1d([0, 2, 0, 1, 2], "int32"), 3),
);
smooth(
  "gradient through a gradient",
  () => [numbers([4])],
  (x) => tf.grad((y) => tf.sum(tf.pow(y, 3)))(x),
);

for (const [ta, tb] of [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const) {
  smooth(
    `matMul${ta ? ", left transposed" : ""}${tb ? ", right transposed" : ""}`,
    () => [numbers(ta ? [3, 5] : [5, 3]), numbers(tb ? [4, 3] : [3, 4])],
    (a, b) => tf.matMul(a, b, ta, tb),
  );
  smooth(
    `batched matMul${ta ? ", left transposed" : ""}${tb ? ", right transposed" : ""}`,
    () => [numbers(ta ? [2, 3, 5] : [2, 5, 3]), numbers(tb ? [2, 4, 3] : [2, 3, 4])],
    (a, b) => tf.matMul(a, b, ta, tb),
  );
}
smooth(
  "dot",
  () => [numbers([5]), numbers([5])],
  (a, b) => tf.dot(a, b),
);
smooth(
  "outerProduct",
  () => [numbers([3]), numbers([4])],
  (a, b) => tf.outerProduct(a as tf.Tensor1D, b as tf.Tensor1D),
);
plain(
  "einsum",
  () => [numbers([2, 3, 4]), numbers([2, 4, 5])],
  (a, b) => tf.einsum("bij,bjk->bik", a, b),
);
smooth(
  "fused matMul",
  () => [numbers([3, 4]), numbers([4, 5]), numbers([5])],
  (a, b, bias) => tf.fused.matMul({ a: a as tf.Tensor2D, b: b as tf.Tensor2D, bias, activation: "relu" }),
);
