/**
 * A value becomes a small tree that the text and HTML inspectors print. All bounds live here: the tree has at most
 * `limits.nodes` nodes, however large the value is, and reading it calls no accessor and no trap.
 *
 * The node allowance is shared fairly: each child may use its part of what is left, and what it does not use passes to
 * the children after it, so that one huge first field does not hide the small ones behind it.
 */
import { inspect, types } from "node:util";
import { builtinDescription } from "./describe-builtins.ts";
import { describeError } from "./describe-error.ts";
import {
  bigintText,
  type Children,
  type Describing,
  type Description,
  defaultLimits,
  type Entry,
  functionHead,
  type Group,
  type Leaf,
  type Limits,
  leaf,
  moreText,
  Said,
  symbolText,
} from "./description.ts";
import { proxyState } from "./internals.ts";
import {
  className,
  clip,
  enumerableKeys,
  findData,
  isObjectLike,
  ownProperty,
  shortText,
  toStringTag,
} from "./reading.ts";

/** Describes any value; never throws. */
export function describe(value: unknown, limits: Partial<Limits> = {}): Description {
  const all = { ...defaultLimits, ...limits };
  return new Describer(all).describe(value, 0, 0);
}

class Describer implements Describing {
  readonly limits: Limits;
  private nodes: number;
  private chars: number;
  private readonly open = new Map<object, Group>();
  private references = 0;
  private asked = 0;

  constructor(limits: Limits) {
    this.limits = limits;
    this.nodes = limits.nodes;
    this.chars = limits.chars;
  }

  /** `floor` is the number of nodes that must be left for those who come after. */
  describe(value: unknown, depth: number, floor: number): Description {
    this.nodes--;
    if (!isObjectLike(value)) return this.primitive(value, depth);
    try {
      return this.object(value, depth, floor);
    } catch (thrown) {
      return leaf(`[cannot be read: ${shortText(thrown)}]`, "error");
    }
  }

  primitive(value: unknown, depth: number): Leaf {
    if (typeof value === "string") return leaf(this.string(value, depth), "string");
    if (typeof value === "bigint") return leaf(bigintText(value), "number");
    if (typeof value === "number") return leaf(Object.is(value, -0) ? "-0" : `${value}`, "number");
    if (typeof value === "symbol") return leaf(symbolText(value), "special");
    return leaf(`${value as null | undefined | boolean}`, "keyword");
  }

  /** Quoted as `util.inspect` quotes, cut to what the whole tree may still use. */
  string(text: string, depth: number): string {
    const room = depth === 0 ? this.chars : Math.max(50, Math.min(5000, Math.floor(this.chars / 8)));
    const shown = clip(text, room);
    this.chars = Math.max(0, this.chars - shown.length);
    const quoted = inspect(shown, { breakLength: Number.POSITIVE_INFINITY, maxStringLength: null, colors: false });
    return shown.length === text.length ? quoted : `${quoted}... ${text.length - shown.length} more characters`;
  }

  private object(value: object, depth: number, floor: number): Description {
    const ancestor = this.open.get(value);
    if (ancestor) {
      ancestor.reference ??= ++this.references;
      return leaf(`[Circular *${ancestor.reference}]`, "special");
    }
    if (types.isProxy(value)) return this.proxy(value, depth, floor);
    const custom = this.custom(value, depth, floor);
    if (custom) return custom;
    if (types.isNativeError(value)) return describeError(value, this, depth, floor);
    return builtinDescription(value, this, depth, floor) ?? this.plain(value, depth, floor);
  }

  mayAsk(): boolean {
    return this.asked++ < 100;
  }

  private proxy(value: object, depth: number, floor: number): Description {
    const state = this.mayAsk() ? proxyState(value) : undefined;
    if (!state) return leaf("[Proxy]", "special");
    if (state.revoked) return leaf("<Revoked Proxy>", "special");
    if (depth > this.limits.depth) return leaf("[Proxy]", "special");
    const target = this.object(state.target, depth + 1, floor);
    if (target.kind === "leaf") return leaf(`Proxy ${target.text}`, target.tone);
    target.prefix = target.prefix ? `Proxy ${target.prefix}` : "Proxy";
    return target;
  }

