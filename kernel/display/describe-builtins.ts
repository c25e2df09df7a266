/** Descriptions of the language's own kinds of object: lists, collections, buffers, dates, promises. */
import { types } from "node:util";
import {
  bigintText,
  type Children,
  type Describing,
  type Description,
  type Leaf,
  leaf,
  moreText,
  Said,
  symbolText,
} from "./description.ts";
import { promiseState } from "./internals.ts";
import { enumerableKeys } from "./reading.ts";

/** A reader that cannot be shadowed by a property of the value. */
function getter<T>(prototype: object, key: PropertyKey): (value: object) => T {
  const get = Object.getOwnPropertyDescriptor(prototype, key)?.get;
  return (value) => Reflect.apply(get as () => T, value, []);
}

const typedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype) as object;
const typedArrayLength = getter<number>(typedArrayPrototype, "length");
const typedArrayName = getter<string>(typedArrayPrototype, Symbol.toStringTag);
const mapSize = getter<number>(Map.prototype, "size");
const setSize = getter<number>(Set.prototype, "size");
const regExpSource = getter<string>(RegExp.prototype, "source");
const regExpFlags: [string, (value: object) => boolean][] = (
  [
    ["d", "hasIndices"],
    ["g", "global"],
    ["i", "ignoreCase"],
    ["m", "multiline"],
    ["s", "dotAll"],
    ["u", "unicode"],
    ["v", "unicodeSets"],
    ["y", "sticky"],
  ] as const
).map(([flag, key]) => [flag, getter<boolean>(RegExp.prototype, key)]);

/** undefined for what is not one of the language's own kinds. */
export function builtinDescription(
  value: object,
  to: Describing,
  depth: number,
  floor: number,
): Description | undefined {
  if (Array.isArray(value)) return array(value, to, depth, floor);
  if (types.isTypedArray(value)) return typedArray(value, to, depth, floor);
  if (types.isMap(value)) return map(value, to, depth, floor);
  if (types.isSet(value)) return set(value, to, depth, floor);
  if (types.isDate(value)) return withProperties(value, dateText(value), "number", to, depth, floor);
  if (types.isRegExp(value)) return withProperties(value, regExpText(value), "string", to, depth, floor);
  if (types.isPromise(value)) return promise(value, to, depth, floor);
  if (types.isAnyArrayBuffer(value)) return arrayBuffer(value, to, depth, floor);
  if (types.isBoxedPrimitive(value))
    return withProperties(value, boxedText(value, to, depth), "special", to, depth, floor);
  if (types.isWeakMap(value) || types.isWeakSet(value)) {
    const kind = types.isWeakMap(value) ? "WeakMap" : "WeakSet";
    return to.group(value, to.prefix(value, kind), fixed([leaf("<items unknown>", "special")]), depth, floor);
  }
  if (types.isModuleNamespaceObject(value)) {
    return to.group(value, "[Module: null prototype]", to.properties(value, enumerableKeys(value)), depth, floor);
  }
  if (types.isDataView(value)) return dataView(value, to, depth, floor);
  if (types.isArgumentsObject(value)) {
    return to.group(value, "[Arguments]", to.properties(value, enumerableKeys(value)), depth, floor);
  }
  if (types.isExternal(value)) return leaf("[External]", "special");
  return undefined;
}

function fixed(leaves: Leaf[]): Children {
  return { size: leaves.length, read: (index) => leaves[index] };
}

/** Children one after another: first `first`, then `second`. */
function joined(first: Children, second: Children): Children {
  return {
    size: first.size + second.size,
    ...(first.noun ? { noun: first.noun } : {}),
    read: (index) => (index < first.size ? first.read(index) : second.read(index - first.size)),
  };
}

/** Keys beside the indices; not looked for in long arrays, where listing keys costs as much as listing the items. */
function namedKeys(value: object, length: number): (string | symbol)[] {
  if (length > 1000) return [];
  return enumerableKeys(value).filter((key) => typeof key === "symbol" || !/^(0|[1-9]\d{0,9})$/.test(key));
}

