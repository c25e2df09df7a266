/**
 * `npm run bench:engine`: the engine beside its peers, in one run, interleaved. For each task every contestant has one
 * process; the processes take turns of about a second, one working at a time, each round beginning with another one, so that what
 * else the machine does hits all alike. All start from the same weights and data, and their first losses must agree.
 *
 *   --rounds 5          turns of each contestant
 *   --turn 1000         milliseconds of a turn (at least one step)
 *   --only NAME,...     contestants ("gradbook xla", "pytorch") or tasks ("gpt", "matmul", "matmul-1024")
 *   --json FILE         all figures
 *   --tiny              sizes that only show that everything works
 *
 * Ratios are our time by the peer's, on best wall time and on best CPU time. `npm run bench:setup` installs the peers;
 * one that is missing is named. Speed is no test here: only losses that differ, or a contestant of ours that fails, end with an error.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { repository } from "../../kernel/client.ts";
import { type Contestant, contestants } from "./contestants.ts";
import { type Failed, type Measured, Worker } from "./measure.ts";
import { fullSizes, type Sizes, tinySizes, writeProblem } from "./problem.ts";
import { largestDifference, report, type TaskResult } from "./report.ts";
import type { Run } from "./worker.ts";

/** Losses may differ by this much of their size: other orders of summation, and Keras's place for Adam's epsilon. */
const lossTolerance = 1e-3;
const comparedLosses = 3;
/** A contestant whose step takes longer has one turn only, in milliseconds. */
const slowStep = 5_000;

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    turn: { type: "string", default: "1000" },
    only: { type: "string" },
    json: { type: "string" },
    tiny: { type: "boolean", default: false },
  },
});
const rounds = Number(options.rounds);
const turn = Number(options.turn);
const sizes = options.tiny ? tinySizes : fullSizes;
const { tasks, chosen } = choose(options.only?.split(","), sizes);

mkdirSync(join(repository, ".cache"), { recursive: true });
const folder = mkdtempSync(join(repository, ".cache", "bench-problem-"));
const results: TaskResult[] = [];
/** Processor time in milliseconds during the turns: what there was, and what others than the one at work took. */
const processors = { available: 0, others: 0 };
try {
  writeProblem(folder, sizes);
  for (const task of tasks) results.push({ task, results: await measureTask(task) });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (options.json) writeFileSync(options.json, JSON.stringify({ sizes, rounds, results }, null, 1));
console.log(report(results, { sizes, rounds, othersShare: processors.others / processors.available }));
process.exitCode = judge() ? 0 : 1;

function choose(only: string[] | undefined, sizes: Sizes): { tasks: string[]; chosen: Contestant[] } {
  const tasks = ["add", "call", ...sizes.matmul.map((size) => `matmul-${size}`), "gpt", "lstm"];
  const everybody = contestants();
  if (!only) return { tasks, chosen: everybody };
  const isTask = (name: string) => tasks.some((task) => task === name || task.startsWith(`${name}-`));
  const isContestant = (name: string) => everybody.some((one) => one.name === name);
  const unknown = only.find((name) => !isTask(name) && !isContestant(name));
  if (unknown !== undefined) {
    const known = [...tasks, ...everybody.map(({ name }) => name)].map((name) => `"${name}"`);
    throw new Error(`--only names "${unknown}"; it takes names of tasks and contestants: ${known.join(", ")}.`);
  }
  return {
    tasks: only.some(isTask) ? tasks.filter((task) => only.some((name) => `${task}-`.startsWith(`${name}-`))) : tasks,
    chosen: only.some(isContestant) ? everybody.filter(({ name }) => only.includes(name)) : everybody,
  };
}

async function measureTask(task: string): Promise<(Measured | Failed)[]> {
  const taking = chosen.filter(({ tasks }) => tasks.includes(task.split("-")[0]!));
  const outcome = new Map<string, Measured | Failed>();
  const running: { contestant: Contestant; worker: Worker; measured: Measured; steps: number }[] = [];
  const fail = async (name: string, worker: Worker | undefined, error: unknown) => {
    outcome.set(name, { contestant: name, failure: error instanceof Error ? error.message : String(error) });
    await worker?.end();
  };
  for (const contestant of taking) {
    const { name, missing } = contestant;
    if (missing) {
      await fail(name, undefined, new Error(`not installed: ${missing}`));
      continue;
    }
    console.error(`${task}: ${name} starts`);
    const worker = new Worker(contestant, task, folder);
    try {
      const measured = await start(worker, name);
      outcome.set(name, measured);
      running.push({ contestant, worker, measured, steps: stepsOfTurn(measured.wall.at(-1)!) });
      measured.wall.length = measured.cpu.length = 0;
    } catch (error) {
      await fail(name, worker, error);
    }
  }
  for (let round = 0; round < rounds; round++) {
    console.error(`${task}: round ${round + 1} of ${rounds}`);
    for (let i = 0; i < running.length; i++) {
      const one = running[(i + round) % running.length]!;
      if ("failure" in outcome.get(one.contestant.name)! || (one.measured.wall[0] ?? 0) > slowStep) continue;
      try {
        const { wall, cpu } = await undisturbed(one.worker, one.steps);
        one.measured.wall.push(...wall);
        one.measured.cpu.push(...cpu);
        one.measured.memory = one.worker.memory();
      } catch (error) {
        await fail(one.contestant.name, one.worker, error);
      }
    }
  }
  for (const { worker } of running) await worker.end();
  return [...outcome.values()];
}

/** A turn, during which it is watched whether others are at work on this machine. */
async function undisturbed(worker: Worker, steps: number): Promise<Run> {
  const before = processorTimes();
  const run = await worker.run(steps);
  const after = processorTimes();
  const own = run.cpu.reduce((sum, step) => sum + step, 0);
  processors.available += after.all - before.all;
  processors.others += Math.max(0, after.busy - before.busy - own);
  return run;
}

function processorTimes(): { all: number; busy: number } {
  let [all, busy] = [0, 0];
  for (const { times } of cpus()) {
    const used = times.user + times.nice + times.sys + times.irq;
    busy += used;
    all += used + times.idle;
  }
  return { all, busy };
}

/** The first steps: the first is timed apart, the others warm up. */
async function start(worker: Worker, contestant: string): Promise<Measured> {
  const version = await worker.ready();
  const first = await worker.run(1);
  const more = first.losses.length > 0 ? comparedLosses - 1 : 1;
  const { wall, cpu, losses } = await worker.run(more);
  return {
    contestant,
    version,
    first: first.wall[0]!,
    wall,
    cpu,
    memory: worker.memory(),
    losses: [...first.losses, ...losses],
  };
}

function stepsOfTurn(step: number): number {
  return Math.max(1, Math.min(200, Math.round(turn / step)));
}

/** False, with a line that says why, where contestants did not do the same or ours did not do it at all. */
function judge(): boolean {
  let good = true;
  for (const { task, results: all } of results) {
    const difference = largestDifference(all);
    if (difference && !(difference.relative <= lossTolerance)) {
      console.error(`${task}: the first losses of ${difference.who.join(" and ")} differ by ${difference.relative}.`);
      good = false;
    }
    for (const one of all) {
      if (!("failure" in one) || !one.contestant.startsWith("gradbook")) continue;
      console.error(`${task}: ${one.contestant} failed: ${one.failure}`);
      good = false;
    }
  }
  return good;
}
