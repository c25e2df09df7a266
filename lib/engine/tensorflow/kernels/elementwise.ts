/** Element-wise kernels and reductions that tfjs-node runs in more ops than needed, or not for every dtype. */
import * as tf from "@tensorflow/tfjs";
import { flag, type Inputs, type Kernel, kernel, type Ops, type } from "./op.ts";

/** 1 above zero, `alpha` up to it, NaN for NaN. The gradient of every relu runs it. */
function step(ops: Ops, x: tf.TensorInfo, alpha: number): tf.Tensor {
  const above = ops.map("Sign", ops.map("Relu", x));
  if (alpha === 0) return above;
  const isZero = ops.binary("Equal", above, tf.scalar(0, x.dtype));
  return ops.one("SelectV2", [isZero, tf.scalar(alpha, x.dtype), above], { T: type(x.dtype) });
}

/** TensorFlow.js defines the sign of NaN as 0, TensorFlow as NaN. */
function sign(ops: Ops, x: tf.TensorInfo): tf.Tensor {
  const signs = ops.map("Sign", x);
  if (x.dtype !== "float32") return signs;
  return ops.one("SelectV2", [ops.map("IsNan", x), tf.scalar(0), signs], { T: type("float32") });
}

function mean(ops: Ops, x: tf.TensorInfo, axes: readonly number[], keepDims: boolean): tf.Tensor {
  const values = x.dtype === "float32" ? x : ops.cast(x, x.dtype, "float32");
  const named = { keep_dims: flag(keepDims), T: type("float32"), Tidx: type("int32") };
  return ops.one("Mean", [values, ops.ints(axes)], named);
}

interface Reduction {
  /** What `Max` calls its axes. */
  reductionIndices?: number | number[];
  axis?: number | number[];
  keepDims?: boolean;
}

/** The largest or smallest along axes; of truth values, whether any or all are true. */
function extreme(name: "Max" | "Min", ofBooleans: "Any" | "All"): Kernel {
  return kernel<Inputs<"x">, Reduction>(name, (ops, { x }, { reductionIndices, axis, keepDims }) => {
    const axes = ops.ints(tf.util.parseAxisParam(reductionIndices ?? axis!, x.shape));
    const named = { keep_dims: flag(keepDims ?? false), Tidx: type("int32") };
    if (x.dtype === "bool") return ops.one(ofBooleans, [x, axes], named);
    return ops.one(name, [x, axes], { ...named, T: type(x.dtype) });
  });
}

/** Whether a value is NaN, infinite or finite; an integer is finite, as is a truth value. */
function classification(name: "IsNan" | "IsInf" | "IsFinite"): Kernel {
  const always = name === "IsFinite" ? "Equal" : "NotEqual";
  return kernel<Inputs<"x">, object>(name, (ops, { x }) =>
    x.dtype === "float32" ? ops.map(name, x) : ops.binary(always, x, x),
  );
}

export const elementwiseKernels: Kernel[] = [
  kernel<Inputs<"x">, tf.StepAttrs>("Step", (ops, { x }, { alpha }) => step(ops, x, alpha)),
  kernel<Inputs<"x">, object>("Sign", (ops, { x }) => sign(ops, x)),
  kernel<Inputs<"x">, tf.MeanAttrs>("Mean", (ops, { x }, { axis, keepDims }) =>
    mean(ops, x, tf.util.parseAxisParam(axis, x.shape), keepDims ?? false),
  ),
  extreme("Max", "Any"),
  extreme("Min", "All"),
  classification("IsNan"),
  classification("IsInf"),
  classification("IsFinite"),
  // TensorFlow's rounds integers to 0.
  kernel<Inputs<"x">, object>("Round", (ops, { x }) => ops.map(x.dtype === "int32" ? "Identity" : "Round", x)),
  kernel<Inputs<"x">, tf.ClipByValueAttrs>("ClipByValue", (ops, { x }, { clipValueMin, clipValueMax }) => {
    const bounds = [tf.scalar(clipValueMin, x.dtype), tf.scalar(clipValueMax, x.dtype)];
    return ops.one("ClipByValue", [x, ...bounds], { T: type(x.dtype) });
  }),
  kernel<Inputs<"a" | "b">, object>("BitwiseAnd", (ops, { a, b }) => ops.binary("BitwiseAnd", a, b)),
  kernel<Inputs<"x">, object>("Diag", (ops, { x }) => {
    if (x.dtype !== "bool") return ops.map("Diag", x);
    return ops.cast(ops.map("Diag", ops.cast(x, "bool", "int32")), "int32", "bool");
  }),
];
