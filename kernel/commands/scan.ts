/**
 * Finds the lines of a cell at which a TypeScript statement could start, without a parser: a cell with a shell command
 * in it does not parse. The scanner knows strings, templates, comments, regular expressions, JSX and brackets, and
 * what ends a statement; it does not know grammar. Lines that a visitor claims (commands) are skipped whole.
 */

/** How the text before a line ends. */
export type Before =
  /** Nothing, `;`, a closed block: whatever follows starts a statement. */
  | "boundary"
  /** An expression: a newline ends it unless the next line continues it. */
  | "expression";

export interface LineStart {
  /** Offset of the first character that is not blank. */
  offset: number;
  before: Before;
  /** Inside the block of an `if`, a loop, `try`...: a statement, but not the cell's top level. */
  nested: boolean;
}

/** Returns where scanning goes on when it claims the line, `undefined` to let the line be TypeScript. */
export type LineVisitor = (line: LineStart) => number | undefined;

type Last = "boundary" | "operand" | "operator";

/** Words after which an operand must follow, so that a line break does not end the statement. */
const operandFollows = new Set(
  "typeof void delete new in instanceof await yield return throw case extends implements as satisfies keyof const let var import export from of async function class".split(
    " ",
  ),
);
/** Words after which a statement starts. */
const statementFollows = new Set(["else", "do", "try", "finally"]);
/** Words whose parentheses are followed by a statement. */
const controlWords = new Set(["if", "for", "while", "switch", "catch", "with"]);

