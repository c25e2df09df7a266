/** Finds declarations, their types and their documentation in cells as they were written. */
import type { LanguageContext } from "./language-context.ts";
import { parseCell } from "./parser.ts";
import { tokenize } from "./tokens.ts";

export interface Declaration {
  /** The whole declaration as written. */
  source: string;
  kind: "function" | "class" | "variable" | "type" | "member";
  /** Text of its JSDoc comment, without stars. */
  documentation?: string;
  /** Of a variable: the type written after its name. */
  type?: string;
}

/** An ESTree node, read by field name. */
interface Node {
  type: string;
  start: number;
  end: number;
  [field: string]: unknown;
}

interface Located {
  node: Node;
  /** Where the statement begins, before `export` and decorators: comments stand before it. */
  start: number;
  cell: Cell;
}

interface Cell {
  code: string;
  comments: { type: string; value: string; start: number; end: number }[];
  body: Node[];
}

/** Cells searched, newest first. */
const mostCells = 300;
/** Steps along `extends`. */
const mostBases = 5;

/** The newest declaration of `path` (`["name"]`, or `["Class", "member"]`) in `cells`, given oldest first. */
export function findDeclaration(path: readonly string[], cells: readonly string[]): Declaration | undefined {
  let located = findTopLevel(path[0]!, cells);
  for (const member of path.slice(1)) located = located && findMember(located, member, cells);
  return located && describe(located);
}

/** `cells` of a context and the one being written, without what would not parse in them. */
export function cellsOf(context: LanguageContext, code: string): string[] {
  return [...(context.sources ?? []), code];
}

const parsed = new Map<string, Cell>();

function parse(code: string): Cell {
  const known = parsed.get(code);
  if (known) return known;
  const cell: Cell = { code, comments: [], body: [] };
  const readable = withoutCommands(code);
  for (const language of ["ts", "tsx"] as const) {
    const result = parseCell(readable, language);
    if (result.errors.length > 0) continue;
    cell.comments = result.comments;
    cell.body = result.program.body as unknown as Node[];
    break;
  }
  if (parsed.size >= mostCells) parsed.clear();
  parsed.set(code, cell);
  return cell;
}

/** The same text with spaces in place of command lines, so that offsets stay. */
export function withoutCommands(code: string): string {
  let readable = code;
  for (const token of tokenize(code).tokens) {
    if (token.kind === "command") {
      readable = readable.slice(0, token.start) + token.text.replace(/[^\n]/g, " ") + readable.slice(token.end);
    }
  }
  return readable;
}

function findTopLevel(name: string, cells: readonly string[]): Located | undefined {
  for (const code of cells.slice(-mostCells).reverse()) {
    if (!code.includes(name)) continue;
    const cell = parse(code);
    for (const statement of cell.body.toReversed()) {
      const node = (statement["declaration"] as Node | null | undefined) ?? statement;
      if ((node["id"] as Node | null | undefined)?.["name"] === name) return { node, start: statement.start, cell };
      for (const declarator of (node["declarations"] as Node[] | undefined) ?? []) {
        if ((declarator["id"] as Node)["name"] === name) return { node: declarator, start: statement.start, cell };
      }
    }
  }
  return undefined;
}

function findMember(holder: Located, name: string, cells: readonly string[]): Located | undefined {
  const { cell } = holder;
  let owner: Located | undefined = holder;
  for (let steps = 0; owner && steps < mostBases; steps++) {
    const node: Node = (owner.node["init"] as Node | null | undefined) ?? owner.node;
    const body = (node["body"] as Node | undefined)?.["body"] ?? node["properties"];
    for (const member of Array.isArray(body) ? (body as Node[]) : []) {
      const key = member["key"] as Node | undefined;
      if (key && (key["name"] ?? key["value"]) === name) return { node: member, start: member.start, cell: owner.cell };
    }
    const base: unknown = (node["superClass"] as Node | null | undefined)?.["name"];
    owner = typeof base === "string" ? findTopLevel(base, cells) : undefined;
    if (owner?.cell === cell && owner.node === node) return undefined;
  }
  return undefined;
}

function describe({ node, start, cell }: Located): Declaration {
  const documentation = documentationBefore(start, cell);
  const value = node["init"] as Node | null | undefined;
  const id = node["id"] as Node | undefined;
  const annotation = id?.["typeAnnotation"] as Node | null | undefined;
  const isMember = node.type === "MethodDefinition" || node.type === "PropertyDefinition" || node.type === "Property";
  let kind: Declaration["kind"] = "variable";
  if (isMember) kind = "member";
  else if (/^TS(Interface|TypeAlias|Enum)/.test(node.type)) kind = "type";
  else if (/Class/.test(node.type)) kind = "class";
  else if (/Function/.test(node.type) || /Function/.test(value?.type ?? "")) kind = "function";
  // `const f = (a: number) => a` is shown as its function.
  const shown = kind === "function" && value ? value : node;
  return {
    source: cell.code.slice(shown.start, shown.end),
    kind,
    ...(documentation ? { documentation } : {}),
    ...(annotation ? { type: cell.code.slice(annotation.start, annotation.end).replace(/^:\s*/, "") } : {}),
  };
}

/** The JSDoc comment that ends directly before `start`. */
function documentationBefore(start: number, cell: Cell): string | undefined {
  const comment = cell.comments.findLast((candidate) => candidate.end <= start);
  if (comment?.type !== "Block" || !comment.value.startsWith("*")) return undefined;
  if (cell.code.slice(comment.end, start).trim() !== "") return undefined;
  return (
    comment.value
      .slice(1)
      .split("\n")
      .map((line) => line.replace(/^\s*\*? ?/, "").trimEnd())
      .join("\n")
      .trim() || undefined
  );
}
