/** Inputs of a compiled function besides its arguments: the seed of a call, and JavaScript values that may change between calls. */
import type * as tf from "@tensorflow/tfjs";
import type { TraceableBackend } from "../tensorflow/trace-hooks.ts";
import type { Trace } from "./trace.ts";

/** Where the value of such an input comes from, asked at every call. */
export interface Feed {
  /** A concrete id, valid during the call. */
  id(): number;
  dispose(): void;
}

/** The placeholders of one trace, in order: arguments, seed, feeds. */
export class Feeds {
  readonly list: Feed[] = [];
  readonly #trace: Trace;
  #seed: tf.Tensor | undefined;

  constructor(trace: Trace) {
    this.#trace = trace;
  }

  /** int32 [2]: the seed of the call. */
  get seed(): tf.Tensor {
    if (!this.#seed) throw this.#trace.error("a random op in the body of a loop needs a compiled function around it.");
    return this.#seed;
  }

  addSeed(): void {
    this.#seed = this.#placeholder(this.#trace.backend.binding.TF_INT32, [2]);
  }

  /** A scalar that `feed` gives at every call. */
  add(feed: Feed): tf.Tensor {
    const tensor = this.#placeholder(this.#trace.backend.binding.TF_FLOAT, []);
    this.list.push(feed);
    return tensor;
  }

  #placeholder(dtype: number, shape: number[]): tf.Tensor {
    if (this.#trace.nested) throw this.#trace.error("the body of a loop cannot use what a call passes in.");
    const tensor = this.#trace.placeholder(dtype, shape);
    // It must outlive the tidy that it is made in.
    tensor.kept = true;
    return tensor;
  }
}

/** A float32 scalar that follows a JavaScript number. */
export class NumberFeed implements Feed {
  readonly #backend: TraceableBackend;
  readonly #read: () => number;
  #value: number | undefined;
  #id = 0;
  /** Goes when this feed goes, and the tensor with it. */
  #owner: object | undefined;

  constructor(backend: TraceableBackend, read: () => number) {
    this.#backend = backend;
    this.#read = read;
  }

  id(): number {
    const value = this.#read();
    if (value !== this.#value) {
      this.dispose();
      const { binding } = this.#backend;
      this.#id = binding.createTensorEager([], binding.TF_FLOAT, new Float32Array([value]));
      this.#owner = {};
      binding.own(this.#owner, this.#id);
      this.#value = value;
    }
    return this.#id;
  }

  dispose(): void {
    if (this.#id > 0) this.#backend.binding.deleteTensor(this.#id);
    this.#id = 0;
    this.#owner = undefined;
    this.#value = undefined;
  }
}

/** A tensor that is looked up again at every call. */
export class TensorFeed implements Feed {
  readonly #backend: TraceableBackend;
  readonly #read: () => tf.Tensor;

  constructor(backend: TraceableBackend, read: () => tf.Tensor) {
    this.#backend = backend;
    this.#read = read;
  }

  id(): number {
    return this.#backend.idOf(this.#read());
  }

  dispose(): void {}
}
