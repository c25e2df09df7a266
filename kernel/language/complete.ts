/** Completion from live values, falling back on syntax and last known names. */
import { askValue } from "./ask-value.ts";
import {
  type Candidate,
  commandCandidates,
  compareText,
  looksLikePath,
  pathCandidates,
  specifierCandidates,
} from "./complete-paths.ts";
import { isDeclaredAt, namesInScope } from "./expressions.ts";
import type { LanguageContext } from "./language-context.ts";
import type { LiveValues, RemoteProperty, RemoteValue } from "./live-values.ts";
import { toCodePoints, toUtf16 } from "./positions.ts";
import { isIdentifier, parseSignature } from "./signatures.ts";
import { type EndState, endsOperand, type Token, tokenize } from "./tokens.ts";

/** Content of a `complete_reply`, without its status. Positions are code points. */
export interface Completion {
  matches: string[];
  cursor_start: number;
  cursor_end: number;
  metadata: {
    _jupyter_types_experimental: { start: number; end: number; text: string; type: string; signature?: string }[];
  };
}

/** Text between `start` and the cursor, and what may replace it. */
interface Found {
  start: number;
  candidates: Candidate[];
}

const keywords = (
  "abstract any as async await boolean break case catch class const continue debugger declare default delete do else enum export extends " +
  "false finally for from function if implements import in instanceof interface keyof let namespace never new null number of override " +
  "private protected public readonly return satisfies static string super switch this throw true try type typeof undefined unknown " +
  "using var void while with yield"
).split(" ");

const mostMatches = 1000;
const objectMembers = new Set(Object.getOwnPropertyNames(Object.prototype));
const functionMembers = new Set(["length", "name", "prototype", "arguments", "caller"]);
const ownGlobals = new Set(Object.getOwnPropertyNames(globalThis));

/**
 * Completes `code` at `cursorPos` (code points; moved into the text when outside). Never throws: where nothing can be said,
 * `matches` is empty. Asks the running program only what has no side effects.
 * Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#completion
 */
export async function complete(
  code: string,
  cursorPos: number,
  live: LiveValues,
  context: LanguageContext,
): Promise<Completion> {
  const cursor = toUtf16(code, cursorPos);
  const release = live.hold();
  let found: Found | undefined;
  try {
    found = await find(code, cursor, live, context);
  } catch {
    found = undefined;
  } finally {
    release();
  }
  const start = toCodePoints(code, found?.start ?? cursor);
  const end = toCodePoints(code, cursor);
  const candidates = (found?.candidates ?? []).slice(0, mostMatches);
  return {
    matches: candidates.map((candidate) => candidate.text),
    cursor_start: start,
    cursor_end: end,
    metadata: { _jupyter_types_experimental: candidates.map((candidate) => ({ start, end, ...candidate })) },
  };
}

async function find(
  code: string,
  cursor: number,
  live: LiveValues,
  context: LanguageContext,
): Promise<Found | undefined> {
  const before = code.slice(0, cursor);
  const { tokens, end, open } = tokenize(before);
  if (end.in === "command") {
    const { typed, candidates } = await commandCandidates(before.slice(end.start), context.commands ?? [], context.cwd);
    return { start: cursor - typed.length, candidates };
  }
  if (end.in === "string" || end.in === "template") return inString(before, tokens, end, live, context);
  if (end.in !== "code") return undefined;

  const last = tokens.at(-1);
  const touches = last?.end === cursor;
  if (touches && last.kind !== "name" && last.kind !== "punctuation") return undefined;
  const prefix = touches && last.kind === "name" ? last.text : "";
  const at = prefix ? tokens.length - 1 : tokens.length;
  const start = cursor - prefix.length;
  const link = tokens[at - 1]?.text;
  if (link === "." || link === "?.")
    return {
      start,
      candidates: await members(before.slice(0, start) + code.slice(cursor), tokens, at - 2, prefix, live, context),
    };
  if (isDeclaredAt(tokens, at) || isImportList(tokens, open)) return undefined;
  return { start, candidates: names(tokens.slice(0, at), prefix, await live.globals(), context) };
}

/** Inside `import { ... }`, whose names are another module's. */
function isImportList(tokens: Token[], open: number[]): boolean {
  const brace = open.at(-1);
  if (brace === undefined || tokens[brace]!.text !== "{") return false;
  const before = tokens.slice(Math.max(0, brace - 3), brace).map((token) => token.text);
  return (
    before.at(-1) === "import" ||
    (before.at(-1) === "," && before.at(-3) === "import") ||
    before.slice(-2).join(" ") === "import type"
  );
}