/** Holes that are walked over; a gap is one entry, as in util.inspect. */
const longestGap = 10_000;

function array(value: unknown[], to: Describing, depth: number, floor: number): Description {
  const length = value.length;
  const prefix = to.prefix(value, "Array", length);
  const extra = to.properties(value, namedKeys(value, length));
  let next = 0;
  let gaps = 0;
  const items: Children = {
    size: length,
    noun: "item",
    read: () => {
      if (next >= length || gaps >= longestGap) return undefined;
      const start = next;
      while (next < length && gaps < longestGap && !Object.hasOwn(value, next)) {
        next++;
        gaps++;
      }
      if (next > start) return leaf(`<${next - start} empty item${next - start > 1 ? "s" : ""}>`, "special");
      return { separator: "", value: to.propertyValue(value, next++) };
    },
  };
  return list(value, prefix, items, () => length - next, extra, to, depth, floor);
}

/** A list whose items may be fewer than its length (gaps), followed by its named properties. */
function list(
  value: object,
  prefix: string,
  items: Children,
  left: () => number,
  extra: Children,
  to: Describing,
  depth: number,
  floor: number,
): Description {
  const described = to.group(value, prefix, items, depth, floor, true);
  if (described.kind === "leaf") return described;
  const rest = left();
  if (rest > 0) described.more = moreText(rest, "item");
  else delete described.more;
  if (extra.size === 0) return described;
  const named = to.group(value, "", extra, depth, floor);
  if (named.kind === "group") {
    // What was left out of the list is said before the names begin.
    if (described.more) described.entries.push({ separator: "", value: leaf(described.more, "special") });
    delete described.more;
    described.entries.push(...named.entries);
    if (named.more) described.more = named.more;
  }
  return described;
}

function typedArray(value: NodeJS.TypedArray, to: Describing, depth: number, floor: number): Description {
  const length = typedArrayLength(value);
  const prefix = to.prefix(value, typedArrayName(value), length);
  // An index of a typed array is never an accessor, and reading it runs nothing.
  let next = 0;
  const items: Children = { size: length, noun: "item", read: () => ({ separator: "", value: value[next++] }) };
  const extra = to.properties(value, namedKeys(value, length));
  return list(value, prefix, items, () => length - next, extra, to, depth, floor);
}

function map(value: Map<unknown, unknown>, to: Describing, depth: number, floor: number): Description {
  const size = mapSize(value);
  const entries = Map.prototype.entries.call(value);
  const next = entries.next.bind(entries);
  const pairs: Children = {
    size,
    noun: "item",
    read: () => {
      const { done, value: pair } = next();
      return done ? undefined : { key: pair[0], separator: " => ", value: pair[1] };
    },
  };
  return to.group(
    value,
    to.prefix(value, "Map", size),
    joined(pairs, to.properties(value, enumerableKeys(value))),
    depth,
    floor,
  );
}

function set(value: Set<unknown>, to: Describing, depth: number, floor: number): Description {
  const size = setSize(value);
  const entries = Set.prototype.values.call(value);
  const next = entries.next.bind(entries);
  const items: Children = {
    size,
    noun: "item",
    read: () => {
      const { done, value: item } = next();
      return done ? undefined : { separator: "", value: item };
    },
  };
  return to.group(
    value,
    to.prefix(value, "Set", size),
    joined(items, to.properties(value, enumerableKeys(value))),
    depth,
    floor,
  );
}

function dateText(value: Date): string {
  const time = Date.prototype.getTime.call(value);
  return Number.isNaN(time) ? "Invalid Date" : Date.prototype.toISOString.call(value);
}

function regExpText(value: RegExp): string {
  const source = regExpSource(value);
  const shown = source.length > 2000 ? `${source.slice(0, 2000)}... ${source.length - 2000} more characters` : source;
  return `/${shown}/${regExpFlags.map(([flag, isSet]) => (isSet(value) ? flag : "")).join("")}`;
}