  /** Node's own convention for how an object wants to be printed, `[util.inspect.custom](depth, options, inspect)`. */
  private custom(value: object, depth: number, floor: number): Description | undefined {
    const method = findData(value, inspect.custom);
    if (typeof method !== "function" || method === inspect) return undefined;
    const room = Math.max(1000, Math.min(20_000, this.chars));
    const options = {
      ...inspect.defaultOptions,
      depth: Math.max(0, 2 - depth),
      maxArrayLength: 50,
      maxStringLength: 1000,
      stylize: (text: unknown) => `${text as string}`,
    };
    let answer: unknown;
    try {
      answer = Reflect.apply(method, value, [options.depth, options, inspect]);
    } catch (thrown) {
      return leaf(`[inspect.custom threw ${shortText(thrown)}]`, "error");
    }
    if (answer === value) return undefined;
    if (typeof answer !== "string")
      return depth > this.limits.depth ? leaf("[Object]", "special") : this.describe(answer, depth + 1, floor);
    this.chars = Math.max(0, this.chars - answer.length);
    const shown = clip(answer, room);
    return leaf(
      shown.length === answer.length ? shown : `${shown}... ${answer.length - shown.length} more characters`,
      "plain",
    );
  }

  private plain(value: object, depth: number, floor: number): Description {
    if (typeof value === "function") {
      const head = functionHead(value);
      const keys = enumerableKeys(value);
      return keys.length === 0
        ? leaf(head, "special")
        : this.group(value, head, this.properties(value, keys), depth, floor);
    }
    return this.group(value, this.prefix(value, "Object"), this.properties(value, enumerableKeys(value)), depth, floor);
  }

  /** `Point`, `Foo [bar]`, `[Object: null prototype]`, or "" where the brackets alone say it. */
  prefix(value: object, kind: string, size?: number): string {
    const name = className(value);
    const tag = toStringTag(value, name);
    const count = size === undefined ? "" : `(${size})`;
    const suffix = tag && tag !== kind ? ` [${tag}]` : "";
    if (name === null) return `[${kind}${count}: null prototype]${suffix}`;
    const subclass = kind === "Object" || name === kind || name === "" ? "" : ` [${kind}]`;
    const implied = (kind === "Object" || kind === "Array") && (name === kind || name === "") && !suffix;
    return implied ? "" : `${name || kind}${count}${kind === "Array" ? "" : subclass}${suffix}`;
  }

  properties(value: object, keys: (string | symbol)[]): Children {
    return {
      size: keys.length,
      read: (index) => {
        const key = keys[index]!;
        return { keyLeaf: this.key(key), separator: ": ", value: this.propertyValue(value, key) };
      },
    };
  }

  /** The value of an own property, or a leaf that says why it is not read. */
  propertyValue(value: object, key: PropertyKey): unknown {
    const property = ownProperty(value, key);
    if (!property) return undefined;
    if (property.kind === "data") return property.value;
    return new Said(leaf(property.kind === "accessor" ? property.text : "<uninitialized>", "special"));
  }

  key(key: string | symbol): Leaf {
    if (typeof key === "symbol") return leaf(symbolText(key), "special");
    const shown = clip(key, 100);
    const text = /^[a-zA-Z_][a-zA-Z_0-9]*$/.test(shown)
      ? shown
      : inspect(shown, { breakLength: Number.POSITIVE_INFINITY });
    return leaf(shown.length === key.length ? text : `${text}...`, "key");
  }

  /** One bracketed value: as many of `children` as the limits allow. `list` children have no keys. */
  group(value: object, prefix: string, children: Children, depth: number, floor: number, list = false): Description {
    const [open, close] = list ? (["[", "]"] as const) : (["{", "}"] as const);
    const group: Group = { kind: "group", prefix, open, close, entries: [], list };
    const room = Math.max(0, this.nodes - floor);
    if (children.size > 0 && (depth >= this.limits.depth || room === 0)) {
      return leaf(`[${prefix || (list ? "Array" : "Object")}]`, "special");
    }
    const shown = Math.min(children.size, this.limits.entries, room);
    this.open.set(value, group);
    let read = 0;
    for (; read < shown; read++) {
      const share = Math.max(1, Math.floor((this.nodes - floor) / (shown - read)));
      const childFloor = Math.max(floor, this.nodes - share);
      const child = children.read(read);
      if (child === undefined) break;
      if ("kind" in child) {
        this.nodes--;
        group.entries.push({ separator: "", value: child });
        continue;
      }
      const entry: Entry = { separator: child.separator, value: leaf("", "plain") };
      if (child.keyLeaf) entry.key = child.keyLeaf;
      else if ("key" in child) entry.key = this.describe(child.key, depth + 1, childFloor);
      entry.value = Said.leafOf(child.value) ?? this.describe(child.value, depth + 1, childFloor);
      group.entries.push(entry);
    }
    this.open.delete(value);
    const left = children.size - read;
    if (left > 0) group.more = moreText(left, children.noun ?? "key");
    return group;
  }
}
