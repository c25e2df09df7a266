/** How the kernels of this folder call TensorFlow's ops: one at a time, by name, through the backend and thus through the tracer. */
import * as tf from "@tensorflow/tfjs";
import type { TensorFlowBackend } from "../backend.ts";
import type { OpAttribute } from "../binding.ts";

/** TensorFlow.js's dtypes, and the one its tensors cannot have but many of TensorFlow's ops want. */
export type OpType = tf.DataType | "int64";

/** A value of an op's attribute together with its kind, since TensorFlow tells `1` the integer from `1` the float. */
export type Attribute = Pick<OpAttribute, "type" | "value">;

/** TF_AttrType, in TensorFlow's tensorflow/c/c_api.h. */
const kinds = { string: 0, int: 1, float: 2, bool: 3, type: 4 };

/** TF_DataType, in TensorFlow's tensorflow/c/tf_datatype.h. */
const dtypes: Record<OpType, number> = { float32: 1, int32: 3, string: 7, complex64: 8, int64: 9, bool: 10 };

export const int = (value: number | readonly number[]): Attribute => ({ type: kinds.int, value });
export const float = (value: number): Attribute => ({ type: kinds.float, value });
export const text = (value: string | readonly string[]): Attribute => ({ type: kinds.string, value });
export const flag = (value: boolean): Attribute => ({ type: kinds.bool, value });
export const type = (value: OpType): Attribute => ({ type: kinds.type, value: dtypes[value] });

export type Inputs<Name extends string> = Record<Name, tf.TensorInfo>;
export type Attributes = Record<string, Attribute>;

/** Calls ops for one backend. Every result belongs to the caller's `tf.tidy`, as with any operation of TensorFlow.js. */
export class Ops {
  readonly #backend: TensorFlowBackend;

  constructor(backend: TensorFlowBackend) {
    this.#backend = backend;
  }

  /** Runs an op that has one output. */
  one(op: string, inputs: readonly tf.TensorInfo[], attributes: Attributes = {}): tf.Tensor {
    return this.#backend.executeSingleOutput(op, named(attributes), inputs as tf.TensorInfo[]);
  }

  /** Runs an op that has that many outputs. */
  many(op: string, inputs: readonly tf.TensorInfo[], attributes: Attributes, outputs: number): tf.Tensor[] {
    return this.#backend.executeMultipleOutputs(op, named(attributes), inputs as tf.TensorInfo[], outputs);
  }

  /** An op from one tensor to another of the same dtype, with no attribute but `T`. */
  map(op: string, x: tf.TensorInfo): tf.Tensor {
    return this.one(op, [x], { T: type(x.dtype) });
  }

  /** Values of another dtype, `int64` included. An `int64` tensor is for other ops alone: TensorFlow.js believes it to be int32. */
  cast(x: tf.TensorInfo, from: OpType, to: OpType): tf.Tensor {
    return this.one("Cast", [x], { SrcT: type(from), DstT: type(to), Truncate: flag(false) });
  }

  pad(x: tf.TensorInfo, paddings: readonly (readonly [number, number])[], value: number): tf.Tensor {
    const sizes = tf.tensor2d(paddings as [number, number][], [paddings.length, 2], "int32");
    const attributes = { T: type(x.dtype), Tpaddings: type("int32") };
    return this.one("PadV2", [x, sizes, tf.scalar(value, x.dtype)], attributes);
  }

  slice(x: tf.TensorInfo, begin: readonly number[], size: readonly number[]): tf.Tensor {
    const inputs = [x, this.ints(begin), this.ints(size)];
    return this.one("Slice", inputs, { T: type(x.dtype), Index: type("int32") });
  }

  transpose(x: tf.TensorInfo, permutation: readonly number[]): tf.Tensor {
    return this.one("Transpose", [x, this.ints(permutation)], { T: type(x.dtype), Tperm: type("int32") });
  }

  reshape(x: tf.TensorInfo, shape: readonly number[]): tf.Tensor {
    return this.one("Reshape", [x, this.ints(shape)], { T: type(x.dtype), Tshape: type("int32") });
  }

  /** An op from two tensors of one dtype, shapes broadcast. */
  binary(op: string, a: tf.TensorInfo, b: tf.TensorInfo): tf.Tensor {
    return this.one(op, [a, b], { T: type(a.dtype) });
  }

  /** A vector of int32, as ops take shapes and axes. */
  ints(values: readonly number[]): tf.Tensor {
    return tf.tensor1d(values as number[], "int32");
  }
}

function named(attributes: Attributes): OpAttribute[] {
  const list: OpAttribute[] = [];
  for (const name in attributes) list.push({ name, type: attributes[name]!.type, value: attributes[name]!.value });
  return list;
}

/** A kernel of backend `tensorflow`: the name TensorFlow.js calls it by, and what it does. */
export interface Kernel {
  name: string;
  run(
    ops: Ops,
    inputs: Record<string, tf.TensorInfo>,
    attributes: Record<string, unknown>,
  ): tf.TensorInfo | tf.TensorInfo[];
}

type Run<I, A> = (ops: Ops, inputs: I, attributes: A) => tf.Tensor | tf.Tensor[];

/** Describes a kernel with the types of its inputs and attributes; what it makes on the way is released when it ends. */
export function kernel<I, A>(name: string, run: Run<I, A>): Kernel {
  return simpleKernel<I, A>(name, (ops, inputs, attributes) => tf.tidy(() => run(ops, inputs, attributes)));
}

/** As `kernel`, without the price of a scope, for one that makes nothing on the way. */
export function simpleKernel<I, A>(name: string, run: Run<I, A>): Kernel {
  return { name, run: run as unknown as Kernel["run"] };
}
