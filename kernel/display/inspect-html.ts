/** Values as nested `<details>`: no scripts, no style sheet, readable in light and dark themes. */
import type { Description, Entry, Group, Tone } from "./description.ts";
import { codeFont, colors, escapeHtml } from "./html.ts";
import { heading, printLine } from "./inspect-text.ts";

const longestHtml = 90_000;

const toneColors: Readonly<Record<Tone, string>> = {
  string: colors.string,
  number: colors.number,
  keyword: colors.keyword,
  special: colors.faint,
  key: colors.key,
  error: colors.bad,
  plain: "",
};

/**
 * HTML for a description, "too large" where it would have more than about 90,000 characters, or undefined where it
 * would say no more than the text does: for what has no parts and for a flat value that is quickly read.
 */
export function printHtml(description: Description): string | "too large" | undefined {
  if (description.kind === "leaf") return undefined;
  const nested = description.entries.some(
    (entry) => isOpenable(entry.value) || (entry.key !== undefined && isOpenable(entry.key)),
  );
  if (!nested && (description.list || description.entries.length <= 20)) return undefined;
  const html = `<div style="${codeFont};line-height:1.4;color:${colors.text};overflow-x:auto">${group(description, "", true)}</div>`;
  return html.length <= longestHtml ? html : "too large";
}

function isOpenable(description: Description): boolean {
  return description.kind === "group" && (description.entries.length > 0 || description.more !== undefined);
}

function piece(description: Description, label: string): string {
  if (description.kind === "group" && isOpenable(description)) return group(description, label, false);
  if (description.kind === "group")
    return `<div>${label}${escapeHtml(`${heading(description)}${description.open}${description.close}`)}</div>`;
  return `<div style="white-space:pre-wrap">${label}${tinted(description.text, description.tone)}</div>`;
}

function tinted(text: string, tone: Tone): string {
  const color = toneColors[tone];
  return color ? `<span style="color:${color}">${escapeHtml(text)}</span>` : escapeHtml(text);
}

function group(described: Group, label: string, open: boolean): string {
  const preview = escapeHtml(printLine(described, 80));
  // A long flat list is a paragraph, not a column of a hundred rows.
  const flatList = described.list && described.entries.every((entry) => !entry.key && !isOpenable(entry.value));
  const rows = flatList
    ? paragraph(described)
    : described.entries.map((entry, index) => row(entry, described, index)).join("");
  const more = described.more && !flatList ? `<div>${tinted(described.more, "special")}</div>` : "";
  return (
    `<details${open ? " open" : ""}><summary style="cursor:pointer">${label}${preview}</summary>` +
    `<div style="padding-left:1.5em;border-left:1px solid ${colors.rowBorder}">${rows}${more}</div></details>`
  );
}

function paragraph(described: Group): string {
  const items = described.entries.map((entry) =>
    entry.value.kind === "leaf" ? entry.value.text : printLine(entry.value, 80),
  );
  if (described.more) items.push(described.more);
  return `<div style="white-space:pre-wrap">${escapeHtml(items.join(", "))}</div>`;
}

function row(entry: Entry, parent: Group, index: number): string {
  if (!entry.key) return piece(entry.value, parent.list ? `${tinted(`${index}`, "special")}: ` : "");
  const key = entry.key.kind === "leaf" ? tinted(entry.key.text, entry.key.tone) : escapeHtml(printLine(entry.key, 60));
  return piece(entry.value, `${key}${escapeHtml(entry.separator)}`);
}
