/**
 * The side of the bench that runs in a contestant's own process: reads one request a line from stdin, runs so many
 * steps, answers one line. The Python contestants speak the same (peers/worker.py).
 */
import { createInterface } from "node:readline";
import { type Loaded, readProblem } from "./problem.ts";

/** One timed step; returns the loss where there is one. */
export type Step = () => number | undefined | Promise<number | undefined>;
/** Makes the step of a task; what it does is not timed. */
export type Tasks = Record<string, (problem: Loaded) => Step | Promise<Step>>;

/** Answers of a contestant's process. Times are milliseconds a step; CPU time is that of all threads. */
export interface Run {
  wall: number[];
  cpu: number[];
  /** Losses of those steps; empty for tasks without one. */
  losses: number[];
}

/**
 * Serves one task until stdin ends. The arguments are the name of the task and the folder of the problem. The parameter of a task's
 * name follows a dash: `matmul-1024` is the task `matmul` with 1024.
 */
export async function serve(version: string, tasksFor: (parameter: number) => Tasks): Promise<void> {
  const [task = "", folder = ""] = process.argv.slice(2);
  const [name = "", parameter] = task.split("-");
  const make = tasksFor(Number(parameter))[name];
  if (!make) throw new Error(`No task "${name}".`);
  const step = await make(readProblem(folder));
  const say = (answer: object) => process.stdout.write(`${JSON.stringify(answer)}\n`);
  say({ ready: version });
  for await (const line of createInterface({ input: process.stdin })) {
    say(await run(step, (JSON.parse(line) as { steps: number }).steps));
  }
}

async function run(step: Step, steps: number): Promise<Run> {
  const wall: number[] = [];
  const cpu: number[] = [];
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const cpuBefore = process.cpuUsage();
    const before = performance.now();
    const loss = await step();
    wall.push(performance.now() - before);
    const { user, system } = process.cpuUsage(cpuBefore);
    cpu.push((user + system) / 1000);
    if (loss !== undefined) losses.push(loss);
  }
  return { wall, cpu, losses };
}
