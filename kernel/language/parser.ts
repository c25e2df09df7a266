/** The native parser and compiler, loaded when the first question needs them. */
import { createRequire } from "node:module";
import type { ParseResult, Program } from "oxc-parser";

const require = createRequire(import.meta.url);

/** Parses a cell as a module. @throws when the native parser cannot be loaded on this machine. */
export function parseCell(code: string, language: "ts" | "tsx", semantic = false): ParseResult {
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
  try {
    const transformer = require("oxc-transform") as typeof import("oxc-transform");
    // A body of its own lets `await` fail here instead of on the main thread, and keeps `{` from opening a block.
    const { code, errors } = transformer.transformSync("expression.ts", `(${expression}\n)`, {
      sourceType: "script",
      target: "esnext",
    });
    return errors.length > 0 ? undefined : code.trim().replace(/;$/, "");
  } catch {
    return undefined;
  }
}
