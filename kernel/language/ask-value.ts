/**
 * The value of an expression that stands in unfinished code. It is asked for without side effects: from the running
 * program, or, for names that the cell itself declares above the cursor, together with the statements that make them.
 */
import { expressionStart, isDeclaredAt, type LocalName, namesInScope } from "./expressions.ts";
import type { LanguageContext } from "./language-context.ts";
import type { LiveValues, RemoteValue } from "./live-values.ts";
import { expressionToJavaScript } from "./parser.ts";
import type { Token } from "./tokens.ts";

export interface Asked {
  /** The expression as written. */
  text: string;
  /** JavaScript that the value came from, to ask more about it. */
  javaScript?: string;
  value?: RemoteValue;
  /** True when `value` stands for the prototype of what the expression makes. */
  isPrototype: boolean;
  /** The expression uses names that the cell itself declares, and so may have nothing to do with the program's. */
  isLocal: boolean;
}

/** Most statements that are repeated to make a value. */
const mostStatements = 12;

/** Asks for the member expression that ends with token `last`; undefined when none does. */
export async function askValue(
  code: string,
  tokens: readonly Token[],
  last: number,
  live: LiveValues,
  context: LanguageContext,
  options?: { preview?: boolean },
): Promise<Asked | undefined> {
  const first = expressionStart(tokens, last);
  if (first < 0) return undefined;
  const text = code.slice(tokens[first]!.start, tokens[last]!.end);
  const locals = namesInScope(tokens.slice(0, last + 1));
  const used = usedNames(tokens, first, last + 1);
  const shadowing = [...used].filter((name) => context.shadowed?.has(name));
  const rename = shadowing
    .map((name) => `const ${name} = globalThis[${JSON.stringify(context.shadowed!.get(name))}];`)
    .join(" ");
  const localsUsed = latest(locals).filter((local) => used.has(local.name));
  const asked: Asked = { text, isPrototype: false, isLocal: localsUsed.length > 0 };

  const ask = async (expression: string, statements: string): Promise<boolean> => {
    const whole = statements ? `(() => { ${statements}\nreturn (${expression}\n); })()` : expression;
    const javaScript = expressionToJavaScript(whole);
    const value = javaScript ? await live.evaluate(javaScript, options) : undefined;
    if (!value) return false;
    Object.assign(asked, { javaScript, value });
    return true;
  };

  const statements = localsUsed.length > 0 ? statementsFor(code, tokens, localsUsed, locals) : undefined;
  const known = new Set(live.knownGlobals());
  const textIsNewer = localsUsed.some((local) => local.isConstant || local.isInner || !known.has(local.name));
  if (statements && textIsNewer && (await ask(text, statements))) return asked;
  const isLive = !localsUsed.some((local) => local.isInner);
  if (isLive && (await ask(text, rename))) return asked;
  if (statements && !textIsNewer && (await ask(text, statements))) return asked;
  const constructed = constructedClass(code, tokens, first, last, localsUsed);
  if (constructed) {
    const classes = latest(locals).filter((local) => local.name === /^[\w$]+/.exec(constructed)![0]);
    const made = statementsFor(code, tokens, classes, locals);
    if (made && (await ask(`${constructed}.prototype`, made))) asked.isPrototype = true;
    else if (await ask(`${constructed}.prototype`, rename)) asked.isPrototype = true;
  }
  return asked;
}

/**
 * The class in `new Class(...)`, when the expression is that or a name declared as that. Many constructors have side effects,
 * but their prototypes tell most of what the object will have.
 */
function constructedClass(
  code: string,
  tokens: readonly Token[],
  first: number,
  last: number,
  locals: LocalName[],
): string | undefined {
  let [from, to] = [first, last];
  const source = first === last ? locals[0]?.source : undefined;
  if (source) {
    from = tokens.findIndex((token) => token.start === source.start);
    to = tokens.findIndex((token) => token.end === source.end);
  }
  const open = tokens[to]?.text === ")" ? tokens[to]?.partner : undefined;
  if (tokens[from]?.text !== "new" || open === undefined) return undefined;
  return /^new\s+([\w$.]+)(?:<[^()]*>)?\s*$/.exec(code.slice(tokens[from]!.start, tokens[open]!.start))?.[1];
}

/** Names that the tokens from `first` to `end` refer to: not members, not keys. */
function usedNames(tokens: readonly Token[], first: number, end: number): Set<string> {
  const used = new Set<string>();
  for (let at = first; at < end; at++) {
    const before = tokens[at - 1]?.text;
    if (tokens[at]!.kind === "name" && before !== "." && before !== "?." && !isDeclaredAt(tokens, at))
      used.add(tokens[at]!.text);
  }
  return used;
}

/** Of several declarations of one name the last one counts. */
function latest(locals: LocalName[]): LocalName[] {
  return [...new Map(locals.map((local) => [local.name, local])).values()];
}

/** The statements of the cell that make `wanted`, with all they depend on, or undefined when the text does not tell. */
function statementsFor(
  code: string,
  tokens: readonly Token[],
  wanted: LocalName[],
  locals: LocalName[],
): string | undefined {
  const byName = new Map(locals.map((local) => [local.name, local]));
  const needed = new Set<LocalName>();
  const need = (local: LocalName): boolean => {
    if (needed.has(local)) return true;
    if (!local.source || needed.size >= mostStatements) return false;
    needed.add(local);
    const { start, end } = local.source;
    const first = tokens.findIndex((token) => token.start >= start);
    const past = tokens.findIndex((token) => token.start >= end);
    for (const name of usedNames(tokens, first, past < 0 ? tokens.length : past)) {
      const other = byName.get(name);
      // A parameter of the statement's own function is not in scope here and so not among the locals.
      if (other && other !== local && !need(other)) return false;
    }
    return true;
  };
  if (!wanted.every(need)) return undefined;
  return [...needed]
    .sort((a, b) => a.token - b.token)
    .map(({ source }) => `${source!.prefix}${code.slice(source!.start, source!.end)}${source!.suffix ?? ""};`)
    .join("\n");
}
