/** A compiled function's traces, and the run of one. */
import * as tf from "@tensorflow/tfjs";
import { currentHost } from "../../host.ts";
import { device } from "../device.ts";
import type { TensorMetadata } from "../tensorflow/binding.ts";
import type { TraceableBackend } from "../tensorflow/trace-hooks.ts";
import type { Precision } from "./choke-point.ts";
import { CompileError } from "./errors.ts";
import { xlaRefusal } from "./fallback.ts";
import { brokenGuard } from "./guards.ts";
import { countIterations } from "./optimizers.ts";
import { nextSeed } from "./random.ts";
import { inputIds, type Recording, record, seedTensor } from "./record.ts";
import { type Description, describeArguments, difference, signatureOf, signatureText } from "./signature.ts";
import { currentTrace, traceableBackend } from "./trace.ts";
import { placesOf } from "./write-back.ts";

export interface CompileOptions {
  /** One XLA program (the default), or with `false` a graph that TensorFlow runs op by op. */
  xla?: boolean;
  /**
   * `bfloat16` computes matrix products and convolutions in it and gives their results back in float32; variables and all other ops
   * stay float32. It pays on processors and GPUs that have it. Default: `float32`.
   */
  precision?: Precision;
  /** For errors, statistics and TensorFlow's profiles. Default: the function's own name. */
  name?: string;
  /** So many traces are made before another one is an error. Default: 16. */
  maxTraces?: number;
}

/** A trace with what happened to it. */
export interface TraceEntry {
  recording: Recording;
  readonly backend: TraceableBackend;
  readonly description: Description;
  readonly signature: string;
  /** Why XLA does not run it, when it was asked to. */
  refusal: string | undefined;
  runs: number;
  firstRunMilliseconds: number;
  runMilliseconds: number;
}

type AnyFunction = (...args: unknown[]) => unknown;

const saidWhatIsMissing = new Set<string>();

export class Program {
  readonly name: string;
  readonly xla: boolean;
  readonly entries: TraceEntry[] = [];
  readonly #fn: AnyFunction;
  readonly #options: CompileOptions;
  readonly #maxTraces: number;
  /** Entries by signature. Several for one signature differ in what their guards ask for. */
  readonly #byKey = new Map<string, TraceEntry[]>();
  #saidRefusal = false;

  constructor(fn: AnyFunction, options: CompileOptions) {
    this.#fn = fn;
    this.#options = options;
    this.name = options.name ?? (fn.name || "anonymous");
    this.xla = options.xla ?? true;
    this.#maxTraces = options.maxTraces ?? 16;
  }

  call(args: unknown[]): unknown {
    const outer = currentTrace();
    if (outer) return this.#inline(args, outer);
    const backend = traceableBackend();
    if (!backend) return this.#runPlain(args);
    // A gradient around the call needs every op on its tape.
    if (tf.engine().isTapeOn()) return this.#fn(...args);
    const { key, tensors } = this.#signature(args);
    const entry = this.#find(key, backend) ?? this.#trace(key, args, tensors, backend);
    return this.#run(entry, args, tensors);
  }

  /** Deletes all traces. The function can be called again and traces anew. */
  dispose(): void {
    for (const entry of this.entries) release(entry);
    this.entries.length = 0;
    this.#byKey.clear();
  }

