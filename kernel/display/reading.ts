/**
 * Reading values that may fight back. Nothing here calls an accessor, a proxy's trap or a method of the value, and
 * nothing throws: what cannot be read is `undefined`.
 */
import { types } from "node:util";

/** An own property: its data value, or the kinds of accessor it has, or why it cannot be read. */
export type OwnProperty =
  | { kind: "data"; value: unknown; enumerable: boolean }
  | { kind: "accessor"; text: "[Getter]" | "[Setter]" | "[Getter/Setter]"; get: unknown; enumerable: boolean }
  | { kind: "unreadable"; enumerable: true };

export function isObjectLike(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** The own property `key` of a value that is not a proxy. An export that is not initialised yet is "unreadable". */
export function ownProperty(holder: object, key: PropertyKey): OwnProperty | undefined {
  try {
    const descriptor = Object.getOwnPropertyDescriptor(holder, key);
    if (!descriptor) return undefined;
    const enumerable = descriptor.enumerable === true;
    if (!descriptor.get && !descriptor.set) return { kind: "data", value: descriptor.value, enumerable };
    const text = descriptor.get ? (descriptor.set ? "[Getter/Setter]" : "[Getter]") : "[Setter]";
    return { kind: "accessor", text, get: descriptor.get, enumerable };
  } catch {
    return { kind: "unreadable", enumerable: true };
  }
}

/** The property `key`, own or inherited, as far as the chain of prototypes can be walked without meeting a proxy. */
export function findProperty(value: object, key: PropertyKey): OwnProperty | undefined {
  let holder: object | null = value;
  for (let steps = 0; holder !== null && steps < 1000; steps++) {
    if (types.isProxy(holder)) return undefined;
    const property = ownProperty(holder, key);
    if (property) return property;
    holder = Object.getPrototypeOf(holder);
  }
  return undefined;
}

/** The property's value when it is a plain data property, own or inherited. */
export function findData(value: object, key: PropertyKey): unknown {
  const property = findProperty(value, key);
  return property?.kind === "data" ? property.value : undefined;
}

/** A function's own name; empty when it has none or hides it behind an accessor. */
export function functionName(fn: unknown): string {
  if (typeof fn !== "function" || types.isProxy(fn)) return "";
  const property = ownProperty(fn, "name");
  return property?.kind === "data" && typeof property.value === "string" ? clip(property.value, 100) : "";
}

/** The name of the class a value was made by; null without a prototype, "" when it cannot be told. */
export function className(value: object): string | null {
  let holder: object | null = Object.getPrototypeOf(value);
  if (holder === null) return null;
  for (let steps = 0; holder !== null && steps < 1000; steps++) {
    if (types.isProxy(holder)) return "";
    const property = ownProperty(holder, "constructor");
    if (property?.kind === "data") {
      const name = functionName(property.value);
      if (name) return name;
    }
    holder = Object.getPrototypeOf(holder);
  }
  return "";
}

/** `Symbol.toStringTag` when it is plain data and says something that `name` does not. */
export function toStringTag(value: object, name: string | null): string {
  const tag = findData(value, Symbol.toStringTag);
  return typeof tag === "string" && tag !== "" && tag !== name ? clip(tag, 100) : "";
}

/** True for `{}` literals of any realm and for objects without a prototype. */
export function isPlainRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || types.isProxy(value) || Array.isArray(value)) return false;
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === null) return !types.isModuleNamespaceObject(value);
  if (types.isProxy(prototype) || Object.getPrototypeOf(prototype) !== null) return false;
  return prototype === Object.prototype || className(value) === "Object";
}

/** Own enumerable keys, strings first. Symbols of an object with very many keys are left out: finding them is slow. */
export function enumerableKeys(value: object): (string | symbol)[] {
  const keys: (string | symbol)[] = ownKeys(value);
  if (keys.length > 10_000) return keys;
  for (const symbol of Object.getOwnPropertySymbols(value)) {
    if (ownProperty(value, symbol)?.enumerable) keys.push(symbol);
  }
  return keys;
}

function ownKeys(value: object): string[] {
  try {
    return Object.keys(value);
  } catch {
    // A module namespace with an export that is not initialised refuses `keys`, though not the names.
    return Object.getOwnPropertyNames(value);
  }
}

/** The first `length` UTF-16 units, never half of a surrogate pair. */
export function clip(text: string, length: number): string {
  if (text.length <= length) return text;
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
}

/** Any value as one short line, whatever its `toString` does. */
export function shortText(value: unknown): string {
  try {
    return clip(typeof value === "symbol" ? value.toString() : `${value as string}`, 500);
  } catch {
    return "a value that cannot be turned into text";
  }
}

/** What went wrong, as `TypeError: message`, for anything that may be thrown. */
export function thrownText(thrown: unknown): string {
  if (!types.isNativeError(thrown)) return shortText(thrown);
  const name = findData(thrown, "name");
  const message = findData(thrown, "message");
  const title = typeof name === "string" && name !== "" ? clip(name, 100) : "Error";
  return typeof message === "string" && message !== "" ? `${title}: ${clip(message, 500)}` : title;
}
