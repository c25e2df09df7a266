/** Runs a function once under a trace and makes a native function of what it did. */
import type * as tf from "@tensorflow/tfjs";
import type { NativeFunction } from "../tensorflow/binding.ts";
import type { TraceableBackend } from "../tensorflow/trace-hooks.ts";
import { CompileError } from "./errors.ts";
import type { Feed } from "./feeds.ts";
import { type Guard, heldTensors, trainability } from "./guards.ts";
import type { OptimizerUse } from "./optimizers.ts";
import { nextSeed } from "./random.ts";
import { mapTensors, pathOfOther, type ResultStructure, resultStructure } from "./structure.ts";
import { Trace, type TraceOptions } from "./trace.ts";
import type { Initializer } from "./variables.ts";
import { placesOf } from "./write-back.ts";

/** A native function, and what JavaScript has to know to run it. */
export interface Recording {
  readonly native: NativeFunction;
  readonly xla: boolean;
  readonly build: ResultStructure["build"];
  /** Their values are the outputs after the tensors of the result. */
  readonly assigned: readonly tf.Variable[];
  /** For each capture the variable it is, or undefined for a value that the function holds. */
  readonly captured: readonly (tf.Variable | undefined)[];
  readonly feeds: readonly Feed[];
  /** Native functions that `native` calls, to be deleted after it. */
  readonly bodies: readonly number[];
  readonly optimizers: readonly OptimizerUse[];
  /** What has to be as it was for the trace. */
  readonly guards: readonly Guard[];
  /** Whether it draws random numbers. */
  readonly draws: boolean;
  /** The seed that first values of variables were drawn with, for the first call. */
  firstSeed: Int32Array | undefined;
  /** Id of the tensor that stands where a seed would be, in a function that draws none; to be deleted with it. */
  readonly idleSeed: number | undefined;
  readonly traceMilliseconds: number;
}

/** Traces `fn` for these arguments. Whatever happens, no variable has another value afterwards and no tensor is left over. */
export function record(
  backend: TraceableBackend,
  fn: (...args: unknown[]) => unknown,
  args: readonly unknown[],
  tensors: readonly tf.Tensor[],
  options: TraceOptions,
): Recording {
  const start = performance.now();
  const inputs = tensors.map((tensor) => backend.idOf(tensor));
  const trace = new Trace(backend, options);
  let finished: Finished | undefined;
  let initializers: Initializer[] = [];
  let seed: Int32Array | undefined;
  try {
    trace.open();
    const placeholders = tensors.map(({ dataId, shape }) =>
      trace.placeholder(backend.tensorMap.get(dataId).dtype, shape),
    );
    trace.feeds.addSeed();
    const held = heldTensors(args);
    const result = call(trace, fn, args, placeholders);
    // What the function itself has put there was made by the trace: nothing to hold on to.
    finished = finish(
      trace,
      result,
      held.filter(({ value, read }) => read() === value),
    );
  } finally {
    // Also after a throw: variables made before it belong to whoever made them, and need their first values.
    try {
      initializers = firstValues(trace, finished !== undefined);
    } finally {
      trace.close(!finished);
    }
    if (trace.draws > 0) seed = nextSeed();
    initialize(backend, initializers, inputs, seed, trace.feeds.list);
    if (!finished) {
      for (const feed of trace.feeds.list) feed.dispose();
      for (const body of trace.bodies) backend.binding.deleteFunction(body);
    }
  }
  const idleSeed = finished.draws ? undefined : seedTensor(backend, new Int32Array(2));
  return { ...finished, firstSeed: seed, idleSeed, traceMilliseconds: performance.now() - start };
}

type Finished = Omit<Recording, "firstSeed" | "idleSeed" | "traceMilliseconds">;

/** Id of a seed; to be deleted after use. */
export function seedTensor({ binding }: TraceableBackend, seed: Int32Array): number {
  return binding.createTensorEager([2], binding.TF_INT32, seed);
}

