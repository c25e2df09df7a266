/** `scan`: a loop over tensors as a function, with a gradient. */
import * as tf from "@tensorflow/tfjs";
import { apart, delayDisposal, isRecording, isRecordingTwice, pullback, withGradient } from "../tape.ts";
import { flatten, type Structure, type Structured } from "./containers.ts";
import { type GraphFunction, GraphOps } from "./graph-ops.ts";
import { checkStates, type LoopOptions, loop, type Step, type StepFunction, stepByStep } from "./loop.ts";

export interface ScanOptions {
  /** From the last step to the first. Outputs keep the order of the inputs. */
  reverse?: boolean;
  /** Number of steps where there are no inputs. */
  length?: number;
}

/**
 * Runs `step(state, input)` for every entry of `inputs` along its leading axis, each with the state that the one before returned;
 * returns the last state and the stacked outputs. States, inputs and outputs are tensors or arrays and plain objects of tensors (outputs may be null).
 * A state keeps its shapes and dtypes from step to step.
 *
 * Inside `compile()` the step is traced once and becomes the body of one loop, so that 500 steps compile as fast as 5; `tf.grads` goes through
 * it, also to tensors and variables that `step` uses from outside. Elsewhere it is the plain loop, with the same numbers.
 * The same as `jax.lax.scan`.
 *
 * Throws a TypeError for inputs of different lengths and for a step that changes the shapes of its state.
 *
 * @example
 * const [last, sums] = scan((sum, x) => { const next = tf.add(sum, x); return [next, next] }, tf.scalar(0), tf.tensor1d([1, 2, 3]))
 */
export function scan<State extends Structured, Input extends Structured, Output extends Structured>(
  step: (state: State, input: Input) => [State, Output],
  initial: State,
  inputs: Input,
  options: ScanOptions = {},
): [State, Output] {
  const state = flatten(initial, "the initial state");
  const input = flatten(inputs, "the inputs");
  const length = lengthOf(input.tensors, options.length);
  let output: Structure<Output> | undefined;
  const flat: StepFunction = (states, slices) => {
    const result = step(state.build(states), input.build(slices));
    if (!Array.isArray(result) || result.length !== 2)
      throw new TypeError("A step of scan() must return [state, output], and null for an output that is not wanted.");
    const after = flatten(result[0], "the state after a step");
    output = flatten(result[1], "the output of a step");
    checkStates(state.tensors, after.tensors);
    return { states: after.tensors, outputs: output.tensors };
  };
  const result = scanTensors(flat, state.tensors, input.tensors, { length, reverse: options.reverse ?? false });
  return [state.build(result.states), output!.build(result.outputs)];
}

/** `scan` for flat lists of tensors. */
export function scanTensors(
  step: StepFunction,
  states: tf.Tensor[],
  sequences: tf.Tensor[],
  options: LoopOptions,
): Step {
  const ops = GraphOps.current();
  // A gradient of the gradient comes from the ops of the steps.
  if (!ops || isRecordingTwice()) return stepByStep(step, states, sequences, options);
  if (!isRecording()) return loop(step, states, sequences, options);
  return withPullback(ops, step, states, sequences, options);
}

/** Throws for sequences without a common length. */
function lengthOf(sequences: readonly tf.Tensor[], wanted: number | undefined): number {
  const lengths = new Set(
    sequences.map((sequence, i) => {
      if (sequence.rank === 0)
        throw new TypeError(`scan() runs along the leading axis of its inputs, and input ${i} is a scalar.`);
      return sequence.shape[0]!;
    }),
  );
  if (wanted !== undefined) lengths.add(wanted);
  const [length, ...others] = lengths;
  if (length === undefined) throw new TypeError("scan() without inputs needs the option `length`.");
  if (length < 1) throw new RangeError("scan() needs at least one step, got inputs of length 0.");
  if (others.length > 0) throw new TypeError(`scan() needs inputs of one length, got ${[...lengths].join(", ")}.`);
  return length;
}

/**
 * The forward loop also stacks whatever the gradient of a step will need. That gradient is traced as a function inside the
 * trace of the step, so that the values of the step which it captures are what has to be kept.
 */
function withPullback(
  ops: GraphOps,
  step: StepFunction,
  states: tf.Tensor[],
  sequences: tf.Tensor[],
  options: LoopOptions,
): Step {
  let traced: TracedStep | undefined;
  const body: StepFunction = (before, slices) => {
    traced = traceStep(ops, step, before, slices);
    return { states: traced.step.states, outputs: [...traced.step.outputs, ...traced.kept] };
  };
  const { run, outside } = delayDisposal(() => {
    const run = apart(() => loop(body, states, sequences, options));
    return { run, outside: traced!.outside.map((id) => ops.tensorOf(id)) };
  });
  const { step: traces, gradient } = traced!;
  const outputs = traces.outputs.length;
  const results = withGradient({
    inputs: [...states, ...sequences, ...gradient.closures],
    forward: () => ({
      results: [...run.states, ...run.outputs.slice(0, outputs)],
      saved: [...run.outputs.slice(outputs), ...sequences, ...outside, ...gradient.closures],
    }),
    backward: (gradients, saved) => {
      const pile = [...saved];
      const values = {
        kept: pile.splice(0, run.outputs.length - outputs),
        sequences: pile.splice(0, sequences.length),
        outside: pile.splice(0, outside.length),
        closures: pile,
      };
      return backwardLoop(ops, gradient, values, gradients, options);
    },
  });
  return { states: results.slice(0, states.length), outputs: results.slice(states.length) };
}

/** Where a value that the gradient of a step captures comes from. */
type Source = { kept: number } | { sequence: number } | { outside: number };

