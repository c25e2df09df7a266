/**
 * Who owns a tensor. The rules of TensorFlow.js hold (`tf.tidy`, `dispose`), `using` does the same by syntax, and what a program
 * merely loses is released when V8 collects it: a cell that runs again lets go of what the old values held.
 *
 * Three parts, so that each does what only it can. Memory is released by the backend when a data id (TensorFlow.js's name for the values behind
 * one or more tensors) is collected: natively by `Binding.own`, on WebAssembly by `ownWasmMemory`. What `tf.memory()` counts is mended here,
 * in a later turn of the event loop. And TensorFlow.js's list of variables, which would keep every one, is made weak.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as tf from "@tensorflow/tfjs";
import type { Binding } from "./tensorflow/binding.ts";

/** What TensorFlow.js's engine knows of the values behind tensors; one object for each data id, without a way back to it. */
interface DataInfo {
  readonly backend: {
    disposeData(dataId: object, force?: boolean): boolean;
    incRef(dataId: object): void;
    /** Makes a data id that no scope will dispose the owner of its memory (backend `tensorflow`). */
    ownData?(dataId: object): void;
  };
  readonly bytes: number;
  /** Tensors that share the values and are neither disposed nor collected. Set here. */
  live?: number;
  /** Tensors that were collected without `dispose` and still count in the backend's reference count. Set here. */
  lost?: number;
}

interface EngineState {
  numTensors: number;
  numStringTensors: number;
  numBytes: number;
  numDataBuffers: number;
  activeScope?: object | null;
  tensorInfo: WeakMap<object, DataInfo>;
  registeredVariables: Record<string, tf.Variable>;
}

/** The parts of TensorFlow.js's engine that say when tensors come, go and outlive their scope. */
interface Engine {
  state: EngineState;
  trackTensor(tensor: tf.Tensor, backend: unknown): void;
  disposeTensor(tensor: tf.Tensor): void;
  track(tensor: tf.Tensor): tf.Tensor;
  keep(tensor: tf.Tensor): tf.Tensor;
  reset(): void;
  memory(): tf.MemoryInfo;
}

/** What has to be taken off the counters when a tensor is collected. It must not lead to the tensor or its data id. */
interface Holding {
  readonly state: EngineState;
  readonly info: DataInfo;
  readonly bytes: number;
  readonly string: boolean;
  /** Name of a variable. */
  readonly variable: string | undefined;
}

const holdingKey = Symbol("gradbook.holding");
type Owned = tf.Tensor & { [holdingKey]?: Holding | undefined };

const installedKey = Symbol.for("gradbook.ownership");

declare module "@tensorflow/tfjs-core/dist/tensor.js" {
  interface Tensor<R extends tf.Rank = tf.Rank> {
    /** `using x = tf.ones([2, 2])` disposes `x` at the end of the block. Does nothing when it is disposed already. */
    [Symbol.dispose](): void;
  }
}

/**
 * Gives tensors and variables `using`, and puts a net under those that are lost. Once for each TensorFlow.js; further calls
 * do nothing.
 */
export function installOwnership(): void {
  const engine = tf.engine() as unknown as Engine & { [installedKey]?: true };
  if (engine[installedKey]) return;
  engine[installedKey] = true;
  Object.defineProperty(tf.Tensor.prototype, Symbol.dispose, {
    configurable: true,
    writable: true,
    value: function dispose(this: tf.Tensor) {
      if (!this.isDisposed) this.dispose();
    },
  });
  followTensors(engine);
  followVariables(engine);
  assignAtOnce(engine);
}

const net = new FinalizationRegistry<Holding>(release);

/**
 * Small tensors wait here before they are registered: most are disposed at once, and a registration costs more than a small op.
 * Those that fall out are registered then. Held strongly, so few and small.
 */
const nursery = { places: new Array<tf.Tensor | undefined>(64), next: 0, maxElements: 4096 };

/** A tensor that nobody can reach: what `disposeTensor` would have counted. */
function release({ state, info, bytes, string, variable }: Holding): void {
  state.numTensors--;
  state.numBytes -= string ? info.bytes : bytes;
  if (string) state.numStringTensors--;
  info.live!--;
  // Either others share the values and the last of them settles the count, or the values went with it.
  if (info.live! > 0) info.lost = (info.lost ?? 0) + 1;
  else state.numDataBuffers--;
  if (variable !== undefined && !(variable in state.registeredVariables)) delete state.registeredVariables[variable];
}

