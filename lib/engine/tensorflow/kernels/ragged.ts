/** Ragged tensors: rows of different lengths as flat values and row splits. */
import type * as tf from "@tensorflow/tfjs";
import { type Inputs, int, type Kernel, kernel, text, type } from "./op.ts";

const raggedGather = kernel<
  Inputs<"paramsDenseValues" | "indices"> & { paramsNestedSplits: tf.TensorInfo[] },
  tf.RaggedGatherAttrs
>("RaggedGather", (ops, { paramsNestedSplits, paramsDenseValues, indices }, { outputRaggedRank }) => {
  const inputs = [...paramsNestedSplits, paramsDenseValues, indices];
  const named = {
    Tvalues: type(paramsDenseValues.dtype),
    Tindices: type("int32"),
    Tsplits: type("int32"),
    PARAMS_RAGGED_RANK: int(paramsNestedSplits.length),
    OUTPUT_RAGGED_RANK: int(outputRaggedRank),
  };
  return ops.many("RaggedGather", inputs, named, outputRaggedRank + 1);
});

const raggedRange = kernel<Inputs<"starts" | "limits" | "deltas">, object>(
  "RaggedRange",
  (ops, { starts, limits, deltas }) =>
    ops.many("RaggedRange", [starts, limits, deltas], { T: type(starts.dtype), Tsplits: type("int32") }, 2),
);

const raggedTensorToTensor = kernel<
  Inputs<"shape" | "values" | "defaultValue"> & { rowPartitionTensors: tf.TensorInfo[] },
  tf.RaggedTensorToTensorAttrs
>("RaggedTensorToTensor", (ops, { shape, values, defaultValue, rowPartitionTensors }, { rowPartitionTypes }) =>
  ops.one("RaggedTensorToTensor", [shape, values, defaultValue, ...rowPartitionTensors], {
    T: type(values.dtype),
    Tindex: type("int32"),
    Tshape: type("int32"),
    num_row_partition_tensors: int(rowPartitionTensors.length),
    row_partition_types: text(rowPartitionTypes),
  }),
);

export const raggedKernels: Kernel[] = [raggedGather, raggedRange, raggedTensorToTensor];
