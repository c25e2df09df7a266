/** A setup is a list of steps; each says in one line what it does and is skipped when what it makes is there. */

export interface Step {
  /** What the user reads, such as "Python environment". */
  readonly title: string;
  /** What it is about to do, such as "making .venv with Python 3.11". */
  readonly doing: string;
  isDone(): boolean | Promise<boolean>;
  run(): void | Promise<void>;
}

export interface StepReport {
  title: string;
  outcome: "skipped" | "done";
}

/** Runs what is not done, in order. The first error ends it: a later step rests on the earlier ones. */
export async function runSteps(steps: Step[], say: (line: string) => void = console.log): Promise<StepReport[]> {
  const reports: StepReport[] = [];
  for (const step of steps) {
    if (await step.isDone()) {
      say(`setup: ${step.title}: ready`);
      reports.push({ title: step.title, outcome: "skipped" });
      continue;
    }
    say(`setup: ${step.title}: ${step.doing} ...`);
    const started = performance.now();
    await step.run();
    say(`setup: ${step.title}: done (${((performance.now() - started) / 1000).toFixed(1)} s)`);
    reports.push({ title: step.title, outcome: "done" });
  }
  return reports;
}
