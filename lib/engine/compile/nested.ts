/** Functions inside functions: the bodies that TensorFlow's `While`, `If` and the like take as attributes. */
import * as tf from "@tensorflow/tfjs";
import type { NativeFunction } from "../tensorflow/binding.ts";
import { currentTrace, Trace, traceableBackend } from "./trace.ts";

export interface TracedBody {
  /** `native.name` is the value of an attribute of type `TF_ATTR_FUNC`; the caller deletes `native.id` when it is done with it. */
  native: NativeFunction;
  /** Shapes and dtypes of the results. */
  results: { shape: number[]; dtype: tf.DataType }[];
}

/**
 * Traces `body` on placeholders of the given shapes and dtypes. What it uses from outside (tensors of the trace
 * around it, variables, other tensors) is in `native.captures`, to be passed on behind the arguments. Works inside compiled functions and
 * outside. `round` picks the argument (an int32 scalar) that counts the rounds of a loop, without which the body cannot draw random numbers.
 *
 * Throws where the backend cannot trace, and what the body throws.
 */
export function traceBody(
  inputs: readonly { shape: readonly number[]; dtype: tf.DataType }[],
  body: (...inputs: tf.Tensor[]) => tf.Tensor[],
  options: { name?: string; round?: number } = {},
): TracedBody {
  const outer = currentTrace();
  if (outer) {
    outer.enter();
    try {
      return traceLevel(outer, inputs, body, options);
    } finally {
      outer.leave();
    }
  }
  const backend = traceableBackend();
  if (!backend) throw new Error(`The ${tf.getBackend()} backend cannot trace.`);
  const trace = new Trace(backend, { name: options.name ?? "body", xla: false, precision: "float32" });
  let traced: TracedBody | undefined;
  try {
    trace.open();
    traced = traceLevel(trace, inputs, body, options);
    return traced;
  } finally {
    trace.close(!traced);
  }
}

function traceLevel(
  trace: Trace,
  inputs: readonly { shape: readonly number[]; dtype: tf.DataType }[],
  body: (...inputs: tf.Tensor[]) => tf.Tensor[],
  { round }: { round?: number },
): TracedBody {
  const engine = tf.engine();
  engine.startScope("body");
  try {
    const placeholders = inputs.map(({ shape, dtype }) => trace.placeholder(trace.dtypeNumber(dtype), shape));
    if (round !== undefined) trace.setRound(placeholders[round]!);
    const outputs = body(...placeholders);
    return {
      native: trace.build(trace.inputIds(outputs), false),
      results: outputs.map(({ shape, dtype }) => ({ shape: [...shape], dtype })),
    };
  } finally {
    engine.endScope();
  }
}
