/**
 * A cell's JavaScript is a module; what runs is a script, so that later cells see its names and may declare them again.
 * This file turns the one into the other, in strict mode, without printing the code anew:
 * - top-level `const`, `let`, `class` and imports become assignments to global `var`s, functions stay functions;
 * - static imports become dynamic ones, `import.meta` an object, `export` goes away, top-level `this` is undefined;
 * - with a top-level await, import or `using`, everything but functions moves into an async function. Functions stay
 *   outside it, so that they see names as later cells redefine them.
 */
import type { CellPositions } from "../wire/cell-positions.ts";
import type { CellOptions } from "./cell-options.ts";
import { rewriteOuterNames } from "./outer-names.ts";
import { Pieces } from "./pieces.ts";
import { type Node, surveyTopLevel } from "./survey.ts";
import { parseJavaScript, transpile } from "./transpile.ts";

export interface RewrittenCell {
  js: string;
  isAsync: boolean;
  hasResult: boolean;
  positions: CellPositions;
  /** Names the cell declares, with the kind of declaration. */
  declared: Map<string, DeclarationKind>;
  /** All identifiers that occur in the cell. */
  identifiers: Set<string>;
}

export type DeclarationKind = "variable" | "function" | "class" | "import";

export interface RewriteContext {
  options: CellOptions;
  /** Names of globals that the environment brings; a cell that declares one gets a variable of its own beside it. */
  isBuiltin(name: string): boolean;
  /** Built-in names that cells have declared so far, with the name of the variable that stands for each; grows. */
  shadowed: Map<string, string>;
  /** Names that cells have declared as constants and not yet as something else; changes. */
  constants: Set<string>;
}

const runtime = "__gradbook__";
/** Zero-width non-joiner, which may be part of a name: `Map` of a notebook looks like any other in messages. */
const invisible = "\u200c";

/** @throws CellSyntaxError when the cell cannot be read */
export function rewriteCell(source: string, context: RewriteContext): RewrittenCell {
  const transpiled = transpile(source, context.options);
  const code = transpiled.code;
  const program = transpiled.program ?? parseJavaScript(code);
  const survey = surveyTopLevel(program);

  for (const name of survey.declared.keys()) {
    if (context.isBuiltin(name) && !context.shadowed.has(name)) context.shadowed.set(name, `${name}${invisible}`);
  }
  const pieces = new Pieces(code);
  const rename = (name: string) => context.shadowed.get(name) ?? name;
  for (const [name, kind] of survey.declared) {
    // A later cell may declare a constant again, as another kind too.
    if (survey.constants.has(name) || kind === "import") context.constants.add(name);
    else context.constants.delete(name);
  }
  rewriteOuterNames(program, context.shadowed, context.constants, `${runtime}.constants`, pieces);

  for (const meta of survey.importMetas) pieces.replace(meta.start, meta.end, `${runtime}.importMeta`);
  for (const node of survey.topLevelThis) pieces.replace(node.start, node.end, "(void 0)");
  for (const declaration of survey.nestedVars) hoistNestedVar(declaration, pieces);

  const isAsync = survey.hasAwait || survey.imports.length > 0 || survey.hasUsing;
  // Compilers leave `export {}` where there were only types.
  const last = (program.body as Node[]).findLast((node) => !isEmptyExport(node));
  const resultNode = transpiled.endsWithExpression && last?.type === "ExpressionStatement" ? last : undefined;

  const variables = new Set<string>();
  for (const [name, kind] of survey.declared) if (kind !== "function") variables.add(rename(name));
  pieces.add(`"use strict";${variables.size > 0 ? `var ${[...variables].join(",")};` : ""}`);
  // A namespace or enum that is run again starts afresh instead of adding to the former one.
  for (const name of survey.mergeable) pieces.add(`${rename(name)}=undefined;`);
  if (isAsync) {
    for (const node of program.body as Node[]) if (functionOf(node)) copyFunction(node, pieces);
    pieces.add(`(async()=>{${survey.hasUsing ? "await using __gradbook_stack__=new AsyncDisposableStack();" : ""}`);
    for (const node of survey.imports)
      if (!isForTypes(node, transpiled.typeImports)) writeImport(node, pieces, rename, survey.identifiers);
  }
  for (const node of program.body as Node[]) {
    if (isAsync && functionOf(node)) continue;
    if (node === resultNode) writeResult(node, isAsync, pieces);
    else writeStatement(node, pieces, rename);
  }
  if (isAsync) pieces.add("\n})()");
  const { text, spans } = pieces.finish();
  return {
    js: text,
    isAsync,
    hasResult: resultNode !== undefined,
    positions: { source, pieces: spans, compiled: code, mappings: transpiled.mappings },
    declared: survey.declared,
    identifiers: survey.identifiers,
  };
}

/** An expression from a front end (user_expressions): its value, without declarations. */
export function rewriteExpression(source: string, context: RewriteContext): { js: string; isAsync: boolean } {
  const { js, isAsync } = rewriteCell(`(${source}\n)`, context);
  return { js, isAsync };
}

function isEmptyExport(node: Node): boolean {
  return node.type === "ExportNamedDeclaration" && !node["declaration"] && (node["specifiers"] as Node[]).length === 0;
}

/** The function declaration that a top-level statement is or exports, if it is one with a name. */
function functionOf(node: Node): Node | undefined {
  const inner = exported(node) ?? node;
  return inner.type === "FunctionDeclaration" && inner["id"] ? inner : undefined;
}

