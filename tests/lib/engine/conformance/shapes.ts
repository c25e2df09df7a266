import assert from "node:assert/strict";
import { tf } from "../../../../lib/index.ts";
import { build, type Case, close, gives, numbers } from "./cases.ts";

const int = (values: number[]) => tf.tensor1d(values, "int32");
/** 0, 1, 2, ... in that shape. */
const count = (...shape: number[]) => tf.range(0, tf.util.sizeFromShape(shape)).reshape(shape);

export const reductions: Case[] = [
  gives("sum of all", () => count(2, 3).sum(), 15),
  gives("sum over an axis", () => count(2, 3).sum(0), [3, 5, 7]),
  gives("sum over the last axis, which stays", () => count(2, 3).sum(-1, true), [[3], [12]]),
  gives("sum over two axes", () => count(2, 3, 4).sum([0, 2]), [60, 92, 124]),
  gives("mean", () => count(2, 3).mean(1), [1, 4]),
  gives(
    "max and min",
    () =>
      tf.stack([
        tf.max(
          [
            [1, 5],
            [7, 2],
          ],
          1,
        ),
        tf.min(
          [
            [1, 5],
            [7, 2],
          ],
          1,
        ),
      ]),
    [
      [5, 7],
      [1, 2],
    ],
  ),
  gives(
    "prod",
    () =>
      tf.prod(
        [
          [1, 2],
          [3, 4],
        ],
        0,
      ),
    [3, 8],
  ),
  gives("any and all", () => tf.stack([tf.any(tf.tensor1d([true, false])), tf.all(tf.tensor1d([true, false]))]), [
    true,
    false,
  ]),
  gives(
    "argMax and argMin",
    () =>
      tf.stack([
        tf.argMax(
          [
            [1, 9],
            [8, 2],
          ],
          1,
        ),
        tf.argMin(
          [
            [1, 9],
            [8, 2],
          ],
          1,
        ),
      ]),
    [
      [1, 0],
      [0, 1],
    ],
  ),
  gives("the first of equals wins", () => tf.argMax([3, 7, 7]), 1),
  gives("logSumExp does not overflow", () => tf.logSumExp([1000, 1000]), 1000 + Math.LN2),
  gives("moments", () => {
    const { mean, variance } = tf.moments(count(2, 3), 1);
    return tf.stack([mean, variance]);
  }, [
    [1, 4],
    [2 / 3, 2 / 3],
  ]),
  gives(
    "norm",
    () => tf.stack([tf.norm([3, -4]), tf.norm([3, -4], 1), tf.norm([3, -4], Number.POSITIVE_INFINITY)]),
    [5, 7, 4],
  ),
  gives("cumsum", () => tf.cumsum([1, 2, 3]), [1, 3, 6]),
  gives("cumsum exclusive and reversed", () => tf.cumsum([1, 2, 3], 0, true, true), [5, 3, 0]),
  gives("cumprod", () => tf.cumprod([1, 2, 3]), [1, 2, 6]),
  gives("a sum of a million ones", () => tf.ones([1_000_000]).sum(), 1_000_000),
  gives("bincount", () => tf.bincount(int([0, 2, 2]), tf.tensor1d([]), 4), [1, 0, 2, 0]),
];

export const softmaxes: Case[] = [
  gives("softmax", () => tf.softmax([[0, Math.log(3)]]), [[0.25, 0.75]]),
  gives("softmax does not overflow", () => tf.softmax([1000, 1000, -1000]), [0.5, 0.5, 0]),
  gives("logSoftmax", () => tf.logSoftmax([0, 0]), [-Math.LN2, -Math.LN2]),
  gives(
    "softmax cross entropy",
    () =>
      tf.losses.softmaxCrossEntropy(
        [
          [1, 0],
          [0, 1],
        ],
        [
          [0, 0],
          [0, Math.log(3)],
        ],
      ),
    (Math.LN2 - Math.log(0.75)) / 2,
  ),
  gives("sigmoid cross entropy", () => tf.losses.sigmoidCrossEntropy([[1, 0]], [[0, 0]]), Math.LN2),
  gives("mean squared error", () => tf.losses.meanSquaredError([1, 2], [3, 2]), 2),
  gives("huber loss", () => tf.losses.huberLoss([0, 0], [0.5, 3]), (0.125 + 2.5) / 2),
];