  #inline(args: unknown[], outer: NonNullable<ReturnType<typeof currentTrace>>): unknown {
    const { precision } = outer;
    outer.precision = this.#options.precision ?? precision;
    try {
      return this.#fn(...args);
    } finally {
      outer.precision = precision;
    }
  }

  #runPlain(args: unknown[]): unknown {
    const backend = tf.getBackend();
    if (!saidWhatIsMissing.has(backend)) {
      saidWhatIsMissing.add(backend);
      currentHost().log(
        `compile(): the ${backend} backend runs functions as they are, op by op. Compiling needs TensorFlow's runtime. ${device().missing ?? '"gradbook doctor" says what is in its way.'}`,
      );
    }
    const engine = tf.engine();
    engine.startScope(this.name);
    let result: unknown;
    try {
      result = this.#fn(...args);
      if (typeof (result as { then?: unknown } | null)?.then === "function") {
        throw new CompileError(
          this.name,
          "the function returned a promise. A compiled function is synchronous: await outside of it.",
        );
      }
      return result;
    } finally {
      engine.endScope(result as tf.TensorContainer);
    }
  }

  #signature(args: unknown[]): ReturnType<typeof signatureOf> {
    try {
      return signatureOf(args);
    } catch (error) {
      if (error instanceof TypeError) throw new CompileError(this.name, `${error.message}.`);
      throw error;
    }
  }

  #find(key: string, backend: TraceableBackend): TraceEntry | undefined {
    return this.#byKey.get(key)?.find((entry) => entry.backend === backend && staleness(entry) === undefined);
  }

  #trace(key: string, args: unknown[], tensors: tf.Tensor[], backend: TraceableBackend): TraceEntry {
    const description = describeArguments(args);
    this.#checkCount(key, description);
    const entry: TraceEntry = {
      recording: this.#record(args, tensors, backend, this.xla),
      backend,
      description,
      signature: signatureText(description),
      refusal: undefined,
      runs: 0,
      firstRunMilliseconds: 0,
      runMilliseconds: 0,
    };
    this.entries.push(entry);
    const others = this.#byKey.get(key);
    if (others) others.push(entry);
    else this.#byKey.set(key, [entry]);
    return entry;
  }

  #record(args: unknown[], tensors: tf.Tensor[], backend: TraceableBackend, xla: boolean): Recording {
    const precision = this.#options.precision ?? "float32";
    const recording = record(backend, this.#fn, args, tensors, { name: this.name, xla, precision });
    const { native, bodies, idleSeed } = recording;
    net.register(
      recording,
      { binding: backend.binding, functions: [native.id, ...bodies], tensor: idleSeed },
      recording,
    );
    return recording;
  }

  #checkCount(key: string, description: Description): void {
    if (this.entries.length < this.#maxTraces) return;
    const same = this.#byKey.get(key)?.at(-1);
    const last = this.entries.at(-1)!;
    const reason =
      (same && staleness(same)) ?? difference(last.description, description) ?? "the backend is another than before";
    throw new CompileError(
      this.name,
      `this call would need trace number ${this.entries.length + 1}, and ${this.#maxTraces} is the limit. ${capitalized(reason)}. ` +
        "Give the calls the same signature (pad batches to one shape, pass changing numbers as tensors), or raise the limit with { maxTraces }.",
    );
  }

  #run(entry: TraceEntry, args: unknown[], tensors: tf.Tensor[]): unknown {
    const start = performance.now();
    let result: unknown;
    try {
      result = runRecording(entry.recording, entry.backend, tensors, this.name);
    } catch (error) {
      const refusal = entry.recording.xla && entry.runs === 0 ? xlaRefusal(error) : undefined;
      if (refusal === undefined) throw error;
      this.#sayRefusal(refusal);
      const graph = this.#record(args, tensors, entry.backend, false);
      release(entry);
      entry.recording = graph;
      entry.refusal = refusal;
      result = runRecording(entry.recording, entry.backend, tensors, this.name);
    }
    const milliseconds = performance.now() - start;
    if (entry.runs++ === 0) entry.firstRunMilliseconds = milliseconds;
    else entry.runMilliseconds += milliseconds;
    return result;
  }

  #sayRefusal(refusal: string): void {
    if (this.#saidRefusal) return;
    this.#saidRefusal = true;
    currentHost().log(
      `compile(${this.name}): ${refusal}. It runs as a graph function instead; { xla: false } asks for that without trying.`,
    );
  }
}

/** Why an entry whose arguments fit cannot serve any more. */
function staleness({ recording }: TraceEntry): string | undefined {
  for (const variable of recording.captured) {
    if (variable?.isDisposed) return `variable ${variable.name} was disposed`;
  }
  for (const variable of recording.assigned) {
    if (variable.isDisposed) return `variable ${variable.name} was disposed`;
  }
  return brokenGuard(recording.guards);
}

/** What a recording holds in the addon. It must not lead to the recording, whose function often leads to the compiled one. */
interface NativeParts {
  readonly binding: TraceableBackend["binding"];
  /** The function, and after it those that it calls. */
  readonly functions: readonly number[];
  readonly tensor: number | undefined;
}

/** Recordings of compiled functions that nobody can reach give back what they hold. */
const net = new FinalizationRegistry<NativeParts>(releaseNative);

function releaseNative({ binding, functions, tensor }: NativeParts): void {
  for (const id of functions) binding.deleteFunction(id);
  if (tensor !== undefined) binding.deleteTensor(tensor);
}

function release({ recording, backend }: TraceEntry): void {
  net.unregister(recording);
  const { native, bodies, idleSeed, feeds } = recording;
  releaseNative({ binding: backend.binding, functions: [native.id, ...bodies], tensor: idleSeed });
  for (const feed of feeds) feed.dispose();
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Runs the native function, which writes assigned variables; when it throws, none was written. */
function runRecording(
  recording: Recording,
  backend: TraceableBackend,
  tensors: readonly tf.Tensor[],
  name: string,
): unknown {
  const { binding } = backend;
  const { native, assigned, feeds, captured, optimizers, idleSeed } = recording;
  const inputs = tensors.map((tensor) => backend.idOf(tensor));
  const targets = placesOf(backend, assigned);
  const seedId = idleSeed ?? seedTensor(backend, recording.firstSeed ?? nextSeed());
  let outputs: TensorMetadata[];
  try {
    outputs = binding.runFunction(native.id, inputIds(backend, inputs, seedId, feeds, captured), targets);
  } catch (error) {
    throw new CompileError(name, (error as Error).message, { cause: error });
  } finally {
    if (idleSeed === undefined) binding.deleteTensor(seedId);
  }
  recording.firstSeed = undefined;
  countIterations(optimizers);
  return recording.build(outputs.map((metadata) => backend.createOutputTensor(metadata) as tf.Tensor));
}
