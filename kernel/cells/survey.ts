/**
 * One walk over a cell's JavaScript that notes what the rewrite has to know. Nodes are ESTree as oxc-parser gives them, with
 * offsets in UTF-16 units.
 */
import type { Program } from "oxc-parser";
import type { DeclarationKind } from "./rewrite.ts";

/** An ESTree node, read by field name. */
export interface Node {
  type: string;
  start: number;
  end: number;
  [field: string]: unknown;
}

export interface NestedVar {
  node: Node;
  position: "statement" | "for" | "for-in";
}

export interface Survey {
  declared: Map<string, DeclarationKind>;
  /** Names of namespaces and enums, whose code reads the former value. */
  mergeable: string[];
  /** Names declared with `const`. */
  constants: Set<string>;
  imports: Node[];
  importMetas: Node[];
  topLevelThis: Node[];
  nestedVars: NestedVar[];
  identifiers: Set<string>;
  hasAwait: boolean;
  hasUsing: boolean;
}

export function surveyTopLevel(program: Program): Survey {
  const survey: Survey = {
    declared: new Map(),
    mergeable: [],
    constants: new Set(),
    imports: [],
    importMetas: [],
    topLevelThis: [],
    nestedVars: [],
    identifiers: new Set(),
    hasAwait: false,
    hasUsing: false,
  };
  for (const node of program.body as unknown as Node[]) {
    noteDeclaration(node, survey);
    walk(node, { inFunction: false, thisIsOwn: false, parent: undefined, field: "" }, survey);
  }
  return survey;
}

function noteDeclaration(node: Node, survey: Survey): void {
  switch (node.type) {
    case "ImportDeclaration":
      survey.imports.push(node);
      for (const specifier of node["specifiers"] as Node[]) {
        survey.declared.set((specifier["local"] as Node)["name"] as string, "import");
      }
      return;
    case "ExportAllDeclaration":
      survey.imports.push(node);
      return;
    case "ExportNamedDeclaration":
    case "ExportDefaultDeclaration": {
      if (node["source"]) survey.imports.push(node["specifiers"] ? { ...node, specifiers: [] } : node);
      const declaration = node["declaration"] as Node | null;
      if (declaration) noteDeclaration(declaration, survey);
      return;
    }
    case "VariableDeclaration": {
      const kind = node["kind"] as string;
      if (kind.endsWith("using")) survey.hasUsing = true;
      if (kind === "await using") survey.hasAwait = true;
      for (const declarator of node["declarations"] as Node[]) {
        const names = boundNames(declarator["id"]);
        if (kind === "const") for (const name of names) survey.constants.add(name);
        for (const name of names) survey.declared.set(name, "variable");
        if (mergesWithItself(declarator, names[0])) survey.mergeable.push(names[0]!);
      }
      return;
    }
    case "FunctionDeclaration":
    case "ClassDeclaration": {
      const id = node["id"] as Node | null;
      if (id) survey.declared.set(id["name"] as string, node.type === "ClassDeclaration" ? "class" : "function");
    }
  }
}

/** `var A = function(A) {...}(A || {})`, which is what an enum compiles to. */
function mergesWithItself(declarator: Node, name: string | undefined): boolean {
  const init = declarator["init"] as Node | null;
  if (init?.type !== "CallExpression") return false;
  const argument = (init["arguments"] as Node[])[0];
  if (argument?.type !== "LogicalExpression") return false;
  const left = argument["left"] as Node;
  return left.type === "Identifier" && left["name"] === name;
}

/** The names that a pattern binds. */
export function boundNames(pattern: unknown): string[] {
  return boundIdentifiers(pattern).map((node) => node["name"] as string);
}

/** The identifiers that a pattern binds or assigns to. */
export function boundIdentifiers(pattern: unknown): Node[] {
  if (!isNode(pattern)) return [];
  switch (pattern.type) {
    case "Identifier":
      return [pattern];
    case "ObjectPattern":
      return (pattern["properties"] as Node[]).flatMap((property) =>
        boundIdentifiers(property.type === "RestElement" ? property["argument"] : property["value"]),
      );
    case "ArrayPattern":
      return (pattern["elements"] as (Node | null)[]).flatMap(boundIdentifiers);
    case "AssignmentPattern":
      return boundIdentifiers(pattern["left"]);
    case "RestElement":
      return boundIdentifiers(pattern["argument"]);
    default:
      return [];
  }
}

interface Place {
  inFunction: boolean;
  thisIsOwn: boolean;
  parent: Node | undefined;
  field: string;
}

function walk(node: Node, place: Place, survey: Survey): void {
  let { inFunction, thisIsOwn } = place;
  switch (node.type) {
    case "Identifier":
      survey.identifiers.add(node["name"] as string);
      return;
    case "ImportDeclaration":
      return;
    case "MetaProperty":
      if ((node["meta"] as Node)["name"] === "import") survey.importMetas.push(node);
      return;
    case "ThisExpression":
      if (!thisIsOwn) survey.topLevelThis.push(node);
      return;
    case "AwaitExpression":
      if (!inFunction) survey.hasAwait = true;
      break;
    case "ForOfStatement":
      if (!inFunction && node["await"] === true) survey.hasAwait = true;
      break;
    case "VariableDeclaration":
      if (!inFunction && node["kind"] === "await using") survey.hasAwait = true;
      if (!inFunction && node["kind"] === "var" && place.parent && !place.parent.type.startsWith("Export"))
        noteNestedVar(node, place, survey);
      break;
    case "FunctionDeclaration":
    case "FunctionExpression":
      inFunction = true;
      thisIsOwn = true;
      break;
    case "ArrowFunctionExpression":
      inFunction = true;
      break;
    case "PropertyDefinition":
    case "AccessorProperty":
    case "StaticBlock":
      // A computed key belongs to the outside.
      if (node["computed"]) walk(node["key"] as Node, { ...place, parent: node, field: "key" }, survey);
      inFunction = true;
      thisIsOwn = true;
      break;
  }
  for (const field in node) {
    const value = node[field];
    if (typeof value !== "object" || value === null || field === "parent") continue;
    if (field === "key" && node["computed"] === true && isField(node)) continue;
    const inside = { inFunction, thisIsOwn, parent: node, field };
    if (Array.isArray(value)) for (const item of value) isNode(item) && walk(item, inside, survey);
    else if (isNode(value)) walk(value, inside, survey);
  }
}

const isField = (node: Node) => node.type === "PropertyDefinition" || node.type === "AccessorProperty";

function noteNestedVar(node: Node, place: Place, survey: Survey): void {
  const loop = place.parent!.type;
  const position =
    loop === "ForStatement" && place.field === "init"
      ? "for"
      : (loop === "ForInStatement" || loop === "ForOfStatement") && place.field === "left"
        ? "for-in"
        : "statement";
  survey.nestedVars.push({ node, position });
  for (const declarator of node["declarations"] as Node[]) {
    for (const name of boundNames(declarator["id"]))
      if (!survey.declared.has(name)) survey.declared.set(name, "variable");
  }
}

export function isNode(value: unknown): value is Node {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as Node).type === "string" &&
    typeof (value as Node).start === "number"
  );
}