function firstValues(trace: Trace, finished: boolean): Initializer[] {
  try {
    return trace.variables.initializers();
  } catch (error) {
    if (finished) throw error;
    return [];
  }
}

function call(
  trace: Trace,
  fn: (...args: unknown[]) => unknown,
  args: readonly unknown[],
  placeholders: readonly tf.Tensor[],
): unknown {
  let next = 0;
  const passed = args.map((arg) => mapTensors(arg, () => placeholders[next++]!));
  const result = fn(...passed);
  if (isPromise(result)) throw promiseError(trace, result);
  checkArguments(trace, passed, new Set(placeholders));
  return result;
}

/** Arrays and plain objects are passed as copies: what the function puts into them would be lost. */
function checkArguments(trace: Trace, passed: readonly unknown[], placeholders: ReadonlySet<tf.Tensor>): void {
  for (const [i, arg] of passed.entries()) {
    const path = pathOfOther(arg, placeholders, `argument ${i + 1}`);
    if (path !== undefined)
      throw trace.error(
        `the function put a tensor into ${path}. The caller would not see it, because arguments are passed as copies: return the tensor, or assign it to a tf.Variable.`,
      );
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === "function";
}

/** The promise will be rejected, with an error that nobody waits for. */
function promiseError(trace: Trace, promise: PromiseLike<unknown>): CompileError {
  promise.then(
    () => {},
    () => {},
  );
  if (trace.violation) return trace.violation;
  return trace.error(
    "the function returned a promise. A compiled function is synchronous: await outside of it, and pass what you waited for as an argument.",
  );
}

function finish(trace: Trace, result: unknown, held: readonly Guard[]): Finished {
  let structure: ResultStructure;
  try {
    structure = resultStructure(result, (tensor) => trace.isMade(tensor));
  } catch (error) {
    throw error instanceof CompileError ? error : trace.error((error as Error).message, error);
  }
  const { variables } = trace;
  const { assigned } = variables;
  const native = trace.build(trace.inputIds([...structure.tensors, ...assigned]), trace.xla);
  const captured = variables.captured(native);
  const read = variables.differentiated ? captured.filter((variable) => variable !== undefined) : [];
  return {
    native,
    xla: trace.xla,
    build: structure.build,
    assigned,
    captured,
    feeds: trace.feeds.list,
    bodies: trace.bodies,
    optimizers: trace.optimizers.uses,
    guards: [...trace.optimizers.guards, ...trainability(read), ...held],
    draws: trace.draws > 0,
  };
}

/** Gives the variables that were made while tracing their first values. */
function initialize(
  backend: TraceableBackend,
  initializers: readonly Initializer[],
  inputs: readonly number[],
  seed: Int32Array | undefined,
  feeds: readonly Feed[],
): void {
  const { binding } = backend;
  for (const { native, variables, captured } of initializers) {
    const seedId = seedTensor(backend, seed ?? new Int32Array(2));
    const ids = inputIds(backend, inputs, seedId, feeds, captured);
    try {
      binding.runFunction(native.id, ids, placesOf(backend, variables));
    } finally {
      binding.deleteTensor(seedId);
      binding.deleteFunction(native.id);
    }
  }
}

/** The inputs of a native function made under a trace: arguments, seed, feeds, captures. */
export function inputIds(
  backend: TraceableBackend,
  inputs: readonly number[],
  seedId: number,
  feeds: readonly Feed[],
  captured: readonly (tf.Variable | undefined)[],
): Int32Array {
  const ids = new Int32Array(inputs.length + 1 + feeds.length + captured.length);
  let next = 0;
  for (const id of inputs) ids[next++] = id;
  ids[next++] = seedId;
  for (const feed of feeds) ids[next++] = feed.id();
  for (const variable of captured) ids[next++] = variable ? backend.idOf(variable) : 0;
  return ids;
}
