/** Inspection: what the name under the cursor is, from live values and from cells as they were written. */
import { type Asked, askValue } from "./ask-value.ts";
import { cellsOf, type Declaration, findDeclaration } from "./declarations.ts";
import { calleeAround } from "./expressions.ts";
import type { LanguageContext } from "./language-context.ts";
import type { LiveValues, RemoteValue } from "./live-values.ts";
import { toUtf16 } from "./positions.ts";
import { previewText } from "./previews.ts";
import { compact, isIdentifier, parseSignature, signatureLine } from "./signatures.ts";
import { endsOperand, type Token, tokenize } from "./tokens.ts";

/** Content of an `inspect_reply`, without its status. */
export interface Inspection {
  found: boolean;
  /** Empty when nothing was found. */
  data: { "text/plain"?: string; "text/markdown"?: string };
  metadata: Record<string, never>;
}

/** What is known about one thing, before it is written down. */
interface Description {
  /** Declaration line, TypeScript. */
  signature: string;
  documentation?: string;
  /** Further lines: size, keys, value. */
  facts: [label: string, text: string][];
  source?: string;
}

const literals = new Set(["null", "true", "false", "undefined"]);
const mostKeys = 30;
const longestSource = 10_000;

/**
 * Describes the name or member expression under or just left of `cursorPos` (code points), or inside a call's parentheses
 * the function that is called. `detailLevel` 1 adds the source of functions and classes. Never throws.
 * Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#introspection
 */
export async function inspect(
  code: string,
  cursorPos: number,
  detailLevel: 0 | 1,
  live: LiveValues,
  context: LanguageContext,
): Promise<Inspection> {
  const cursor = toUtf16(code, cursorPos);
  const release = live.hold();
  try {
    const { tokens } = tokenize(code);
    const under = tokens.findIndex((token) => token.start <= cursor && cursor <= token.end && token.kind === "name");
    const isUsable =
      under >= 0 && endsOperand(tokens, under) && !isKey(tokens, under) && !literals.has(tokens[under]!.text);
    const description = isUsable ? await describe(code, tokens, under, live, context) : undefined;
    if (description) return reply(description, detailLevel);
    const callee = isInText(code, cursor) ? -1 : calleeAround(tokens, cursor);
    const called = callee >= 0 && callee !== under ? await describe(code, tokens, callee, live, context) : undefined;
    return called ? reply(called, detailLevel) : nothing();
  } catch {
    return nothing();
  } finally {
    release();
  }
}

const nothing = (): Inspection => ({ found: false, data: {}, metadata: {} });

function isInText(code: string, cursor: number): boolean {
  const { end } = tokenize(code.slice(0, cursor));
  return end.in === "comment" || end.in === "jsxText";
}

/** `a` in `{ a: 1 }`: a key, not a use. */
function isKey(tokens: readonly Token[], at: number): boolean {
  const before = tokens[at - 1];
  return tokens[at + 1]?.text === ":" && (before?.text === "," || (before?.text === "{" && before.isObject === true));
}

async function describe(
  code: string,
  tokens: readonly Token[],
  last: number,
  live: LiveValues,
  context: LanguageContext,
): Promise<Description | undefined> {
  const asked = await askValue(code, tokens, last, live, context, { preview: true });
  if (!asked) return undefined;
  const path = asked.text.replaceAll("?.", ".").replaceAll("!", "").split(".");
  const declaration = await declarationOf(path, code, asked, tokens, last, live, context);
  const value = asked.isPrototype ? undefined : asked.value;
  if (!value && !declaration) return undefined;
  const name = tokens[last]!.text;
  if (value?.type === "function" || (!value && (declaration?.kind === "function" || declaration?.kind === "class"))) {
    return describeFunction(name, value, declaration, live);
  }
  if (!value && declaration) return describeDeclaration(name, declaration);
  return describeValue(name, value!, asked, declaration, live);
}

/** Where the user wrote the thing, found by its name or, for a member, by the class of what it is a member of. */
async function declarationOf(
  path: string[],
  code: string,
  asked: Asked,
  tokens: readonly Token[],
  last: number,
  live: LiveValues,
  context: LanguageContext,
): Promise<Declaration | undefined> {
  const cells = cellsOf(context, code);
  const direct = path.every(isIdentifier) ? findDeclaration(path, cells) : undefined;
  if (direct || !/^\??\.$/.test(tokens[last - 1]?.text ?? "")) return direct;
  const holder = await askValue(code, tokens, last - 2, live, context);
  const className = holder?.value?.className;
  if (
    !className ||
    className === "Object" ||
    className === "Function" ||
    asked.value?.description?.includes("[native code]")
  )
    return undefined;
  return findDeclaration([className, path.at(-1)!], cells);
}

