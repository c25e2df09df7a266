/**
 * An open trace: while it lasts, ops become nodes of a graph and tensors stand for values to come. This file is the side of it that
 * the TensorFlow backend sees (`TraceHooks`); `record.ts` runs a function under it.
 */
import * as tf from "@tensorflow/tfjs";
import { whenCutOff } from "../cut-off.ts";
import type { BindingValues, NativeFunction, OpAttribute, TensorMetadata } from "../tensorflow/binding.ts";
import {
  markTracer,
  type OpInput,
  refuseTracer,
  type TensorRecord,
  type TraceableBackend,
  type TraceHooks,
} from "../tensorflow/trace-hooks.ts";
import { executeTraced, type Precision } from "./choke-point.ts";
import { CompileError, callSite } from "./errors.ts";
import { Feeds } from "./feeds.ts";
import { OptimizersInTrace } from "./optimizers.ts";
import { override } from "./override.ts";
import { isUniform } from "./uniform.ts";
import { VariablesInTrace } from "./variables.ts";

export interface TraceOptions {
  /** Name of the compiled function, for messages. */
  name: string;
  xla: boolean;
  precision: Precision;
}

/** The largest number of elements of a captured tensor that becomes a constant: XLA wants many small operands at compile time. */
const maxEmbedded = 32;

/** One graph: the function's own, or the body of a loop inside it. */
interface Level {
  readonly number: number;
  /** Constants of this graph for values from outside of it, by data id. */
  readonly constants: Map<object, number>;
  /** Ids that no tensor owns, and the metadata objects of some: the binding lets go of an id together with its object. */
  readonly ids: number[];
  readonly metadata: TensorMetadata[];
  /** Tensors made at this level. */
  readonly tensors: tf.Tensor[];
  /** Of a loop's body: which round of the loop runs, an int32 scalar. */
  round?: tf.Tensor;
}

let current: Trace | undefined;

/** The trace that is open now, if one is. */
export function currentTrace(): Trace | undefined {
  return current;
}

// An interrupt ends JavaScript without running `finally`.
whenCutOff(() => current?.close(true));

/** The backend in use, if it is one that traces. */
export function traceableBackend(): TraceableBackend | undefined {
  const backend = tf.engine().backend as unknown as Partial<TraceableBackend>;
  return typeof backend.setTraceHooks === "function" ? (backend as TraceableBackend) : undefined;
}

export class Trace implements TraceHooks {
  readonly name: string;
  readonly xla: boolean;
  precision: Precision;
  readonly backend: TraceableBackend;
  readonly feeds: Feeds;
  readonly variables: VariablesInTrace;
  readonly optimizers: OptimizersInTrace;
  /** The first value that was read, in case that the read is hidden in a promise. */
  violation: CompileError | undefined;
  /** Native functions that the graph calls, such as bodies of loops. They live as long as the function made of the graph. */
  readonly bodies: number[] = [];
  /** How many random ops the trace holds so far. */
  draws = 0;
  readonly #levels: Level[] = [];
  /** Values of tensors that were made of JavaScript values inside the trace. */
  readonly #known = new WeakMap<object, BindingValues>();
  /** Metadata objects of ids that records own: the binding lets go of an id together with its object. */
  readonly #metadata: TensorMetadata[] = [];
  #undo: (() => void)[] = [];
  /** How deep TensorFlow.js's engine was in scopes, gradients and kernels when the trace opened. */
  #before = { scopes: 0, gradients: 0, kernels: 0 };

  constructor(backend: TraceableBackend, options: TraceOptions) {
    this.name = options.name;
    this.xla = options.xla;
    this.precision = options.precision;
    this.backend = backend;
    this.feeds = new Feeds(this);
    this.variables = new VariablesInTrace(this);
    this.optimizers = new OptimizersInTrace(this);
  }

  /** Whether the innermost graph is the body of a loop. */
  get nested(): boolean {
    return this.#levels.length > 1;
  }

