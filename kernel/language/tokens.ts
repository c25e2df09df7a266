/**
 * A tokenizer for unfinished TypeScript and JSX. It reads forward from the beginning of the text, so that it is right
 * about strings, templates, regular expressions and comments, and it never fails: what is open at the end of the text is
 * reported as its state. Brackets know their partners, which lets others walk expressions backwards.
 */
export type TokenKind =
  | "name"
  | "number"
  | "string"
  /** A template without substitutions, or the text before, between and after them. */
  | "template"
  | "templateHead"
  | "templateMiddle"
  | "templateTail"
  | "regex"
  | "punctuation"
  | "jsxText"
  /** The `>` that ends an element. */
  | "jsxEnd"
  /** A line that starts with `!` or `%`, or a whole `%%` cell. */
  | "command";

export interface Token {
  kind: TokenKind;
  text: string;
  start: number;
  end: number;
  /** Index of the bracket that closes or opens this one. */
  partner?: number;
  /** A `{` or `}` of an object literal, as opposed to a block. */
  isObject?: boolean;
  /** A `!` after an operand. */
  isPostfix?: boolean;
  /** First token on its line. */
  startsLine: boolean;
}

/** Where the text ends. `start` is where the open thing begins. */
export type EndState =
  | { in: "code" }
  | { in: "comment"; start: number; block: boolean }
  | { in: "string"; start: number; quote: string; continued: boolean }
  | { in: "template" | "regex" | "jsxText" | "jsxTag" | "command"; start: number };

export interface Tokens {
  tokens: Token[];
  end: EndState;
  /** Indices of opening brackets without a partner, outermost first. */
  open: number[];
}

const space = /[\s\uFEFF]*/y;
const name = /[#]?[\p{ID_Start}$_\\](?:[\p{ID_Continue}$\\]|\u200c|\u200d)*/uy;
const number = /0[xXoObB][\da-fA-F_]*n?|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?[\d_]*)?n?/y;
const punctuation = /\.\.\.|=>|\?\.(?!\d)|\?\?=?|&&=?|\|\|=?|\*\*=?|\+\+|--|[-+*/%&|^]=|===?|!==?|<<=?|<=|>=|[^\s]/uy;
const jsxName = /[\p{ID_Start}$_][\p{ID_Continue}$.:-]*/uy;
const jsxText = /[^<{]+/y;
/** `<T,>(`, `<T extends X>(` and `<T>(x: T) =>` are type parameters and `<string>x` is an assertion, not elements. */
const typeBrackets =
  /<(?:string|number|boolean|bigint|any|unknown|never|void|const)(?:\[\])*>|<\s*(?:const\s+)?[\p{ID_Start}$_][\p{ID_Continue}$]*\s*(?:,|=|extends\b|>\s*\([^)]*\)\s*(?::[^=]+)?=>)/uy;

const operandKeywords = new Set(["this", "super", "null", "true", "false", "undefined"]);
const otherKeywords = new Set(
  (
    "await break case catch class const continue debugger default delete do else enum export extends finally for function if import in " +
    "instanceof new return switch throw try typeof var void while with yield let"
  ).split(" "),
);

/** Whether a name token is a keyword that no operand can be. */
export const isOperatorKeyword = (text: string) => otherKeywords.has(text);

/** Whether token `index` ends an operand, so that `/` after it divides, `(` calls and `[` indexes. */
export function endsOperand(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index];
  if (!token) return false;
  switch (token.kind) {
    case "name": {
      const before = tokens[index - 1]?.text;
      return before === "." || before === "?." || operandKeywords.has(token.text) || !otherKeywords.has(token.text);
    }
    case "number":
    case "string":
    case "template":
    case "templateTail":
    case "regex":
    case "jsxEnd":
      return true;
    case "punctuation":
      if (token.text === "]") return true;
      if (token.text === "}") return token.isObject === true;
      if (token.text === "!") return token.isPostfix === true;
      if (token.text === "++" || token.text === "--") return endsOperand(tokens, index - 1);
      if (token.text !== ")" || token.partner === undefined) return false;
      return (
        !/^(if|while|for|with)$/.test(tokens[token.partner - 1]?.text ?? "") || tokens[token.partner - 2]?.text === "."
      );
    default:
      return false;
  }
}

type Frame =
  | { is: "bracket" | "substitution"; token: number }
  | { is: "jsxTag"; start: number; closing: boolean }
  | { is: "jsxChildren"; start: number };

class Tokenizer {
  readonly code: string;
  readonly tokens: Token[] = [];
  readonly frames: Frame[] = [];
  position = 0;
  end: EndState = { in: "code" };
  lineStarts = true;

  constructor(code: string) {
    this.code = code;
  }

