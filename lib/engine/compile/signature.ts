/**
 * What a call has in common with others that can use the same trace: shapes and dtypes of tensors, the structure around them,
 * plain values as they are, other objects and variables by identity.
 */
import * as tf from "@tensorflow/tfjs";
import { isPlainObject, maxDepth } from "./structure.ts";

export interface Signature {
  /** Equal for calls that can share a trace. */
  key: string;
  /** The tensors of the arguments, in order. */
  tensors: tf.Tensor[];
}

/** Throws a TypeError (with the place in the arguments) for what can be neither an input nor a fixed value. */
export function signatureOf(args: readonly unknown[]): Signature {
  const tensors: tf.Tensor[] = [];
  let key = "";
  const visit = (value: unknown, path: () => string, depth: number): void => {
    if (value instanceof tf.Tensor) {
      if (value.isDisposed) throw new TypeError(`${path()} is a disposed tensor`);
      if (value instanceof tf.Variable) {
        key += `v${identity(value)};`;
      } else {
        tensors.push(value);
        key += `t${value.dtype},${value.shape.join(",")};`;
      }
    } else if (typeof value === "object" && value !== null) {
      if (depth > maxDepth) throw new TypeError(`${path()} nests too deeply (does an object contain itself?)`);
      if (Array.isArray(value)) {
        key += "[";
        for (let i = 0; i < value.length; i++) visit(value[i], () => `${path()}[${i}]`, depth + 1);
        key += "]";
      } else if (isPlainObject(value)) {
        key += "{";
        for (const name of Object.keys(value)) {
          key += `${JSON.stringify(name)}:`;
          visit(value[name], () => `${path()}.${name}`, depth + 1);
        }
        key += "}";
      } else {
        refuseBuffers(value, path);
        key += `o${identity(value)};`;
      }
    } else key += typeof value === "function" ? `o${identity(value)};` : primitiveKey(value);
  };
  for (let i = 0; i < args.length; i++) visit(args[i], () => `argument ${i + 1}`, 0);
  return { key, tensors };
}

function primitiveKey(value: unknown): string {
  switch (typeof value) {
    case "number":
      return `n${Object.is(value, -0) ? "-0" : value};`;
    case "string":
      return `s${JSON.stringify(value)};`;
    case "symbol":
      return `y${symbolIdentity(value)};`;
    default:
      return `${typeof value}${String(value)};`;
  }
}

function refuseBuffers(value: object, path: () => string): void {
  if (!ArrayBuffer.isView(value) && !(value instanceof ArrayBuffer)) return;
  throw new TypeError(
    `${path()} is a ${value.constructor.name}, whose numbers would be frozen into the compiled function. Pass a tensor: tf.tensor(...)`,
  );
}

const identities = new WeakMap<object, number>();
const symbols = new Map<symbol, number>();
let lastIdentity = 0;

function identity(value: object): number {
  let number = identities.get(value);
  if (number === undefined) {
    number = ++lastIdentity;
    identities.set(value, number);
  }
  return number;
}

function symbolIdentity(value: symbol): number {
  let number = symbols.get(value);
  if (number === undefined) {
    number = ++lastIdentity;
    symbols.set(value, number);
  }
  return number;
}

/** One entry for every leaf of the arguments, for people: its place, and what of it is part of the signature. */
export type Description = Map<string, { kind: string; text: string; identity?: number }>;

export function describeArguments(args: readonly unknown[]): Description {
  const leaves: Description = new Map();
  const visit = (value: unknown, path: string): void => {
    if (value instanceof tf.Variable) {
      leaves.set(path, { kind: "variable", text: `variable ${value.name}`, identity: identity(value) });
    } else if (value instanceof tf.Tensor) {
      leaves.set(path, { kind: "tensor", text: `${value.dtype} [${value.shape.join(", ")}]` });
    } else if (Array.isArray(value)) {
      if (value.length === 0) leaves.set(path, { kind: "array", text: "[]" });
      for (const [i, item] of value.entries()) visit(item, `${path}[${i}]`);
    } else if (typeof value === "object" && value !== null && isPlainObject(value)) {
      const names = Object.keys(value);
      if (names.length === 0) leaves.set(path, { kind: "object", text: "{}" });
      for (const name of names) visit(value[name], `${path}.${name}`);
    } else if ((typeof value === "object" && value !== null) || typeof value === "function") {
      const text = typeof value === "function" ? `function ${value.name}` : `${value.constructor?.name ?? "object"}`;
      leaves.set(path, { kind: "object", text, identity: identity(value) });
    } else {
      leaves.set(path, { kind: "value", text: typeof value === "string" ? JSON.stringify(value) : String(value) });
    }
  };
  for (const [i, arg] of args.entries()) visit(arg, `argument ${i + 1}`);
  return leaves;
}

/** `(float32 [8, 128], {training: true})`-like text of a signature: leaves with their places left out where they are whole arguments. */
export function signatureText(description: Description): string {
  const parts: string[] = [];
  for (const [path, { text }] of description) {
    const place = path.replace(/^argument \d+\.?/, "");
    parts.push(place ? `${place}: ${text}` : text);
  }
  return `(${parts.length > 8 ? [...parts.slice(0, 7), `… ${parts.length - 7} more`].join(", ") : parts.join(", ")})`;
}

/** Why a call cannot use an earlier trace, in words: the first difference, and what to do when it is a plain value. */
export function difference(before: Description, now: Description): string | undefined {
  for (const [path, leaf] of now) {
    const former = before.get(path);
    if (!former) return `${path} (${leaf.text}) was not there before`;
    if (former.kind === leaf.kind && former.text === leaf.text && former.identity === leaf.identity) continue;
    if (former.text === leaf.text) return `${path} is another ${leaf.text} than before; objects count by identity`;
    const advice =
      leaf.kind === "value" && former.kind === "value" && /^[-\d.eE+Na]|^Inf/.test(leaf.text)
        ? ". A number in the arguments is part of the signature; pass one that changes as a tensor: tf.scalar(...)"
        : "";
    return `${path} was ${former.text}, is ${leaf.text}${advice}`;
  }
  for (const [path, leaf] of before) if (!now.has(path)) return `${path} (${leaf.text}) is not there any more`;
  return undefined;
}
