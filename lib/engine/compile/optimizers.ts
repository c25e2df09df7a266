/**
 * TensorFlow.js's optimizers keep their settings in JavaScript. Under a trace the learning rate becomes an input, read
 * again at every call; the count of iterations is kept; a change of any other setting asks for a new trace.
 */
import * as tf from "@tensorflow/tfjs";
import type { BindingValues, TensorMetadata } from "../tensorflow/binding.ts";
import { NumberFeed, TensorFeed } from "./feeds.ts";
import { type Guard, settingsOf, slotsOf } from "./guards.ts";
import { override, overrideProperty } from "./override.ts";
import type { Trace } from "./trace.ts";

/** The fields that are protected in TensorFlow.js's types. */
interface OptimizerFields {
  learningRate: number;
  iterations_: number;
  /** Of SGD and momentum: the negated learning rate as a tensor. */
  c?: tf.Tensor;
}

type Gradients = Parameters<tf.Optimizer["applyGradients"]>[0];
type Apply = (this: tf.Optimizer, gradients: Gradients) => void;

/** How a compiled function uses an optimizer. */
export interface OptimizerUse {
  optimizer: tf.Optimizer;
  /** Iterations in one call. */
  iterations: number;
}

/** Those that multiply with a tensor made of the learning rate, and those that give the number itself to an op, plain or negated. */
const withTensor = [tf.SGDOptimizer, tf.MomentumOptimizer];
const withNumber = [
  tf.RMSPropOptimizer,
  tf.AdagradOptimizer,
  tf.AdadeltaOptimizer,
  tf.AdamOptimizer,
  tf.AdamaxOptimizer,
];

/** A float32 number that no program uses; while it stands for a learning rate, a tensor with it becomes the input. */
const stand = Math.fround(1.7320508e-33);

export class OptimizersInTrace {
  readonly #trace: Trace;
  readonly #uses = new Map<tf.Optimizer, OptimizerUse>();
  readonly #settings: Guard[] = [];
  readonly #rates = new Map<tf.Optimizer, tf.Tensor>();
  /** The input that `stand` means now. */
  #rate: tf.Tensor | undefined;

  constructor(trace: Trace) {
    this.#trace = trace;
  }

  get uses(): OptimizerUse[] {
    return [...this.#uses.values()];
  }

  /** To be asked for when the traced function is done. */
  get guards(): Guard[] {
    return [...this.#settings, ...this.uses.flatMap(({ optimizer }) => slotsOf(optimizer))];
  }

  install(): (() => void)[] {
    const all = this;
    const base = tf.Optimizer.prototype as unknown as Record<string, (...args: never[]) => unknown>;
    // Optimizers of other classes are known by these two, which they inherit.
    const noticed = ["minimize", "computeGradients"].map((method) => {
      const original = base[method]!;
      return override(base, method, function (this: tf.Optimizer, ...args: never[]) {
        all.#use(this);
        return original.apply(this, args);
      });
    });
    const classes = [
      ...withTensor.map((type) => this.#installApply(type.prototype, all.#applyWithTensor)),
      ...withNumber.map((type) => this.#installApply(type.prototype, all.#applyWithNumber)),
    ];
    const counting = override(base, "incrementIterations", function (this: tf.Optimizer) {
      all.#use(this).iterations++;
    });
    const reading = overrideProperty(base, "iterations", {
      get() {
        throw all.#trace.error(
          "optimizer.iterations was read while tracing. It changes with every call, so its value now would be frozen; set the learning rate outside of the compiled function, between calls.",
        );
      },
    });
    return [...noticed, ...classes, counting, reading];
  }

  restore(): void {
    this.#rate = undefined;
  }

  /** The input in place of a constant, when the constant stands for a learning rate. */
  symbolOf(values: BindingValues): TensorMetadata | undefined {
    if (!this.#rate || values.length !== 1 || Math.abs(values[0] as number) !== stand) return undefined;
    const { binding } = this.#trace.backend;
    const attributes = [{ name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT }];
    const op = (values[0] as number) < 0 ? "Neg" : "Identity";
    return binding.executeOp(op, attributes, this.#trace.inputIds([this.#rate]), 1)[0];
  }

  #installApply(
    prototype: tf.Optimizer,
    apply: (optimizer: tf.Optimizer & OptimizerFields, original: Apply, gradients: Gradients) => void,
  ): () => void {
    const all = this;
    const original = prototype.applyGradients as Apply;
    return override(prototype, "applyGradients", function (this: tf.Optimizer, gradients: Gradients) {
      all.#use(this);
      // A class derived from it may use the rate in other ways.
      if (Object.getPrototypeOf(this) !== prototype) return original.call(this, gradients);
      apply.call(all, this as tf.Optimizer & OptimizerFields, original, gradients);
    });
  }

  #applyWithTensor(optimizer: tf.Optimizer & OptimizerFields, original: Apply, gradients: Gradients): void {
    const { backend } = this.#trace;
    const negated = optimizer.c!;
    if (this.#trace.isMade(negated)) return original.call(optimizer, gradients);
    optimizer.c = this.#input(optimizer, () => new TensorFeed(backend, () => optimizer.c!));
    try {
      original.call(optimizer, gradients);
    } finally {
      optimizer.c = negated;
    }
  }

  #applyWithNumber(optimizer: tf.Optimizer & OptimizerFields, original: Apply, gradients: Gradients): void {
    const { learningRate } = optimizer;
    this.#rate = this.#input(optimizer, () => new NumberFeed(this.#trace.backend, () => optimizer.learningRate));
    optimizer.learningRate = stand;
    try {
      original.call(optimizer, gradients);
    } finally {
      optimizer.learningRate = learningRate;
      this.#rate = undefined;
    }
  }

  #input(optimizer: tf.Optimizer, feed: () => TensorFeed | NumberFeed): tf.Tensor {
    let rate = this.#rates.get(optimizer);
    if (!rate) {
      rate = this.#trace.feeds.add(feed());
      this.#rates.set(optimizer, rate);
    }
    return rate;
  }

  #use(optimizer: tf.Optimizer): OptimizerUse {
    let use = this.#uses.get(optimizer);
    if (!use) {
      use = { optimizer, iterations: 0 };
      this.#uses.set(optimizer, use);
      const stock = [...withTensor, ...withNumber].some((type) => Object.getPrototypeOf(optimizer) === type.prototype);
      this.#settings.push(...settingsOf(optimizer, stock ? ["iterations_", "learningRate"] : ["iterations_"]));
    }
    return use;
  }
}

/** Counts the iterations of one call. */
export function countIterations(uses: readonly OptimizerUse[]): void {
  for (const { optimizer, iterations } of uses) {
    if (iterations > 0) (optimizer as unknown as OptimizerFields).iterations_ = optimizer.iterations + iterations;
  }
}
