/** Reads signatures out of function and class source text, JavaScript or TypeScript. */
import { type Token, tokenize } from "./tokens.ts";

export interface Signature {
  isClass: boolean;
  isNative: boolean;
  isAsync: boolean;
  isGenerator: boolean;
  /** "" when the text does not say. */
  name: string;
  /** As written, with types and defaults. Of a class: its constructor's. */
  parameters: string[];
  /** "" when the text does not say. */
  returns: string;
  /** Of a class: the text after `extends`. */
  base: string;
}

/** A source longer than this is read up to here only. */
const longest = 50_000;

const identifier = /^[\p{ID_Start}$_](?:[\p{ID_Continue}$]|\u200c|\u200d)*$/u;

export const isIdentifier = (text: string) => identifier.test(text);

/** The signature of a function, method, arrow function or class, or undefined when the text is none of them. */
export function parseSignature(source: string): Signature | undefined {
  const text = source.slice(0, longest);
  const { tokens } = tokenize(text);
  const signature: Signature = {
    isClass: false,
    isNative: /\{\s*\[native code\]\s*\}\s*$/.test(source),
    isAsync: false,
    isGenerator: false,
    name: "",
    parameters: [],
    returns: "",
    base: "",
  };
  let at = 0;
  // Words before the name: `static async *`, `get`. A word directly before `(` is the name itself.
  for (; tokens[at] && tokens[at]!.text !== "(" && tokens[at]!.text !== "<" && tokens[at]!.text !== "{"; at++) {
    const { kind, text: word, partner } = tokens[at]!;
    const next = tokens[at + 1]?.text ?? "";
    if (word === "class" && next !== "(") return classSignature(text, tokens, at, signature);
    if (word === "*") signature.isGenerator = true;
    else if (next === "=>") break;
    else if (word === "async" && next !== "(") signature.isAsync = true;
    else if (word === "async" && tokens[tokens[at + 1]?.partner ?? -1]) signature.isAsync = isArrowAt(tokens, at + 1);
    else if (word === "[" && partner !== undefined) {
      signature.name = text.slice(tokens[at]!.start, tokens[partner]!.end);
      at = partner;
    } else if (kind === "name" || kind === "string" || kind === "number") {
      if (
        !/^(function|static|get|set|public|private|protected|override|abstract|export|default|declare)$/.test(word) ||
        next === "("
      )
        signature.name = word;
    } else return undefined;
  }
  if (signature.name === "function" || (signature.isAsync && signature.name === "async")) signature.name = "";
  if (tokens[at + 1]?.text === "=>" && tokens[at]?.kind === "name") {
    signature.parameters = [tokens[at]!.text];
    return signature;
  }
  at = afterTypeParameters(tokens, at);
  const close = tokens[at]?.text === "(" ? tokens[at]!.partner : undefined;
  if (close === undefined) return undefined;
  const next = tokens[close + 1]?.text;
  if (next !== "{" && next !== "=>" && next !== ":" && next !== ";" && next !== undefined) return undefined;
  signature.parameters = split(text, tokens, at, close);
  signature.returns = returnType(text, tokens, close + 1);
  return signature;
}

function classSignature(text: string, tokens: Token[], at: number, signature: Signature): Signature {
  signature.isClass = true;
  if (tokens[at + 1]?.kind === "name" && tokens[at + 1]!.text !== "extends") signature.name = tokens[at + 1]!.text;
  const body = tokens.findIndex((token, index) => index > at && token.text === "{" && tokens[index - 1]!.text !== "<");
  const from = tokens.findIndex((token, index) => index > at && token.text === "extends" && index < body);
  if (from > 0) {
    const past = tokens.findIndex((token, index) => index > from && token.text === "implements" && index < body);
    signature.base = compact(text.slice(tokens[from + 1]!.start, tokens[(past > 0 ? past : body) - 1]!.end));
  }
  for (let index = body + 1; index > 0 && index < tokens.length; index++) {
    const token = tokens[index]!;
    const close = tokens[index + 1]?.partner;
    if (token.text === "constructor" && tokens[index + 1]?.text === "(" && close !== undefined) {
      signature.parameters = split(text, tokens, index + 1, close);
      break;
    }
    if (/^[([{]$/.test(token.text) && token.partner !== undefined) index = token.partner;
  }
  return signature;
}

function isArrowAt(tokens: Token[], open: number): boolean {
  const close = tokens[open]!.partner;
  return close !== undefined && tokens[close + 1]?.text === "=>";
}

function afterTypeParameters(tokens: Token[], at: number): number {
  if (tokens[at]?.text !== "<") return at;
  for (let index = at, depth = 0; index < tokens.length; index++) {
    if (tokens[index]!.text === "<") depth++;
    if (tokens[index]!.text === ">" && --depth === 0) return index + 1;
  }
  return at;
}

/** The parameters between two brackets, each on one line. */
function split(text: string, tokens: Token[], open: number, close: number): string[] {
  const parameters: string[] = [];
  let start = tokens[open]!.end;
  let angles = 0;
  for (let at = open + 1; at <= close; at++) {
    const token = tokens[at]!;
    if (token.text === "<") angles++;
    else if (token.text === ">") angles--;
    else if (at === close || (token.text === "," && angles <= 0)) {
      const parameter = compact(text.slice(start, token.start));
      if (parameter) parameters.push(parameter);
      start = token.end;
    } else if (/^[([{]$/.test(token.text) && token.partner !== undefined && token.partner < close) at = token.partner;
  }
  return parameters;
}

/** The type after `):`. */
function returnType(text: string, tokens: Token[], colon: number): string {
  if (tokens[colon]?.text !== ":") return "";
  for (let at = colon + 1; at < tokens.length; at++) {
    const token = tokens[at]!;
    const isTypeLiteral = token.text === "{" && /^[:|&<,(]$/.test(tokens[at - 1]!.text);
    if (token.text === "=>" || token.text === ";" || (token.text === "{" && !isTypeLiteral))
      return compact(text.slice(tokens[colon]!.end, token.start));
    if (/^[([{]$/.test(token.text) && token.partner !== undefined) {
      at = token.partner;
      if (tokens[at + 1]?.text === "=>" && token.text === "(" && tokens[at + 2]?.text !== "{") at++;
    }
  }
  return compact(text.slice(tokens[colon]!.end));
}

/** On one line, comments left out. */
export function compact(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/[^\n]*/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}

/** One line of TypeScript that introduces the function or class, under `name` when the text gives none. */
export function signatureLine(signature: Signature, name: string, arity?: number): string {
  const shown = signature.name || name;
  const unknown =
    signature.isNative && signature.parameters.length === 0 && arity
      ? Array.from({ length: arity }, (_, index) => `arg${index + 1}`)
      : [];
  const parameters = [...signature.parameters, ...unknown].join(", ");
  if (signature.isClass)
    return `class ${shown}${signature.base ? ` extends ${signature.base}` : ""} { constructor(${parameters}) }`;
  const words = `${signature.isAsync ? "async " : ""}function${signature.isGenerator ? "*" : ""}`;
  return `${words} ${shown}(${parameters})${signature.returns ? `: ${signature.returns}` : ""}`;
}
