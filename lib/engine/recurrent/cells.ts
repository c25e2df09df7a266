/**
 * One step of the recurrent cells of TensorFlow.js's layers, forward and backward. The gates' share of the input (`input`: kernel and bias
 * applied, all time steps at once) comes from outside; so does the gradient of the recurrent kernel, one matmul over all steps.
 * Shapes: N rows (batch), U units; gates side by side in the last axis, in TensorFlow.js's order.
 */
import * as tf from "@tensorflow/tfjs";
import type { CellActivation } from "./activations.ts";

export interface CellStep {
  /** The states after the step, [N, U] each; the first is the output. */
  states: tf.Tensor[];
  /** [N, gates * U]: what the backward step needs of the gates. */
  kept: tf.Tensor;
}

export interface CellGradients {
  /** [N, gates * U], with respect to `input`. */
  input: tf.Tensor;
  /** With respect to the states before the step. */
  states: tf.Tensor[];
}

export interface Cell {
  /** Of the kind and its activations. */
  readonly name: string;
  readonly gates: number;
  /** Number of states. */
  readonly states: number;
  /** `input` [N, gates * U], `states` [N, U] each, `kernel` [U, gates * U]. */
  forward(input: tf.Tensor, states: tf.Tensor[], kernel: tf.Tensor): CellStep;
  /** From the gradients at the states after the step, what `forward` kept, and the states before it. */
  backward(gradients: tf.Tensor[], kept: tf.Tensor, before: tf.Tensor[], kernel: tf.Tensor): CellGradients;
  /** Gradient of the recurrent kernel from all steps: M = steps * N rows of `input` gradients, kept values, outputs before. */
  kernelGradient(input: tf.Tensor, kept: tf.Tensor, before: tf.Tensor): tf.Tensor;
}

/** Which activations a cell uses; `recurrent` is that of the gates. */
export interface CellActivations {
  output: CellActivation;
  recurrent: CellActivation;
}

const matMul = (a: tf.Tensor, b: tf.Tensor, transposeA = false, transposeB = false): tf.Tensor =>
  tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D, transposeA, transposeB);
const split = (x: tf.Tensor, parts: number | number[]): tf.Tensor[] => tf.split(x, parts as number, x.rank - 1);
const join = (parts: tf.Tensor[]): tf.Tensor => tf.concat(parts, parts[0]!.rank - 1);

/** Long short-term memory (Hochreiter and Schmidhuber 1997, with forget gates); gates input, forget, candidate, output; states h, c. */
export function lstmCell({ output, recurrent }: CellActivations): Cell {
  const keep = [recurrent, recurrent, output, recurrent];
  /** The gates' values, and the cell state before any mask. */
  const recall = (kept: tf.Tensor, before: tf.Tensor) => {
    const gates = split(kept, 4);
    const [i, f, g, o] = gates.map((gate, k) => keep[k]!.value(gate)) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    return { gates, i, f, g, o, state: tf.add(tf.mul(f, before), tf.mul(i, g)) };
  };
  return {
    name: `LSTM ${output.name} ${recurrent.name}`,
    gates: 4,
    states: 2,
    forward(input, [h, c], kernel) {
      const sums = split(tf.add(input, matMul(h!, kernel)), 4);
      const kept = join(sums.map((sum, k) => keep[k]!.keep(sum)));
      const { o, state } = recall(kept, c!);
      return { states: [tf.mul(o, output.value(output.keep(state))), state], kept };
    },
    backward([dh, dc], kept, [, c], kernel) {
      const { gates, i, f, g, o, state } = recall(kept, c!);
      const keptState = output.keep(state);
      const dState = tf.add(dc!, output.backward(tf.mul(dh!, o), keptState));
      const dGates = [
        tf.mul(dState, g),
        tf.mul(dState, c!),
        tf.mul(dState, i),
        tf.mul(dh!, output.value(keptState)),
      ].map((gradient, k) => keep[k]!.backward(gradient, gates[k]!));
      const dInput = join(dGates);
      return { input: dInput, states: [matMul(dInput, kernel, false, true), tf.mul(dState, f)] };
    },
    kernelGradient: (input, _kept, before) => matMul(before, input, true),
  };
}

/** Gated recurrent unit (Cho et al. 2014, reset before the matmul); gates update, reset, candidate; state h. */
export function gruCell({ output, recurrent }: CellActivations): Cell {
  const parts = (x: tf.Tensor): [tf.Tensor, tf.Tensor] => {
    const units = x.shape.at(-1)! / 3;
    return split(x, [2 * units, units]) as [tf.Tensor, tf.Tensor];
  };
  const recall = (kept: tf.Tensor) => {
    const [keptZ, keptR, keptG] = split(kept, 3) as [tf.Tensor, tf.Tensor, tf.Tensor];
    return { keptZ, keptR, keptG, z: recurrent.value(keptZ), r: recurrent.value(keptR), g: output.value(keptG) };
  };
  return {
    name: `GRU ${output.name} ${recurrent.name}`,
    gates: 3,
    states: 1,
    forward(input, [h], kernel) {
      const [inputGates, inputCandidate] = parts(input);
      const [kernelGates, kernelCandidate] = parts(kernel);
      const keptGates = recurrent.keep(tf.add(inputGates, matMul(h!, kernelGates)));
      const [z, r] = split(recurrent.value(keptGates), 2) as [tf.Tensor, tf.Tensor];
      const keptG = output.keep(tf.add(inputCandidate, matMul(tf.mul(r, h!), kernelCandidate)));
      const state = tf.add(tf.mul(z, h!), tf.mul(tf.sub(1, z), output.value(keptG)));
      return { states: [state], kept: join([keptGates, keptG]) };
    },
    backward([dh], kept, [h], kernel) {
      const { keptZ, keptR, keptG, z, r, g } = recall(kept);
      const [kernelGates, kernelCandidate] = parts(kernel);
      const dCandidate = output.backward(tf.mul(dh!, tf.sub(1, z)), keptG);
      const dReset = matMul(dCandidate, kernelCandidate, false, true);
      const dGates = join([
        recurrent.backward(tf.mul(dh!, tf.sub(h!, g)), keptZ),
        recurrent.backward(tf.mul(dReset, h!), keptR),
      ]);
      const direct = tf.add(tf.mul(dh!, z), tf.mul(dReset, r));
      const dBefore = tf.add(direct, matMul(dGates, kernelGates, false, true));
      return { input: join([dGates, dCandidate]), states: [dBefore] };
    },
    kernelGradient(input, kept, before) {
      const [dGates, dCandidate] = parts(input);
      const { r } = recall(kept);
      return join([matMul(before, dGates, true), matMul(tf.mul(r, before), dCandidate, true)]);
    },
  };
}

/** Fully connected recurrence h' = activation(input + h W); state h. */
export function simpleCell({ output }: Pick<CellActivations, "output">): Cell {
  return {
    name: `SimpleRNN ${output.name}`,
    gates: 1,
    states: 1,
    forward(input, [h], kernel) {
      const kept = output.keep(tf.add(input, matMul(h!, kernel)));
      return { states: [output.value(kept)], kept };
    },
    backward([dh], kept, _before, kernel) {
      const input = output.backward(dh!, kept);
      return { input, states: [matMul(input, kernel, false, true)] };
    },
    kernelGradient: (input, _kept, before) => matMul(before, input, true),
  };
}
