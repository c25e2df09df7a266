/** Values as text, laid out as `util.inspect` lays them out, bounded in size and time. */
import { describe } from "./describe.ts";
import type { Description, Entry, Group, Limits } from "./description.ts";

const lineWidth = 80;
/** Groups this many levels high may stand on one line. */
const compactLevels = 3;
const longestText = 60_000;

/** Any value as text of at most about 60,000 characters; never throws. */
export function inspectText(value: unknown, limits?: Partial<Limits>): string {
  return printText(describe(value, limits));
}

/** The text of a description. */
export function printText(description: Description): string {
  const text = print(description, 0);
  return text.length <= longestText
    ? text
    : `${text.slice(0, longestText)}\n... ${text.length - longestText} more characters`;
}

/** A description on one line of at most `length` characters, cut with "…". */
export function printLine(description: Description, length: number): string {
  const text = line(description, length).replaceAll(/\s+/g, " ");
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

function line(description: Description, room: number): string {
  if (description.kind === "leaf") return description.text.slice(0, room + 1);
  const parts: string[] = [];
  let left = room;
  for (const entry of description.entries) {
    if (left <= 0) break;
    const part = `${entry.key ? line(entry.key, left) + entry.separator : ""}${line(entry.value, left)}`;
    parts.push(part);
    left -= part.length + 2;
  }
  if (parts.length < description.entries.length || description.more) parts.push("…");
  return bracket(description, parts.join(", "));
}

function bracket(group: Group, inside: string): string {
  const head = heading(group);
  return inside ? `${head}${group.open} ${inside} ${group.close}` : `${head}${group.open}${group.close}`;
}

/** What stands before the opening bracket, with a space after it. */
export function heading(group: Group): string {
  return `${group.reference ? `<ref *${group.reference}> ` : ""}${group.prefix ? `${group.prefix} ` : ""}`;
}

function print(description: Description, indentation: number): string {
  if (description.kind === "leaf") return description.text.replaceAll("\n", `\n${" ".repeat(indentation)}`);
  let output = description.entries.map((entry) => printEntry(entry, indentation + 2));
  if (description.more) output.push(description.more);
  if (output.length === 0) return bracket(description, "");
  const before = output.length;
  if (description.list && output.length > 6) output = inColumns(output, description, indentation);
  if (before === output.length && height(description) < compactLevels) {
    const head = heading(description);
    const start = output.length + indentation + head.length + 1 + 10;
    const total = output.reduce((sum, part) => sum + part.length, output.length + start);
    const joined = output.join(", ");
    if (total <= lineWidth && !joined.includes("\n")) return bracket(description, joined);
  }
  const space = `\n${" ".repeat(indentation)}`;
  return `${heading(description)}${description.open}${space}  ${output.join(`,${space}  `)}${space}${description.close}`;
}

function printEntry(entry: Entry, indentation: number): string {
  if (!entry.key) return print(entry.value, indentation);
  return `${print(entry.key, indentation)}${entry.separator}${print(entry.value, indentation)}`;
}

/** Levels of groups inside; what is empty has none. */
function height(description: Description): number {
  if (description.kind === "leaf" || description.entries.length === 0) return -1;
  let highest = -1;
  for (const entry of description.entries) highest = Math.max(highest, height(entry.value));
  return highest + 1;
}

/** Node's arrangement of short list items in columns (lib/internal/util/inspect.js, groupArrayElements). */
function inColumns(output: string[], group: Group, indentation: number): string[] {
  const count = group.more ? output.length - 1 : output.length;
  const lengths = output.slice(0, count).map((item) => item.length);
  const longest = Math.max(...lengths);
  const widest = longest + 2;
  const total = lengths.reduce((sum, length) => sum + length + 2, 0);
  if (widest * 3 + indentation >= lineWidth || !(total / widest > 5 || longest <= 6)) return output;
  const bias = Math.max(widest - 3 - Math.sqrt(widest - total / output.length), 1);
  const columns = Math.min(
    Math.round(Math.sqrt(2.5 * bias * count) / bias),
    Math.floor((lineWidth - indentation) / widest),
    compactLevels * 4,
    15,
  );
  if (columns <= 1) return output;
  const widths: number[] = [];
  for (let column = 0; column < columns; column++) {
    let width = 0;
    for (let item = column; item < count; item += columns) width = Math.max(width, lengths[item]!);
    widths.push(width + 2);
  }
  const numbers = group.entries.every((entry) => entry.value.kind === "leaf" && entry.value.tone === "number");
  const rows: string[] = [];
  for (let first = 0; first < count; first += columns) {
    const last = Math.min(first + columns, count) - 1;
    let row = "";
    for (let item = first; item < last; item++) {
      const text = `${output[item]}, `;
      row += numbers ? text.padStart(widths[item - first]!) : text.padEnd(widths[item - first]!);
    }
    row += numbers ? output[last]!.padStart(widths[last - first]! - 2) : output[last]!;
    rows.push(row);
  }
  if (group.more) rows.push(output[count]!);
  return rows;
}
