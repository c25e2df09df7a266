/** A cell run over a whole sequence, with its gradient: a loop forward, a loop backward, and one matmul for the kernel. */
import * as tf from "@tensorflow/tfjs";
import { isRecording, withGradient } from "../tape.ts";
import type { Cell } from "./cells.ts";
import { flatten } from "./containers.ts";
import { asGraph } from "./eager.ts";
import { loop } from "./loop.ts";

export type RecurrenceInputs = {
  /** [T, N, gates * U]: the gates' share of the input, kernel and bias applied. */
  input: tf.Tensor;
  /** [U, gates * U]. */
  kernel: tf.Tensor;
  /** States before the first step, [N, U] each. */
  states: tf.Tensor[];
  /** [T, N, 1] of 0 and 1: where 0, a step keeps the states as they are. */
  mask: tf.Tensor | undefined;
  /** [N, U]: multiplies the output of the last step on its way into a step (recurrent dropout). */
  dropout: tf.Tensor | undefined;
};

export interface RecurrenceResults {
  /** [T, N, U], when asked for. */
  sequence?: tf.Tensor;
  /** States after the last step, when asked for. */
  states?: tf.Tensor[];
}

/** Runs the cell. No gradient flows to `mask` and `dropout`. Ask for no more results than are used: each costs memory and time. */
export function recurrence(
  cell: Cell,
  inputs: RecurrenceInputs,
  wanted: { sequence: boolean; states: boolean },
): RecurrenceResults {
  const { input, kernel, states, mask, dropout } = inputs;
  const keep = isRecording();
  const outputs = keep || wanted.sequence;
  let restore: ((saved: tf.Tensor[]) => ForwardPass) | undefined;
  const results = withGradient({
    inputs: [input, kernel, ...states],
    forward: () => {
      const key = `${cell.name} forward ${keep ? "keep" : outputs ? "outputs" : ""}`;
      const run = asGraph(key, inputs, (inputs) => forward(cell, inputs, outputs, keep));
      const pass = flatten({ kernel, states, mask, dropout, outputs: keep ? run.outputs : [] }, "the forward pass");
      restore = pass.build;
      const sequence = wanted.sequence ? [run.outputs[0]!] : [];
      return { results: [...sequence, ...(wanted.states ? run.states : [])], saved: keep ? pass.tensors : [] };
    },
    backward: (gradients, saved) => {
      const pass = restore!(saved);
      const ofStates = wanted.states ? gradients.slice(wanted.sequence ? 1 : 0) : [];
      const last = pass.states.map((state, i) => ofStates[i] ?? tf.zerosLike(state));
      const ofSequence = wanted.sequence ? gradients[0] : undefined;
      return asGraph(`${cell.name} backward`, { ...pass, last, ofSequence }, (inputs) => backward(cell, inputs));
    },
  });
  return {
    ...(wanted.sequence && { sequence: results[0]! }),
    ...(wanted.states && { states: results.slice(wanted.sequence ? 1 : 0) }),
  };
}

type ForwardPass = Omit<RecurrenceInputs, "input"> & {
  /** Stacked: the states after every step, and what the cell kept. */
  outputs: tf.Tensor[];
};

/** Outputs: the first state of every step; with `keep`, the other states too, and what the cell keeps. */
function forward(
  cell: Cell,
  { input, kernel, states, mask, dropout }: RecurrenceInputs,
  outputs: boolean,
  keep: boolean,
): { states: tf.Tensor[]; outputs: tf.Tensor[] } {
  return loop(
    (before, [gates, here]) => {
      const step = cell.forward(gates!, dropped(before, dropout), kernel);
      const after = here ? step.states.map((state, i) => choose(here, state, before[i]!)) : step.states;
      return { states: after, outputs: keep ? [...after, step.kept] : outputs ? after.slice(0, 1) : [] };
    },
    states,
    mask ? [input, mask] : [input],
    { length: input.shape[0]! },
  );
}

/** Gradients at the input, the kernel and the states, from those at the last states and at the sequence of outputs. */
function backward(
  cell: Cell,
  {
    kernel,
    states,
    mask,
    dropout,
    outputs,
    last,
    ofSequence,
  }: ForwardPass & { last: tf.Tensor[]; ofSequence: tf.Tensor | undefined },
): tf.Tensor[] {
  const kept = outputs[cell.states]!;
  const [length, rows] = kept.shape as [number, number];
  const before = states.map((state, i) => shifted(state, outputs[i]!));
  const optional = [...(mask ? [mask] : []), ...(ofSequence ? [ofSequence] : [])];
  const run = loop(
    (gradients, slices) => {
      const [keptHere, ...rest] = slices as [tf.Tensor, ...tf.Tensor[]];
      const beforeHere = rest.slice(0, cell.states);
      const here = mask && rest[cell.states];
      const after = ofSequence ? [tf.add(gradients[0]!, rest.at(-1)!), ...gradients.slice(1)] : gradients;
      const ran = here ? after.map((gradient) => tf.mul(gradient, here)) : after;
      const step = cell.backward(ran, keptHere, dropped(beforeHere, dropout), kernel);
      const through = dropped(step.states, dropout);
      const total = here ? through.map((gradient, i) => tf.add(gradient, tf.sub(after[i]!, ran[i]!))) : through;
      return { states: total, outputs: [step.input] };
    },
    last,
    [kept, ...before, ...optional],
    { length, reverse: true },
  );
  const flat = (steps: tf.Tensor): tf.Tensor => tf.reshape(steps, [length * rows, steps.shape[2]!]);
  const inputGradient = run.outputs[0]!;
  const outputsBefore = dropout ? tf.mul(before[0]!, dropout) : before[0]!;
  const kernelGradient = cell.kernelGradient(flat(inputGradient), flat(kept), flat(outputsBefore));
  return [inputGradient, kernelGradient, ...run.states];
}

/** The states with dropout on the first. */
function dropped(states: tf.Tensor[], dropout: tf.Tensor | undefined): tf.Tensor[] {
  return dropout ? [tf.mul(states[0]!, dropout), ...states.slice(1)] : states;
}

/** The states before each step, from the initial one and those after each step. */
function shifted(initial: tf.Tensor, after: tf.Tensor): tf.Tensor {
  const [length, ...rest] = after.shape as [number, ...number[]];
  const first = tf.expandDims(initial, 0);
  return length === 1 ? first : tf.concat([first, tf.slice(after, 0, [length - 1, ...rest])], 0);
}

/** `a` where the mask is 1, `b` where it is 0, as TensorFlow.js's layers compute it. */
function choose(mask: tf.Tensor, a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return tf.add(tf.mul(a, mask), tf.mul(b, tf.sub(1, mask)));
}
