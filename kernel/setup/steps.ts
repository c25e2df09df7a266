/** A setup is a list of steps; each says in one line what it does and is skipped when what it makes is there. */
import { SetupError } from "./errors.ts";

export interface Step {
  /** What the user reads, such as "Python environment". */
  readonly title: string;
  /** What it is about to do, such as "making .venv with Python 3.11". */
  readonly doing: string;
  /** What notebooks do without it. Such a step may fail: setup says so once and goes on. */
  readonly without?: string;
  /** False where the step has no sense; it is then left out without a word. */
  applies?(): boolean;
  isDone(): boolean | Promise<boolean>;
  run(): void | Promise<void>;
}

export interface StepReport {
  title: string;
  outcome: "skipped" | "done" | "failed";
}

export interface StepOptions {
  say?: (line: string) => void;
  /** A step that may fail may not fail here: tests and continuous integration need everything. */
  strict?: boolean;
}

/** Runs what is not done, in order. The first error ends it, but for steps that notebooks can do without. */
export async function runSteps(steps: Step[], options: StepOptions = {}): Promise<StepReport[]> {
  const { say = console.log, strict = false } = options;
  const reports: StepReport[] = [];
  for (const step of steps) {
    if (step.applies?.() === false) continue;
    try {
      reports.push({ title: step.title, outcome: await runStep(step, say) });
    } catch (error) {
      if (strict || step.without === undefined || !(error instanceof SetupError)) throw error;
      say(`setup: WARNING: ${step.title}: ${error.message}\n${step.without}`);
      reports.push({ title: step.title, outcome: "failed" });
    }
  }
  return reports;
}

async function runStep(step: Step, say: (line: string) => void): Promise<"skipped" | "done"> {
  if (await step.isDone()) {
    say(`setup: ${step.title}: ready`);
    return "skipped";
  }
  say(`setup: ${step.title}: ${step.doing} ...`);
  const started = performance.now();
  await step.run();
  say(`setup: ${step.title}: done (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  return "done";
}
