/** Records as a table, in HTML and in text. Bounded in rows, columns and the length of a cell; says what is left out. */
import { types } from "node:util";
import { describe } from "./describe.ts";
import { colors, contentFont, escapeHtml } from "./html.ts";
import { printLine } from "./inspect-text.ts";
import { clip, enumerableKeys, isPlainRecord, ownProperty } from "./reading.ts";

export interface TableOptions {
  /** Rows shown, the first ones; default 50. */
  maxRows?: number;
  /** Columns shown, the first ones met; default 20. */
  maxColumns?: number;
  /** Rows of the whole, where `rows` is only its beginning. */
  totalRows?: number;
}

export interface Table {
  html: string;
  text: string;
}

interface Cell {
  text: string;
  /** Numbers stand on the right, also those that `toFixed` made text. */
  right: boolean;
}

interface Grid {
  columns: string[];
  cells: Cell[][];
  /** "50 of 6,046 rows, 20 of 31 columns", "" when all is shown. */
  note: string;
}

const longestCell = { html: 120, text: 40 };
const longestText = 40_000;
const longestHtml = 80_000;

/** Whether `value` is a non-empty array whose items (those that would be shown) are plain records with a key at least. */
export function isRecords(value: unknown, maxRows = 50): value is Record<string, unknown>[] {
  if (types.isProxy(value) || !Array.isArray(value) || value.length === 0) return false;
  for (let index = 0; index < Math.min(value.length, maxRows); index++) {
    const item = ownProperty(value, index);
    if (item?.kind !== "data" || !isPlainRecord(item.value)) return false;
    if (enumerableKeys(item.value).length === 0) return false;
  }
  return true;
}

/**
 * A table of `rows`: one row a record, one column for each key in order of first appearance. A record that lacks a key
 * has an empty cell; accessors are named, not called.
 */
export function recordsTable(rows: readonly object[], options: TableOptions = {}): Table {
  const grid = gridOf(
    rows,
    Math.max(0, options.maxRows ?? 50),
    Math.max(1, options.maxColumns ?? 20),
    options.totalRows,
  );
  return { html: htmlTable(grid), text: textTable(grid) };
}

function gridOf(rows: readonly object[], maxRows: number, maxColumns: number, totalRows = rows.length): Grid {
  const columns = new Set<string | symbol>();
  const shownRows = Math.min(rows.length, maxRows);
  const records: object[] = [];
  for (let index = 0; index < shownRows; index++) {
    const record = ownProperty(rows, index);
    const value =
      record?.kind === "data" && typeof record.value === "object" && record.value !== null ? record.value : {};
    records.push(value);
    for (const key of enumerableKeys(value)) columns.add(key);
  }
  const keys = [...columns].slice(0, maxColumns);
  const notes: string[] = [];
  if (shownRows < totalRows) notes.push(`${counted(shownRows)} of ${counted(totalRows)} rows`);
  if (keys.length < columns.size) notes.push(`${counted(keys.length)} of ${counted(columns.size)} columns`);
  return {
    columns: keys.map((key) => clip(typeof key === "symbol" ? key.toString() : key, 60)),
    cells: records.map((record) => keys.map((key) => cell(record, key))),
    note: notes.join(", "),
  };
}

function counted(count: number): string {
  return `${count}`.replaceAll(/\B(?=(\d{3})+$)/g, ",");
}

function cell(record: object, key: string | symbol): Cell {
  const property = ownProperty(record, key);
  if (!property) return { text: "", right: false };
  if (property.kind === "accessor") return { text: property.text, right: false };
  if (property.kind === "unreadable") return { text: "<uninitialized>", right: false };
  const value = property.value;
  // Strings stand without quotes, as in any table.
  if (typeof value === "string") {
    const start = clip(value, 2 * longestCell.html);
    const text = start.trim().replaceAll(/\s+/g, " ");
    return {
      text: start.length < value.length && text.length <= longestCell.html ? `${text}…` : text,
      right: /^[-+]?\d+(\.\d+)?%?$/.test(text),
    };
  }
  const description = describe(value, { depth: 2, entries: 10, nodes: 12, chars: 200 });
  return {
    text: printLine(description, longestCell.html),
    right: typeof value === "number" || typeof value === "bigint",
  };
}

function cut(text: string, length: number): string {
  const characters = text.length <= length ? text : [...clip(text, length * 2)].slice(0, length - 1).join("");
  return characters === text ? text : `${characters}…`;
}

function htmlTable(grid: Grid): string {
  const align = (right: boolean) => `style="text-align:${right ? "right" : "left"}"`;
  const head = grid.columns
    .map((name, index) => `<th ${align(isRight(grid, index))}>${escapeHtml(name)}</th>`)
    .join("");
  const body: string[] = [];
  let size = 0;
  for (const row of grid.cells) {
    const cells = row
      .map((item) => `<td ${align(item.right)}>${escapeHtml(cut(item.text, longestCell.html))}</td>`)
      .join("");
    const line = `<tr>${cells}</tr>`;
    size += line.length;
    if (size > longestHtml) break;
    body.push(line);
  }
  const note = noteOf(grid, body.length);
  return (
    `<div style="overflow-x:auto;${contentFont};color:${colors.text}">` +
    `<table cellpadding="4" rules="rows" frame="void" style="border-collapse:collapse;margin:0;color:inherit">` +
    `<thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table>` +
    `${note ? `<div style="color:${colors.faint};padding-top:4px">${escapeHtml(note)}</div>` : ""}</div>`
  );
}

function isRight(grid: Grid, column: number): boolean {
  return (
    grid.cells.some((row) => row[column]?.right) &&
    grid.cells.every((row) => row[column]?.right || row[column]?.text === "")
  );
}

function textTable(grid: Grid): string {
  const rows = [grid.columns, ...grid.cells.map((row) => row.map((item) => item.text))].map((row) =>
    row.map((text) => cut(text, longestCell.text)),
  );
  const widths = grid.columns.map((_, column) => Math.max(...rows.map((row) => width(row[column] ?? ""))));
  const right = grid.columns.map((_, column) => isRight(grid, column));
  const lines: string[] = [];
  let size = 0;
  for (const row of rows) {
    const line = row
      .map((text, column) => {
        const space = " ".repeat(Math.max(0, widths[column]! - width(text)));
        return right[column] ? `${space}${text}` : `${text}${space}`;
      })
      .join("  ")
      .trimEnd();
    size += line.length + 1;
    if (size > longestText) break;
    lines.push(line);
    if (lines.length === 1) lines.push(widths.map((columns) => "─".repeat(columns)).join("  "));
  }
  const note = noteOf(grid, lines.length - 2);
  return note ? `${lines.join("\n")}\n${note}` : lines.join("\n");
}

/** The note, also where cells were so long that not even all rows that were asked for fit. */
function noteOf(grid: Grid, printed: number): string {
  if (printed >= grid.cells.length) return grid.note;
  return [`only the first ${counted(printed)} rows are printed`, grid.note].filter(Boolean).join("; ");
}

/** Columns a terminal gives to a text: wide East Asian characters and emoji take two. */
function width(text: string): number {
  let columns = 0;
  for (const character of text) {
    if (/\p{Mark}|\u200d|\ufe0f/u.test(character)) continue;
    columns +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return columns;
}
