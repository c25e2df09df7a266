/**
 * The tree that stands between a value and its printed form, and the words for what has no parts: primitives and
 * functions. Knows nothing of how values are read or printed.
 */
import { types } from "node:util";
import { clip, functionName } from "./reading.ts";

export type Tone = "string" | "number" | "keyword" | "special" | "plain" | "key" | "error";

export interface Leaf {
  kind: "leaf";
  text: string;
  tone: Tone;
}

export interface Entry {
  /** Absent for the items of a list. */
  key?: Leaf | Group;
  separator: ": " | " => " | "";
  value: Leaf | Group;
}

export interface Group {
  kind: "group";
  /** What stands before the bracket: `Map(2)`, `Point`, "" for plain records and arrays. */
  prefix: string;
  open: "{" | "[";
  close: "}" | "]";
  entries: Entry[];
  /** What was left out, as `... 12 more items`. */
  more?: string;
  /** Lists are laid out in columns. */
  list: boolean;
  /** Set when a value inside refers back to this one. */
  reference?: number;
}

export type Description = Leaf | Group;

/** `... 12 more items` */
export function moreText(count: number, noun: "item" | "key"): string {
  return `... ${count} more ${noun}${count === 1 ? "" : "s"}`;
}

export interface Limits {
  /** Levels of nesting that are opened. */
  depth: number;
  /** Entries shown of one value. */
  entries: number;
  /** Nodes in the whole tree. */
  nodes: number;
  /** UTF-16 units of strings in the whole tree. */
  chars: number;
}

export const defaultLimits: Readonly<Limits> = Object.freeze({ depth: 6, entries: 100, nodes: 700, chars: 40_000 });

export function leaf(text: string, tone: Tone): Leaf {
  return { kind: "leaf", text, tone };
}

/** How the children of a group are to be found: `read(i)` is only called for those that are shown. */
export interface Children {
  size: number;
  /** What one of them is called when some are left out; "key" unless told. */
  noun?: "item" | "key";
  read(
    index: number,
  ): { key?: unknown; keyLeaf?: Leaf; separator: Entry["separator"]; value: unknown } | Leaf | undefined;
}

/** A leaf in the place of a value. */
export class Said {
  readonly #leaf: Leaf;

  constructor(said: Leaf) {
    this.#leaf = said;
  }

  /** The leaf, if `value` is one of these. (`instanceof` would ask a proxy for its prototype.) */
  static leafOf(value: unknown): Leaf | undefined {
    return typeof value === "object" && value !== null && #leaf in value ? value.#leaf : undefined;
  }
}

/** What the readers of single kinds of value need of the one that walks the whole. */
export interface Describing {
  readonly limits: Limits;
  describe(value: unknown, depth: number, floor: number): Description;
  primitive(value: unknown, depth: number): Leaf;
  string(text: string, depth: number): string;
  prefix(value: object, kind: string, size?: number): string;
  properties(value: object, keys: (string | symbol)[]): Children;
  propertyValue(value: object, key: PropertyKey): unknown;
  group(value: object, prefix: string, children: Children, depth: number, floor: number, list?: boolean): Description;
  /** False when the inspector was asked often enough for one value. */
  mayAsk(): boolean;
}

export function functionHead(value: object): string {
  let source = "";
  try {
    source = Function.prototype.toString.call(value).slice(0, 6);
  } catch {
    // Bound to something that has no source: the name will do.
  }
  const name = functionName(value);
  if (/^class[\s{]?/.test(source)) {
    const parent = Object.getPrototypeOf(value) as unknown;
    const extended = typeof parent === "function" ? functionName(parent) : parent === null ? "null" : "";
    return `[class ${name || "(anonymous)"}${extended ? ` extends ${extended}` : ""}]`;
  }
  const kind = types.isGeneratorFunction(value)
    ? types.isAsyncFunction(value)
      ? "AsyncGeneratorFunction"
      : "GeneratorFunction"
    : types.isAsyncFunction(value)
      ? "AsyncFunction"
      : "Function";
  return `[${kind}${name ? `: ${name}` : " (anonymous)"}]`;
}

export function symbolText(symbol: symbol): string {
  return `Symbol(${clip(symbol.description ?? "", 100)})`;
}

const largestPrinted = 10n ** 2000n;

/** All digits up to 2,000 of them; beyond that, how large it is (writing out the digits takes quadratic time). */
export function bigintText(value: bigint): string {
  const size = value < 0n ? -value : value;
  if (size < largestPrinted) return `${value}n`;
  let bits = 4096n;
  while (size >> bits > 0n) bits *= 2n;
  for (let step = bits / 2n; step >= 1n; step /= 2n) if (size >> (bits - step) === 0n) bits -= step;
  const power = Math.log10(Number(size >> (bits - 60n))) + Number(bits - 60n) * Math.log10(2);
  const exponent = Math.floor(power);
  return `[bigint of ${exponent + 1} digits, about ${value < 0n ? "-" : ""}${(10 ** (power - exponent)).toPrecision(6)}e+${exponent}]`;
}
