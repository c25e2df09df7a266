/**
 * Names that mean the outermost scope of a cell, rewritten where they need to be:
 * - `import { Map } from "immutable"` must not take `Map` away from every library in the process. A cell that declares the
 *   name of a built-in global gets a variable of its own (`Map` with an invisible letter), and this cell and later ones are renamed to it;
 * - a `const` has become a `var`, so what assigns to it is made to throw as an assignment to a constant does.
 */
import type { Program } from "oxc-parser";
import type { Pieces } from "./pieces.ts";
import { boundIdentifiers, boundNames, isNode, type Node } from "./survey.ts";

type Scope = Set<string>;

/** @param constant what stands in for an assigned constant: assigning to its member of that name throws */
export function rewriteOuterNames(
  program: Program,
  shadowed: ReadonlyMap<string, string>,
  constants: ReadonlySet<string>,
  constant: string,
  pieces: Pieces,
): void {
  if (shadowed.size === 0 && constants.size === 0) return;
  /** Identifiers that are assigned to, found before they are visited. */
  const assigned = new Set<Node>();
  const rename = (node: Node, scopes: Scope[], asShorthand: boolean) => {
    const name = node["name"] as string;
    if (scopes.some((scope) => scope.has(name))) return;
    const replacement = assigned.has(node) && constants.has(name) ? `${constant}.${name}` : shadowed.get(name);
    if (!replacement) return;
    pieces.replace(node.start, node.end, asShorthand ? `${name}: ${replacement}` : replacement);
  };
  const noteTargets = (node: Node) => {
    if (node.type === "AssignmentExpression") for (const target of boundIdentifiers(node["left"])) assigned.add(target);
    else if (node.type === "UpdateExpression")
      for (const target of boundIdentifiers(node["argument"])) assigned.add(target);
    else if (/^For(In|Of)Statement$/.test(node.type))
      for (const target of boundIdentifiers(node["left"])) assigned.add(target);
  };

  const visit = (node: Node, scopes: Scope[]): void => {
    noteTargets(node);
    switch (node.type) {
      case "Identifier":
        rename(node, scopes, false);
        return;
      case "ImportDeclaration":
      case "ExportAllDeclaration":
      case "MetaProperty":
      case "LabeledStatement":
        if (node.type === "LabeledStatement") visit(node["body"] as Node, scopes);
        return;
      case "BreakStatement":
      case "ContinueStatement":
        return;
      case "MemberExpression":
        visit(node["object"] as Node, scopes);
        if (node["computed"]) visit(node["property"] as Node, scopes);
        return;
      case "Property": {
        const value = node["value"] as Node;
        if (node["shorthand"]) {
          // `{ Map }` and, in a pattern, `{ Map = 1 }`.
          if (value.type === "Identifier") rename(value, scopes, true);
          else {
            rename(value["left"] as Node, scopes, true);
            visit(value["right"] as Node, scopes);
          }
          return;
        }
        if (node["computed"]) visit(node["key"] as Node, scopes);
        visit(value, scopes);
        return;
      }
      case "MethodDefinition":
      case "PropertyDefinition":
      case "AccessorProperty":
        if (node["computed"]) visit(node["key"] as Node, scopes);
        if (node["value"]) visit(node["value"] as Node, scopes);
        return;
      case "FunctionDeclaration":
        return visitFunction(node, scopes, true);
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        return visitFunction(node, scopes, false);
      case "ClassDeclaration":
      case "ClassExpression": {
        const id = node["id"] as Node | null;
        // The class's own name inside it is a binding of the class; the outer one is written by the rewrite.
        const inside = id ? [...scopes, new Set([id["name"] as string])] : scopes;
        if (node["superClass"]) visit(node["superClass"] as Node, inside);
        visit(node["body"] as Node, inside);
        return;
      }
      case "StaticBlock": {
        const own = blockNames(node["body"] as Node[]);
        for (const statement of node["body"] as Node[]) collectVars(statement, own);
        return children(node, [...scopes, own]);
      }
      case "BlockStatement":
        return children(node, [...scopes, blockNames(node["body"] as Node[])]);
      case "SwitchStatement":
        return children(node, [
          ...scopes,
          blockNames((node["cases"] as Node[]).flatMap((one) => one["consequent"] as Node[])),
        ]);
      case "ForStatement":
        return children(node, [...scopes, loopNames(node["init"])]);
      case "ForInStatement":
      case "ForOfStatement":
        return children(node, [...scopes, loopNames(node["left"])]);
      case "CatchClause":
        return children(node, [...scopes, new Set(boundNames(node["param"] as Node | null))]);
      default:
        return children(node, scopes);
    }
  };

  const children = (node: Node, scopes: Scope[]): void => {
    for (const field in node) {
      const value = node[field];
      if (Array.isArray(value)) for (const item of value) isNode(item) && visit(item, scopes);
      else if (isNode(value)) visit(value, scopes);
    }
  };

  const visitFunction = (node: Node, scopes: Scope[], declaration: boolean): void => {
    const own: Scope = new Set((node["params"] as Node[]).flatMap((parameter) => boundNames(parameter)));
    const id = node["id"] as Node | null;
    if (id && declaration) rename(id, scopes, false);
    else if (id) own.add(id["name"] as string);
    if (node.type !== "ArrowFunctionExpression") own.add("arguments");
    collectVars(node["body"] as Node, own);
    const inside = [...scopes, own];
    for (const parameter of node["params"] as Node[]) visit(parameter, inside);
    visit(node["body"] as Node, inside);
  };

  for (const node of program.body as unknown as Node[]) visit(node, []);
}

function loopNames(head: unknown): Scope {
  if (!isNode(head) || head.type !== "VariableDeclaration" || head["kind"] === "var") return new Set();
  return new Set((head["declarations"] as Node[]).flatMap((declarator) => boundNames(declarator["id"] as Node)));
}

/** Names that a block declares for itself. */
function blockNames(body: Node[]): Scope {
  const names: Scope = new Set();
  for (const node of body) {
    if (node.type === "VariableDeclaration" && node["kind"] !== "var") {
      for (const declarator of node["declarations"] as Node[])
        for (const name of boundNames(declarator["id"] as Node)) names.add(name);
    } else if (node.type === "FunctionDeclaration" || node.type === "ClassDeclaration") {
      const id = node["id"] as Node | null;
      if (id) names.add(id["name"] as string);
    }
  }
  return names;
}

/** `var` declarations of a function, however deep, but not those of functions inside it. */
function collectVars(node: Node, into: Scope): void {
  if (node.type === "VariableDeclaration" && node["kind"] === "var") {
    for (const declarator of node["declarations"] as Node[])
      for (const name of boundNames(declarator["id"] as Node)) into.add(name);
  }
  for (const field in node) {
    const value = node[field];
    for (const item of Array.isArray(value) ? value : [value]) {
      if (isNode(item) && !/Function|^Class/.test(item.type)) collectVars(item, into);
    }
  }
}
