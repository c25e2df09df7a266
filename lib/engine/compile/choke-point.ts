/**
 * The one place that every op passes on its way into a graph. Here matrices and convolutions are brought to bfloat16, and
 * XLA is kept from a slow way of multiplying.
 */
import type { OpAttribute, TensorMetadata } from "../tensorflow/binding.ts";
import type { Trace } from "./trace.ts";

/** What matrix products and convolutions are computed in. Variables and everything else stay float32. */
export type Precision = "float32" | "bfloat16";

/** Ops whose float inputs and outputs have the type of attribute `T`, and whose work is multiplying. */
const products = new Set([
  "MatMul",
  "BatchMatMul",
  "BatchMatMulV2",
  "Einsum",
  "Conv2D",
  "Conv2DBackpropInput",
  "Conv2DBackpropFilter",
  "Conv3D",
  "Conv3DBackpropInputV2",
  "Conv3DBackpropFilterV2",
  "DepthwiseConv2dNative",
  "DepthwiseConv2dNativeBackpropInput",
  "DepthwiseConv2dNativeBackpropFilter",
]);

/** Writes an op into the innermost graph. */
export function executeTraced(
  trace: Trace,
  name: string,
  attributes: OpAttribute[],
  inputs: readonly number[],
  outputs: number,
): TensorMetadata[] {
  const { binding } = trace.backend;
  if (products.has(name) && attribute(attributes, "T") === binding.TF_FLOAT) {
    if (trace.precision === "bfloat16") return inBfloat16(trace, name, attributes, inputs, outputs);
    const slow = name === "BatchMatMulV2" && trace.xla && attribute(attributes, "adj_x") === true;
    if (slow && !binding.isUsingGpuDevice())
      return binding.executeOp(name, withValue(attributes, "adj_x", false), transposedLeft(trace, inputs), outputs);
  }
  return binding.executeOp(name, attributes, inputs, outputs);
}

function inBfloat16(
  trace: Trace,
  name: string,
  attributes: OpAttribute[],
  inputs: readonly number[],
  outputs: number,
): TensorMetadata[] {
  const { binding } = trace.backend;
  const cast = (from: number, to: number): OpAttribute[] => [
    { name: "SrcT", type: binding.TF_ATTR_TYPE, value: from },
    { name: "DstT", type: binding.TF_ATTR_TYPE, value: to },
    { name: "Truncate", type: binding.TF_ATTR_BOOL, value: false },
  ];
  const short = inputs.map((id) =>
    binding.metadata(id).dtype === binding.TF_FLOAT
      ? trace.executeInternal("Cast", cast(binding.TF_FLOAT, binding.TF_BFLOAT16), [id]).id
      : id,
  );
  const results = binding.executeOp(name, withValue(attributes, "T", binding.TF_BFLOAT16), short, outputs);
  return results.map((result) => {
    trace.own(result);
    return binding.executeOp("Cast", cast(binding.TF_BFLOAT16, binding.TF_FLOAT), [result.id], 1)[0]!;
  });
}

/**
 * XLA on a CPU multiplies with a transposed left operand (the gradient of every weight) at about half speed, and folds a
 * transpose back into the product unless a barrier stands between.
 */
function transposedLeft(trace: Trace, inputs: readonly number[]): number[] {
  const { binding } = trace.backend;
  const [left, right] = inputs as [number, number];
  const rank = binding.metadata(left).shape.length;
  const order = Int32Array.from({ length: rank }, (_, axis) =>
    axis < rank - 2 ? axis : axis === rank - 2 ? rank - 1 : rank - 2,
  );
  const permutation = trace.constant([rank], binding.TF_INT32, order);
  const transposed = trace.executeInternal(
    "Transpose",
    [
      { name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
      { name: "Tperm", type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 },
    ],
    [left, permutation],
  );
  const barrier = [{ name: "T", type: binding.TF_ATTR_TYPE, value: [binding.TF_FLOAT] }];
  return [trace.executeInternal("XlaOptimizationBarrier", barrier, [transposed.id]).id, right];
}

function attribute(attributes: readonly OpAttribute[], name: string): OpAttribute["value"] | undefined {
  return attributes.find((candidate) => candidate.name === name)?.value;
}

function withValue(attributes: readonly OpAttribute[], name: string, value: OpAttribute["value"]): OpAttribute[] {
  return attributes.map((former) => (former.name === name ? { ...former, value } : former));
}
