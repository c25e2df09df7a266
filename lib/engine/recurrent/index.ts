/**
 * Loops over sequences: `scan`, and the recurrent layers of TensorFlow.js built of loops. Lives here: rolling a loop into one op of TensorFlow, the
 * formulas of the cells and of their gradients. May not live here: layers of our own, anything about what a sequence means.
 */
import * as tf from "@tensorflow/tfjs";
import { override } from "../compile/override.ts";
import { currentTrace } from "../compile/trace.ts";
import { type CallOptions, callRecurrent, canCall, type RecurrentLayer } from "./layers.ts";
import { assignStates, keepStatesInVariables } from "./stateful.ts";
import { isRecordingTwice } from "./tape.ts";

export { type ScanOptions, scan } from "./scan.ts";

type Call = (
  this: RecurrentLayer,
  inputs: tf.Tensor | tf.Tensor[],
  options: CallOptions | null,
) => tf.Tensor | tf.Tensor[];

const installedKey = Symbol.for("gradbook.recurrent");

/**
 * Lets the recurrent layers of `tf.layers` (`lstm`, `gru`, `simpleRNN`, `rnn` of any cells, `convLstm2d`, also inside `bidirectional`) run as
 * loops while `compile()` traces. Elsewhere, and for a layer with `unroll: true`, they are TensorFlow.js's own. Call it once; further calls do nothing.
 */
export function installRecurrent(): void {
  const prototype = tf.RNN.prototype as unknown as RecurrentLayer & { call: Call; [installedKey]?: true };
  if (prototype[installedKey]) return;
  Object.defineProperty(prototype, installedKey, { value: true });
  const { call } = prototype;
  override(prototype, "call", function (inputs, options) {
    if (!currentTrace()) return call.call(this, inputs, options);
    keepStatesInVariables(this);
    // The gradient of a gradient goes through the ops of the steps.
    if (isRecordingTwice() || !canCall(this, inputs, options)) return call.call(this, inputs, options);
    return callRecurrent(this, inputs, options);
  } satisfies Call);
  const convolutional = tf.layers.convLstm2d({ filters: 1, kernelSize: 1 }).constructor.prototype;
  assignStates([prototype, Object.getPrototypeOf(convolutional)]);
}
