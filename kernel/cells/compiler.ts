/** Compiles the cells of one notebook, in the I/O thread: what one cell declares decides how the next is read. */
import { translateCommands } from "../commands/translate.ts";
import type { CellFailure, ExecuteOrder } from "../wire/thread-messages.ts";
import { cellOptions } from "./cell-options.ts";
import { describeFailure, describeSyntaxError } from "./failures.ts";
import { type DeclarationKind, type RewriteContext, rewriteCell, rewriteExpression } from "./rewrite.ts";
import { CellSyntaxError } from "./transpile.ts";
import { workingFolder } from "./working-folder.ts";

type Compiled = Pick<ExecuteOrder, "js" | "isAsync" | "hasResult" | "positions" | "mentions">;

/** How many executed cells are kept for documentation in inspection. */
const mostSources = 1000;

export class CellCompiler {
  /** Names that cells have declared, with their kinds. */
  readonly names = new Map<string, DeclarationKind>();
  /** Executed cells, oldest first. */
  readonly sources: string[] = [];
  /** Built-in names that cells have declared for themselves, with the variable that stands for each. */
  readonly shadowed = new Map<string, string>();
  readonly #constants = new Set<string>();
  readonly #preloaded: ReadonlySet<string>;
  readonly #builtins: ReadonlySet<string>;

  /** @param replaceable preloaded names, which a cell may declare as its own */
  constructor(preloaded: string[], replaceable: string[]) {
    this.#preloaded = new Set([...preloaded, "Deno"]);
    const gives = new Set([...preloaded, ...replaceable]);
    this.#builtins = new Set(Object.getOwnPropertyNames(globalThis).filter((name) => !gives.has(name)));
  }

  /** Loads what the first cell will need. */
  warmUp(): void {
    rewriteCell("0", this.#context());
  }

  /** @returns what runs, or the failure to show on the cell */
  compile(source: string, label: string): Compiled | { failure: CellFailure } {
    try {
      const translated = translateCommands(source, { isName: (name) => this.names.has(name) });
      if (translated.error)
        return {
          failure: describeSyntaxError(
            translated.error.message,
            source,
            offsetAt(source, translated.error.line, translated.error.column),
            label,
          ),
        };
      const cell = rewriteCell(translated.code, this.#context());
      for (const [name, kind] of cell.declared) this.names.set(name, kind);
      this.sources.push(source);
      if (this.sources.length > mostSources) this.sources.shift();
      const { js, isAsync, hasResult } = cell;
      return {
        js,
        isAsync,
        hasResult,
        positions: { ...cell.positions, source },
        mentions: [...cell.identifiers].filter((name) => this.#preloaded.has(name) && !cell.declared.has(name)),
      };
    } catch (error) {
      return {
        failure:
          error instanceof CellSyntaxError
            ? describeSyntaxError(error.message, source, error.offset, label)
            : describeFailure(error),
      };
    }
  }

  /** An expression of user_expressions. */
  expression(source: string): { js: string; isAsync: boolean } | { error: CellFailure } {
    try {
      return rewriteExpression(source, this.#context());
    } catch (error) {
      return {
        error:
          error instanceof CellSyntaxError
            ? describeSyntaxError(error.message, source, error.offset - 1, "expression")
            : describeFailure(error),
      };
    }
  }

  #context(): RewriteContext {
    return {
      options: cellOptions(workingFolder()),
      isBuiltin: (name) => this.#builtins.has(name),
      shadowed: this.shadowed,
      constants: this.#constants,
    };
  }
}

/** Line and column count from one. */
function offsetAt(source: string, line: number, column: number): number {
  const lines = source.split("\n").slice(0, line - 1);
  return lines.reduce((sum, text) => sum + text.length + 1, 0) + column - 1;
}