/** The gradient of a step as a function: of gradients at its float results, and of captured values. */
interface StepGradient {
  call: GraphFunction;
  captured: Source[];
  /** Shape and dtype of the step's states, slices and outputs. */
  states: Like[];
  slices: Like[];
  outputs: Like[];
  closures: tf.Tensor[];
  /** For float states, float slices and closures, in this order: whether the function gives a gradient. */
  has: boolean[];
}

interface Like {
  shape: number[];
  dtype: tf.DataType;
}

interface TracedStep {
  step: Step;
  /** Values of the step to be stacked for the way back. */
  kept: tf.Tensor[];
  /** Ids of values from outside of the step. */
  outside: number[];
  gradient: StepGradient;
}

const isFloat = ({ dtype }: Like): boolean => dtype === "float32";
const like = ({ shape, dtype }: tf.Tensor): Like => ({ shape: [...shape], dtype });

/** Runs the step in the body's trace, and its gradient in a trace inside of it. */
function traceStep(ops: GraphOps, step: StepFunction, before: tf.Tensor[], slices: tf.Tensor[]): TracedStep {
  const inside = ops.traceNumber();
  const sliceIds = slices.map((slice) => ops.idOf(slice));
  const inputs = [...before, ...slices].filter(isFloat);
  const nested = ops.open();
  try {
    const { result, gradients, closures } = pullback(
      () => {
        const result = step(before, slices);
        const results = [...result.states, ...result.outputs];
        // They must outlive the tape's own tidying; the end of the body's trace releases them.
        for (const tensor of results) tf.keep(tensor);
        return { result, outputs: results.filter(isFloat) };
      },
      inputs,
      (tensor) => !ops.isMadeHere(tensor),
      (outputs) => {
        nested.enter();
        return outputs.map(({ dtype, shape }) => ops.placeholder(dtype, shape));
      },
    );
    const call = ops.build(gradients.filter((gradient) => gradient != null));
    nested.leave();
    for (const tensor of [...result.states, ...result.outputs]) tensor.kept = false;
    const kept: tf.Tensor[] = [];
    const outside: number[] = [];
    const captured = call.native.captures.map((id): Source => {
      const sequence = sliceIds.indexOf(id);
      if (sequence >= 0) return { sequence };
      if (ops.traceOf(id) === inside) return { kept: kept.push(ops.tensorOf(id)) - 1 };
      return { outside: outside.push(id) - 1 };
    });
    const gradient = {
      call,
      captured,
      closures,
      states: before.map(like),
      slices: slices.map(like),
      outputs: result.outputs.map(like),
      has: gradients.map((gradient) => gradient != null),
    };
    return { step: result, kept, outside, gradient };
  } finally {
    nested.leave();
  }
}

interface Values {
  kept: tf.Tensor[];
  sequences: tf.Tensor[];
  outside: tf.Tensor[];
  closures: tf.Tensor[];
}

/** From the gradients at the loop's results to those of its states, sequences and closures. */
function backwardLoop(
  ops: GraphOps,
  { call, captured, states, slices, outputs, has }: StepGradient,
  values: Values,
  gradients: (tf.Tensor | undefined)[],
  { length, reverse = false }: LoopOptions,
): (tf.Tensor | undefined)[] {
  const floatStates = states.filter(isFloat);
  const floatSlices = slices.filter(isFloat);
  const zeros = ({ shape }: Like): tf.Tensor => tf.zeros(shape);
  const ofStates = states.flatMap((state, i) => (isFloat(state) ? [gradients[i] ?? zeros(state)] : []));
  const ofOutputs = gradients.slice(states.length).filter((_, i) => isFloat(outputs[i]!));
  const given = ofOutputs.filter((gradient) => gradient !== undefined);
  const sums = values.closures.map((closure) => tf.zerosLike(closure));
  const [hasState, hasSlice, hasClosure] = [
    has.slice(0, floatStates.length),
    has.slice(floatStates.length, floatStates.length + floatSlices.length),
    has.slice(floatStates.length + floatSlices.length),
  ];
  const run = loop(
    (carried, stacks) => {
      const pile = [...stacks];
      const here = { outputs: pile.splice(0, given.length), kept: pile.splice(0, values.kept.length), sequences: pile };
      let next = 0;
      const atOutputs = ofOutputs.map((gradient, i) =>
        gradient ? here.outputs[next++]! : zeros(outputs.filter(isFloat)[i]!),
      );
      const inputs = captured.map((source) =>
        "kept" in source
          ? here.kept[source.kept]!
          : "sequence" in source
            ? here.sequences[source.sequence]!
            : values.outside[source.outside]!,
      );
      const results = ops.call(call, [...carried.slice(0, floatStates.length), ...atOutputs], inputs);
      const take = (present: boolean): tf.Tensor | undefined => (present ? results.shift() : undefined);
      const atStates = floatStates.map((state, i) => take(hasState[i]!) ?? zeros(state));
      const atSlices = hasSlice.flatMap((present) => take(present) ?? []);
      const atClosures = carried.slice(floatStates.length).map((sum, i) => {
        const gradient = take(hasClosure[i]!);
        return gradient ? tf.add(sum, gradient) : sum;
      });
      return { states: [...atStates, ...atClosures], outputs: atSlices };
    },
    [...ofStates, ...sums],
    [...given, ...values.kept, ...values.sequences],
    { length, reverse: !reverse },
  );
  const atStates = run.states.splice(0, floatStates.length);
  const atSlices = hasSlice.map((present) => (present ? run.outputs.shift() : undefined));
  return [
    ...states.map((state) => (isFloat(state) ? atStates.shift() : undefined)),
    ...slices.map((slice) => (isFloat(slice) ? atSlices.shift() : undefined)),
    ...run.states,
  ];
}
