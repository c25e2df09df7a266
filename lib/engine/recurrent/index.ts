/**
 * Loops over sequences: `scan`, and the recurrent layers of TensorFlow.js built of loops. Lives here: rolling a loop into one op of TensorFlow, the
 * formulas of the cells and of their gradients. May not live here: layers of our own, anything about what a sequence means.
 */
import * as tf from "@tensorflow/tfjs";
import { override } from "../compile/override.ts";
import { currentTrace } from "../compile/trace.ts";
import { isRecordingTwice } from "../tape.ts";
import { canRunAsGraph } from "./eager.ts";
import { type CallOptions, callRecurrent, canCall, hasFormula, type RecurrentLayer } from "./layers.ts";
import { assignStates, keepStatesInVariables } from "./stateful.ts";

export { type ScanOptions, scan } from "./scan.ts";

type Call = (
  this: RecurrentLayer,
  inputs: tf.Tensor | tf.Tensor[],
  options: CallOptions | null,
) => tf.Tensor | tf.Tensor[];

const installedKey = Symbol.for("gradbook.recurrent");
type Patched = RecurrentLayer & { call: Call; [installedKey]?: Call };

/**
 * Lets the recurrent layers of `tf.layers` run as loops of TensorFlow's, on backend `tensorflow`: `lstm`, `gru` and `simpleRNN` with tanh, sigmoid,
 * hardSigmoid, relu or linear everywhere; `rnn` of any cells, other activations and `convLstm2d` inside `compile()`. Elsewhere, and
 * with `unroll: true`, they are TensorFlow.js's own. Call it once; further calls do nothing.
 */
export function installRecurrent(): void {
  const prototype = tf.RNN.prototype as unknown as Patched;
  if (prototype[installedKey]) return;
  const { call } = prototype;
  Object.defineProperty(prototype, installedKey, { value: call });
  override(prototype, "call", function (inputs, options) {
    if (currentTrace()) keepStatesInVariables(this);
    const rolled = currentTrace() || (canRunAsGraph() && hasFormula(this, inputs));
    // The gradient of a gradient goes through the ops of the steps.
    const run = rolled && !isRecordingTwice() && canCall(this, inputs, options) ? callRecurrent : undefined;
    return run ? run(this, inputs, options) : call.call(this, inputs, options);
  } satisfies Call);
  const convolutional = tf.layers.convLstm2d({ filters: 1, kernelSize: 1 }).constructor.prototype;
  assignStates([prototype, Object.getPrototypeOf(convolutional)]);
}