/** Wider than the language where the language is narrow: whether a letter may start a name is the compiler's question. */
const wordStart = /[A-Za-z_$#@\\\u0080-\uffff]/;
const wordPart = /[\w$\\\u0080-\uffff]/;

/** Walks a cell once and calls `visit` at each line at which a statement could start. */
export function scanStatements(source: string, visit: LineVisitor): void {
  new Scanner(source, visit).code(0, "");
}

/** One line of code: whether it is complete in itself, and where a `//` comment at its end starts. */
export function scanLine(text: string): { complete: boolean; codeEnd: number } {
  let complete = false;
  const scanner = new Scanner(`${text}\n;`, ({ offset }) => {
    complete ||= offset > text.length;
    return undefined;
  });
  scanner.code(0, "");
  return { complete, codeEnd: scanner.lineComment ?? text.length };
}

/** The offset just after the `}` that closes the brace opened before `start`, or -1. */
export function closingBrace(source: string, start: number): number {
  const scanner = new Scanner(source, () => undefined, 1);
  const end = scanner.code(start, "}");
  return scanner.closed ? end : -1;
}

interface Bracket {
  open: string;
  /** A parenthesis after `if`, `for`...: a statement follows it. */
  control: boolean;
  /** A brace that holds statements of the cell's own flow (not a function, class or object). */
  flow: boolean;
  /** A brace that holds statements at all, so that a statement starts after it. */
  block: boolean;
}

class Scanner {
  readonly source: string;
  readonly visit: LineVisitor;
  /** Templates and JSX nest the scanner; commands are looked for in the outermost only. */
  depth: number;
  /** The last `code` call found its closing brace. */
  closed = false;
  /** Where the first `//` comment starts. */
  lineComment: number | undefined;

  constructor(source: string, visit: LineVisitor, depth = 0) {
    this.source = source;
    this.visit = visit;
    this.depth = depth;
  }

  /** Scans code from `at` to the end, or to just after the unmatched `until`. */
  code(at: number, until: string): number {
    const { source } = this;
    const brackets: Bracket[] = [];
    let last = "boundary" as Last;
    let lastWord = "";
    let lastEnd = at;
    let lineIsBlank = true;
    let i = at;
    const token = (end: number, kind: Last, word = "") => {
      i = end;
      last = kind;
      lastWord = word;
      lastEnd = end;
      lineIsBlank = false;
    };

    while (i < source.length) {
      const char = source[i] as string;
      if (char === "\n") {
        lineIsBlank = true;
        i++;
        continue;
      }
      if (char === " " || char === "\t" || char === "\r" || char === "\ufeff" || char === "\u00a0") {
        i++;
        continue;
      }
      if (lineIsBlank && this.depth === 0 && last !== "operator" && brackets.every((bracket) => bracket.flow)) {
        const before = last === "boundary" ? "boundary" : "expression";
        const next = this.visit({ offset: i, before, nested: brackets.length > 0 });
        if (next !== undefined) {
          token(next, "boundary");
          lineIsBlank = source[next - 1] === "\n";
          continue;
        }
      }
      const next = source[i + 1];
      const element = char === "<" && last !== "operand" ? this.jsx(i) : -1;
      if (char === "/" && next === "/") {
        this.lineComment ??= i;
        const end = source.indexOf("\n", i);
        i = end < 0 ? source.length : end;
      } else if (char === "/" && next === "*") {
        const end = source.indexOf("*/", i + 2);
        if (end < 0) return source.length;
        i = end + 2;
      } else if (char === '"' || char === "'") {
        token(this.string(i), "operand");
      } else if (char === "`") {
        token(this.template(i), "operand");
      } else if (char === "/" && last !== "operand") {
        token(this.regularExpression(i), "operand");
      } else if (element > 0) {
        token(element, "operand");
      } else if (char === "(" || char === "[") {
        brackets.push({ open: char, control: controlWords.has(lastWord), flow: false, block: false });
        token(i + 1, "operator");
      } else if (char === "{") {
        brackets.push(this.brace(last, lastEnd, brackets));
        token(i + 1, "boundary");
      } else if (char === ")" || char === "]" || char === "}") {
        if (brackets.length === 0 && char === until) {
          this.closed = true;
          return i + 1;
        }
        const bracket = brackets.pop();
        token(i + 1, bracket?.control || bracket?.block ? "boundary" : "operand", bracket?.control ? ")" : "");
      } else if (char === ";") {
        token(i + 1, "boundary");
      } else if (wordStart.test(char)) {
        const end = this.word(i);
        const word = source.slice(i, end);
        const property = source[i - 1] === "." && source[i - 2] !== ".";
        if (property) token(end, "operand");
        else if (statementFollows.has(word)) token(end, "boundary", word);
        // `await` after `for` must not hide the loop's parenthesis.
        else if (word === "await" && lastWord === "for") token(end, "operator", "for");
        else token(end, operandFollows.has(word) ? "operator" : "operand", word);
      } else if (char >= "0" && char <= "9") {
        let end = i + 1;
        while (end < source.length && /[\w.]/.test(source[end] as string)) end++;
        token(end, "operand");
      } else {
        token(...this.operator(i, last));
      }
    }
    this.closed = false;
    return source.length;
  }

  /** An operator, and whether an operand must follow it. */
  operator(at: number, last: Last): [number, Last] {
    const { source } = this;
    const char = source[at];
    const next = source[at + 1];
    if ((char === "+" || char === "-") && next === char) return [at + 2, last === "operand" ? "operand" : "operator"];
    if (char === "=" && next === ">") return [at + 2, "operator"];
    const touches = at > 0 && !/\s/.test(source[at - 1] as string);
    // `value!` asserts, and `Map<string, number>` closes a type: neither wants an operand.
    if (char === "!" && last === "operand" && touches && next !== "=") return [at + 1, "operand"];
    if (char === ">" && (last === "operand" || source[at - 1] === ">") && touches && next !== "=") {
      return [at + 1, "operand"];
    }
    return [at + 1, "operator"];
  }

  brace(last: Last, lastEnd: number, brackets: Bracket[]): Bracket {
    const inFlow = brackets.every((bracket) => bracket.flow);
    const arrow = this.source.slice(lastEnd - 2, lastEnd) === "=>";
    const statement = last === "boundary";
    const flow = inFlow && statement;
    // After an operand (`f() {`, `class A {`, `namespace N {`) and an arrow comes a body; after an operator, an object.
    return { open: "{", control: false, flow, block: statement || (last === "operand" && !arrow) };
  }

  word(at: number): number {
    let end = at + 1;
    while (end < this.source.length && wordPart.test(this.source[end] as string)) end++;
    return end;
  }

  /** The end of a string; an unclosed one ends with its line. */
  string(at: number): number {
    const quote = this.source[at];
    for (let i = at + 1; i < this.source.length; i++) {
      const char = this.source[i];
      if (char === "\\") i++;
      else if (char === quote) return i + 1;
      else if (char === "\n") return i;
    }
    return this.source.length;
  }

  template(at: number): number {
    for (let i = at + 1; i < this.source.length; i++) {
      const char = this.source[i];
      if (char === "\\") i++;
      else if (char === "`") return i + 1;
      else if (char === "$" && this.source[i + 1] === "{") i = this.inner(i + 2) - 1;
    }
    return this.source.length;
  }

  regularExpression(at: number): number {
    let inClass = false;
    for (let i = at + 1; i < this.source.length; i++) {
      const char = this.source[i];
      if (char === "\\") i++;
      else if (char === "\n") return at + 1;
      else if (char === "[") inClass = true;
      else if (char === "]") inClass = false;
      else if (char === "/" && !inClass) return this.word(i);
    }
    return at + 1;
  }

  /** Code inside `${...}` or a JSX `{...}`, up to just after its brace. */
  inner(at: number): number {
    this.depth++;
    const end = this.code(at, "}");
    this.depth--;
    return end;
  }

  /** The end of the JSX element that starts at `at`, or -1 when it is none (a comparison, a type parameter). */
  jsx(at: number): number {
    const { source } = this;
    const opening = /^<([\p{ID_Start}$_][\w$.:-]*)?/u.exec(source.slice(at, at + 200));
    if (!opening || (!opening[1] && source[at + 1] !== ">")) return -1;
    let i = at + opening[0].length;
    for (;;) {
      const char = source[i];
      if (char === undefined) return -1;
      if (/[\s\w$.:=-]/.test(char)) i++;
      else if (char === '"' || char === "'") i = source.indexOf(char, i + 1) + 1 || source.length;
      else if (char === "{") i = this.inner(i + 1);
      else if (char === "/" && source[i + 1] === ">") return i + 2;
      else if (char === ">") break;
      else return -1;
    }
    i++;
    for (;;) {
      const char = source[i];
      if (char === undefined) return -1;
      if (char === "{") i = this.inner(i + 1);
      else if (char === "<" && source[i + 1] === "/") {
        const end = source.indexOf(">", i);
        return end < 0 ? -1 : end + 1;
      } else if (char === "<") {
        i = this.jsx(i);
        if (i < 0) return -1;
      } else i++;
    }
  }
}
