/**
 * From TypeScript to JavaScript with a source map. oxc does almost everything in microseconds; what it leaves alone or
 * refuses (standard decorators, `accessor`, namespaces with `export let`) goes to esbuild, which is started only then.
 */
import { createRequire } from "node:module";
import type * as Esbuild from "esbuild";
import type * as oxcParser from "oxc-parser";
import type * as oxcTransform from "oxc-transform";
import { isTooDeep } from "../language/parser.ts";
import type { CellOptions } from "./cell-options.ts";

const require = createRequire(import.meta.url);
// Loaded on first use: the first reply of a kernel does not need them.
const parser = () => require("oxc-parser") as typeof oxcParser;
const transformer = () => require("oxc-transform") as typeof oxcTransform;

/** A place where the compiler could not read the cell. Offset in UTF-16 units of the source. */
export class CellSyntaxError extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.name = "SyntaxError";
    this.offset = offset;
  }
}

export interface Transpiled {
  code: string;
  /** Source map v3 mappings; "" where the code is the source, letter for letter. */
  mappings: string;
  /** Modules of which the source imports types only, name by name. */
  typeImports: ReadonlySet<string>;
  /** The syntax tree of `code`, where there is one already. */
  program?: oxcParser.Program;
  /** Whether the last statement is an expression without a semicolon after it. */
  endsWithExpression: boolean;
}

type Compiled = Pick<Transpiled, "code" | "mappings">;

interface Diagnostic {
  severity: string;
  message: string;
  labels: { start: number }[];
  helpMessage: string | null;
}

/** @throws CellSyntaxError */
export function transpile(source: string, options: CellOptions): Transpiled {
  const { language, program } = parse(source);
  const last = program.body.at(-1);
  const endsWithExpression = last?.type === "ExpressionStatement" && source[last.end - 1] !== ";";
  const typeImports = new Set<string>();
  if (isPlainJavaScript(program)) return { code: source, mappings: "", program, endsWithExpression, typeImports };
  for (const node of program.body) {
    if (node.type !== "ImportDeclaration" || node.specifiers.length === 0) continue;
    if (node.specifiers.every((one) => "importKind" in one && one.importKind === "type"))
      typeImports.add(node.source.value);
  }
  const compiled = needsSecondCompiler(source, program, options)
    ? withEsbuild(source, language, options)
    : (withOxc(source, language, options) ?? withEsbuild(source, language, options));
  return { ...compiled, endsWithExpression, typeImports };
}

/** True when compiling would change nothing: no types, no JSX, and no class, whose fields have settings. */
function isPlainJavaScript(node: unknown): boolean {
  if (Array.isArray(node)) return node.every(isPlainJavaScript);
  if (typeof node !== "object" || node === null || node instanceof RegExp) return true;
  const { type, optional, declare, importKind, exportKind, name } = node as Record<string, unknown>;
  if (typeof type === "string") {
    if (/^(TS|JSX|Class|Decorator)/.test(type) || declare === true || importKind === "type" || exportKind === "type")
      return false;
    // `x?` of a parameter; of members and calls it is JavaScript's own.
    if (optional === true && !/Expression$/.test(type)) return false;
    if (type === "Identifier" && name === "this") return false;
  }
  for (const field in node) if (!isPlainJavaScript((node as Record<string, unknown>)[field])) return false;
  return true;
}

/** Reads the cell as TypeScript, and as TSX where only that will do. */
function parse(source: string): { language: "ts" | "tsx"; program: oxcParser.Program } {
  if (isTooDeep(source))
    throw new CellSyntaxError(
      "The code is nested too deeply to be read: thousands of brackets or operators inside one another",
      0,
    );
  const plain = parser().parseSync("cell.ts", source, { sourceType: "module", showSemanticErrors: true });
  const firstError = plain.errors.find((error) => error.severity === "Error");
  if (!firstError) return { language: "ts", program: plain.program };
  const withJsx = parser().parseSync("cell.tsx", source, { sourceType: "module", showSemanticErrors: true });
  const jsxError = withJsx.errors.find((error) => error.severity === "Error");
  if (!jsxError) return { language: "tsx", program: withJsx.program };
  const looksLikeJsx = /<\/[\w.]*>|\/>/.test(source);
  throw syntaxError(looksLikeJsx ? jsxError : firstError, source);
}