  open(): void {
    this.variables.separate();
    current = this;
    this.enter();
    this.backend.setTraceHooks(this);
    const { state } = tf.engine();
    this.#before = { scopes: state.scopeStack.length, gradients: state.gradientDepth, kernels: state.kernelDepth };
    tf.engine().startScope("compile");
    this.#undo = [
      ...this.variables.install(),
      ...this.optimizers.install(),
      ...this.#refuseReading(),
      this.#collectTensors(),
    ];
  }

  /** Ends everything that `open` began and puts variables back, whatever state it is in. `failed` when the traced code threw. */
  close(failed: boolean): void {
    if (current !== this) return;
    try {
      if (failed) this.#dropTape();
      this.variables.restore();
      this.optimizers.restore();
    } finally {
      for (const undo of this.#undo.reverse()) undo();
      this.#undo = [];
      this.#endScopes();
      while (this.#levels.length > 0) this.leave();
      this.backend.setTraceHooks(undefined);
      current = undefined;
    }
  }

  /** Opens another graph: the function's own, or a loop's body. Every `enter` is followed by a `leave`. */
  enter(): void {
    this.#levels.push({
      number: this.backend.binding.traceBegin(),
      constants: new Map(),
      ids: [],
      metadata: [],
      tensors: [],
    });
  }

  leave(): void {
    const level = this.#levels.pop()!;
    for (const tensor of level.tensors) this.#release(tensor, level);
    for (const id of level.ids) this.backend.binding.deleteTensor(id);
    for (const { id } of level.metadata) this.backend.binding.deleteTensor(id);
    this.backend.binding.traceEnd();
  }

  /** A new argument of the function that the innermost graph will be. */
  placeholder(dtype: number, shape: readonly number[]): tf.Tensor {
    return this.backend.createOutputTensor(this.backend.binding.tracePlaceholder(dtype, shape)) as tf.Tensor;
  }

  /** A function of the innermost graph as it is now. */
  build(outputs: readonly number[], xla: boolean): NativeFunction {
    return this.backend.binding.traceFunction(outputs, { xla, name: this.name.replace(/\W+/g, "_") });
  }

  /** Whether the tensor was made inside this trace (and thus has no value yet, or one known from JavaScript). */
  isMade(tensor: tf.Tensor): boolean {
    return this.backend.tensorMap.has(tensor.dataId) && this.#record(tensor.dataId).trace !== undefined;
  }

  /** The values of a tensor that was made of JavaScript values inside the trace. */
  knownValues(dataId: object): BindingValues | undefined {
    const record = this.#record(dataId);
    return record.trace === undefined ? undefined : (record.values ?? this.#known.get(dataId));
  }

  error(text: string, cause?: unknown): CompileError {
    return new CompileError(this.name, text, { cause });
  }

  // What the backend calls.

  inputIds(inputs: readonly OpInput[]): number[] {
    return inputs.map((input) => this.#inputId(input));
  }

  read(dataId: object): BindingValues | undefined {
    const record = this.#record(dataId);
    const known = this.knownValues(dataId);
    if (known) return known;
    if (record.trace === undefined && !this.variables.ofData(dataId)) return undefined;
    throw this.#readingError(record.trace === undefined);
  }

  created(dataId: object, record: TensorRecord): void {
    record.trace = this.#levels.at(-1)!.number;
    if (record.values !== null) this.#known.set(dataId, record.values);
  }

  execute(name: string, attributes: OpAttribute[], inputs: readonly number[], outputs: number): TensorMetadata[] {
    try {
      const results = executeTraced(this, name, attributes, inputs, outputs);
      this.variables.follow(inputs, results);
      return results;
    } catch (error) {
      if (error instanceof CompileError) throw error;
      throw this.error(`${(error as Error).message}`, error);
    }
  }

  /** Says which round of its loop the innermost graph, a body, is run for (int32 scalar): random ops need to know. */
  setRound(round: tf.Tensor): void {
    this.#levels.at(-1)!.round = round;
  }

  /** The round of the innermost loop; undefined outside of loops. Throws in a body that has not said which. */
  round(): tf.Tensor | undefined {
    if (!this.nested) return undefined;
    const { round } = this.#levels.at(-1)!;
    if (!round) throw this.error("a random op inside the body of a loop would draw the same numbers in every round.");
    return round;
  }

  /** Writes an op into the innermost graph and makes a tensor of its only result. */
  op(name: string, attributes: OpAttribute[], inputs: readonly tf.Tensor[]): tf.Tensor {
    const [metadata] = this.execute(name, attributes, this.inputIds(inputs), 1);
    return this.backend.createOutputTensor(metadata!) as tf.Tensor;
  }

  /** Runs an op whose results no tensor will own; they live until the end of the innermost graph. */
  executeInternal(name: string, attributes: OpAttribute[], inputs: readonly number[]): TensorMetadata {
    return this.own(this.backend.binding.executeOp(name, attributes, inputs, 1)[0]!);
  }

  own(result: TensorMetadata): TensorMetadata {
    this.#levels.at(-1)!.metadata.push(result);
    return result;
  }

  /** A constant of the innermost graph that lives until its end. */
  constant(shape: readonly number[], dtype: number, values: BindingValues): number {
    const id = this.#constant(shape, dtype, values);
    this.#levels.at(-1)!.ids.push(id);
    return id;
  }

  #inputId(input: OpInput): number {
    const { binding } = this.backend;
    const level = this.#levels.at(-1)!;
    if ("valueArray" in input) {
      return this.constant([], binding.TF_INT64, input.valueArray);
    }
    const { dataId } = input;
    const record = this.#record(dataId);
    if (record.trace === undefined) return this.#capturedId(input, record, level);
    if (record.values === null) return record.id;
    if (record.trace !== level.number) return this.#constantId(dataId, record, record.values, level);
    const symbol = this.optimizers.symbolOf(record.values);
    if (symbol) this.#metadata.push(symbol);
    record.id = symbol?.id ?? this.#constant(record.shape, record.dtype, record.values);
    record.values = null;
    return record.id;
  }

  /** The id of a tensor with a value. Small ones become constants; variables do not, because their value changes. */
  #capturedId(tensor: tf.TensorInfo, record: TensorRecord, level: Level): number {
    const id = this.backend.idOf(tensor);
    if (this.variables.ofData(tensor.dataId) || tf.util.sizeFromShape(record.shape) > maxEmbedded) return id;
    const { binding } = this.backend;
    if (record.dtype !== binding.TF_FLOAT && record.dtype !== binding.TF_INT32 && record.dtype !== binding.TF_BOOL)
      return id;
    return this.#constantId(tensor.dataId, record, binding.tensorDataSync(id), level);
  }

  #constantId(dataId: object, record: TensorRecord, values: BindingValues, level: Level): number {
    let id = level.constants.get(dataId);
    if (id === undefined) {
      id = this.constant(record.shape, record.dtype, values);
      level.constants.set(dataId, id);
    }
    return id;
  }

  #constant(shape: readonly number[], dtype: number, values: BindingValues): number {
    const id =
      dtype !== this.backend.binding.TF_COMPLEX64 && isUniform(values)
        ? this.#fill(shape, dtype, values)
        : this.backend.binding.createTensor(shape, dtype, values);
    this.variables.forget(id);
    return id;
  }

  /** Ones and zeros of a large tensor's shape, which TensorFlow.js makes in JavaScript for gradients: an op instead of all the numbers. */
  #fill(shape: readonly number[], dtype: number, values: BindingValues): number {
    const { binding } = this.backend;
    const { TF_INT32, TF_ATTR_TYPE } = binding;
    const types = { T: dtype, index_type: TF_INT32 };
    const attributes = Object.entries(types).map(([name, value]) => ({ name, type: TF_ATTR_TYPE, value }));
    const size = binding.createTensor([shape.length], TF_INT32, Int32Array.from(shape));
    const value = binding.createTensor([], dtype, values.slice(0, 1) as BindingValues);
    const [result] = binding.executeOp("Fill", attributes, [size, value], 1) as [TensorMetadata];
    this.#levels.at(-1)!.ids.push(size, value);
    this.#metadata.push(result);
    return result.id;
  }

  /** The backend's record. Fetches tensors of another backend, which makes them tensors with a value, not of the trace. */
  #record(dataId: object): TensorRecord {
    const { tensorMap } = this.backend;
    if (tensorMap.has(dataId)) {
      const record = tensorMap.get(dataId);
      if (record.trace !== undefined && !this.#levels.some(({ number }) => number === record.trace))
        refuseTracer(dataId);
      return record;
    }
    if (!tf.engine().state.tensorInfo.has(dataId)) refuseTracer(dataId);
    const record = tensorMap.get(dataId);
    delete record.trace;
    return record;
  }

  /** Every tensor made while the trace is open, also those that `tf.keep` or a gradient's tape holds beyond their scope. */
  #collectTensors(): () => void {
    const engine = tf.engine();
    const track = engine.trackTensor;
    const levels = this.#levels;
    return override(engine, "trackTensor", function (this: unknown, tensor: tf.Tensor, backend: tf.KernelBackend) {
      track.call(engine, tensor, backend);
      if (!(tensor instanceof tf.Variable)) levels.at(-1)?.tensors.push(tensor);
    });
  }

  /** Marks what is about to be disposed, so that using it later is told apart from using any disposed tensor. */
  #endScopes(): void {
    for (const tensor of this.#levels[0]!.tensors) {
      if (!tensor.isDisposed && !tensor.kept && this.#hasSymbol(tensor)) markTracer(tensor.dataId, this.name);
    }
    const engine = tf.engine();
    // More than one when an interrupt has cut off a tidy inside.
    while (engine.state.scopeStack.length > this.#before.scopes) engine.endScope();
  }

  #hasSymbol(tensor: tf.Tensor): boolean {
    const { tensorMap } = this.backend;
    return tensorMap.has(tensor.dataId) && tensorMap.get(tensor.dataId).trace !== undefined;
  }

  /** What the end of scopes has left. A kept constant gets its values back; whatever else is symbolic is gone with the graph. */
  #release(tensor: tf.Tensor, level: Level): void {
    if (tensor.isDisposed || !this.#hasSymbol(tensor)) return;
    const record = this.backend.tensorMap.get(tensor.dataId);
    if (record.trace !== level.number) return;
    const known = record.values ?? this.#known.get(tensor.dataId);
    if (tensor.kept && known) {
      if (record.id >= 0) this.backend.binding.deleteTensor(record.id);
      record.id = -1;
      record.values = known;
      delete record.trace;
      return;
    }
    markTracer(tensor.dataId, this.name);
    tensor.kept = false;
    tensor.dispose();
  }

  /** A throw inside `tf.grads` leaves the tape and what it kept; an interrupt leaves the engine inside of it, too. */
  #dropTape(): void {
    const { state } = tf.engine();
    state.gradientDepth = this.#before.gradients;
    state.kernelDepth = this.#before.kernels;
    for (const node of (state.activeTape as { saved?: tf.Tensor[] }[] | null) ?? []) tf.dispose(node.saved ?? []);
    state.activeTape = [];
  }

  /** `data()` and its kind return promises; inside a trace they throw at once, where the user's line is on the stack. */
  #refuseReading(): (() => void)[] {
    const read = (tensor: tf.Tensor) => {
      if (!tensor.isDisposed) this.read(tensor.dataId);
    };
    const prototype = tf.Tensor.prototype;
    return (["data", "array", "bytes", "buffer"] as const).map((method) => {
      const original = prototype[method] as () => unknown;
      return override(prototype, method, function (this: tf.Tensor) {
        read(this);
        return original.call(this);
      });
    });
  }

  #readingError(variable: boolean): CompileError {
    const { line, called } = callSite();
    const reader = /(\w+)$/.exec(called.at(-1) ?? "")?.[1]?.replace(/_+op$|_+$/, "");
    const by = reader ? ` by ${reader}()` : "";
    const text = variable
      ? `the value of a tf.Variable was read${by} while tracing. It would be frozen into the compiled function. Compute with the variable itself, or read it outside.`
      : `the value of a tensor was read${by} while tracing. Inside a compiled function tensors have no values yet: return the tensor and read it outside, or choose between values with tf.where.`;
    const error = new CompileError(this.name, text, { line });
    this.violation ??= error;
    return error;
  }
}
