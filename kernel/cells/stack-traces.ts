/**
 * Stack traces in the terms of the notebook: positions of the TypeScript that was written, cells by their number, and none
 * of the kernel's own frames. Set as `Error.prepareStackTrace`, so `error.stack` reads the same wherever it is printed.
 */
import { SourceMap } from "node:module";
import { fileURLToPath } from "node:url";
import type { CellPositions } from "../wire/cell-positions.ts";

export interface SourcePosition {
  label: string;
  /** One-based. */
  line: number;
  column: number;
}

interface Script {
  label: string;
  positions: CellPositions;
  map?: SourceMap;
}

const scripts = new Map<string, Script>();
const sources = new Map<string, string>();
// A long session must not keep every cell it ever ran; functions of cells older than this have unmapped frames.
const most = 5000;

/** Tells how positions in the script named `fileName` lead to its source. */
export function registerScript(fileName: string, label: string, positions: CellPositions): void {
  if (scripts.size >= most) {
    const [[oldest, script]] = scripts as Iterable<[string, Script]> as [[string, Script]];
    scripts.delete(oldest);
    sources.delete(script.label);
  }
  scripts.set(fileName, { label, positions });
  sources.set(label, positions.source);
}

/** The text behind a label that a trace shows. */
export function sourceOf(label: string): string | undefined {
  return sources.get(label);
}

/** @param line one-based, @param column one-based, both in the script as it ran */
function originalPosition(
  fileName: string,
  script: string | undefined,
  line: number,
  column: number,
): SourcePosition | undefined {
  const known = scripts.get(fileName);
  if (!known) return undefined;
  const { positions } = known;
  let compiledOffset: number | undefined;
  if (script === undefined) compiledOffset = offsetOf(positions.compiled, line, column);
  else compiledOffset = throughPieces(positions.pieces, offsetOf(script, line, column));
  if (compiledOffset === undefined) return { label: known.label, line: 1, column: 1 };
  const before = positions.compiled.slice(0, compiledOffset);
  const compiledLine = before.split("\n").length - 1;
  if (positions.mappings === "") {
    return { label: known.label, line: compiledLine + 1, column: compiledOffset - before.lastIndexOf("\n") };
  }
  known.map ??= new SourceMap({
    version: 3,
    sources: ["cell.ts"],
    sourcesContent: [positions.source],
    names: [],
    mappings: positions.mappings,
    file: "cell.js",
    sourceRoot: "",
  });
  const entry = known.map.findEntry(compiledLine, compiledOffset - (before.lastIndexOf("\n") + 1));
  if (!("originalLine" in entry)) return { label: known.label, line: 1, column: 1 };
  return { label: known.label, line: entry.originalLine + 1, column: entry.originalColumn + 1 };
}

function throughPieces(pieces: number[], offset: number): number | undefined {
  let nearest: number | undefined;
  for (let i = 0; i < pieces.length; i += 3) {
    const [start, from, length] = [pieces[i]!, pieces[i + 1]!, pieces[i + 2]!];
    if (offset >= start && offset < start + length) return from + offset - start;
    // What the rewrite put between two pieces stands for what follows.
    if (start > offset) return from;
    nearest = from + Math.max(0, length - 1);
  }
  return nearest;
}

function offsetOf(text: string, line: number, column: number): number {
  let at = 0;
  for (let n = 1; n < line; n++) {
    const next = text.indexOf("\n", at);
    if (next < 0) break;
    at = next + 1;
  }
  return Math.min(at + column - 1, text.length);
}

/** Text of scripts as they ran, kept beside the positions so that columns can be found. */
const texts = new Map<string, string>();

export function registerText(fileName: string, text: string): void {
  if (texts.size >= most) texts.delete(texts.keys().next().value!);
  texts.set(fileName, text);
}

/** @param kernelFolder frames of files in this folder are left out */
export function installStackTraces(kernelFolder: string): void {
  const internal = (file: string) => file.startsWith("node:") || file.startsWith(kernelFolder);
  const prepare = (error: Error, sites: NodeJS.CallSite[]): string => {
    const lines = [headline(error)];
    for (const site of sites) {
      const name = site.getFileName() ?? site.getScriptNameOrSourceURL?.() ?? "";
      const file = name.startsWith("file:") && !scripts.has(name) ? pathOf(name) : name;
      if (internal(file)) continue;
      const line = site.getLineNumber() ?? 0;
      const column = site.getColumnNumber() ?? 0;
      const position = originalPosition(name, texts.get(name), line, column);
      const text = site.toString();
      if (!position) {
        // Frames without a file are natives; the kernel's own entry is one of them.
        if (name !== "" && !text.includes("__gradbook__")) lines.push(`    at ${text.replace(name, file)}`);
        continue;
      }
      const place = `${position.label}:${position.line}:${position.column}`;
      const callee = text.replace(/\(?[^()\s]*:\d+:\d+\)?$/, "").trim();
      const inFunction = callee.replace(/^async$/, "").trim() && !/^(async )?(Object\.)?<anonymous>$/.test(callee);
      const prefix = /^async\b/.test(callee) && !inFunction ? "async " : "";
      lines.push(inFunction ? `    at ${callee} (${place})` : `    at ${prefix}${place}`);
    }
    return lines.join("\n");
  };
  Object.defineProperty(Error, "prepareStackTrace", {
    value: prepare,
    writable: true,
    configurable: true,
    enumerable: false,
  });
  Error.stackTraceLimit = 25;
}

function headline(error: Error): string {
  try {
    return String(Error.prototype.toString.call(error));
  } catch {
    return "Error";
  }
}

function pathOf(url: string): string {
  try {
    return fileURLToPath(url.replace(/\?gradbook=\d+$/, ""));
  } catch {
    return url;
  }
}
