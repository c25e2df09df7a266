/** Tells a shell command from TypeScript on a line that starts with `!`. The rule is written for users in docs/notebook.md. */
import { closingBrace } from "./scan.ts";

/** Commands that people capture without an argument: `const files = !ls`. Any other bare name there is TypeScript. */
const bareCommands = new Set(
  "ls pwd date whoami hostname uname uptime env printenv id df du free ps nproc tree nvidia-smi lscpu".split(" "),
);
/** Words that start an expression or are one. */
const expressionWords = new Set(
  "await new typeof void delete function async class this super true false null undefined import NaN".split(" "),
);
const prefixWords = new Set(["await", "new", "typeof", "void", "delete", "async", "function", "class", "yield"]);
const infixWords = new Set(["instanceof", "in", "of", "as", "satisfies"]);

const name = /^[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*/;
/** What follows a name directly, without a space, in an expression and hardly ever in a command. */
const touching = /^(?:[([!,`]|\?\.|\.[A-Za-z_$#]|<[^<>\s][^<>]*>\()/;
/** An operator of conditions. */
const conditionOperator = /^\s*(?:&&|\|\||\?\?|\?(?:\s|$)|[=!]==?)|^\s+(?:instanceof|as|satisfies)\s/;
/** How a condition goes on in the next line. */
const continuation = /^(?:&&|\|\||\?|\.[A-Za-z_$]|[=!]=)/;
/** What follows the first word in a command and in no expression. */
const commandArgument = [
  /^(?:-[\w-]+)?\s+(?!(?:instanceof|in|of|as|satisfies)\b)[A-Za-z_]/, // two words
  /^(?:-[\w-]+)?\s+--?[A-Za-z]/, // an option
  /^\s+(?:\*(?:[.\w]|\s*$)|\.{1,2}(?:\/|\s|$)|\.\w|~|\/[A-Za-z])/, // a pattern, a path
  /^\s+["'$\d]/, // a quoted word, a variable, a number
  /^\.[\d.]+\s/, // python3.12 ...
  /^=\S+\s+\S/, // NAME=value command
  /^\s*\|\s*\w+\s+\S/, // a pipe into a command with arguments
];

export interface ShellQuestion {
  /** The text after the `!`, to the end of the line. */
  text: string;
  /** The next line that is not blank, trimmed: it may continue the expression. */
  nextLine: string;
  /** True when the cell or the session has a variable of that name. */
  isName(name: string): boolean;
  /** `x = !...`: there TypeScript is the likelier meaning. */
  assigned: boolean;
}

export function isShellCommand({ text, nextLine, isName, assigned }: ShellQuestion): boolean {
  if (text.trim() === "") return false;
  const first = text[0] as string;
  if (first === "/") return !/^\/(?:\\.|\[(?:\\.|[^\]])*\]|[^/\\[])+\/[dgimsuvy]*\s*(?:\.\w|[;)]|$|&&|\|\|)/.test(text);
  if (first === "~") return text[1] === "/";
  if (first === ".") return /^\.{1,2}\//.test(text);
  if (first === "[") return text[1] === " " && text.trimEnd().includes(" ]");
  if (first === "\\") return true;

  const word = name.exec(text)?.[0];
  if (!word || expressionWords.has(word)) return false;
  const rest = text.slice(word.length);
  if (touching.test(rest)) return false;
  if (/^\s*(?:\/\/.*)?$/.test(rest)) {
    if (isName(word) || continuation.test(nextLine)) return false;
    return !assigned || bareCommands.has(text.trim());
  }
  const chain = /^\s*(?:&&|\|\||;)\s*(.*)$/s.exec(rest)?.[1];
  if (rest[0] === ";" || conditionOperator.test(rest)) {
    return chain !== undefined && !isName(word) && startsCommand(chain, rest[0] === ";");
  }
  return !assigned || commandArgument.some((pattern) => pattern.test(rest));
}

/** What comes after `make &&` or `cd;`: a command, not an expression. */
function startsCommand(text: string, bare: boolean): boolean {
  if (/^(?:\.{1,2}|~)\//.test(text)) return true;
  if (bare && /^[\w-]+\s*$/.test(text)) return true;
  const words = /^([\w$-]+)\s+(--?[A-Za-z]\S*|["']|[\w$./~*]+)/.exec(text);
  return words !== null && !prefixWords.has(words[1] as string) && !infixWords.has(words[2] as string);
}

/** A command with its `${expression}` parts: `texts` has one element more than `expressions`. */
export interface Interpolated {
  texts: string[];
  expressions: string[];
}

/** Splits at `${...}`; `\${` stays text (without the backslash), for the shell's own `${NAME}`. */
export function splitInterpolation(text: string): Interpolated {
  const texts: string[] = [];
  const expressions: string[] = [];
  let current = "";
  for (let i = 0; i < text.length; ) {
    if (text.startsWith("\\${", i)) {
      current += "${";
      i += 3;
      continue;
    }
    const end = text.startsWith("${", i) ? closingBrace(text, i + 2) : -1;
    if (end < 0) {
      current += text[i++];
      continue;
    }
    texts.push(current);
    current = "";
    expressions.push(text.slice(i + 2, end - 1));
    i = end;
  }
  texts.push(current);
  return { texts, expressions };
}
