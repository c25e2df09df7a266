/**
 * What our native addon (`../native`) offers to JavaScript: the interface that tfjs-node's own backend expects, and beside it
 * tracing, functions, devices and memory. Every error it throws is an `Error` with TensorFlow's message.
 *
 * Tensors are small positive integers (ids). An id is alive from the call that returned it until `deleteTensor`, or
 * until the object it was given to by `own` is collected. While a trace is open an id may stand for a value inside the graph (symbolic)
 * instead of a tensor in memory (concrete); both are deleted alike.
 */

/** An op's attribute as tfjs-node writes it. `type` is one of the binding's `TF_ATTR_...` numbers. */
export interface OpAttribute {
  name: string;
  type: number;
  value: boolean | number | string | object | readonly number[] | readonly boolean[] | null;
}

/** Id, shape and TensorFlow's dtype number of a tensor. */
export interface TensorMetadata {
  id: number;
  shape: number[];
  dtype: number;
}

/** Values as TensorFlow.js holds them: typed arrays, or for strings an array of bytes. */
export type BindingValues =
  | Float32Array
  | Int32Array
  | Uint8Array
  | BigInt64Array
  | Uint8Array[]
  | readonly (number | boolean | string)[];

export interface NativeDevice {
  /** Full name, such as `/job:localhost/replica:0/task:0/device:CPU:0`. */
  name: string;
  /** `CPU` or `GPU`. */
  type: string;
  /** Bytes TensorFlow may use on it; 0 where it does not say. */
  memoryBytes: number;
}

export interface NativeMemory {
  /** Bytes of all concrete tensors alive (ids, captured constants of compiled functions included). */
  bytes: number;
  /** The largest `bytes` has been since the start or `resetPeak`. */
  peakBytes: number;
  tensors: number;
  /** Compiled functions alive. */
  functions: number;
  /** Above so many bytes a new tensor is refused with an out-of-memory error; 0 for no limit. */
  limitBytes: number;
}

/** A function made from a trace. */
export interface NativeFunction {
  /** For `runFunction` and `deleteFunction`. */
  id: number;
  /** Its name in TensorFlow's function library: the value of an attribute of type `TF_ATTR_FUNC`. */
  name: string;
  /** Ids, in order, of tensors from outside the trace that its body uses: inputs after the placeholders. */
  captures: number[];
  /** Nodes in the body. */
  nodes: number;
  /** True when an op with side effects or state of its own is inside. */
  stateful: boolean;
  /** How often each op occurs in the trace. */
  ops: Record<string, number>;
}

export interface FunctionOptions {
  /** One XLA program (`_XlaMustCompile`); false for a graph function. */
  xla: boolean;
  /** The start of its name in TensorFlow's messages and profiles: letters, digits, underscores. */
  name?: string;
}

export interface Binding {
  // What tfjs-node's backend expects.
  createTensor(shape: readonly number[], dtype: number, values: BindingValues): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array | BigInt64Array | Uint8Array[];
  /**
   * Runs an op, or writes it into the innermost open trace. In a trace the returned objects own their symbolic ids, as if given
   * to `own`; an eager result is owned by nobody until then.
   */
  executeOp(name: string, attributes: OpAttribute[], inputs: readonly number[], outputs: number): TensorMetadata[];
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(id: number): void;
  runSavedModel(id: number, inputs: readonly number[], inputNames: string, outputNames: string): TensorMetadata[];
  getNumOfSavedModels(): number;
  getNumOfTensors(): number;
  isUsingGpuDevice(): boolean;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_INT64: number;
  readonly TF_BOOL: number;
  readonly TF_COMPLEX64: number;
  readonly TF_STRING: number;
  readonly TF_RESOURCE: number;
  readonly TF_UINT8: number;
  readonly TF_BFLOAT16: number;
  readonly TF_VARIANT: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  readonly TF_ATTR_FUNC: number;
  readonly TF_ATTR_RESOURCE: number;
  /** Version of the TensorFlow library, such as `2.21.0`. */
  readonly TF_Version: string;

  // The context.
  /**
   * Makes the context. Call once, before anything else but the constants. `config` is a serialised `ConfigProto`
   * (tensorflow/core/protobuf/config.proto); `limitBytes` as in `NativeMemory`.
   */
  start(config: Uint8Array, limitBytes: number): void;
  devices(): NativeDevice[];
  /** Runs the following ops on the device of that name; "" for TensorFlow's own choice. Throws for an unknown name. */
  setDevice(name: string): void;
  memory(): NativeMemory;
  resetPeak(): void;
  /** Whether float32 matmuls and convolutions on a GPU may use TF32. */
  setTensorFloat32(allowed: boolean): void;

  // Ownership.
  /** Deletes the tensor as soon as `owner` is collected by V8, unless `deleteTensor` came first. */
  own(owner: object, id: number): void;
  /** A concrete tensor whatever is being traced. */
  createTensorEager(shape: readonly number[], dtype: number, values: BindingValues): number;
  /** Another id for the same memory. */
  copyTensor(id: number): number;
  /** Shape and dtype of a tensor. */
  metadata(id: number): TensorMetadata;
  /** Full name of the device in whose memory a concrete tensor is. */
  deviceOf(id: number): string;

  // Tracing. Traces nest: `executeOp` and `createTensor` write into the innermost.
  /** Opens a trace and returns its number (never used twice). */
  traceBegin(): number;
  /** Closes the innermost trace; its symbolic ids are dead from then on, but still have to be deleted. */
  traceEnd(): void;
  /** Number of the innermost open trace, 0 when none is open. */
  traceNumber(): number;
  /** A placeholder: an argument of the function to be. Its order is the order of the calls. */
  tracePlaceholder(dtype: number, shape: readonly number[]): TensorMetadata;
  /**
   * Makes a function of what the innermost trace holds so far, with these outputs; ops that neither lead to an
   * output nor have side effects are left out. May be called several times in one trace. In a nested trace, tensors of outer traces
   * are captures like any other (their ids are then symbolic ids of the outer trace).
   */
  traceFunction(outputs: readonly number[], options: FunctionOptions): NativeFunction;
  /** True when the id is a `Const` of an open trace. */
  isConstant(id: number): boolean;
  /** The trace (number) that a symbolic id belongs to, 0 for a concrete one. */
  traceOf(id: number): number;
  /** Releases the value that a function holds for capture `index`, because the caller passes one on each run (a variable). */
  releaseCapture(functionId: number, index: number): void;
  /**
   * Runs it: `inputs` are the placeholders' ids and then one for each capture, 0 for the value the function holds. The values of the last
   * outputs, as many as there are `targets`, go into these ids of concrete tensors, whose old values are released; the others are returned.
   * One call, so that an interrupt finds all targets old or all new; when it throws they are old. Throws when called while a trace is open.
   */
  runFunction(functionId: number, inputs: Int32Array, targets?: Int32Array): TensorMetadata[];
  deleteFunction(functionId: number): void;
}
