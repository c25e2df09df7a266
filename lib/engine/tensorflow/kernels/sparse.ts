/** Sparse tensors as indices and values. TensorFlow counts their rows in int64, TensorFlow.js in int32. */
import type * as tf from "@tensorflow/tfjs";
import { type Inputs, type Kernel, kernel, type Ops, type } from "./op.ts";

const toInt64 = (ops: Ops, x: tf.TensorInfo) => ops.cast(x, "int32", "int64");
const toInt32 = (ops: Ops, x: tf.TensorInfo) => ops.cast(x, "int64", "int32");

const fillEmptyRows = kernel<Inputs<"indices" | "values" | "denseShape" | "defaultValue">, object>(
  "SparseFillEmptyRows",
  (ops, { indices, values, denseShape, defaultValue }) => {
    const inputs = [toInt64(ops, indices), values, toInt64(ops, denseShape), defaultValue];
    const [places, filled, empty, map] = ops.many("SparseFillEmptyRows", inputs, { T: type(values.dtype) }, 4);
    return [toInt32(ops, places!), filled!, empty!, toInt32(ops, map!)];
  },
);

const reshape = kernel<Inputs<"inputIndices" | "inputShape" | "newShape">, object>(
  "SparseReshape",
  (ops, { inputIndices, inputShape, newShape }) => {
    const inputs = [inputIndices, inputShape, newShape].map((each) => toInt64(ops, each));
    return ops.many("SparseReshape", inputs, {}, 2).map((each) => toInt32(ops, each));
  },
);

const segmentTypes = (dtype: tf.DataType) => ({ T: type(dtype), Tidx: type("int32"), Tsegmentids: type("int32") });

/** Means of integers are cut to integers, as TensorFlow.js does it. */
const segmentMean = kernel<Inputs<"data" | "indices" | "segmentIds">, object>(
  "SparseSegmentMean",
  (ops, { data, indices, segmentIds }) => {
    const mean = (x: tf.TensorInfo) => ops.one("SparseSegmentMean", [x, indices, segmentIds], segmentTypes("float32"));
    if (data.dtype === "float32") return mean(data);
    return ops.cast(mean(ops.cast(data, data.dtype, "float32")), "float32", data.dtype);
  },
);

const segmentSum = kernel<Inputs<"data" | "indices" | "segmentIds">, object>(
  "SparseSegmentSum",
  (ops, { data, indices, segmentIds }) =>
    ops.one("SparseSegmentSum", [data, indices, segmentIds], segmentTypes(data.dtype)),
);

export const sparseKernels: Kernel[] = [fillEmptyRows, reshape, segmentMean, segmentSum];