/** Counts the tensors behind each data id, and registers with the net those that no scope will dispose. */
function followTensors(engine: Engine): void {
  const { trackTensor, disposeTensor, track, keep, memory } = engine;

  const register = (tensor: tf.Tensor): void => {
    if (tensor.size > nursery.maxElements || tensor instanceof tf.Variable) return registerNow(tensor);
    const before = nursery.places[nursery.next];
    nursery.places[nursery.next] = tensor;
    nursery.next = (nursery.next + 1) % nursery.places.length;
    if (before) registerNow(before);
  };

  const registerNow = (tensor: Owned): void => {
    if (tensor[holdingKey] || tensor.isDisposed) return;
    const { state } = engine;
    const info = state.tensorInfo.get(tensor.dataId);
    if (!info) return;
    const [string, uncounted] = [tensor.dtype === "string", tensor.dtype === "complex64"];
    const bytes = string || uncounted ? 0 : tensor.size * tf.util.bytesPerElement(tensor.dtype);
    const variable = tensor instanceof tf.Variable ? tensor.name : undefined;
    const holding: Holding = { state, info, bytes, string, variable };
    tensor[holdingKey] = holding;
    net.register(tensor, holding, holding);
    info.backend.ownData?.(tensor.dataId);
  };

  engine.trackTensor = function (tensor, backend) {
    trackTensor.call(this, tensor, backend);
    const info = this.state.tensorInfo.get(tensor.dataId)!;
    info.live = (info.live ?? 0) + 1;
    if (!this.state.activeScope || tensor instanceof tf.Variable) register(tensor);
  };

  // A scope's end passes its result to the scope around; without one nobody but the program holds it.
  engine.track = function (tensor) {
    track.call(this, tensor);
    if (!this.state.activeScope) register(tensor);
    return tensor;
  };

  engine.keep = function (tensor) {
    keep.call(this, tensor);
    if (this.state.activeScope) register(tensor);
    return tensor;
  };

  // Who counts wants to see the last ones go as well.
  engine.memory = function () {
    for (const tensor of nursery.places) if (tensor) registerNow(tensor);
    nursery.places.fill(undefined);
    return memory.call(this);
  };

  engine.disposeTensor = function (tensor: Owned) {
    const info = this.state.tensorInfo.get(tensor.dataId);
    const holding = tensor[holdingKey];
    if (holding) {
      net.unregister(holding);
      tensor[holdingKey] = undefined;
    }
    if (info) {
      info.live = (info.live ?? 1) - 1;
      // References of collected tensors; `tensor` itself holds one more, so the values stay until the call below.
      for (; info.lost; info.lost--) info.backend.disposeData(tensor.dataId);
    }
    disposeTensor.call(this, tensor);
  };
}

/**
 * TensorFlow.js lists every variable by name until it is disposed. Here the list holds them weakly: a lost model's variables
 * go with it. They stay listed as long as any code can reach them, so `optimizer.minimize` finds what it can train.
 */
function followVariables(engine: Engine): void {
  const weaken = () => {
    const names = engine.state.registeredVariables;
    engine.state.registeredVariables = weakVariables();
    for (const name of Object.keys(names)) engine.state.registeredVariables[name] = names[name]!;
  };
  const { reset } = engine;
  engine.reset = function () {
    reset.call(this);
    weaken();
  };
  weaken();
}

function weakVariables(): Record<string, tf.Variable> {
  const references = new Map<PropertyKey, WeakRef<tf.Variable>>();
  const live = (name: PropertyKey) => references.get(name)?.deref();
  return new Proxy<Record<string, tf.Variable>>(Object.create(null), {
    get: (_, name) => live(name),
    has: (_, name) => live(name) !== undefined,
    set(_, name, variable: tf.Variable) {
      references.set(name, new WeakRef(variable));
      forgetModels();
      return true;
    },
    deleteProperty: (_, name) => references.delete(name) || true,
    ownKeys: () => Array.from(references.keys()).filter((name) => live(name)) as string[],
    getOwnPropertyDescriptor(_, name) {
      const value = live(name);
      return value && { value, enumerable: true, configurable: true, writable: true };
    },
  });
}

