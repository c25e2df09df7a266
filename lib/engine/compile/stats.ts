/** What compiling a function has cost and what it is used for. */
import type { Program } from "./program.ts";

export interface TraceStats {
  /** The arguments it fits. */
  readonly signature: string;
  readonly xla: boolean;
  /** Why XLA does not run it although it was asked to. */
  readonly refusal?: string;
  /** Running the JavaScript function under the trace and making a graph of it. */
  readonly traceMilliseconds: number;
  /** The first run beyond a usual one: compiling. Includes one run until there is a second. */
  readonly compileMilliseconds: number;
  readonly runs: number;
  /** Mean of the runs after the first. */
  readonly millisecondsPerRun: number;
  /** Ops that the function executed, and the nodes of the graph (constants and inputs count). */
  readonly ops: number;
  readonly nodes: number;
}

/** Shows itself as a table. */
export class CompileStats {
  readonly name: string;
  readonly traces: readonly TraceStats[];

  constructor(program: Program) {
    this.name = program.name;
    this.traces = program.entries.map(({ recording, signature, refusal, ...entry }) => {
      const millisecondsPerRun = entry.runs > 1 ? entry.runMilliseconds / (entry.runs - 1) : 0;
      return {
        signature,
        xla: recording.xla,
        ...(refusal !== undefined && { refusal }),
        traceMilliseconds: recording.traceMilliseconds,
        compileMilliseconds: Math.max(0, entry.firstRunMilliseconds - millisecondsPerRun),
        runs: entry.runs,
        millisecondsPerRun,
        ops: Object.values(recording.native.ops).reduce((sum, count) => sum + count, 0),
        nodes: recording.native.nodes,
      };
    });
  }

  get runs(): number {
    return this.traces.reduce((sum, { runs }) => sum + runs, 0);
  }

  toString(): string {
    const [head, ...rows] = this.#table();
    const all = [head!, ...rows];
    const widths = head!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
    const lines = all.map((row) =>
      row
        .map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
        .join("  ")
        .trimEnd(),
    );
    return [this.#title(), ...(rows.length > 0 ? lines : []), ...this.#refusals()].join("\n");
  }

  [Symbol.for("Jupyter.display")](): Record<string, string> {
    const [head, ...rows] = this.#table();
    const cells = (row: string[], tag: string) =>
      `<tr>${row.map((cell, i) => `<${tag} style="text-align: ${i < 2 ? "left" : "right"}">${escapeHtml(cell)}</${tag}>`).join("")}</tr>`;
    const table =
      rows.length > 0 ? `<table>${cells(head!, "th")}${rows.map((row) => cells(row, "td")).join("")}</table>` : "";
    const notes = this.#refusals().map((line) => `<small>${escapeHtml(line)}</small><br>`);
    return {
      "text/plain": this.toString(),
      "text/html": `<div><b>${escapeHtml(this.#title())}</b>${table}${notes.join("")}</div>`,
    };
  }

  #title(): string {
    const count = this.traces.length;
    return `compile(${this.name}): ${count} ${count === 1 ? "trace" : "traces"}, ${this.runs} ${this.runs === 1 ? "run" : "runs"}`;
  }

  #table(): string[][] {
    return [
      ["arguments", "as", "trace ms", "compile ms", "runs", "ms a run", "ops", "nodes"],
      ...this.traces.map((trace) => [
        trace.signature,
        trace.xla ? "XLA" : "graph",
        trace.traceMilliseconds.toFixed(0),
        trace.compileMilliseconds.toFixed(0),
        String(trace.runs),
        trace.runs > 1 ? trace.millisecondsPerRun.toFixed(2) : "",
        String(trace.ops),
        String(trace.nodes),
      ]),
    ];
  }

  #refusals(): string[] {
    return [...new Set(this.traces.flatMap(({ refusal }) => refusal ?? []))].map((refusal) => `Not XLA: ${refusal}.`);
  }
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
