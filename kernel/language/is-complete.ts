/** Whether what has been typed into a console is a whole cell, so that Enter runs it. */
import { withoutCommands } from "./declarations.ts";
import { parseCell, refusedRegularExpression } from "./parser.ts";
import { type Token, type Tokens, tokenize } from "./tokens.ts";

/** Content of an `is_complete_reply`. */
export interface Completeness {
  status: "complete" | "incomplete" | "invalid" | "unknown";
  /** With `incomplete`: what the next line should begin with. */
  indent?: string;
}

interface Problem {
  message: string;
  start: number;
  end: number;
}

/**
 * Judges `code` as TypeScript or TSX typed in a notebook: with top-level await, line commands (`!ls`, `%name`), and `%%name`
 * cells, which are whole as soon as they have a body. `translate` turns commands that their first character does not
 * give away (`const files = !ls -l`) into TypeScript. `unknown` when the parser cannot be loaded.
 * Source: https://jupyter-client.readthedocs.io/en/stable/messaging.html#code-completeness
 */
export function isComplete(code: string, translate?: (code: string) => string): Completeness {
  const asTyped = judge(code);
  if (asTyped.status === "complete" || !translate) return asTyped;
  const translated = translate(code);
  return translated === code ? asTyped : judge(translated);
}

function judge(code: string): Completeness {
  if (/^\s*%%[a-zA-Z]/.test(code)) {
    return code.trim().includes("\n") ? { status: "complete" } : { status: "incomplete", indent: "" };
  }
  const read = tokenize(code);
  const { end } = read;
  if (end.in === "template" || (end.in === "comment" && end.block) || (end.in === "string" && end.continued)) {
    return { status: "incomplete", indent: "" };
  }
  const readable = withoutCommands(code);
  let problem: Problem | undefined;
  try {
    problem = findProblem(readable, read, "ts");
    // JSX reads differently as TypeScript: `<div>text` is a type assertion there.
    if (problem || isElement(code, read)) {
      const asJsx = findProblem(readable, read, "tsx");
      if (!asJsx) problem = undefined;
      else if (isElement(code, read) || !problem || (asJsx.start > problem.start && !isAtEnd(problem, read)))
        problem = asJsx;
    }
  } catch {
    return { status: "unknown" };
  }
  if (!problem) return { status: "complete" };
  return isAtEnd(problem, read) || isElement(code, read)
    ? { status: "incomplete", indent: indentAfter(read, problem) }
    : { status: "invalid" };
}

/** The first thing the parser objects to, or a declaration that still lacks its body. */
function findProblem(code: string, { tokens }: Tokens, language: "ts" | "tsx"): Problem | undefined {
  const { errors, program } = parseCell(code, language, true);
  const error = errors.find((candidate) => candidate.severity === "Error");
  if (error) {
    const [label] = error.labels;
    return { message: error.message, start: label?.start ?? code.length, end: label?.end ?? code.length };
  }
  const refused = tokens.some((token) => token.kind === "regex") ? refusedRegularExpression(program) : undefined;
  if (refused) return { message: "Invalid regular expression", ...refused };
  // `function f()` alone is an overload to the parser, and a function about to get its body to a person.
  const last = program.body.at(-1);
  const declaration = last?.type === "ExportNamedDeclaration" ? last.declaration : last;
  const isBodiless = declaration?.type === "TSDeclareFunction" && !declaration.declare && tokens.at(-1)?.text !== ";";
  return isBodiless ? { message: "Expected a body", start: code.length, end: code.length } : undefined;
}

/** Whether more text could still take the problem away. */
function isAtEnd(problem: Problem, { tokens, end }: Tokens): boolean {
  const last = tokens.at(-1);
  if (!last) return false;
  if (end.in === "string" || end.in === "regex") return false;
  if (/^Invalid /.test(problem.message)) return false;
  // Strings and regular expressions that end with their line will not get better.
  if (/^Unterminated (?:string|regular)/.test(problem.message) && !isTemplateAt(problem, tokens)) return false;
  if (problem.start >= last.end) return true;
  return (
    problem.end >= last.end &&
    /^(?:Missing initializer|Identifier expected|Unterminated|Expected .* but found `EOF`)/.test(problem.message)
  );
}

function isTemplateAt(problem: Problem, tokens: Token[]): boolean {
  return tokens.some((token) => token.kind.startsWith("template") && token.start >= problem.start);
}

/** `<Foo>value;` is an assertion: text in an element seldom ends like a statement. */
function isElement(code: string, { end }: Pick<Tokens, "end">): boolean {
  return (end.in === "jsxText" || end.in === "jsxTag") && !/;\s*$/.test(code);
}

/** Two spaces for each line with an open bracket, and for a statement that goes on after its line. */
function indentAfter({ tokens, end, open }: Tokens, problem: Problem): string {
  if (open.some((index) => tokens[index]!.kind === "templateHead")) return "";
  let lines = 0;
  let line = -1;
  for (const index of open) {
    const at = lineOf(tokens, index);
    if (at !== line) lines++;
    line = at;
  }
  const last = tokens.at(-1);
  const lacksBracket = /^Expected `[)\]}]`/.test(problem.message) || open.includes(tokens.length - 1);
  const endsLine = !last || lacksBracket || /^[,;}>]$/.test(last.text) || end.in === "jsxText" || isDecorator(tokens);
  return "  ".repeat(lines + (endsLine ? 0 : 1));
}

/** Index of the first token on the line of token `index`. */
function lineOf(tokens: readonly Token[], index: number): number {
  let at = index;
  while (at > 0 && !tokens[at]!.startsLine) at--;
  return at;
}

/** Whether the last line is a decorator, which stands above what it decorates. */
function isDecorator(tokens: readonly Token[]): boolean {
  const first = tokens[lineOf(tokens, tokens.length - 1)];
  return first?.text === "@";
}
