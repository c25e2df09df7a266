/** The native parser and compiler, loaded when the first question needs them. */
import { createRequire } from "node:module";
import { isMainThread } from "node:worker_threads";
import type { ParseResult, Program } from "oxc-parser";

const require = createRequire(import.meta.url);

/**
 * The native parser descends once for each level, and ends the process where its stack ends: between 2,000 and 5,000 levels
 * down with 4 MB, beyond 20,000 with the 64 MB that the I/O thread has (kernel/main.ts).
 */
const deepest = isMainThread ? 1000 : 10_000;

/** A rough upper bound of how deep brackets and right-recursive operators nest, too high rather than too low. */
export function isTooDeep(code: string): boolean {
  let [depth, run] = [0, 0];
  for (let at = 0; at < code.length; at++) {
    const character = code[at]!;
    if ("([{".includes(character)) depth++;
    else if (")]}".includes(character)) depth = Math.max(0, depth - 1);
    else if (";,\n".includes(character)) run = 0;
    else if ("=?!~<*".includes(character)) run++;
    if (depth + run > deepest) return true;
  }
  return false;
}

/** Parses a cell as a module. @throws when the native parser cannot be loaded on this machine, and at absurd nesting. */
export function parseCell(code: string, language: "ts" | "tsx", semantic = false): ParseResult {
  if (isTooDeep(code)) throw new RangeError("the code is nested too deeply to be read");
  const parser = require("oxc-parser") as typeof import("oxc-parser");
  return parser.parseSync(`cell.${language}`, code, { sourceType: "module", showSemanticErrors: semantic });
}

/** Where the first regular expression begins that the engine would refuse; the parser does not look inside them. */
export function refusedRegularExpression(program: Program): { start: number; end: number } | undefined {
  const { Visitor } = require("oxc-parser") as typeof import("oxc-parser");
  let refused: { start: number; end: number } | undefined;
  new Visitor({
    Literal(node) {
      if (refused || !("regex" in node) || !node.regex) return;
      try {
        new RegExp(node.regex.pattern, node.regex.flags);
      } catch {
        refused = { start: node.start, end: node.end };
      }
    },
  }).visit(program);
  return refused;
}

/** JavaScript of a TypeScript expression, or undefined when it is not one. */
export function expressionToJavaScript(expression: string): string | undefined {
  if (isTooDeep(expression)) return undefined;
  try {
    const transformer = require("oxc-transform") as typeof import("oxc-transform");
    // As a script, so that `await` fails here and not on the main thread; in parentheses, so that `{` opens an object.
    const { code, errors } = transformer.transformSync("expression.ts", `(${expression}\n)`, {
      sourceType: "script",
      target: "esnext",
    });
    return errors.length > 0 ? undefined : code.trim().replace(/;$/, "");
  } catch {
    return undefined;
  }
}