function exported(node: Node): Node | undefined {
  if (node.type !== "ExportNamedDeclaration" && node.type !== "ExportDefaultDeclaration") return undefined;
  return (node["declaration"] as Node | null) ?? undefined;
}

function copyFunction(node: Node, pieces: Pieces): void {
  const declaration = functionOf(node)!;
  pieces.copy(declaration.start, declaration.end);
  pieces.add("\n");
}

function writeResult(node: Node, isAsync: boolean, pieces: Pieces): void {
  const expression = node["expression"] as Node;
  // Boxed, because returning a promise from an async function would wait for it.
  pieces.add(isAsync ? "\nreturn [(" : "\n(");
  pieces.copy(expression.start, expression.end);
  pieces.add(isAsync ? ")];" : ");");
}

function writeStatement(node: Node, pieces: Pieces, rename: (name: string) => string): void {
  switch (node.type) {
    case "ImportDeclaration":
    case "ExportAllDeclaration":
      return;
    case "VariableDeclaration":
      return writeVariables(node, pieces);
    case "ClassDeclaration":
      return writeClass(node, pieces, rename);
    case "ExportNamedDeclaration": {
      const declaration = exported(node);
      return declaration ? writeStatement(declaration, pieces, rename) : undefined;
    }
    case "ExportDefaultDeclaration": {
      const declaration = exported(node)!;
      if (declaration["id"]) return writeStatement(declaration, pieces, rename);
      pieces.add("\n;void (");
      pieces.copy(declaration.start, declaration.end);
      pieces.add(");");
      return;
    }
    case "FunctionDeclaration":
      pieces.add("\n");
      pieces.copy(node.start, node.end);
      return;
    default:
      pieces.add("\n");
      pieces.copy(node.start, node.end);
      pieces.add(";");
  }
}

function writeVariables(node: Node, pieces: Pieces): void {
  const kind = node["kind"] as string;
  const use = kind === "using" || kind === "await using" ? "__gradbook_stack__.use(" : "";
  for (const declarator of node["declarations"] as Node[]) {
    const id = declarator["id"] as Node;
    const init = declarator["init"] as Node | null;
    // `var x;` keeps the value that x has, `let x;` starts it anew.
    if (!init && kind === "var") continue;
    pieces.add("\n;void (");
    pieces.copy(id.start, id.end);
    if (init) {
      pieces.add(` = ${use}`);
      pieces.copy(init.start, init.end);
      pieces.add(use ? "));" : ");");
    } else pieces.add(" = undefined);");
  }
}

function writeClass(node: Node, pieces: Pieces, rename: (name: string) => string): void {
  const id = node["id"] as Node & { name: string };
  pieces.add(`\n;void (${rename(id.name)} = `);
  pieces.copy(node.start, node.end);
  pieces.add(");");
}

/** `for (var i = 0; ...)` and `if (x) { var y = 1 }` assign to the hoisted variable. */
function hoistNestedVar(
  { node, position }: { node: Node; position: "statement" | "for" | "for-in" },
  pieces: Pieces,
): void {
  const declarations = node["declarations"] as Node[];
  const first = declarations[0]!;
  if (position !== "statement") {
    pieces.replace(node.start, first.start, "");
    return;
  }
  pieces.replace(node.start, first.start, "void (");
  const end = declarations.at(-1)!.end;
  pieces.replace(end, node.end, ");");
}

/** `import { type A } from "a"`: nothing is left of it but the name of the module. */
function isForTypes(node: Node, typeImports: ReadonlySet<string>): boolean {
  const names = (node["specifiers"] as Node[] | undefined) ?? [];
  return (
    node.type === "ImportDeclaration" &&
    names.length === 0 &&
    typeImports.has((node["source"] as Node)["value"] as string)
  );
}

function writeImport(node: Node, pieces: Pieces, rename: (name: string) => string, identifiers: Set<string>): void {
  const specifier = (node["source"] as Node)["value"] as string;
  const attributes = (node["attributes"] as Node[] | undefined) ?? [];
  const withClause = attributes.map((attribute) => {
    const key = attribute["key"] as Node;
    return `${JSON.stringify(key["name"] ?? key["value"])}:${JSON.stringify((attribute["value"] as Node)["value"])}`;
  });
  const options = withClause.length > 0 ? `,{with:{${withClause.join(",")}}}` : "";
  const specifiers = (node["specifiers"] as Node[] | undefined) ?? [];
  pieces.add("\n{");
  // One copied piece, so that an error in loading points at the import.
  pieces.add("const __gradbook_module__=");
  pieces.mark(node.start);
  pieces.add(`await import(${JSON.stringify(specifier)}${options});`);
  for (const part of specifiers) {
    const local = (part["local"] as Node)["name"] as string;
    if (part.type === "ImportNamespaceSpecifier") {
      pieces.add(`${rename(local)}=${runtime}.namespace(__gradbook_module__);`);
      continue;
    }
    const imported = part["imported"] as Node | undefined;
    const name =
      part.type === "ImportDefaultSpecifier" ? "default" : ((imported!["name"] ?? imported!["value"]) as string);
    const used = identifiers.has(local);
    pieces.add(
      `${rename(local)}=${runtime}.binding(__gradbook_module__,${JSON.stringify(name)},${JSON.stringify(specifier)},${used});`,
    );
  }
  pieces.add("}");
}
