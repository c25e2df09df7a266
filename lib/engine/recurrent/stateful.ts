/**
 * Stateful layers in compiled functions. TensorFlow.js replaces the state tensors at every call, which a compiled function cannot do; so the
 * states of a layer that was traced live in variables, which compiled and eager calls assign alike.
 */
import * as tf from "@tensorflow/tfjs";
import { override, overrideProperty } from "../compile/override.ts";
import type { RecurrentLayer } from "./layers.ts";

const variables = new WeakMap<object, tf.Variable[]>();

/** Before a traced call: the layer's states become variables, if they are not yet. */
export function keepStatesInVariables(layer: RecurrentLayer): void {
  if (!layer.stateful || !layer.states_ || variables.has(layer)) return;
  const states = layer.states_;
  const made = states.map((state) => tf.variable(state, false));
  variables.set(layer, made);
  layer.states_ = [...made];
  tf.dispose(states);
}

type Reset = (this: RecurrentLayer, states?: tf.Tensor | tf.Tensor[] | null, training?: boolean) => void;
type Set = (this: RecurrentLayer, states: tf.Tensor[]) => void;

/** Lets the methods that change a layer's states assign its variables. `prototypes`: of the classes that have a `resetStates` of their own. */
export function assignStates(prototypes: readonly RecurrentLayer[]): void {
  for (const prototype of prototypes) {
    const reset = prototype.resetStates as Reset;
    override(prototype, "resetStates", function (this: RecurrentLayer, states, training) {
      if (!variables.has(this)) reset.call(this, states, training);
      else assign(this, states ? [states].flat() : undefined);
    } satisfies Reset);
    const property = Object.getOwnPropertyDescriptor(prototype, "states");
    if (!property) continue;
    const set: Set = function (states) {
      if (!variables.has(this)) this.states_ = states;
      else assign(this, states);
    };
    override(prototype, "setStates", set);
    overrideProperty(prototype, "states", { get: property.get, set });
  }
}

/** Zeros where no states are given. */
function assign(layer: RecurrentLayer, states: readonly tf.Tensor[] | undefined): void {
  const kept = variables.get(layer)!;
  if (states && states.length !== kept.length)
    throw new Error(
      `Layer ${layer.name} expects ${kept.length} state(s), but it received ${states.length} state value(s).`,
    );
  for (const [i, variable] of kept.entries()) {
    const state = states?.[i];
    if (state && !tf.util.arraysEqual(state.shape, variable.shape))
      throw new Error(
        `State ${i} is incompatible with layer ${layer.name}: expected shape=${variable.shape}, received shape=${state.shape}`,
      );
    tf.tidy(() => variable.assign(state ? tf.clone(state) : tf.zeros(variable.shape)));
  }
}
