/**
 * A loop over the leading axis of tensors, the one thing that everything in this folder is made of. While `compile()` traces it becomes one
 * `While` of TensorFlow, whose body is traced once however long the sequence is; otherwise it runs step by step. It has no gradient of its own.
 */
import * as tf from "@tensorflow/tfjs";
import { type GraphFunction, GraphOps } from "./graph-ops.ts";

/** What a step gives: states of the same shapes and dtypes as before it, and any tensors to be stacked. */
export interface Step {
  states: tf.Tensor[];
  outputs: tf.Tensor[];
}

/** `slices` are the entries of the sequences at this step. */
export type StepFunction = (states: tf.Tensor[], slices: tf.Tensor[]) => Step;

export interface LoopOptions {
  /** Number of steps: the length of the leading axis of every sequence. At least 1. */
  length: number;
  /** From the last step to the first. Outputs keep the order of the sequences. */
  reverse?: boolean;
}

/** Runs `step` over `sequences`; `outputs` come back stacked along a new leading axis. */
export function loop(step: StepFunction, states: tf.Tensor[], sequences: tf.Tensor[], options: LoopOptions): Step {
  if (options.length < 1) throw new RangeError(`A loop needs at least one step, got ${options.length}.`);
  const ops = GraphOps.current();
  return ops ? rolled(ops, step, states, sequences, options) : stepByStep(step, states, sequences, options);
}

/** The loop as the ops of its steps, one after the other. `tf.grads` sees through it. */
export function stepByStep(
  step: StepFunction,
  states: tf.Tensor[],
  sequences: tf.Tensor[],
  options: LoopOptions,
): Step {
  const { length, reverse = false } = options;
  return tf.tidy(() => {
    const slices = sequences.map((sequence) => tf.unstack(sequence));
    const stacks: tf.Tensor[][] = [];
    let current = states;
    for (let i = 0; i < length; i++) {
      const at = reverse ? length - 1 - i : i;
      const result = step(
        current,
        slices.map((slice) => slice[at]!),
      );
      current = result.states;
      for (const [k, output] of result.outputs.entries()) {
        stacks[k] ??= [];
        stacks[k][at] = output;
      }
    }
    return { states: current, outputs: stacks.map((stack) => tf.stack(stack)) };
  });
}

function rolled(
  ops: GraphOps,
  step: StepFunction,
  states: tf.Tensor[],
  sequences: tf.Tensor[],
  { length, reverse = false }: LoopOptions,
): Step {
  return tf.tidy(() => {
    const counter = tf.scalar(0, "int32");
    const inputLists = sequences.map((sequence) => ops.listOf(sequence));
    const { body, outputs: like } = traceBody(ops, step, states, sequences, length, reverse);
    const outputLists = like.map(({ shape, dtype }) => ops.emptyList(shape, dtype, length));
    const results = ops.while(body, length, [counter, ...states, ...inputLists, ...outputLists]);
    const stacked = results.slice(1 + states.length + inputLists.length);
    return {
      states: results.slice(1, 1 + states.length),
      outputs: stacked.map((list, k) => ops.stack(list, like[k]!.shape, like[k]!.dtype, length)),
    };
  });
}

interface Body {
  body: GraphFunction;
  /** Shapes and dtypes of one step's outputs. */
  outputs: { shape: number[]; dtype: tf.DataType }[];
}

/** A function of: counter, states, lists of the sequences, lists of the outputs. */
function traceBody(
  ops: GraphOps,
  step: StepFunction,
  states: tf.Tensor[],
  sequences: tf.Tensor[],
  length: number,
  reverse: boolean,
): Body {
  let outputs: Body["outputs"] = [];
  const body = ops.loopBody(length, (counter) => {
    const before = states.map(({ dtype, shape }) => ops.placeholder(dtype, shape));
    const inputLists = sequences.map(() => ops.listPlaceholder());
    const at = reverse ? tf.sub(tf.scalar(length - 1, "int32"), counter) : counter;
    const slices = sequences.map(({ shape, dtype }, k) => ops.listItem(inputLists[k]!, at, shape.slice(1), dtype));
    const result = step(before, slices);
    checkStates(states, result.states);
    outputs = result.outputs.map(({ shape, dtype }) => ({ shape: [...shape], dtype }));
    const outputLists = result.outputs.map((output) => ops.setListItem(ops.listPlaceholder(), at, output));
    return [tf.add(counter, tf.scalar(1, "int32")), ...result.states, ...inputLists, ...outputLists];
  });
  return { body, outputs };
}

/** Throws for a state whose shape or dtype a step has changed. */
export function checkStates(before: readonly tf.Tensor[], after: readonly tf.Tensor[]): void {
  if (before.length !== after.length)
    throw new TypeError(`A step must return as many states as it gets: ${before.length}, not ${after.length}.`);
  for (const [i, state] of after.entries()) {
    const { shape, dtype } = before[i]!;
    if (state.dtype === dtype && tf.util.arraysEqual(state.shape, shape)) continue;
    throw new TypeError(
      `A step must keep the shape and dtype of its states: state ${i} was ${dtype} [${shape.join(", ")}] before the step ` +
        `and is ${state.dtype} [${state.shape.join(", ")}] after it.`,
    );
  }
}