async function describeFunction(
  name: string,
  value: RemoteValue | undefined,
  declaration: Declaration | undefined,
  live: LiveValues,
): Promise<Description> {
  const text = value?.description ?? "";
  const running = parseSignature(text);
  // The written text has types; it counts as long as it is the text of what runs.
  const written = declaration && parseSignature(declaration.source);
  const isSame = !running || (written && names(written.parameters).join() === names(running.parameters).join());
  const signature = isSame && written ? written : running;
  const arity =
    signature?.isNative && value?.objectId
      ? await live.callByValue(value.objectId, "function () { return this.length; }")
      : undefined;
  const source = isSame && declaration ? declaration.source : text;
  const isNative = signature?.isNative === true;
  if (isNative && /^[A-Z]/.test(name)) signature.isClass = true;
  return {
    signature: signature
      ? signatureLine(signature, name, typeof arity === "number" ? arity : undefined)
      : `function ${name}(...)`,
    ...(isSame && declaration?.documentation ? { documentation: declaration.documentation } : {}),
    facts: [["type", `${isNative ? "built-in " : ""}${signature?.isClass ? "class" : "function"}`]],
    ...(source && !isNative ? { source } : {}),
  };
}

/** Parameter names without types and defaults. */
const names = (parameters: string[]) =>
  parameters.map(
    (parameter) =>
      /^(?:\.\.\.)?[\w$]*/.exec(parameter.replace(/^(?:(?:public|private|protected|readonly|override) )+/, ""))![0],
  );

function describeDeclaration(name: string, declaration: Declaration): Description {
  const first = compact(declaration.source.slice(0, 200));
  const signature =
    declaration.kind === "variable"
      ? `let ${name}${declaration.type ? `: ${declaration.type}` : ""}`
      : declaration.source.length <= 1000
        ? declaration.source
        : `${first} ...`;
  return {
    signature,
    ...(declaration.documentation ? { documentation: declaration.documentation } : {}),
    facts: [],
    source: declaration.source,
  };
}

async function describeValue(
  name: string,
  value: RemoteValue,
  asked: Asked,
  declaration: Declaration | undefined,
  live: LiveValues,
): Promise<Description> {
  const type = typeName(value);
  const facts: Description["facts"] = [
    ["type", declaration?.type && declaration.type !== type ? `${type} (declared ${declaration.type})` : type],
  ];
  const sized = /^(?:.*)\((\d+)\)$/.exec(value.description ?? "");
  if (sized) facts.push([value.subtype === "map" || value.subtype === "set" ? "size" : "length", sized[1]!]);
  if (value.type === "string") facts.push(["length", String((value.value as string).length)]);
  const isIndexed = value.subtype === "array" || value.subtype === "typedarray";
  if (
    value.type === "object" &&
    value.objectId &&
    !isIndexed &&
    !/^(map|set|date|regexp|null|error|promise)$/.test(value.subtype ?? "")
  ) {
    const keys = (await live.properties(value.objectId))
      .filter((property) => property.isOwn && property.enumerable)
      .map((property) => property.name);
    const more = keys.length > mostKeys ? `, ... (${keys.length} or more in all)` : "";
    if (keys.length > 0) facts.push(["keys", keys.slice(0, mostKeys).join(", ") + more]);
  }
  // V8 walks a whole array to abbreviate it, so only its beginning is handed over.
  const length = Number(sized?.[1] ?? 0);
  const beginning =
    isIndexed && length > 100 && asked.javaScript
      ? await live.evaluate(`Array.prototype.slice.call(${asked.javaScript}, 0, 100)`, { preview: true })
      : undefined;
  facts.push(["value", previewText(beginning ?? value, beginning ? length : undefined)]);
  return {
    signature: `${asked.text.length <= 80 ? compact(asked.text) : name}: ${type}`,
    ...(declaration?.documentation ? { documentation: declaration.documentation } : {}),
    facts,
  };
}

function typeName(value: RemoteValue): string {
  if (value.subtype === "null") return "null";
  if (value.type !== "object") return value.type;
  return value.className && isIdentifier(value.className) ? value.className : "object";
}

function reply(description: Description, detailLevel: number): Inspection {
  const source = detailLevel > 0 && description.source ? clip(description.source) : undefined;
  const facts = description.facts.map(([label, text]) => `${label}: ${text}`);
  const plain = [description.signature, description.documentation, facts.join("\n"), source && `source:\n${source}`];
  const markdown = [
    fenced(description.signature),
    description.documentation && documentationToMarkdown(description.documentation),
    description.facts
      .map(([label, text]) => (label === "value" ? `\n${fenced(text)}` : `- **${label}**: ${escapeMarkdown(text)}`))
      .join("\n"),
    source && `**source**\n\n${fenced(source)}`,
  ];
  const join = (parts: (string | undefined)[]) => parts.filter(Boolean).join("\n\n");
  return { found: true, data: { "text/plain": join(plain), "text/markdown": join(markdown) }, metadata: {} };
}

function fenced(text: string): string {
  const longestFence = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longestFence + 1);
  return `${fence}typescript\n${text}\n${fence}`;
}

/** JSDoc tags as a list; the rest is Markdown already. */
function documentationToMarkdown(text: string): string {
  return text.replace(
    /^@(\w+)[ \t]*(?:\{([^}]*)\}[ \t]*)?/gm,
    (_, tag: string, type?: string) => `- *@${tag}* ${type ? `\`${type}\` ` : ""}`,
  );
}

const escapeMarkdown = (text: string) => text.replace(/[\\`*_<>[\]]/g, "\\$&");

function clip(source: string): string {
  return source.length > longestSource
    ? `${source.slice(0, longestSource)}\n... (${source.length} characters in all)`
    : source;
}
