/**
 * What a GPU image runs first: `node tests/gpu/check.ts`. On the machine's own TensorFlow it runs the engine's conformance suite, some
 * checks that only a GPU can fail, and the bench, and prints one table. Ends with 0 only if all passed.
 *
 *   --allow-cpu         runs on a machine without a GPU as well (the table says CPU)
 *   --tiny              small sizes in the bench
 *   --no-bench          the suite alone
 *   --groups NAME,...   of the conformance suite only these groups
 *   --peers             the bench with every peer that is installed, not only this engine
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { device, ready, tf } from "../../lib/index.ts";
import type { TaskResult } from "../bench/engine/report.ts";
import { type Case, conformance } from "../lib/engine/conformance/index.ts";
import { gpuCases } from "./cases.ts";

const { values: options } = parseArgs({
  options: {
    "allow-cpu": { type: "boolean", default: false },
    tiny: { type: "boolean", default: false },
    "no-bench": { type: "boolean", default: false },
    groups: { type: "string" },
    peers: { type: "boolean", default: false },
  },
});

type Row = [what: string, result: string];

process.exitCode = await check();

async function check(): Promise<number> {
  await ready();
  const refusal = refuse();
  if (refusal) {
    console.error(refusal);
    return 1;
  }
  const rows: Row[] = describeMachine();
  const suite = await runSuite();
  rows.push(["conformance", `${suite.passed} passed, ${suite.failures.length} failed`]);
  rows.push(...suite.failures);
  const bench = options["no-bench"] ? undefined : runBench();
  if (bench) rows.push(...bench.rows);
  console.log(table(rows));
  return suite.failures.length === 0 && (bench?.good ?? true) ? 0 : 1;
}

/** Why there is nothing to check here. */
function refuse(): string | undefined {
  const now = device();
  if (now.backend !== "tensorflow") return `TensorFlow does not run here. ${now.missing ?? ""}`;
  if (now.devices.some(({ type }) => type === "GPU") || options["allow-cpu"]) return undefined;
  return `TensorFlow sees no GPU here: ${now}. "nvidia-smi" and "gradbook doctor" say what this machine has; --allow-cpu runs the check on the processor.`;
}

function describeMachine(): Row[] {
  const { tensorflow, tensorflowjs, precision, devices, xla } = device();
  return [
    ["device", String(device())],
    ["devices", devices.map(({ name, model }) => (model ? `${name} (${model})` : name)).join(", ")],
    ["versions", `TensorFlow ${tensorflow}, TensorFlow.js ${tensorflowjs}, Node ${process.versions.node}`],
    ["float32 products", `${precision}${xla ? ", XLA" : ""}`],
  ];
}

async function runSuite(): Promise<{ passed: number; failures: Row[] }> {
  const groups: Record<string, readonly Case[]> = { device: gpuCases, ...conformance };
  const chosen = options.groups?.split(",") ?? Object.keys(groups);
  const unknown = chosen.find((name) => !groups[name]);
  if (unknown) throw new Error(`--groups names "${unknown}"; there are ${Object.keys(groups).join(", ")}.`);
  let passed = 0;
  const failures: Row[] = [];
  for (const group of chosen) {
    for (const { name, run, lacking } of groups[group]!) {
      if (lacking?.tensorflow) continue;
      tf.engine().startScope();
      try {
        await run();
        passed++;
      } catch (error) {
        failures.push([`FAILED ${group}: ${name}`, firstLine(error)]);
      }
      tf.engine().endScope();
    }
    console.error(`${group}: done`);
  }
  return { passed, failures };
}

function runBench(): { rows: Row[]; good: boolean } {
  const folder = mkdtempSync(join(tmpdir(), "gpu-check-"));
  const file = join(folder, "figures.json");
  try {
    const { status } = spawnSync(
      process.execPath,
      [
        join(import.meta.dirname, "..", "bench", "engine", "bench.ts"),
        ...["--json", file],
        ...(options.peers ? [] : ["--only", "gradbook,gradbook graph,gradbook xla"]),
        ...(options.tiny ? ["--tiny", "--rounds", "1", "--turn", "50"] : []),
      ],
      { stdio: ["ignore", "ignore", "inherit"] },
    );
    const { results } = JSON.parse(readFileSync(file, "utf8")) as { results: TaskResult[] };
    const rows = results.flatMap(({ task, results: all }): Row[] =>
      all.map((one) => [
        `${task}: ${one.contestant}`,
        "failure" in one
          ? one.failure
          : `${milliseconds(Math.min(...one.wall))} a step, first ${milliseconds(one.first)}`,
      ]),
    );
    return { rows: [...rows, ["bench", status === 0 ? "losses agree" : "FAILED, see above"]], good: status === 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function milliseconds(time: number): string {
  return `${time < 1 ? time.toFixed(3) : time < 100 ? time.toFixed(1) : Math.round(time)} ms`;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n", 1)[0]!;
}

function table(rows: Row[]): string {
  const escaped = rows.map((row) => row.map((cell) => cell.replaceAll("|", "\\|")) as Row);
  const width = Math.max(...escaped.map(([what]) => what.length));
  const lines = escaped.map(([what, result]) => `| ${what.padEnd(width)} | ${result} |`);
  return [lines[0]!, `| ${"-".repeat(width)} | --- |`, ...lines.slice(1)].join("\n");
}