export const indexing: Case[] = [
  gives("gather rows", () => tf.gather(count(3, 2), int([2, 0, 2])), [
    [4, 5],
    [0, 1],
    [4, 5],
  ]),
  gives("gather columns", () => tf.gather(count(2, 3), int([2, 0]), 1), [
    [2, 0],
    [5, 3],
  ]),
  gives(
    "gather by a matrix of indices",
    () =>
      tf.gather(
        count(3),
        tf.tensor2d(
          [
            [0, 2],
            [1, 1],
          ],
          [2, 2],
          "int32",
        ),
      ),
    [
      [0, 2],
      [1, 1],
    ],
  ),
  gives("gather within batches", () => tf.gather(count(2, 3), tf.tensor2d([[2], [0]], [2, 1], "int32"), 1, 1), [
    [2],
    [3],
  ]),
  gives(
    "gatherND",
    () =>
      tf.gatherND(
        count(2, 2),
        tf.tensor2d(
          [
            [1, 0],
            [0, 1],
          ],
          [2, 2],
          "int32",
        ),
      ),
    [2, 1],
  ),
  gives(
    "scatterND adds",
    () => tf.scatterND(tf.tensor2d([[1], [1]], [2, 1], "int32"), tf.tensor1d([5, 6]), [3]),
    [0, 11, 0],
  ),
  gives(
    "tensorScatterUpdate replaces",
    () => tf.tensorScatterUpdate(tf.ones([3]), tf.tensor2d([[1]], [1, 1], "int32"), tf.tensor1d([9])),
    [1, 9, 1],
  ),
  gives("unsortedSegmentSum", () => tf.unsortedSegmentSum(count(3, 2), int([1, 0, 1]), 2), [
    [2, 3],
    [4, 6],
  ]),
  gives("slice", () => tf.slice(count(3, 3), [1, 0], [2, 2]), [
    [3, 4],
    [6, 7],
  ]),
  gives("stridedSlice backwards", () => tf.stridedSlice(count(5), [4], [0], [-2]), [4, 2]),
  gives(
    "booleanMask and where of a condition",
    () => tf.where(count(3).greater(0), count(3), tf.scalar(-1)),
    [-1, 1, 2],
  ),
  {
    name: "booleanMaskAsync and whereAsync",
    run: async () => {
      close(await tf.booleanMaskAsync(count(3, 2), tf.tensor1d([true, false, true])), [
        [0, 1],
        [4, 5],
      ]);
      close(
        await tf.whereAsync(
          tf.tensor2d(
            [
              [1, 0],
              [0, 1],
            ],
            [2, 2],
            "bool",
          ),
        ),
        [
          [0, 0],
          [1, 1],
        ],
      );
    },
  },
  {
    name: "topk",
    run: () => {
      const { values, indices } = tf.topk(
        tf.tensor2d([
          [1, 9, 5],
          [8, 2, 7],
        ]),
        2,
      );
      close(values, [
        [9, 5],
        [8, 7],
      ]);
      close(indices, [
        [1, 2],
        [0, 2],
      ]);
    },
  },
  {
    name: "unique",
    run: () => {
      const { values, indices } = tf.unique(tf.tensor1d([4, 1, 4]));
      close(values, [4, 1]);
      close(indices, [0, 1, 0]);
    },
  },
  gives("searchSorted", () => tf.searchSorted(tf.tensor2d([[1, 3, 5]]), tf.tensor2d([[3, 4]]), "right"), [[2, 2]]),
];

export const layouts: Case[] = [
  gives("reshape", () => count(6).reshape([3, -1]), [
    [0, 1],
    [2, 3],
    [4, 5],
  ]),
  gives("transpose", () => count(2, 3).transpose(), [
    [0, 3],
    [1, 4],
    [2, 5],
  ]),
  gives(
    "transpose of three axes",
    () => count(2, 3, 4).transpose([2, 0, 1]),
    build([4, 2, 3], (i, j, k) => j * 12 + k * 4 + i),
  ),
  gives("concat", () => tf.concat([count(2, 1), tf.ones([2, 2])], 1), [
    [0, 1, 1],
    [1, 1, 1],
  ]),
  gives("stack", () => tf.stack([count(2), count(2)], 1), [
    [0, 0],
    [1, 1],
  ]),
  gives(
    "split and unstack",
    () => tf.concat([tf.split(count(4), [1, 3])[1]!, tf.unstack(count(2, 2))[1]!]),
    [1, 2, 3, 2, 3],
  ),
  gives("tile", () => tf.tile(count(2), [2]), [0, 1, 0, 1]),
  gives("pad", () => tf.pad(count(2), [[1, 2]], 7), [7, 0, 1, 7, 7]),
  gives("mirrorPad", () => tf.mirrorPad(tf.tensor1d([1, 2, 3]), [[2, 1]], "reflect"), [3, 2, 1, 2, 3, 2]),
  gives("reverse", () => tf.reverse(count(2, 2), 1), [
    [1, 0],
    [3, 2],
  ]),
  gives("expandDims and squeeze", () => count(2).expandDims(0).expandDims(-1).squeeze([0]), [[0], [1]]),
  gives(
    "batchToSpaceND and spaceToBatchND",
    () =>
      tf.batchToSpaceND(
        tf.spaceToBatchND(
          count(1, 4, 4, 1),
          [2, 2],
          [
            [0, 0],
            [0, 0],
          ],
        ),
        [2, 2],
        [
          [0, 0],
          [0, 0],
        ],
      ),
    build([1, 4, 4, 1], (_, y, x) => y * 4 + x),
  ),
  gives("depthToSpace", () => tf.depthToSpace(count(1, 1, 1, 4) as tf.Tensor4D, 2), [
    [
      [[0], [1]],
      [[2], [3]],
    ],
  ]),
  gives("resizeBilinear", () => tf.image.resizeBilinear(tf.tensor3d([[[0], [1]]], [1, 2, 1]), [1, 3], true), [
    [[0], [0.5], [1]],
  ]),
  gives("resizeNearestNeighbor", () => tf.image.resizeNearestNeighbor(tf.tensor3d([[[0], [1]]], [1, 2, 1]), [1, 4]), [
    [[0], [0], [1], [1]],
  ]),
  gives("meshgrid", () => tf.meshgrid([1, 2], [3, 4])[1]!, [
    [3, 3],
    [4, 4],
  ]),
  {
    name: "a reshape shares its values and outlives its source",
    run: () => {
      const source = numbers([6]);
      const values = Array.from(source.dataSync());
      const shaped = source.reshape([2, 3]);
      source.dispose();
      assert.deepEqual(Array.from(shaped.dataSync()), values);
    },
  },
];
