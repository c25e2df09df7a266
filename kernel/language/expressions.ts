/** Finds expressions in tokens, walking backwards from the cursor. */
import { endsOperand, isOperatorKeyword, type Token } from "./tokens.ts";

/**
 * Index of the first token of the member expression whose last token is `last` (`a.b[0]` in `x + a.b[0]`, `new A().b`),
 * or -1 when no operand ends there.
 */
export function expressionStart(tokens: readonly Token[], last: number): number {
  if (!endsOperand(tokens, last)) return -1;
  let at = last;
  let calls = 0;
  for (;;) {
    const token = tokens[at]!;
    if (token.isPostfix) {
      at--;
    } else if (token.kind === "templateTail" || /^[)\]}]$/.test(token.text)) {
      if (token.partner === undefined) return -1;
      const opener = token.partner;
      let before = opener - 1;
      if (token.text === ")") before = beforeTypeArguments(tokens, before);
      if (tokens[before]?.text === "?.") before--;
      if (token.text === "}" || !endsOperand(tokens, before)) {
        at = opener;
        break;
      }
      if (token.text === ")") calls++;
      at = before;
    } else if (token.kind === "template" && endsOperand(tokens, at - 1) && !token.startsLine) {
      at--;
    } else {
      if (!endsOperand(tokens, at)) return -1;
      const link = tokens[at - 1]?.text;
      if (link !== "." && link !== "?.") break;
      if (!endsOperand(tokens, at - 2)) return -1;
      at -= 2;
    }
  }
  // `new A` alone takes no members: in `new A.b` the operand is `A.b`.
  while (calls-- > 0 && tokens[at - 1]?.text === "new") at--;
  return at;
}

/** In `new Map<string, number>(`, the token before `<`; otherwise `index` itself. */
function beforeTypeArguments(tokens: readonly Token[], index: number): number {
  if (tokens[index]?.text !== ">") return index;
  let depth = 0;
  for (let at = index; at >= 0; at--) {
    const { kind, text, partner } = tokens[at]!;
    if (text === ">") depth++;
    else if (text === "<") depth--;
    else if (/^[\])}]$/.test(text) && partner !== undefined) at = partner;
    else if (kind !== "name" && kind !== "string" && kind !== "number" && !/^(?:[,.|&?]|\[|=>)$/.test(text))
      return index;
    if (depth === 0) return tokens[at - 1]?.kind === "name" ? at - 1 : index;
  }
  return index;
}

/** Index of the last token of the callee in whose argument list `offset` lies, or -1. */
export function calleeAround(tokens: readonly Token[], offset: number): number {
  for (let at = tokens.length - 1; at > 0; at--) {
    const token = tokens[at]!;
    if (token.end > offset || token.text !== "(") continue;
    const closer = token.partner === undefined ? undefined : tokens[token.partner];
    if (closer && closer.start < offset) continue;
    const callee = beforeTypeArguments(tokens, at - 1);
    if (endsOperand(tokens, callee) && tokens[callee]!.kind === "name" && !isDeclaredAt(tokens, callee)) return callee;
  }
  return -1;
}

/** Whether the name at `index` is being introduced there (`const x`, `function f`) rather than used. */
export function isDeclaredAt(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1];
  if (before?.text === "*" && tokens[index - 2]?.text === "function") return true;
  if (before?.kind !== "name" || tokens[index - 2]?.text === ".") return false;
  return /^(const|let|var|using|function|class|enum|interface|namespace)$/.test(before.text);
}

/** A name that the text introduces. */
export interface LocalName {
  name: string;
  kind: "variable" | "function" | "class" | "import" | "parameter" | "type";
  /** Index of its token. */
  token: number;
  /** Known only inside a function or block, so that no global variable stands for it. */
  isInner: boolean;
  /** Offsets of the text that makes it, as far as it can be told, and what turns that text into a statement. */
  source?: { start: number; end: number; prefix: string; suffix?: string };
  isConstant: boolean;
}

/** Names in scope at the end of `tokens`, in order of declaration. */
export function namesInScope(tokens: readonly Token[]): LocalName[] {
  const found: LocalName[] = [];
  const enclosing: number[] = [];
  const add = (token: number, kind: LocalName["kind"], scope: number | undefined, extra?: Partial<LocalName>) => {
    if (tokens[token]?.kind !== "name" || isOperatorKeyword(tokens[token]!.text)) return;
    if (scope !== undefined && tokens[scope]?.partner !== undefined) return;
    const isInner = scope !== undefined || kind === "parameter";
    found.push({ name: tokens[token]!.text, kind, token, isInner, isConstant: false, ...extra });
  };
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!;
    if (/^(?:[([{])$/.test(token.text) || token.kind === "templateHead") enclosing.push(at);
    const isCloser = /^[)\]}]$/.test(token.text) || token.kind === "templateTail";
    if (isCloser && token.partner !== undefined) enclosing.pop();
    const scope = enclosing.at(-1);
    const isMember = tokens[at - 1]?.text === "." || tokens[at - 1]?.text === "?.";
    if (token.kind === "name" && !isMember) {
      if (/^(const|let|var|using)$/.test(token.text)) declarators(tokens, at, scope, add);
      else if (token.text === "function")
        add(tokens[at + 1]?.text === "*" ? at + 2 : at + 1, "function", scope, { source: bodied(tokens, at) });
      else if (token.text === "class") add(at + 1, "class", scope, { source: bodied(tokens, at), isConstant: true });
      else if (/^(enum|namespace)$/.test(token.text)) add(at + 1, "variable", scope);
      else if (/^(interface|type)$/.test(token.text) && tokens[at + 1]?.kind === "name") add(at + 1, "type", scope);
      else if (token.text === "import") imports(tokens, at, add);
    }
    if (token.text === "=>") parameters(tokens, at - 1, at + 1, scope, add);
    else if (token.text === "{" && !token.isObject) parameters(tokens, beforeReturnType(tokens, at - 1), at, at, add);
  }
  return found;
}

