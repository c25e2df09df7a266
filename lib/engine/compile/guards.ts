/**
 * What a trace took for granted without its being part of the signature: settings and slots of optimizers, which variables are
 * trainable, tensors that objects among the arguments hold. Asked at every call; a change asks for another trace.
 */
import * as tf from "@tensorflow/tfjs";
import { isPlainObject } from "./structure.ts";

export interface Guard {
  /** For messages: "epsilon of optimizer Adam". */
  what: string;
  /** What it was for the trace. */
  value: unknown;
  read(): unknown;
}

function fieldGuard(object: object, field: string, owner: string): Guard {
  const read = (): unknown => (object as Record<string, unknown>)[field];
  return { what: `${field} of ${owner}`, value: read(), read };
}

/** The first guard that does not hold any more, in words. */
export function brokenGuard(guards: readonly Guard[]): string | undefined {
  for (const { what, value, read } of guards) {
    const now = read();
    if (Object.is(now, value)) continue;
    if (typeof value !== "object" || value === null) return `${what} was ${String(value)}, is ${String(now)}`;
    return `${what} is another ${value instanceof tf.Tensor ? "tensor" : "object"} than before`;
  }
  return undefined;
}

/** Fields of an optimizer that are numbers, booleans or strings, but for those in `except`. Take them before it is used. */
export function settingsOf(optimizer: tf.Optimizer, except: readonly string[]): Guard[] {
  return Object.entries(optimizer)
    .filter(([field, value]) => isSetting(value) && !except.includes(field))
    .map(([field]) => fieldGuard(optimizer, field, `optimizer ${optimizer.getClassName()}`));
}

function isSetting(value: unknown): boolean {
  return typeof value === "number" || typeof value === "boolean" || typeof value === "string";
}

/**
 * What an optimizer keeps its slots in: `setWeights` puts new variables in place of the old. Take them after it was used, because some
 * are made by the first use.
 */
export function slotsOf(optimizer: tf.Optimizer): Guard[] {
  return Object.entries(optimizer)
    .filter(
      ([, value]) => typeof value === "object" && value !== null && (Array.isArray(value) || isPlainObject(value)),
    )
    .map(([field]) => fieldGuard(optimizer, field, `optimizer ${optimizer.getClassName()}`));
}

/** Whether each variable is trainable, which decides for what gradients are computed. */
export function trainability(variables: readonly tf.Variable[]): Guard[] {
  return variables.map((variable) => fieldGuard(variable, "trainable", `variable ${variable.name}`));
}

/**
 * Tensors in fields of class instances and in values of maps among the arguments, which count by identity. Variables are left out, because
 * their values are read at every call; optimizers see to themselves.
 */
export function heldTensors(args: readonly unknown[]): Guard[] {
  const guards: Guard[] = [];
  const visit = (value: unknown, path: string): void => {
    if (typeof value !== "object" || value === null || value instanceof tf.Tensor || value instanceof tf.Optimizer)
      return;
    if (Array.isArray(value)) for (const [i, item] of value.entries()) visit(item, `${path}[${i}]`);
    else if (isPlainObject(value)) for (const [key, item] of Object.entries(value)) visit(item, `${path}.${key}`);
    else if (value instanceof Map) {
      for (const [key, item] of value)
        if (isHeld(item)) guards.push({ what: `${String(key)} of ${path}`, value: item, read: () => value.get(key) });
    } else {
      for (const [field, item] of Object.entries(value)) if (isHeld(item)) guards.push(fieldGuard(value, field, path));
    }
  };
  for (const [i, arg] of args.entries()) visit(arg, `argument ${i + 1}`);
  return guards;
}

function isHeld(value: unknown): boolean {
  return value instanceof tf.Tensor && !(value instanceof tf.Variable);
}
