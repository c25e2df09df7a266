/**
 * The seam between the TensorFlow backend and tracing (`../compile`). The backend knows nothing of traces but this: while
 * hooks are set it asks them for input ids, for values, and to run an op; and it refuses tensors that outlived their trace.
 */
import type { DataStorage, TensorInfo } from "@tensorflow/tfjs";
import { CompileError } from "../compile/errors.ts";
import type { Binding, BindingValues, OpAttribute, TensorMetadata } from "./binding.ts";

/** What the backend holds for a data id: the entries of its `tensorMap`, as tfjs-node's backend writes them. */
export interface TensorRecord {
  shape: number[];
  /** TensorFlow's dtype number. */
  dtype: number;
  /** Id in the binding; negative while the values wait in `values`. */
  id: number;
  /** Values not uploaded yet, or null. */
  values: BindingValues | null;
  refCount: number;
  /** True once the data id owns the native tensor: it is then released when V8 collects the data id. */
  owned?: boolean;
  /** Number of the trace that the tensor was made in; absent for tensors with a value. */
  trace?: number;
}

/** An input of an op: a tensor, or tfjs-node's `Int64Scalar`. */
export type OpInput = TensorInfo | { readonly valueArray: BindingValues; readonly dtype: string };

/** Set on the backend from the first `traceBegin` to the last `traceEnd`. */
export interface TraceHooks {
  /** Instead of the backend's own `getInputTensorIds`. */
  inputIds(inputs: readonly OpInput[]): number[];
  /**
   * First in `readSync` and `read`: the values where tracing knows them (constants), undefined where the
   * backend may read as usual; throws for a value that is not known while tracing.
   */
  read(dataId: object): BindingValues | undefined;
  /** After `move` (so after `write` too) and inside `createOutputTensor`, when the record is in the map. */
  created(dataId: object, record: TensorRecord): void;
  /** Instead of `binding.executeOp`, wherever the backend (or a kernel) runs an op. */
  execute(name: string, attributes: OpAttribute[], inputs: readonly number[], outputs: number): TensorMetadata[];
}

/** What tracing needs of the TensorFlow backend. */
export interface TraceableBackend {
  readonly binding: Binding;
  readonly tensorMap: Pick<DataStorage<TensorRecord>, "get" | "has">;
  /**
   * While no hooks are set, `getInputTensorIds`, `readSync` and `read` call `refuseTracer(dataId)` for a record with a `trace`,
   * and for a data id that neither `tensorMap` nor the engine knows (a disposed tensor).
   */
  setTraceHooks(hooks: TraceHooks | undefined): void;
  /** A tensor of a concrete id, which it owns from then on (as the outputs of an eager op are). */
  concrete(id: number, shape: readonly number[], dtype: string): TensorInfo;
  /** The id of a tensor with a value; uploads what waits in `values` with `createTensorEager`. Throws for a tracer. */
  idOf(tensor: TensorInfo): number;
  createOutputTensor(metadata: TensorMetadata): TensorInfo;
}

/** Data ids that died with their trace, and the name of the compiled function. Weak: it keeps nothing alive. */
const dead = new WeakMap<object, string>();

/** Notes that the tensor with this data id belongs to a trace of the compiled function `name` and has no value outside. */
export function markTracer(dataId: object, name: string): void {
  dead.set(dataId, name);
}

/** Whether the data id belongs to a closed trace. */
export function isTracer(dataId: object): boolean {
  return dead.has(dataId);
}

/** Throws the error for a tensor without a value: leaked from a trace, or disposed. */
export function refuseTracer(dataId: object): never {
  const name = dead.get(dataId);
  if (name === undefined) throw new Error("This tensor is disposed: its values are gone.");
  throw new CompileError(
    name,
    "a tensor that was made while tracing is used outside, where it has no value. " +
      "Return it from the compiled function, or assign it to a tf.Variable there.",
  );
}
