/**
 * `compile()`: a function that uses tensors, run once under a trace, becomes one program of TensorFlow's. Lives here: tracing, and what it
 * needs of variables, optimizers, random numbers and `tf.layers`. May not live here: kernels and the backend (they see
 * `../tensorflow/trace-hooks.ts` only), layers, anything of Jupyter but the display symbol.
 */
import type * as tf from "@tensorflow/tfjs";
import { compileModel } from "./layers.ts";
import { installLeakErrors } from "./leaks.ts";
import { type CompileOptions, Program } from "./program.ts";
import { CompileStats } from "./stats.ts";

export type { Precision } from "./choke-point.ts";
export { CompileError } from "./errors.ts";
export type { CompileOptions } from "./program.ts";
export { type RandomState, randomState, setRandomState } from "./random.ts";
export type { CompileStats, TraceStats } from "./stats.ts";

installLeakErrors();

/** A compiled function: called as the function it was made of. */
export interface Compiled<Args extends unknown[], Result> {
  (...args: Args): Result;
  /** Deletes its traces and what they hold. Called again, it traces anew. */
  dispose(): void;
  [Symbol.dispose](): void;
}

const programs = new WeakMap<object, Program>();

/**
 * Makes a function run as one program. At its first call, and again for each new signature (shapes and dtypes of tensors,
 * structure of the arguments, plain values in them, other objects by identity), `fn` runs once under a trace; later
 * calls run the program, without JavaScript in between.
 *
 * As in eager code: variables are read at each call, assigned ones are updated, optimizers count and follow their learning rate,
 * random ops without a seed draw anew. Freezing a variable, `optimizer.setWeights` and another tensor in a field of an argument lead to another
 * trace. Arguments and results may be nested arrays and objects, passed as copies. Other JavaScript values (what `fn` closes over), and side
 * effects such as printing, are those of the trace. Inside another compiled function it becomes part of that one; inside `tf.grad` and on backends that
 * cannot compile it runs as it is.
 *
 * XLA does not check indices: one out of range takes the last row instead of being an error. `{ xla: false }` checks them.
 *
 * The compiled function throws a CompileError, with the line of the caller's code, when `fn` reads a tensor's value, returns a promise, uses
 * an op whose result's shape depends on data, puts a tensor into an argument, or needs more than `maxTraces` traces. After a throw no variable has changed.
 */
export const compile = Object.assign(
  function compile<Args extends unknown[], Result>(
    fn: (...args: Args) => Result,
    options: CompileOptions = {},
  ): Compiled<Args, Result> {
    if (typeof fn !== "function") throw new TypeError(`compile() needs a function, not ${typeof fn}.`);
    const program = new Program(fn as (...args: unknown[]) => unknown, options);
    const compiled = (...args: Args): Result => program.call(args) as Result;
    Object.defineProperty(compiled, "name", { value: program.name, configurable: true });
    const dispose = () => program.dispose();
    programs.set(compiled, program);
    return Object.assign(compiled, { dispose, [Symbol.dispose]: dispose });
  },
  {
    /** How often a compiled function was traced and run, what that took, and for which arguments. Shows itself as a table. */
    stats(compiled: Compiled<never, unknown>): CompileStats {
      const program = programs.get(compiled);
      if (!program) throw new TypeError("compile.stats() needs a function that compile() returned.");
      return new CompileStats(program);
    },

    /**
     * Lets a `tf.layers` model train, evaluate and predict by compiled functions, and returns it: `fit`, `fitDataset`, `trainOnBatch`,
     * `evaluate`, `predict`. Throws for a model with stateful recurrent layers, which keep their state in JavaScript.
     */
    model<Model extends tf.LayersModel>(model: Model, options: CompileOptions = {}): Model {
      return compileModel(model, options, compile);
    },
  },
);