  run(): Tokens {
    if (this.code.startsWith("#!")) this.position = this.lineEnd(0);
    while (this.position < this.code.length) {
      const frame = this.frames.at(-1);
      if (frame?.is === "jsxChildren") this.children();
      else if (frame?.is === "jsxTag") this.tag(frame);
      else this.codeToken();
    }
    const frame = this.frames.at(-1);
    if (this.end.in === "code" && frame?.is === "jsxChildren") this.end = { in: "jsxText", start: frame.start };
    if (this.end.in === "code" && frame?.is === "jsxTag") this.end = { in: "jsxTag", start: frame.start };
    const open = this.frames.flatMap((f) => (f.is === "bracket" || f.is === "substitution" ? [f.token] : []));
    return { tokens: this.tokens, end: this.end, open };
  }

  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.position;
    return pattern.exec(this.code)?.[0];
  }

  lineEnd(from: number): number {
    const at = this.code.indexOf("\n", from);
    return at < 0 ? this.code.length : at;
  }

  push(kind: TokenKind, end: number, extra?: Partial<Token>): number {
    const { position: start, lineStarts: startsLine } = this;
    this.lineStarts = false;
    this.position = end;
    return this.tokens.push({ kind, text: this.code.slice(start, end), start, end, startsLine, ...extra }) - 1;
  }

  codeToken(): void {
    const blank = this.match(space) ?? "";
    if (blank.includes("\n")) this.lineStarts = true;
    this.position += blank.length;
    const { code, position } = this;
    if (position >= code.length) return;
    const character = code[position]!;
    const two = code.slice(position, position + 2);
    if (two === "//") return void this.comment(false);
    if (two === "/*") return void this.comment(true);
    if (this.isCommand(character)) {
      const wholeCell = two === "%%" && this.tokens.length === 0;
      const end = wholeCell ? code.length : this.lineEnd(position);
      if (end === code.length) this.end = { in: "command", start: position };
      this.push("command", end);
      return;
    }
    if (character === '"' || character === "'") return void this.string(character);
    if (character === "`") return void this.template(position, "head");
    const word = this.match(name);
    if (word) return void this.push("name", position + word.length);
    if (/\d/.test(character) || (character === "." && /\d/.test(code[position + 1] ?? ""))) {
      return void this.push("number", position + (this.match(number)?.length || 1));
    }
    const afterOperand = endsOperand(this.tokens, this.tokens.length - 1);
    if (character === "/" && !afterOperand) return void this.regex();
    if (
      character === "<" &&
      !afterOperand &&
      /[\p{ID_Start}$_>]/u.test(code[position + 1] ?? "") &&
      !this.match(typeBrackets)
    ) {
      this.frames.push({ is: "jsxTag", start: position, closing: false });
      this.push("punctuation", position + 1);
      return;
    }
    if ("([{".includes(character)) return void this.opener(character);
    if (")]}".includes(character)) return void this.closer(character);
    const isPostfix = character === "!" && afterOperand && !this.lineStarts && code[position + 1] !== "=";
    const text = isPostfix ? "!" : (this.match(punctuation) ?? character);
    this.push("punctuation", position + text.length, isPostfix ? { isPostfix } : undefined);
  }

  /** `!ls`, `%name` and `%%name`, where a statement can begin. */
  isCommand(character: string): boolean {
    if ((character !== "!" && character !== "%") || !this.lineStarts || this.frames.length > 0) return false;
    const last = this.tokens.at(-1);
    const pattern = character === "!" ? /^![^\s=!(]/ : /^%%?[a-zA-Z]/;
    if (!pattern.test(this.code.slice(this.position, this.position + 3))) return false;
    return (
      !last ||
      /^[;})\]]$/.test(last.text) ||
      last.kind === "command" ||
      endsOperand(this.tokens, this.tokens.length - 1)
    );
  }

  comment(block: boolean): void {
    const start = this.position;
    const close = block ? this.code.indexOf("*/", start + 2) : this.lineEnd(start);
    const isOpen = close < 0 || (!block && close === this.code.length);
    if (isOpen) this.end = { in: "comment", start, block };
    this.position = isOpen ? this.code.length : block ? close + 2 : close;
    if (block && this.code.slice(start, this.position).includes("\n")) this.lineStarts = true;
  }

  string(quote: string, acrossLines = false): void {
    const { code, position: start } = this;
    let at = start + 1;
    for (; at < code.length && code[at] !== quote; at++) {
      if (code[at] === "\\" && !acrossLines) at += code.startsWith("\r\n", at + 1) ? 2 : 1;
      else if (code[at] === "\n" && !acrossLines) return void this.push("string", at);
    }
    if (at >= code.length) this.end = { in: "string", start, quote, continued: /\\\r?\n?$/.test(code) };
    this.push("string", Math.min(at + 1, code.length));
  }

  /** Template text from `position` (a backtick, or the `}` that closes a substitution) on. */
  template(start: number, part: "head" | "rest", head?: number): void {
    const { code } = this;
    let at = this.position + 1;
    while (at < code.length && code[at] !== "`" && !(code[at] === "$" && code[at + 1] === "{"))
      at += code[at] === "\\" ? 2 : 1;
    if (at >= code.length) {
      this.end = { in: "template", start };
      this.push("template", code.length);
      return;
    }
    if (code[at] === "`") {
      const token = this.push(part === "head" ? "template" : "templateTail", at + 1);
      if (head !== undefined) this.join(head, token);
      return;
    }
    const token = this.push(part === "head" ? "templateHead" : "templateMiddle", at + 2);
    this.frames.push({ is: "substitution", token: head ?? token });
  }

  regex(): void {
    const { code, position: start } = this;
    let inClass = false;
    let at = start + 1;
    for (; at < code.length && code[at] !== "\n" && (inClass || code[at] !== "/"); at++) {
      if (code[at] === "\\") at++;
      else if (code[at] === "[") inClass = true;
      else if (code[at] === "]") inClass = false;
    }
    if (at >= code.length) this.end = { in: "regex", start };
    if (code[at] === "/") for (at++; /[a-z]/.test(code[at] ?? ""); ) at++;
    this.push("regex", Math.min(at, code.length));
  }

  opener(character: string): void {
    const last = this.tokens.length - 1;
    const isObject = character === "{" && opensObject(this.tokens, last);
    const token = this.push("punctuation", this.position + 1, isObject ? { isObject } : undefined);
    this.frames.push({ is: "bracket", token });
  }

  closer(character: string): void {
    const frame = this.frames.at(-1);
    if (frame?.is === "substitution" && character === "}") {
      this.frames.pop();
      return void this.template(this.tokens[frame.token]!.start, "rest", frame.token);
    }
    const token = this.push("punctuation", this.position + 1);
    const opener = frame?.is === "bracket" ? this.tokens[frame.token]! : undefined;
    // A closer that fits nothing is left alone: the text is being edited.
    if (frame?.is !== "bracket" || "([{".indexOf(opener!.text) !== ")]}".indexOf(character)) return;
    this.frames.pop();
    if (opener!.isObject) this.tokens[token]!.isObject = true;
    this.join(frame.token, token);
  }

  join(opener: number, closer: number): void {
    this.tokens[opener]!.partner = closer;
    this.tokens[closer]!.partner = opener;
  }

  tag(frame: Frame & { is: "jsxTag" }): void {
    this.position += this.match(space)?.length ?? 0;
    const { code, position } = this;
    if (position >= code.length) return;
    const character = code[position]!;
    if (character === '"' || character === "'") return void this.string(character, true);
    if (character === "{") return void this.attribute();
    if (code.startsWith("/>", position) || (frame.closing && character === ">")) {
      this.frames.pop();
      if (frame.closing && this.frames.at(-1)?.is === "jsxChildren") this.frames.pop();
      this.push("jsxEnd", position + (character === ">" ? 1 : 2));
    } else if (character === ">") {
      this.frames.pop();
      this.push("punctuation", position + 1);
      this.frames.push({ is: "jsxChildren", start: frame.start });
    } else {
      this.push("jsxText", position + (this.match(jsxName)?.length || 1));
    }
  }

  children(): void {
    const text = this.match(jsxText);
    if (text) return void this.push("jsxText", this.position + text.length);
    if (this.code[this.position] === "{") return void this.attribute();
    const closing = this.code[this.position + 1] === "/";
    this.frames.push({ is: "jsxTag", start: this.position, closing });
    this.push("punctuation", this.position + (closing ? 2 : 1));
  }

  attribute(): void {
    const token = this.push("punctuation", this.position + 1, { isObject: true });
    this.frames.push({ is: "bracket", token });
  }
}

/** Whether a `{` after token `last` begins an object literal (or pattern) and not a block or class body. */
function opensObject(tokens: readonly Token[], last: number): boolean {
  const token = tokens[last];
  if (!token || token.kind === "command" || /^(?:[;})\]]|=>)$/.test(token.text)) return false;
  if (token.kind === "name")
    return /^(return|typeof|case|in|of|const|let|var|import|export|default|await|yield|throw|new)$/.test(token.text);
  return token.kind === "punctuation" && token.text !== ">" && (token.text !== "{" || token.isObject === true);
}

/** Reads `code` up to its end, finished or not. */
export function tokenize(code: string): Tokens {
  return new Tokenizer(code).run();
}
