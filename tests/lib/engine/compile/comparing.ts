/** How far apart two results are. */
import type { tf } from "../../../../lib/index.ts";

export type Values = ArrayLike<number> | readonly string[];

/** The largest difference, relative to the largest value (at least 1). Infinite for what does not compare at all. */
export function distance(expected: Values, actual: Values): number {
  if (expected.length !== actual.length) return Number.POSITIVE_INFINITY;
  let [scale, difference] = [1, 0];
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [expected[i]!, actual[i]!];
    if (Object.is(a, b)) continue;
    if (typeof a === "string" || typeof b === "string" || Number.isNaN(a - b)) return Number.POSITIVE_INFINITY;
    scale = Math.max(scale, Math.abs(a));
    difference = Math.max(difference, Math.abs(a - b));
  }
  return difference / scale;
}

/** Of tensors, in order; shapes and dtypes have to be equal. */
export function tensorDistance(expected: readonly tf.Tensor[], actual: readonly tf.Tensor[]): number {
  if (expected.length !== actual.length) return Number.POSITIVE_INFINITY;
  return Math.max(
    0,
    ...expected.map((a, i) => {
      const b = actual[i]!;
      if (a.dtype !== b.dtype || String(a.shape) !== String(b.shape)) return Number.POSITIVE_INFINITY;
      return distance(a.dataSync() as Values, b.dataSync() as Values);
    }),
  );
}