function boxedText(value: object, to: Describing, depth: number): string {
  if (types.isNumberObject(value)) return `[Number: ${to.primitive(Number.prototype.valueOf.call(value), depth).text}]`;
  if (types.isStringObject(value)) return `[String: ${to.string(String.prototype.valueOf.call(value), depth + 1)}]`;
  if (types.isBooleanObject(value)) return `[Boolean: ${Boolean.prototype.valueOf.call(value)}]`;
  if (types.isBigIntObject(value)) return `[BigInt: ${bigintText(BigInt.prototype.valueOf.call(value))}]`;
  return `[Symbol: ${symbolText(Reflect.apply(Symbol.prototype.valueOf, value, []))}]`;
}

/** A value that is one piece of text, and its own properties behind it when it has some. */
function withProperties(
  value: object,
  text: string,
  tone: Leaf["tone"],
  to: Describing,
  depth: number,
  floor: number,
): Description {
  const length = types.isStringObject(value) ? String.prototype.valueOf.call(value).length : 0;
  const keys = length > 0 ? namedKeys(value, length) : enumerableKeys(value);
  return keys.length === 0 ? leaf(text, tone) : to.group(value, text, to.properties(value, keys), depth, floor);
}

function promise(value: Promise<unknown>, to: Describing, depth: number, floor: number): Description {
  const state = to.mayAsk() ? promiseState(value) : undefined;
  const prefix = to.prefix(value, "Promise");
  const named = to.properties(value, enumerableKeys(value));
  if (!state || state.state === "pending") {
    return to.group(
      value,
      prefix,
      joined(fixed([leaf(state ? "<pending>" : "<state unknown>", "special")]), named),
      depth,
      floor,
    );
  }
  const result: Children = { size: 1, read: () => ({ separator: "", value: state.result }) };
  const all =
    state.state === "rejected"
      ? joined(fixed([leaf("<rejected>", "error")]), joined(result, named))
      : joined(result, named);
  return to.group(value, prefix, all, depth, floor);
}

const dataViewLength = getter<number>(DataView.prototype, "byteLength");
const dataViewOffset = getter<number>(DataView.prototype, "byteOffset");
const dataViewBuffer = getter<ArrayBufferLike>(DataView.prototype, "buffer");

function dataView(value: DataView, to: Describing, depth: number, floor: number): Description {
  const parts: [string, unknown][] = [
    ["[byteLength]", dataViewLength(value)],
    ["[byteOffset]", dataViewOffset(value)],
    ["[buffer]", dataViewBuffer(value)],
  ];
  const children: Children = {
    size: parts.length,
    read: (index) => ({ keyLeaf: leaf(parts[index]![0], "key"), separator: ": ", value: parts[index]![1] }),
  };
  return to.group(value, to.prefix(value, "DataView"), children, depth, floor);
}

const arrayBufferLength = getter<number>(ArrayBuffer.prototype, "byteLength");
const sharedBufferLength = getter<number>(SharedArrayBuffer.prototype, "byteLength");

function arrayBuffer(value: ArrayBufferLike, to: Describing, depth: number, floor: number): Description {
  const shared = types.isSharedArrayBuffer(value);
  const length = shared ? sharedBufferLength(value) : arrayBufferLength(value);
  let contents = "<detached>";
  try {
    const bytes = new Uint8Array(value, 0, Math.min(50, length));
    const more = length > 50 ? ` ... ${length - 50} more byte${length > 51 ? "s" : ""}` : "";
    contents = `<${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ")}${more}>`;
  } catch {
    // Detached: there is nothing left to read.
  }
  const children: Children = {
    size: 2,
    read: (index) =>
      index === 0
        ? { keyLeaf: leaf("[Uint8Contents]", "key"), separator: ": ", value: new Said(leaf(contents, "special")) }
        : { keyLeaf: leaf("[byteLength]", "key"), separator: ": ", value: length },
  };
  return to.group(value, to.prefix(value, shared ? "SharedArrayBuffer" : "ArrayBuffer"), children, depth, floor);
}
