/** The bench's tables: one a task, with the ratio of ours to each peer and the aims. */
import { cpus } from "node:os";
import type { Failed, Measured } from "./measure.ts";
import { productsPerStep, type Sizes } from "./problem.ts";

export interface TaskResult {
  task: string;
  results: (Measured | Failed)[];
}

/** Which of ours is compared with the peers. */
const champions: Record<string, string> = { add: "gradbook" };
const champion = (task: string) => champions[task] ?? "gradbook xla";

/** Largest ratio of ours to a peer that was aimed at, on wall and on CPU time. A peer with one thread is met on wall time. */
const aims: Record<string, Record<string, number>> = {
  add: { "tfjs-node": 1 },
  gpt: { "tfjs-node": 0.6, "jax-js": 0.2, pytorch: 1 },
  lstm: { "tfjs-node": 0.25, pytorch: 1.1 },
};
/** Longest first call of ours that was aimed at, in milliseconds. */
const firstAims: Record<string, number> = { lstm: 4_000 };

export interface Circumstances {
  sizes: Sizes;
  rounds: number;
  /** Share of the processors' time that other processes took while contestants worked. */
  othersShare: number;
}

/** Above so much the machine counts as busy. */
const busy = 0.1;

export function report(results: TaskResult[], { sizes, rounds, othersShare }: Circumstances): string {
  const [cpu] = cpus();
  const machine = `${cpus().length} x ${cpu?.model.trim() ?? "CPU"}, Node ${process.versions.node}, ${rounds} rounds.`;
  const parts = results.map((result) => taskReport(result, sizes));
  const legend = `Ratios are ours by the peer's: best wall time, and best CPU time of all threads. ${machine}`;
  const others = `Other processes took ${(othersShare * 100).toFixed(0)} % of the processors meanwhile.`;
  // Threads of PyTorch spin while they wait for one another, and what they share a processor with makes them wait.
  const warning = othersShare > busy ? " That is too much to compare by: PyTorch above all suffers from it." : "";
  return ["", ...parts, legend, others + warning].join("\n");
}

function taskReport({ task, results }: TaskResult, sizes: Sizes): string {
  const unit = unitOf(task, sizes);
  const name = champion(task);
  const ours = results.find((one): one is Measured => one.contestant === name && !("failure" in one));
  const header = ["", `best, ${unit.name}`, "median", "best CPU", "first call, ms", "memory, MB"];
  header.push(`${name} to it: best`, "CPU", "aim");
  const rows = results.map((one) => {
    if ("failure" in one) return [one.contestant, one.failure, ...header.slice(2).map(() => "")];
    const { wall, cpu } = one;
    const isOurs = one.contestant === name;
    const ratios = ours && !isOurs ? ratiosOf(ours, one) : undefined;
    return [
      `${one.contestant} ${one.version}`,
      ...[Math.min(...wall), median(wall), Math.min(...cpu)].map((time) => number(time / unit.divisor)),
      number(one.first),
      Number.isNaN(one.memory) ? "" : one.memory.toFixed(0),
      ratios ? ratios.best.toFixed(2) : "",
      ratios ? ratios.cpu.toFixed(2) : "",
      isOurs ? firstAim(task, one) : ratios ? aimText(aims[task]?.[one.contestant], ratios, one.contestant) : "",
    ];
  });
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  const table = [line(header), line(header.map((_, at) => (at === 0 ? "---" : "---:"))), ...rows.map(line)];
  const difference = largestDifference(results);
  const losses = difference
    ? `First losses differ by at most ${difference.relative.toExponential(1)} of their size (${difference.who.join(", ")}).\n`
    : "";
  return `## ${unit.title}\n\n${table.join("\n")}\n\n${losses}`;
}

interface Unit {
  title: string;
  name: string;
  /** Milliseconds a step by this are the number shown. */
  divisor: number;
}

function unitOf(task: string, sizes: Sizes): Unit {
  const [kind, size] = task.split("-");
  const micro = sizes.calls / 1000;
  if (kind === "add") return { title: "Eager add of two 2 x 2 tensors", name: "us", divisor: micro };
  if (kind === "call") return { title: "Call of a compiled add of two 2 x 2 tensors", name: "us", divisor: micro };
  if (kind === "matmul") {
    return { title: `Product of two ${size} x ${size} matrices`, name: "ms", divisor: productsPerStep(Number(size)) };
  }
  if (kind === "gpt") {
    const { vocabulary, width, context, batch, heads, layers } = sizes.gpt;
    const shape = `V=${vocabulary} C=${width} T=${context} B=${batch} H=${heads} L=${layers}`;
    return { title: `GPT training step, ${shape}, Adam`, name: "ms", divisor: 1 };
  }
  const { vocabulary, embedding, units, batch, sequence } = sizes.lstm;
  const shape = `Embedding(${vocabulary}, ${embedding}), LSTM(${units}), Dense softmax; batch ${batch}, sequence ${sequence}`;
  return { title: `Keras model, one training step: ${shape}, Adam`, name: "ms", divisor: 1 };
}

interface Ratios {
  best: number;
  cpu: number;
}

function ratiosOf(ours: Measured, peer: Measured): Ratios {
  // The least of the CPU times too: threads that wait by spinning add to it on a machine that others use.
  return { best: Math.min(...ours.wall) / Math.min(...peer.wall), cpu: Math.min(...ours.cpu) / Math.min(...peer.cpu) };
}

function aimText(aim: number | undefined, { best, cpu }: Ratios, peer: string): string {
  if (aim === undefined) return "";
  if (peer === "jax-js") return `<= ${aim} on time (${best <= aim ? "reached" : "NOT reached"})`;
  const reached = [best <= aim ? "time" : "", cpu <= aim ? "CPU" : ""].filter(Boolean);
  const verdict =
    reached.length === 2 ? "reached" : reached.length === 1 ? `reached on ${reached} only` : "NOT reached";
  return `<= ${aim} (${verdict})`;
}

function firstAim(task: string, { first }: Measured): string {
  const aim = firstAims[task];
  return aim === undefined ? "" : `first call <= ${aim} ms (${first <= aim ? "reached" : "NOT reached"})`;
}

/** The two contestants whose first losses lie farthest apart; undefined where fewer than two have losses. */
export function largestDifference(
  results: (Measured | Failed)[],
): { relative: number; who: [string, string] } | undefined {
  const withLosses = results.filter((one): one is Measured => !("failure" in one) && one.losses.length > 0);
  let largest: { relative: number; who: [string, string] } | undefined;
  for (const [at, one] of withLosses.entries()) {
    for (const other of withLosses.slice(at + 1)) {
      for (const [step, loss] of one.losses.entries()) {
        const relative = Math.abs(loss - other.losses[step]!) / Math.abs(loss);
        // NaN counts as far apart.
        if (largest && relative <= largest.relative) continue;
        largest = { relative, who: [one.contestant, other.contestant] };
      }
    }
  }
  return largest;
}

function number(value: number): string {
  return value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString("en");
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}