function syntaxError(error: Diagnostic, source: string): CellSyntaxError {
  // A second declaration is reported at the second place, as V8 does.
  const label = /already been declared/.test(error.message) ? error.labels.at(-1) : error.labels[0];
  const offset = Math.min(label?.start ?? source.length, source.length);
  if (/^Unexpected token/.test(error.message) && offset >= source.trimEnd().length) {
    return new CellSyntaxError("Unexpected end of input", offset);
  }
  const help = error.helpMessage ? ` (${error.helpMessage})` : "";
  return new CellSyntaxError(error.message + help, offset);
}

function withOxc(source: string, language: "ts" | "tsx", options: CellOptions): Compiled | undefined {
  const result = transformer().transformSync(`cell.${language}`, source, {
    sourceType: "module",
    sourcemap: true,
    target: "esnext",
    typescript: {
      onlyRemoveTypeImports: true,
      removeClassFieldsWithoutInitializer: options.useDefineForClassFields === false,
    },
    assumptions: { setPublicClassFields: options.useDefineForClassFields === false },
    jsx: options.jsx,
    decorator: { legacy: options.legacyDecorators, emitDecoratorMetadata: options.emitDecoratorMetadata },
  });
  const errors: Diagnostic[] = result.errors;
  if (errors.some((error) => /Namespaces exporting non-const/.test(error.message))) return undefined;
  const error = errors.find((candidate) => candidate.severity === "Error");
  if (error) throw syntaxError(error, source);
  return { code: result.code, mappings: result.map?.mappings ?? "" };
}

/**
 * Standard decorators and auto-accessors are not in V8 yet, and oxc passes them through; a namespace that is declared twice
 * does not see its own names there.
 */
function needsSecondCompiler(source: string, program: oxcParser.Program, options: CellOptions): boolean {
  const namespaces = new Set<string>();
  for (const node of program.body) {
    const inner = node.type === "ExportNamedDeclaration" ? node.declaration : node;
    if (inner?.type !== "TSModuleDeclaration" || inner.id.type !== "Identifier") continue;
    if (namespaces.has(inner.id.name)) return true;
    namespaces.add(inner.id.name);
  }
  if (/\baccessor\s+[\w#[]/.test(source)) return true;
  return !options.legacyDecorators && /(^|[^\w.])@[\w(]/.test(source) && usesDecorators(source);
}

function usesDecorators(source: string): boolean {
  let found = false;
  const { language } = parse(source);
  const { program } = parser().parseSync(`cell.${language}`, source, { sourceType: "module" });
  new (parser().Visitor)({
    Decorator() {
      found = true;
    },
  }).visit(program);
  return found;
}

function withEsbuild(source: string, language: "ts" | "tsx", options: CellOptions): Compiled {
  // Without its worker thread, which would wait for ever in a folder that is gone.
  process.env["ESBUILD_WORKER_THREADS"] = "0";
  const esbuild = require("esbuild") as typeof Esbuild;
  try {
    const result = esbuild.transformSync(source, {
      loader: language,
      format: "esm",
      target: "node24",
      sourcemap: "external",
      sourcefile: "cell.ts",
      // Names are part of what a notebook shows.
      keepNames: false,
      supported: { decorators: false },
      tsconfigRaw: {
        compilerOptions: {
          experimentalDecorators: options.legacyDecorators,
          useDefineForClassFields: options.useDefineForClassFields ?? true,
          verbatimModuleSyntax: true,
          target: "esnext",
          ...(options.jsx?.runtime === "automatic"
            ? {
                jsx: "react-jsx" as const,
                ...(options.jsx.importSource ? { jsxImportSource: options.jsx.importSource } : {}),
              }
            : { jsx: "react" as const, jsxFactory: options.jsx?.pragma, jsxFragmentFactory: options.jsx?.pragmaFrag }),
        },
      },
    });
    return { code: result.code, mappings: (JSON.parse(result.map) as { mappings: string }).mappings };
  } catch (error) {
    const [first] =
      (error as { errors?: { text: string; location: { line: number; column: number } | null }[] }).errors ?? [];
    if (!first) throw error;
    throw new CellSyntaxError(first.text, offsetAt(source, first.location?.line ?? 1, first.location?.column ?? 0));
  }
}

/** esbuild counts lines from one and columns in bytes. */
function offsetAt(source: string, line: number, columnBytes: number): number {
  const lines = source.split("\n");
  const before = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
  const bytes = Buffer.from(lines[line - 1] ?? "").subarray(0, columnBytes);
  return before + bytes.toString().length;
}

/** Parses JavaScript that a compiler wrote. */
export function parseJavaScript(code: string): oxcParser.Program {
  const result = parser().parseSync("cell.js", code, { sourceType: "module" });
  const error = result.errors.find((candidate) => candidate.severity === "Error");
  if (error) throw syntaxError(error, code);
  return result.program;
}