type Add = (token: number, kind: LocalName["kind"], scope: number | undefined, extra?: Partial<LocalName>) => void;

/** Names of `const a = 1, { b, c: d } = e` from the keyword at `start` on. */
function declarators(tokens: readonly Token[], start: number, scope: number | undefined, add: Add): void {
  const keyword = tokens[start]!.text;
  const isConstant = keyword === "const";
  for (let at = start + 1; at < tokens.length; at++) {
    if (/^[[{]$/.test(tokens[at]!.text)) {
      const close = tokens[at]!.partner ?? tokens.length;
      for (const bound of patternNames(tokens, at, close)) add(bound, "variable", scope, { isConstant });
      at = close;
    } else if (tokens[at]!.kind === "name" && !isOperatorKeyword(tokens[at]!.text)) {
      const value = initializer(tokens, at + 1);
      const source = value
        ? { ...value, prefix: `${keyword === "var" ? "var" : "let"} ${tokens[at]!.text} = ` }
        : firstOf(tokens, at);
      add(at, "variable", scope, { isConstant, ...(source ? { source } : {}) });
    } else return;
    const next = statementEnd(tokens, at + 1, true);
    if (tokens[next]?.text !== ",") return;
    at = next;
  }
}

/** For the `x` of `for (const x of xs)`: the first of `xs`. */
function firstOf(tokens: readonly Token[], name: number): LocalName["source"] {
  const open = name - 2;
  const close = tokens[open]?.text === "(" ? tokens[open]?.partner : undefined;
  if (tokens[name + 1]?.text !== "of" || close === undefined || close <= name + 2) return undefined;
  const prefix = `let ${tokens[name]!.text} = (() => { for (const item of (`;
  return { start: tokens[name + 2]!.start, end: tokens[close - 1]!.end, prefix, suffix: ")) return item; })()" };
}

const elementMethods = /^(?:map|filter|forEach|find|findLast|findIndex|some|every|flatMap)$/;

/** For the `x` of `xs.map(x =>` or `xs.map((x) =>`, whose parameter list begins at token `list`: `xs[0]`. */
function elementOf(tokens: readonly Token[], list: number): LocalName["source"] {
  if (
    tokens[list - 1]?.text !== "(" ||
    !elementMethods.test(tokens[list - 2]?.text ?? "") ||
    !/^\??\.$/.test(tokens[list - 3]?.text ?? "")
  )
    return undefined;
  const name = tokens[list]!.text === "(" ? tokens[list + 1]! : tokens[list]!;
  const first = expressionStart(tokens, list - 4);
  if (first < 0 || name.kind !== "name") return undefined;
  return { start: tokens[first]!.start, end: tokens[list - 4]!.end, prefix: `let ${name.text} = (`, suffix: ")[0]" };
}

/** Offsets of the value in `: type = value`, read from the token after the name. */
function initializer(tokens: readonly Token[], from: number): { start: number; end: number } | undefined {
  let at = from;
  if (tokens[at]?.text === ":")
    while (at < tokens.length && !/^[=;,]$/.test(tokens[at]!.text)) at = (tokens[at]!.partner ?? at) + 1;
  if (tokens[at]?.text !== "=" || !tokens[at + 1]) return undefined;
  const end = statementEnd(tokens, at + 1, true);
  return end > at + 1 ? { start: tokens[at + 1]!.start, end: tokens[end - 1]!.end } : undefined;
}

/** Index of the token after the expression that begins at `from`. */
function statementEnd(tokens: readonly Token[], from: number, stopAtComma: boolean): number {
  let at = from;
  for (; at < tokens.length; at++) {
    const token = tokens[at]!;
    if (token.text === ";" || /^[)\]}]$/.test(token.text) || (stopAtComma && token.text === ",")) return at;
    if (at > from && token.startsLine && endsStatement(tokens, at)) return at;
    if (/^[([{]$/.test(token.text) || token.kind === "templateHead") {
      if (token.partner === undefined) return tokens.length;
      at = token.partner;
    }
  }
  return at;
}

/** Whether a new statement begins at the token `at`, the first of its line. */
function endsStatement(tokens: readonly Token[], at: number): boolean {
  const token = tokens[at]!;
  const last = tokens[at - 1]!;
  if (!endsOperand(tokens, at - 1) && last.text !== "}" && last.text !== ")") return false;
  return (
    token.kind === "command" ||
    (token.kind === "name" && !/^(in|instanceof|of|as|satisfies)$/.test(token.text)) ||
    token.kind === "string" ||
    token.kind === "number"
  );
}

/** Offsets of `class A {...}` or `function f() {...}` when its body is closed. */
function bodied(tokens: readonly Token[], keyword: number): LocalName["source"] {
  for (let at = keyword + 1; at < tokens.length; at++) {
    const { text, partner, isObject } = tokens[at]!;
    if (text === ";") return undefined;
    if (text === "{" && !isObject) {
      if (partner === undefined) return undefined;
      const first = tokens[keyword - 1]?.text === "async" ? keyword - 1 : keyword;
      return { start: tokens[first]!.start, end: tokens[partner]!.end, prefix: "" };
    }
    if (/^[([{]$/.test(text)) {
      if (partner === undefined) return undefined;
      at = partner;
    }
  }
  return undefined;
}

function imports(tokens: readonly Token[], start: number, add: Add): void {
  if (tokens[start + 1]?.text === "(" || tokens[start + 1]?.text === ".") return;
  for (let at = start + 1; at < tokens.length && tokens[at]!.text !== "from"; at++) {
    const { kind, text } = tokens[at]!;
    if (kind !== "name" && !/^[{},*]$/.test(text)) return;
    const next = tokens[at + 1]?.text;
    if (kind === "name" && text !== "as" && next !== "as" && !(text === "type" && next !== "," && next !== "}"))
      add(at, "import", undefined);
  }
}

/** The token before a return type: from the `}` side of `(a): Promise<T> {`, the `)`. */
function beforeReturnType(tokens: readonly Token[], last: number): number {
  for (let at = last, steps = 0; at > 0 && steps < 30; at--, steps++) {
    if (tokens[at]!.text === ")") return at === last || tokens[at + 1]!.text === ":" ? at : -1;
    if (tokens[at]!.kind !== "name" && !/^[:<>,.|&[\]]$/.test(tokens[at]!.text)) return -1;
  }
  return -1;
}

/** Parameters that end at token `last` and are known in the body that begins at `body`. */
function parameters(tokens: readonly Token[], last: number, body: number, scope: number | undefined, add: Add): void {
  const isBlock = tokens[body]?.text === "{";
  const bodyScope = isBlock ? body : scope;
  let close = last;
  // An arrow function without braces that is not inside brackets ends with its statement.
  if (bodyScope === undefined) {
    for (let at = body; at < Math.min(tokens.length, body + 500); at++)
      if (tokens[at]!.text === ";" || tokens[at]!.startsLine) return;
  }
  if (tokens[close]?.kind === "name" && tokens[close + 1]?.text === "=>" && tokens[close - 1]?.text !== ":") {
    const source = elementOf(tokens, close);
    add(close, "parameter", bodyScope, source ? { source } : {});
    return;
  }
  if (tokens[close]?.text !== ")") close = beforeReturnType(tokens, close);
  const open = tokens[close]?.partner;
  if (open === undefined || /^(if|while|switch|with)$/.test(tokens[open - 1]?.text ?? "")) return;
  if (/^(for|await)$/.test(tokens[open - 1]?.text ?? "")) {
    if (isBlock) declarators(tokens, open + 1, body, add);
    return;
  }
  const source = elementOf(tokens, open);
  for (const bound of patternNames(tokens, open, close))
    add(bound, "parameter", bodyScope, source && bound === open + 1 ? { source } : {});
}

/** Names bound by a pattern or parameter list between two brackets. */
function patternNames(tokens: readonly Token[], open: number, close: number): number[] {
  const names: number[] = [];
  for (let at = open + 1; at < close; at++) {
    const { kind, text, partner } = tokens[at]!;
    const before = tokens[at - 1]!.text;
    const next = tokens[at + 1]?.text;
    if (
      kind === "name" &&
      /^(public|private|protected|readonly|override)$/.test(text) &&
      tokens[at + 1]?.kind === "name"
    )
      continue;
    const inObject = tokens[open]!.text === "{";
    const isBinding = /^(?:[([{,:]|\.\.\.|public|private|protected|readonly|override)$/.test(before);
    if (kind === "name" && isBinding && !(inObject && next === ":")) {
      names.push(at);
      at = statementEnd(tokens, at + 1, true) - 1;
    } else if (/^[[{]$/.test(text) && isBinding && partner !== undefined) {
      names.push(...patternNames(tokens, at, partner));
      at = statementEnd(tokens, partner + 1, true) - 1;
    } else if (text === "=" || (text === ":" && !inObject)) {
      at = statementEnd(tokens, at + 1, true) - 1;
    }
  }
  return names.filter((at) => tokens[at]!.text !== "this");
}
