/** Tensors in arrays and plain objects, as lists and back. */
import * as tf from "@tensorflow/tfjs";

/** A tensor, nothing, or an array or plain object of such. */
export type Structured = tf.Tensor | null | undefined | readonly Structured[] | { readonly [key: string]: Structured };

export interface Structure<T> {
  tensors: tf.Tensor[];
  /** The same structure with other tensors. */
  build(tensors: readonly tf.Tensor[]): T;
}

/** Throws a TypeError that begins with `what` for anything else than tensors in arrays and plain objects. */
export function flatten<T extends Structured>(value: T, what: string): Structure<T> {
  const tensors: tf.Tensor[] = [];
  const visit = (part: unknown, path: string): ((tensors: readonly tf.Tensor[]) => unknown) => {
    if (part === null || part === undefined) return () => part;
    if (part instanceof tf.Tensor) {
      const index = tensors.push(part) - 1;
      return (others) => others[index];
    }
    if (Array.isArray(part)) {
      const items = part.map((item, i) => visit(item, `${path}[${i}]`));
      return (others) => items.map((item) => item(others));
    }
    const prototype = typeof part === "object" ? Object.getPrototypeOf(part) : undefined;
    if (prototype !== Object.prototype && prototype !== null)
      throw new TypeError(`${path} must be a tensor, or arrays and plain objects of tensors, not ${describe(part)}.`);
    const entries = Object.entries(part as object).map(([key, item]) => [key, visit(item, `${path}.${key}`)] as const);
    return (others) => Object.fromEntries(entries.map(([key, item]) => [key, item(others)]));
  };
  const build = visit(value, what);
  return { tensors, build: (others) => build(others) as T };
}

function describe(value: unknown): string {
  return typeof value === "object"
    ? `a ${value?.constructor?.name ?? "object"}`
    : `the ${typeof value} ${String(value)}`;
}