async function inString(
  before: string,
  tokens: Token[],
  end: EndState & { start: number },
  live: LiveValues,
  context: LanguageContext,
): Promise<Found | undefined> {
  const start = end.start + 1;
  const typed = before.slice(start);
  if (typed.includes("\\") || typed.includes("\n")) return undefined;
  const at = tokens.length - 1;
  const [opener, callee] = [tokens[at - 1]?.text, tokens[at - 2]];
  if (end.in === "string") {
    const isModule =
      opener === "from" ||
      opener === "import" ||
      (opener === "(" && /^(?:import|require|resolve)$/.test(callee?.text ?? ""));
    if (isModule) return { start, candidates: await specifierCandidates(typed, context.cwd) };
    const quote = before[end.start]!;
    if (opener === "[" && endsOperand(tokens, at - 2)) {
      const keys = (await properties(before, tokens, at - 2, live, context)).filter(
        (property) => property.isOwn && property.enumerable,
      );
      return {
        start,
        candidates: quoted(
          keys.map((key) => key.name),
          typed,
          quote,
        ),
      };
    }
    if (opener === "(" && /^(?:get|has|delete)$/.test(callee?.text ?? "") && tokens[at - 3]?.text === ".") {
      const asked = await askValue(before, tokens, at - 4, live, context);
      const keys = asked?.value?.objectId && (await live.callByValue(asked.value.objectId, stringKeys));
      if (Array.isArray(keys)) return { start, candidates: quoted(keys as string[], typed, quote) };
    }
  }
  return looksLikePath(typed) ? { start, candidates: await pathCandidates(typed, context.cwd) } : undefined;
}

/** String keys of a Map or Set. */
const stringKeys = `function () {
  const keys = [];
  for (const key of this.keys()) { if (typeof key === "string") keys.push(key); if (keys.length >= 500) break; }
  return keys;
}`;

function quoted(keys: string[], typed: string, quote: string): Candidate[] {
  const escaped = (key: string) => {
    const inner = JSON.stringify(key).slice(1, -1);
    return quote === '"' ? inner : inner.replaceAll('\\"', '"').replaceAll(quote, `\\${quote}`);
  };
  return keys.filter((key) => key.startsWith(typed)).map((key) => ({ text: escaped(key), type: "property" }));
}

/** Members of the expression that ends with token `last`. */
async function members(
  code: string,
  tokens: Token[],
  last: number,
  prefix: string,
  live: LiveValues,
  context: LanguageContext,
): Promise<Candidate[]> {
  const found = await properties(code, tokens, last, live, context);
  const usable = found.filter((property) => isIdentifier(property.name) && property.name.startsWith(prefix));
  const isFunction = found.some((property) => property.isOwn && property.name === "prototype");
  const isObjectPrototype = found.some((property) => property.isOwn && property.name === "hasOwnProperty");
  const rank = (property: RemoteProperty): number => {
    if (property.name.startsWith("_")) return 4;
    if (!property.isOwn && objectMembers.has(property.name) && !isObjectPrototype) return 3;
    if (isFunction && functionMembers.has(property.name)) return 2;
    return property.isOwn ? 0 : 1;
  };
  const ranked = usable.map((property) => ({ property, rank: rank(property) }));
  ranked.sort((a, b) => a.rank - b.rank || compareText(a.property.name, b.property.name));
  const unique = [...new Map(ranked.map(({ property }) => [property.name, property])).values()];
  return unique.map((property) => ({ text: property.name, ...describe(property.value) }));
}

function describe(value: RemoteValue | undefined): Omit<Candidate, "text"> {
  if (value?.type !== "function") return { type: "property" };
  const signature = parseSignature(value.description ?? "");
  if (!signature) return { type: "function" };
  return { type: signature.isClass ? "class" : "function", signature: `(${signature.parameters.join(", ")})` };
}

/** Members seen when the program last answered, by expression. */
const lastKnown = new WeakMap<LiveValues, Map<string, RemoteProperty[]>>();
const mostKnown = 100;

async function properties(
  code: string,
  tokens: Token[],
  last: number,
  live: LiveValues,
  context: LanguageContext,
): Promise<RemoteProperty[]> {
  const asked = await askValue(code, tokens, last, live, context);
  if (!asked) return [];
  if (!lastKnown.has(live)) lastKnown.set(live, new Map());
  const known = lastKnown.get(live)!;
  const found = asked.value ? await propertiesOf(asked.value, live) : [];
  const isNothing = asked.value && (asked.value.type === "undefined" || asked.value.subtype === "null");
  if (found.length > 0) {
    const own = asked.isPrototype
      ? found.map((property) => ({ ...property, isOwn: property.isOwn && property.name !== "constructor" }))
      : found;
    known.delete(asked.text);
    if (!asked.isLocal) known.set(asked.text, own);
    if (known.size > mostKnown) known.delete(known.keys().next().value!);
    return own;
  }
  if (isNothing) return [];
  const former = known.get(asked.text);
  if (former && !asked.isLocal) return former;
  const isUsers = asked.isLocal || context.names.has(/^[\w$]*/.exec(asked.text)![0]);
  return [...(isUsers ? [] : builtinMembers(tokens, last, asked.text)), ...seenMembers(asked.text, code, context)];
}

