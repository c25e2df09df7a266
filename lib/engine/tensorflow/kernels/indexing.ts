/** Gathering, scattering, joining and searching. */
import * as tf from "@tensorflow/tfjs";
import { type Inputs, int, type Kernel, kernel, type Ops, type } from "./op.ts";

/**
 * tfjs-node reads the indices back to check their range. Here TensorFlow checks it: on a CPU it throws, in a compiled program and on
 * a GPU an index out of range gives zeros.
 */
const gather = kernel<Inputs<"x" | "indices">, tf.GatherV2Attrs>(
  "GatherV2",
  (ops, { x, indices }, { axis, batchDims }) => {
    tf.backend_util.segment_util.collectGatherOpShapeInfo(x as tf.Tensor, indices as tf.Tensor, axis, batchDims);
    const types = { Tparams: type(x.dtype), Tindices: type("int32"), Taxis: type("int32") };
    const inputs = [x, asInt32(ops, indices), tf.scalar(axis, "int32")];
    try {
      return ops.one("GatherV2", inputs, { batch_dims: int(batchDims), ...types });
    } catch (error) {
      throw inTheWordsOfTensorFlowJs(error);
    }
  },
);

function inTheWordsOfTensorFlowJs(error: unknown): unknown {
  const [, index, size] = /\] = (-?\d+) is not in \[0, (\d+)\)/.exec(String(error)) ?? [];
  if (size === undefined) return error;
  return new Error(`GatherV2: the index value ${index} is not in [0, ${Number(size) - 1}]`, { cause: error });
}

/** For TensorFlow.js a vector of indices names as many elements of a vector; for TensorFlow it names one element. */
function elementIndices(ops: Ops, indices: tf.TensorInfo): tf.TensorInfo {
  return indices.shape.length === 1 ? ops.reshape(indices, [indices.shape[0]!, 1]) : indices;
}

function asInt32(ops: Ops, x: tf.TensorInfo): tf.TensorInfo {
  return x.dtype === "int32" ? x : ops.cast(x, x.dtype, "int32");
}

/** TensorFlow joins no scalars; tfjs-node's own histograms do. */
const concat = kernel<tf.TensorInfo[], { axis: number }>("Concat", (ops, inputs, { axis }) => {
  const tensors = Object.values(inputs);
  const named = { N: int(tensors.length), T: type(tensors[0]!.dtype) };
  if (tensors.every(({ shape }) => shape.length === 0)) return ops.one("Pack", tensors, { ...named, axis: int(0) });
  return ops.one("ConcatV2", [...tensors, tf.scalar(axis, "int32")], { ...named, Tidx: type("int32") });
});

export const indexingKernels: Kernel[] = [
  gather,
  concat,

  kernel<Inputs<"indices" | "updates">, tf.ScatterNdAttrs>("ScatterNd", (ops, { indices, updates }, { shape }) => {
    const inputs = [elementIndices(ops, indices), updates, ops.ints(shape)];
    return ops.one("ScatterNd", inputs, { T: type(updates.dtype), Tindices: type("int32") });
  }),

  kernel<Inputs<"tensor" | "indices" | "updates">, object>(
    "TensorScatterUpdate",
    (ops, { tensor, indices, updates }) => {
      const inputs = [tensor, elementIndices(ops, indices), updates];
      return ops.one("TensorScatterUpdate", inputs, { T: type(updates.dtype), Tindices: type("int32") });
    },
  ),

  kernel<Inputs<"sortedSequence" | "values">, tf.SearchSortedAttrs>(
    "SearchSorted",
    (ops, { sortedSequence, values }, { side }) => {
      const op = side === "left" ? "LowerBound" : "UpperBound";
      return ops.one(op, [sortedSequence, values], { T: type(sortedSequence.dtype), out_type: type("int32") });
    },
  ),
];
