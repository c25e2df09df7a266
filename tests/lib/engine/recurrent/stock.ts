import { tf } from "../../../../lib/index.ts";

type Call = (...args: unknown[]) => unknown;

/** Runs `work` (until its promise is settled) with the recurrent layers as TensorFlow.js made them. */
export function withStockLayers<T>(work: () => T): T {
  const prototype = tf.RNN.prototype as unknown as Record<PropertyKey, Call>;
  const replaced = prototype["call"]!;
  const stock = prototype[Symbol.for("gradbook.recurrent")];
  if (!stock) throw new Error("installRecurrent() was not called.");
  const restore = () => {
    prototype["call"] = replaced;
  };
  prototype["call"] = stock;
  let result: T | undefined;
  try {
    result = work();
  } finally {
    if (!(result instanceof Promise)) restore();
  }
  return result instanceof Promise ? (result.finally(restore) as T) : result;
}