async function propertiesOf(value: RemoteValue, live: LiveValues): Promise<RemoteProperty[]> {
  if (value.objectId && value.type !== "symbol") return live.properties(value.objectId);
  // A primitive: what its wrapper inherits in the running program.
  const wrapper = { string: '""', number: "0", boolean: "false", bigint: "0n", symbol: "Symbol.iterator" }[value.type];
  const boxed = wrapper ? await live.evaluate(`Object(${wrapper})`) : undefined;
  return boxed?.objectId ? live.properties(boxed.objectId) : [];
}

/** Built-in objects whose lazy getters are harmless to read here. */
const readable = new Set(["performance", "crypto", "navigator"]);

/** Members of a literal or a built-in object, read from this thread's own copy of it: for when the program is silent. */
function builtinMembers(tokens: Token[], last: number, text: string): RemoteProperty[] {
  const { kind, text: lastText } = tokens[last]!;
  let value: unknown;
  if (tokens[last]!.end - tokens[last]!.start === text.length || lastText === "]") {
    if (kind === "string" || kind === "template") value = "";
    else if (kind === "number") value = 0;
    else if (kind === "regex") value = /x/;
    else if (lastText === "]" && text.startsWith("[")) value = [];
  }
  const path = text.split(".");
  if (value === undefined && path.every(isIdentifier) && ownGlobals.has(path[0]!)) {
    value = globalThis;
    for (const name of path) {
      const descriptor = Object.getOwnPropertyDescriptor(Object(value), name);
      value = descriptor?.get && readable.has(text) ? (globalThis as Record<string, unknown>)[text] : descriptor?.value;
    }
  }
  const found: RemoteProperty[] = [];
  const boxed = value === undefined || value === null ? null : Object(value);
  for (let holder = boxed; holder; holder = Object.getPrototypeOf(holder)) {
    for (const name of Object.getOwnPropertyNames(holder))
      found.push({ name, enumerable: true, isOwn: holder === boxed, isAccessor: false });
  }
  return found;
}

/** Members that the cell or executed cells use of the same expression. */
function seenMembers(text: string, code: string, context: LanguageContext): RemoteProperty[] {
  if (text.length > 200) return [];
  const literally = text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
  const use = new RegExp(
    `(?<![\\w$.])${literally}\\??\\.([\\p{ID_Start}$_][\\p{ID_Continue}$]*)(?![\\p{ID_Continue}$])`,
    "gu",
  );
  const seen = new Set<string>();
  for (const source of [...(context.sources ?? []).slice(-50), code]) {
    for (const [, name] of source.matchAll(use)) seen.add(name!);
  }
  return [...seen].map((name) => ({ name, enumerable: true, isOwn: true, isAccessor: false }));
}

/** Names that can stand where an expression, statement or type begins. The user's own come first. */
function names(tokens: Token[], prefix: string, globals: string[], context: LanguageContext): Candidate[] {
  const found = new Map<string, { type: string; rank: number }>();
  const add = (name: string, type: string, rank: number) => {
    if (!name.startsWith(prefix) || !isIdentifier(name) || found.has(name)) return;
    found.set(name, { type, rank: name.startsWith("_") ? 3 : rank });
  };
  for (const local of namesInScope(tokens).reverse()) add(local.name, local.kind, 0);
  for (const [name, kind] of context.names) add(name, kind, 0);
  for (const name of globals) add(name, globalKind(name), ownGlobals.has(name) ? 1 : 0);
  if (prefix) for (const keyword of keywords) add(keyword, "keyword", 1);
  return [...found]
    .sort(([a, x], [b, y]) => x.rank - y.rank || compareText(a, b))
    .map(([text, { type }]) => ({ text, type }));
}

/** Of a built-in global, told by this thread's copy of it, whose getters are not called. */
function globalKind(name: string): string {
  const value: unknown = ownGlobals.has(name) ? Object.getOwnPropertyDescriptor(globalThis, name)?.value : undefined;
  if (typeof value !== "function") return "variable";
  return /^[A-Z]/.test(name) ? "class" : "function";
}