/**
 * `assign` of TensorFlow.js gives up the old value before it takes the new one: an interrupt in between leaves a variable without any. Here
 * the values change by one statement, and what an interrupt can leave before or after it is a value too much, for the net.
 */
function assignAtOnce(engine: Engine): void {
  tf.Variable.prototype.assign = function assign(this: tf.Variable & Owned, value: tf.Tensor) {
    if (value.dtype !== this.dtype)
      throw new Error(`dtype of the new value (${value.dtype}) and previous value (${this.dtype}) must match`);
    if (!tf.util.arraysEqual(value.shape, this.shape))
      throw new Error(`shape of the new value (${value.shape}) and previous value (${this.shape}) must match`);
    const info = engine.state.tensorInfo.get(value.dataId);
    if (!info) throw new Error(`the new value of variable ${this.name} is disposed`);
    const { dataId, dtype, shape, size, [holdingKey]: holding } = this;
    const former = { dataId, dtype, shape, size, [holdingKey]: holding } as unknown as tf.Tensor;
    info.backend.incRef(value.dataId);
    this.dataId = value.dataId;
    this[holdingKey] = undefined;
    engine.trackTensor(this, info.backend);
    engine.disposeTensor(former);
  };
}

const sortCache = "TOPOLOGICAL_SORT_CACHE_MAX_ENTRIES";

/**
 * `tf.layers` keeps the last hundred graphs that ran, with all their weights. A new variable is the sign of a new model:
 * then the cache is emptied, and the models still in use fill it again at their next run.
 */
function forgetModels(): void {
  const flags = tf.env();
  const entries = flags.getNumber(sortCache);
  flags.set(sortCache, 0);
  flags.set(sortCache, entries);
}

/** The parts of TensorFlow.js's WebAssembly backend that own memory. */
interface WasmBackend {
  dataIdMap: { set(dataId: object, data: WasmData): void; delete(dataId: object): boolean };
  wasm: { _free(offset: number): void; tfjs: { disposeData(id: number): void } };
}

interface WasmData {
  id: number;
  memoryOffset: number | null;
}

/**
 * Frees the WebAssembly memory of data ids that are collected. Unlike the native binding it can do so only in a later turn of
 * the event loop. Call it once for each backend, before its first tensor.
 */
export function ownWasmMemory(backend: object): void {
  const { dataIdMap, wasm } = backend as WasmBackend;
  const registry = new FinalizationRegistry<WasmData>(({ id, memoryOffset }) => {
    if (memoryOffset !== null) wasm._free(memoryOffset);
    wasm.tfjs.disposeData(id);
  });
  const { set, delete: remove } = dataIdMap;
  dataIdMap.set = function (dataId, data) {
    set.call(this, dataId, data);
    registry.register(dataId, { id: data.id, memoryOffset: data.memoryOffset }, dataId);
  };
  dataIdMap.delete = function (dataId) {
    registry.unregister(dataId);
    return remove.call(this, dataId);
  };
}

/**
 * The binding, with a second try for whatever ran out of memory: V8 does not know of the limit, so when it is reached there may be
 * tensors that the program has lost and V8 has not collected yet.
 */
export function retryAfterCollection(binding: Binding): Binding {
  const retry = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith("Out of memory"))) throw error;
      const before = binding.memory().bytes;
      collectGarbage();
      if (binding.memory().bytes >= before) throw error;
      return work();
    }
  };
  const retrying: Pick<Binding, "createTensor" | "createTensorEager" | "executeOp" | "runFunction"> = {
    createTensor: (shape, dtype, values) => retry(() => binding.createTensor(shape, dtype, values)),
    createTensorEager: (shape, dtype, values) => retry(() => binding.createTensorEager(shape, dtype, values)),
    executeOp: (name, attributes, inputs, outputs) => retry(() => binding.executeOp(name, attributes, inputs, outputs)),
    runFunction: (id, inputs, targets) => retry(() => binding.runFunction(id, inputs, targets)),
  };
  return Object.assign(Object.create(binding), retrying);
}

let gc: (() => void) | undefined;

function collectGarbage(): void {
  if (!gc) {
    setFlagsFromString("--expose-gc");
    gc = runInNewContext("gc") as () => void;
  }
  gc();
}
