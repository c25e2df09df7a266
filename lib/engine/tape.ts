/** The parts of TensorFlow.js's gradient tape that its public API does not offer. Everything here knows tfjs-core 4.22's engine from inside. */
import * as tf from "@tensorflow/tfjs";
import { override } from "./compile/override.ts";
import { whenCutOff } from "./cut-off.ts";

interface TapeNode {
  inputs: Record<string, tf.Tensor>;
  outputs: tf.Tensor[];
  saved: tf.Tensor[];
  gradient?: (dys: (tf.Tensor | undefined)[]) => Record<string, () => tf.Tensor>;
}

interface EngineState {
  activeTape: TapeNode[] | null;
  gradientDepth: number;
  kernelDepth: number;
}

interface TapeEngine {
  state: EngineState;
  isTapeOn(): boolean;
  runKernelFunc(operation: {
    forwardFunc: (backend: unknown, save: (tensors: tf.Tensor[]) => void) => tf.Tensor[];
    backwardsFunc: () => never;
    inputs: Record<string, tf.Tensor>;
  }): tf.Tensor[];
  gradients(
    f: () => tf.Tensor,
    xs: tf.Tensor[],
    dy: null,
    allowNoGradients: boolean,
  ): { value: tf.Tensor; grads: (tf.Tensor | undefined)[] };
}

const engine = (): TapeEngine => tf.engine() as unknown as TapeEngine;

/** Whether ops are being recorded for a gradient. */
export function isRecording(): boolean {
  return engine().isTapeOn();
}

/** Whether a gradient is asked for, even if an op is under way. */
export function isDifferentiating(): boolean {
  return engine().state.gradientDepth > 0;
}

/** Whether a gradient of a gradient may be asked for: a recording inside a recording. */
export function isRecordingTwice(): boolean {
  return engine().state.gradientDepth > 1;
}

export interface Operation {
  inputs: tf.Tensor[];
  /** Returns the results, and what the backward pass needs. */
  forward(): { results: tf.Tensor[]; saved: tf.Tensor[] };
  /**
   * From the gradients at the results (undefined for a result that nothing depends on) the gradient of every input; undefined
   * for an input that has none.
   */
  backward(gradients: (tf.Tensor | undefined)[], saved: tf.Tensor[]): (tf.Tensor | undefined)[];
}

/** Runs an operation with its own gradient: `tf.customGrad` for several results, without zeros for those that are not used. */
export function withGradient({ inputs, forward, backward }: Operation): tf.Tensor[] {
  const recording = isRecording();
  const results = engine().runKernelFunc({
    inputs: Object.fromEntries(inputs.map((input, i) => [i, input])),
    forwardFunc: (_backend, save) => {
      const { results, saved } = forward();
      save(saved);
      return results;
    },
    backwardsFunc: () => {
      throw new Error("The gradient of this operation was replaced.");
    },
  });
  if (recording) {
    const node = engine().state.activeTape!.at(-1)!;
    node.gradient = (dys) => {
      const gradients = backward(
        dys.map((dy) => dy ?? undefined),
        node.saved,
      );
      return Object.fromEntries(inputs.map((input, i) => [i, () => gradients[i] ?? tf.zerosLike(input)]));
    };
  }
  return results;
}

/** Runs `work` as if no gradient were asked for and no op were under way. */
export function apart<T>(work: () => T): T {
  const { state } = engine();
  const { activeTape, gradientDepth, kernelDepth } = state;
  Object.assign(state, { activeTape: null, gradientDepth: 0, kernelDepth: 0 });
  try {
    return work();
  } finally {
    Object.assign(state, { activeTape, gradientDepth, kernelDepth });
  }
}

export interface Pullback<Result> {
  result: Result;
  /** Gradients of the inputs and then of the closures; undefined where the results do not depend on one. */
  gradients: (tf.Tensor | undefined)[];
  /** Tensors from outside that `f` used. */
  closures: tf.Tensor[];
}

/**
 * Runs `f` and then its gradient, from gradients at its results that `seeds` makes once `f` is done.
 * `isForeign` tells tensors that `f` closes over from those it made.
 */
export function pullback<Result>(
  f: () => { result: Result; outputs: tf.Tensor[] },
  inputs: readonly tf.Tensor[],
  isForeign: (tensor: tf.Tensor) => boolean,
  seeds: (outputs: tf.Tensor[]) => tf.Tensor[],
): Pullback<Result> {
  return apart(() => {
    const xs = [...inputs];
    let result: Result | undefined;
    const { grads } = engine().gradients(
      () => {
        const run = f();
        result = run.result;
        xs.push(...closuresOf(engine().state.activeTape!, inputs, isForeign));
        return sink(run.outputs, seeds);
      },
      xs,
      null,
      true,
    );
    return { result: result!, gradients: grads, closures: xs.slice(inputs.length) };
  });
}

/** Inputs of recorded ops that no recorded op made. */
function closuresOf(
  tape: readonly TapeNode[],
  inputs: readonly tf.Tensor[],
  isForeign: (tensor: tf.Tensor) => boolean,
): tf.Tensor[] {
  const known = new Set(inputs.map(({ id }) => id));
  for (const { outputs } of tape) for (const { id } of outputs) known.add(id);
  const closures = new Map<number, tf.Tensor>();
  for (const node of tape) {
    for (const tensor of Object.values(node.inputs))
      if (!known.has(tensor.id) && tensor.dtype === "float32" && isForeign(tensor)) closures.set(tensor.id, tensor);
  }
  return [...closures.values()];
}

/** A scalar that stands for any function of `outputs` whose gradients there are the seeds. */
function sink(outputs: tf.Tensor[], seeds: (outputs: tf.Tensor[]) => tf.Tensor[]): tf.Tensor {
  const gradients = seeds(outputs);
  return withGradient({
    inputs: outputs,
    forward: () => ({ results: [tf.scalar(0)], saved: [] }),
    backward: () => gradients,
  })[0]!;
}

let delayed: tf.Tensor[] | undefined;
let endDelay: (() => void) | undefined;
// An interrupt ends the work without its `finally`.
whenCutOff(() => endDelay?.());

/** Runs `work` with every disposal put off until it is done. */
export function delayDisposal<T>(work: () => T): T {
  if (delayed) return work();
  const waiting: tf.Tensor[] = [];
  delayed = waiting;
  const holder = tf.engine() as unknown as { disposeTensor(tensor: tf.Tensor): void };
  const undo = override(holder, "disposeTensor", (tensor: tf.Tensor) => waiting.push(tensor));
  const end = () => {
    if (delayed !== waiting) return;
    delayed = undefined;
    undo();
    for (const tensor of waiting) holder.disposeTensor(tensor);
  };
  endDelay = end;
  try {
    return work();
  } finally {
    end();
  }
}
