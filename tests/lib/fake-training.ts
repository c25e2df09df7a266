/**
 * A training loop without tensors, as a user of the library would write it: it draws through the host and stops when the
 * host says so. Tests import it, and so does a notebook cell in the kernel's tests.
 */
import { currentHost } from "gradbook/lib";

export interface FakeRun {
  steps: number;
  /** How many times the display was updated. */
  updates: number;
  loss: number;
  stopped: "by an interrupt" | "by the limit";
}

/** Steps until an interrupt (or `maxSteps`), and draws the first `maxUpdates` of them into one display. */
export async function fakeTraining({ maxUpdates = 100, maxSteps = 100_000 } = {}): Promise<FakeRun> {
  const host = currentHost();
  const run: FakeRun = { steps: 0, updates: 0, loss: 1, stopped: "by the limit" };
  const shown = host.show({ "text/plain": "step 0" });
  const stopListening = host.onInterrupt(() => {
    run.stopped = "by an interrupt";
  });
  try {
    while (run.steps < maxSteps && run.stopped === "by the limit") {
      run.steps++;
      run.loss *= 0.99;
      if (run.updates < maxUpdates) {
        run.updates++;
        shown.update({ "text/plain": `step ${run.steps} loss ${run.loss.toFixed(4)}` });
      }
      // A real step awaits the device; this is where an interrupt gets its turn.
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  } finally {
    stopListening();
  }
  host.log(`stopped ${run.stopped} after ${run.updates} updates`);
  return run;
}
