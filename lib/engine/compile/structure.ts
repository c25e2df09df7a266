/** Nested arguments and results: what is in them, and results put together again from the outputs of a run. */
import * as tf from "@tensorflow/tfjs";

/** Deeper nesting is taken for an object that contains itself. */
export const maxDepth = 64;

/** `{...}` and `Object.create(null)`: objects that are looked into. All others count by identity. */
export function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** A tensor that is passed by value. A variable is passed as the object it is, so that it can be assigned. */
function isTensorValue(value: unknown): value is tf.Tensor {
  return value instanceof tf.Tensor && !(value instanceof tf.Variable);
}

/** The same structure with every tensor replaced. Objects other than arrays and plain objects stay as they are. */
export function mapTensors(value: unknown, replace: (tensor: tf.Tensor) => tf.Tensor): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (isTensorValue(value)) return replace(value);
  if (Array.isArray(value)) return value.map((item) => mapTensors(item, replace));
  if (value instanceof tf.Variable || !isPlainObject(value)) return value;
  const copy = Object.create(Object.getPrototypeOf(value)) as Record<string, unknown>;
  for (const key of Object.keys(value)) copy[key] = mapTensors(value[key], replace);
  return copy;
}

/** Where in these arrays and plain objects there is a tensor that is none of `known`; undefined when there is none. Variables do not count. */
export function pathOfOther(
  value: unknown,
  known: ReadonlySet<tf.Tensor>,
  path: string,
  depth = 0,
): string | undefined {
  if (typeof value !== "object" || value === null || depth > maxDepth) return undefined;
  if (isTensorValue(value)) return known.has(value) ? undefined : path;
  if (!Array.isArray(value) && (value instanceof tf.Variable || !isPlainObject(value))) return undefined;
  for (const [key, item] of Object.entries(value)) {
    const here = Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`;
    const found = pathOfOther(item, known, here, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The structure of a result: how to make it of the outputs. */
type Template =
  | { kind: "output"; index: number }
  | { kind: "array"; items: Template[] }
  | { kind: "object"; prototype: object | null; keys: string[]; items: Template[] }
  | { kind: "same"; value: unknown };

export interface ResultStructure {
  /** The tensors in the result, each once. */
  tensors: tf.Tensor[];
  /** A new result from as many tensors. What is no tensor is what it was while tracing. */
  build(outputs: readonly tf.Tensor[]): unknown;
}

/**
 * Takes a result apart. Arrays and plain objects are looked into; so are objects of classes, when some field
 * leads to a tensor that `isMade` says was made by the trace (a model with constants of its own is left alone).
 */
export function resultStructure(result: unknown, isMade: (tensor: tf.Tensor) => boolean): ResultStructure {
  const tensors: tf.Tensor[] = [];
  const indices = new Map<tf.Tensor, number>();
  const holds = (value: unknown, depth: number): boolean => {
    if (typeof value !== "object" || value === null || depth > 4) return false;
    if (value instanceof tf.Tensor) return isTensorValue(value) && isMade(value);
    if (value instanceof Map || value instanceof Set || ArrayBuffer.isView(value)) return false;
    return Object.values(value).some((item) => holds(item, depth + 1));
  };
  const describe = (value: unknown, depth: number): Template => {
    if (depth > maxDepth) throw new RangeError("the result nests too deeply (does an object contain itself?)");
    if (typeof value !== "object" || value === null) return { kind: "same", value };
    if (isTensorValue(value)) {
      let index = indices.get(value);
      if (index === undefined) {
        index = tensors.push(value) - 1;
        indices.set(value, index);
      }
      return { kind: "output", index };
    }
    if (Array.isArray(value)) return { kind: "array", items: value.map((item) => describe(item, depth + 1)) };
    if (value instanceof tf.Variable || (!isPlainObject(value) && !holds(value, 0))) return { kind: "same", value };
    const keys = Object.keys(value);
    const items = keys.map((key) => describe((value as Record<string, unknown>)[key], depth + 1));
    return { kind: "object", prototype: Object.getPrototypeOf(value), keys, items };
  };
  const template = describe(result, 0);
  return { tensors, build: (outputs) => build(template, outputs) };
}

function build(template: Template, outputs: readonly tf.Tensor[]): unknown {
  switch (template.kind) {
    case "output":
      return outputs[template.index];
    case "array":
      return template.items.map((item) => build(item, outputs));
    case "object": {
      const object = Object.create(template.prototype) as Record<string, unknown>;
      for (const [i, key] of template.keys.entries()) object[key] = build(template.items[i]!, outputs);
      return object;
    }
    case "same":
      return template.value;
  }
}
