/** The bench's table: medians, and ratios to the peers beside the aims. */
import type { Contestant } from "./contestants.ts";
import type { Round } from "./measure.ts";

export interface Results {
  contestant: Contestant;
  rounds: Round[];
}

interface Row {
  label: string;
  unit: string;
  /** A number to compare, or what there is to say instead. */
  value(rounds: Round[]): number | string;
  /** Largest ratio to each peer that was aimed at. */
  aims?: { tslab?: number; deno?: number };
  /** Largest value that was aimed at. */
  limit?: number;
}

const lines = (rounds: Round[]) => rounds.flatMap((round) => round.lines ?? []);

const rows: Row[] = [
  {
    label: "cold start to kernel_info reply",
    unit: "ms",
    value: (rounds) => median(rounds.map((round) => round.coldInfo)),
  },
  {
    label: "cold start to reply of first `1+1`",
    unit: "ms",
    value: (rounds) => median(rounds.map((round) => round.coldCell)),
    aims: { tslab: 0.25, deno: 1 },
  },
  {
    label: "`1+1` p50",
    unit: "ms",
    value: (rounds) =>
      quantile(
        rounds.flatMap((round) => round.cells),
        0.5,
      ),
    aims: { tslab: 0.5, deno: 0.9 },
  },
  {
    label: "`1+1` p95",
    unit: "ms",
    value: (rounds) =>
      quantile(
        rounds.flatMap((round) => round.cells),
        0.95,
      ),
    aims: { tslab: 0.5 },
  },
  {
    label: "resident memory",
    unit: "MB",
    value: (rounds) => median(rounds.map((round) => round.memory)),
    aims: { tslab: 0.6, deno: 0.6 },
  },
  {
    label: "lines to idle",
    unit: "ms",
    value: (rounds) =>
      orNever(
        lines(rounds).map(({ idle }) => idle),
        "never idle",
      ),
  },
  {
    label: "lines to the last line",
    unit: "ms",
    value: (rounds) =>
      orNever(
        lines(rounds).map(({ all }) => all),
        "never all",
      ),
    aims: { deno: 0.4 },
  },
  {
    label: "lines before idle",
    unit: "",
    value: (rounds) => median(lines(rounds).map(({ beforeIdle }) => beforeIdle)),
  },
  { label: "interrupt of `while (true);`", unit: "ms", value: interrupt, limit: 20 },
];

function interrupt(rounds: Round[]): number | string {
  const failure = rounds.map(({ interrupt }) => interrupt).find((one) => "failure" in one);
  if (failure && "failure" in failure) return failure.failure;
  return median(rounds.flatMap(({ interrupt }) => ("milliseconds" in interrupt ? [interrupt.milliseconds] : [])));
}

/** One Markdown table of all results; the first is ours. */
export function table(results: Results[]): string {
  const [ours, ...peers] = results as [Results, ...Results[]];
  const header = [
    "",
    ...results.map(({ contestant }) => `${contestant.name} ${contestant.version}`),
    ...peers.map(({ contestant }) => `to ${contestant.name}`),
    "aim",
  ];
  const body = rows.map((row) => {
    const own = row.value(ours.rounds);
    const ratios = peers.map(({ contestant, rounds }) => {
      const other = row.value(rounds);
      return {
        peer: contestant.name as "tslab" | "deno",
        ratio: typeof own === "number" && typeof other === "number" ? own / other : undefined,
      };
    });
    return [
      row.label,
      ...results.map(({ rounds }) => shown(row.value(rounds), row.unit)),
      ...ratios.map(({ ratio }) => (ratio === undefined ? "" : ratio.toFixed(2))),
      aimText(row, own, ratios),
    ];
  });
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map((_, at) => (at === 0 ? "---" : "---:"))), ...body.map(line)].join("\n");
}

function aimText(
  row: Row,
  own: number | string,
  ratios: { peer: "tslab" | "deno"; ratio: number | undefined }[],
): string {
  const aims = ratios.flatMap(({ peer, ratio }) => {
    const aim = row.aims?.[peer];
    if (aim === undefined) return [];
    return [`<= ${aim} of ${peer} ${verdict(ratio === undefined ? undefined : ratio <= aim)}`];
  });
  if (row.limit !== undefined)
    aims.push(`<= ${row.limit} ${row.unit} ${verdict(typeof own === "number" ? own <= row.limit : false)}`);
  return aims.join(", ");
}

function verdict(reached: boolean | undefined): string {
  return reached === undefined ? "(no number to compare with)" : reached ? "(reached)" : "(NOT reached)";
}

function shown(value: number | string, unit: string): string {
  if (typeof value === "string") return value;
  if (Number.isNaN(value)) return "";
  if (unit === "") return value.toLocaleString("en");
  return `${value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString("en")} ${unit}`;
}

function orNever(values: (number | undefined)[], otherwise: string): number | string {
  return values.includes(undefined) ? otherwise : median(values as number[]);
}

export function median(values: number[]): number {
  return quantile(values, 0.5);
}

/** The value below which a share of the values lies, between neighbours in proportion. */
export function quantile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}
