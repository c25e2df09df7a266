/** What a cell throws, as an `error` message: name, value and a traceback with the line of TypeScript it came from. */
import { inspect } from "node:util";
import type { CellFailure } from "../wire/thread-messages.ts";
import { sourceOf } from "./stack-traces.ts";

const red = (text: string) => `\x1b[31m${text}\x1b[39m`;
const dim = (text: string) => `\x1b[2m${text}\x1b[22m`;
const mostCauses = 5;

/** Never throws, whatever was thrown. */
export function describeFailure(thrown: unknown): CellFailure {
  try {
    return isError(thrown) ? describeError(thrown) : describeOther(thrown);
  } catch {
    return {
      ename: "Error",
      evalue: "a value that cannot be shown was thrown",
      traceback: [red("Error: a value that cannot be shown was thrown")],
    };
  }
}

export const interruptFailure = (): CellFailure => ({
  ename: "KeyboardInterrupt",
  evalue: "interrupted by the user",
  traceback: [red("KeyboardInterrupt: interrupted by the user")],
});

/** A cell that the compiler could not read; `offset` in UTF-16 units. */
export function describeSyntaxError(message: string, source: string, offset: number, label: string): CellFailure {
  const before = source.slice(0, offset);
  const line = before.split("\n").length;
  const column = offset - before.lastIndexOf("\n");
  return {
    ename: "SyntaxError",
    evalue: `${message} (${label}:${line}:${column})`,
    traceback: [
      red(`SyntaxError: ${message}`),
      `${label}, line ${line}, column ${column}`,
      ...codeFrame(source, line, column),
      `    at ${label}:${line}:${column}`,
    ],
  };
}

function describeError(error: Error): CellFailure {
  const ename = read(() => String(error.name)) || "Error";
  const evalue = read(() => String(error.message));
  return { ename, evalue, traceback: tracebackOf(error, ename, evalue, new Set(), "") };
}

function describeOther(thrown: unknown): CellFailure {
  const evalue = read(() =>
    typeof thrown === "string" ? thrown : inspect(thrown, { depth: 2, maxArrayLength: 20, maxStringLength: 1000 }),
  );
  const shown = evalue || "a value that cannot be shown";
  return {
    ename: "Uncaught",
    evalue: shown,
    traceback: [red(`Uncaught ${typeof thrown === "string" ? inspect(thrown) : shown}`)],
  };
}

function tracebackOf(error: Error, ename: string, evalue: string, seen: Set<unknown>, heading: string): string[] {
  seen.add(error);
  const title = red(evalue ? `${ename}: ${evalue}` : ename);
  const stack = read(() => String(error.stack ?? ""));
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line));
  const lines = [heading + title];
  const place = /(Cell \[[^\]]*\]|(?:\/|[A-Za-z]:\\)[^():]*\.[cm]?[jt]sx?):(\d+):(\d+)/.exec(
    frames.find((frame) => /Cell \[|\.[cm]?tsx?:\d/.test(frame)) ?? "",
  );
  if (place) {
    const [, label, line, column] = place as unknown as [string, string, string, string];
    const source = sourceOf(label);
    if (source !== undefined)
      lines.push(`${label}, line ${line}, column ${column}`, ...codeFrame(source, Number(line), Number(column)));
  }
  lines.push(...frames.map((frame) => (frame.includes("Cell [") ? frame : dim(frame))));
  lines.push(...ownDetails(error));
  if (seen.size > mostCauses) return lines;
  for (const [name, inner] of inners(error)) {
    if (seen.has(inner)) continue;
    const indented = isError(inner)
      ? tracebackOf(
          inner,
          read(() => String(inner.name)) || "Error",
          read(() => String(inner.message)),
          seen,
          `[${name}] `,
        )
      : [`[${name}] ${read(() => inspect(inner, { depth: 1 }))}`];
    lines.push(...indented.map((line) => `  ${line}`));
  }
  return lines;
}

/** Fields that say more, such as `code`, in one line. */
function ownDetails(error: Error): string[] {
  const details = read(() => {
    const fields = Object.entries(error).filter(
      ([name, value]) => !["cause", "errors", "stack", "message", "name"].includes(name) && !isError(value),
    );
    return fields.length === 0
      ? ""
      : inspect(Object.fromEntries(fields.slice(0, 10)), { depth: 1, maxStringLength: 200, maxArrayLength: 10 });
  });
  return details ? [dim(details)] : [];
}

function inners(error: Error): [string, unknown][] {
  const found: [string, unknown][] = [];
  const suppressed = error as { errors?: unknown; error?: unknown; suppressed?: unknown };
  if (read(() => (error.cause === undefined ? "" : "yes"))) found.push(["cause", error.cause]);
  if (Array.isArray(suppressed.errors))
    suppressed.errors.slice(0, 10).forEach((inner, index) => void found.push([`errors ${index}`, inner]));
  if (error.name === "SuppressedError") found.push(["error", suppressed.error], ["suppressed", suppressed.suppressed]);
  return found;
}

/** Longest line of a frame: JupyterLab breaks lines that are wider than a cell, and the caret would point nowhere. */
const frameWidth = 88;

/** The line with two before it, and a caret. Line and column count from one. */
function codeFrame(source: string, line: number, column: number): string[] {
  const lines = source.split("\n");
  const width = String(line).length;
  const shown = (lines[line - 1] ?? "").replace(/\r$/, "");
  const cut = column > frameWidth ? column - Math.floor(frameWidth / 2) : 0;
  const frame: string[] = [];
  for (let n = Math.max(1, line - 2); n < line; n++) {
    frame.push(`  ${String(n).padStart(width)} | ${excerpt((lines[n - 1] ?? "").replace(/\r$/, ""), 0)}`);
  }
  frame.push(`${red(">")} ${line} | ${excerpt(shown, cut)}`);
  const lead = excerpt(shown, cut).slice(0, column - 1 - cut);
  frame.push(`  ${" ".repeat(width)} | ${lead.replace(/[^\t]/g, " ")}${red("^")}`);
  return frame;
}

/** At most `frameWidth` characters of a line, from `start` on, with … where something is left out. */
function excerpt(text: string, start: number): string {
  const part = text.slice(start, start + frameWidth);
  const head = start > 0 ? `…${part.slice(1)}` : part;
  return text.length > start + frameWidth ? `${head.slice(0, -1)}…` : head;
}

function isError(value: unknown): value is Error {
  try {
    return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
  } catch {
    return false;
  }
}

function read(get: () => string): string {
  try {
    return get();
  } catch {
    return "";
  }
}
