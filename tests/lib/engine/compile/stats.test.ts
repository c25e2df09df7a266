/** compile.stats() tells what was traced and how long things took. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { compile, installHost, ready, tf } from "../../../../lib/index.ts";
import { RecordingHost } from "../../recording-host.ts";

let removeHost: () => void;
beforeAll(async () => {
  await ready();
  // Keeps what XLA refuses out of the report.
  removeHost = installHost(new RecordingHost());
});
afterAll(() => removeHost());

test("traces, signatures, runs and times", () => {
  const step = compile((x: tf.Tensor, options: { training: boolean }) => (options.training ? tf.mul(x, 2) : x), {
    name: "step<1>",
  });
  expect(String(compile.stats(step))).toBe("compile(step<1>): 0 traces, 0 runs");
  for (let i = 0; i < 3; i++) step(tf.zeros([2, 3]), { training: true });
  step(tf.zeros([4]), { training: false });
  const stats = compile.stats(step);
  expect(stats.traces.map(({ signature, runs, xla }) => ({ signature, runs, xla }))).toEqual([
    { signature: "(float32 [2, 3], training: true)", runs: 3, xla: true },
    { signature: "(float32 [4], training: false)", runs: 1, xla: true },
  ]);
  expect(stats.runs).toBe(4);
  const [first, second] = stats.traces;
  expect(first!.ops).toBe(1);
  expect(first!.nodes).toBeGreaterThan(2);
  expect(second!.ops).toBe(0);
  for (const trace of stats.traces) {
    expect(trace.traceMilliseconds).toBeGreaterThan(0);
    expect(trace.compileMilliseconds).toBeGreaterThan(0);
  }
  expect(first!.millisecondsPerRun).toBeGreaterThan(0);
});

test("shows itself as a table, with what XLA refused", () => {
  const step = compile(
    (x: tf.Tensor4D) => tf.image.cropAndResize(x, tf.tensor2d([[0, 0, 1, 1]]), tf.tensor1d([0], "int32"), [2, 2]),
    { name: "crop<b>" },
  );
  step(tf.ones([1, 4, 4, 3]));
  const stats = compile.stats(step);
  const text = String(stats);
  expect(text).toContain("compile(crop<b>): 1 trace, 1 run");
  expect(text).toMatch(/arguments +as +trace ms +compile ms +runs/);
  expect(text).toMatch(/\(float32 \[1, 4, 4, 3\]\) +graph/);
  expect(text).toContain("Not XLA: XLA has no kernel for CropAndResize.");
  const bundle = (stats as unknown as Record<symbol, () => Record<string, string>>)[Symbol.for("Jupyter.display")]!();
  expect(bundle["text/plain"]).toBe(text);
  expect(bundle["text/html"]).toContain("crop&#60;b&#62;");
  expect(bundle["text/html"]).not.toContain("<b>crop<b>");
});

test("dispose forgets the traces, and the next call traces again", () => {
  const step = compile((x: tf.Tensor) => tf.add(x, 1));
  step(tf.zeros([2]));
  step.dispose();
  expect(compile.stats(step).traces).toEqual([]);
  expect(Array.from(step(tf.zeros([2])).dataSync())).toEqual([1, 1]);
});

test("the function's own name is the default", () => {
  function trainStep(x: tf.Tensor) {
    return x;
  }
  expect(compile(trainStep).name).toBe("trainStep");
  expect(compile.stats(compile(trainStep)).name).toBe("trainStep");
  expect(compile.stats(compile((x: tf.Tensor) => x)).name).toBe("anonymous");
});
