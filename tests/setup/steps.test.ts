import { expect, test } from "vitest";
import { setupError } from "../../kernel/setup/errors.ts";
import { runSteps, type Step } from "../../kernel/setup/steps.ts";

/** A step that makes a word appear in `made`. */
function making(word: string, made: string[]): Step {
  return { title: word, doing: `making ${word}`, isDone: () => made.includes(word), run: () => void made.push(word) };
}

test("a step says what it does and is skipped the second time", async () => {
  const made: string[] = [];
  const lines: string[] = [];
  const steps = [making("one", made), making("two", made)];
  const say = (line: string) => lines.push(line);

  expect((await runSteps(steps, { say })).map((r) => r.outcome)).toEqual(["done", "done"]);
  expect(lines[0]).toBe("setup: one: making one ...");
  expect(made).toEqual(["one", "two"]);

  expect((await runSteps(steps, { say })).map((r) => r.outcome)).toEqual(["skipped", "skipped"]);
  expect(lines.slice(4)).toEqual(["setup: one: ready", "setup: two: ready"]);
  expect(made).toEqual(["one", "two"]);
});

test("what rests on a failed step is not tried", async () => {
  const made: string[] = [];
  const broken: Step = { ...making("two", made), run: () => Promise.reject(new Error("no disk")) };
  await expect(runSteps([making("one", made), broken, making("three", made)], { say: () => {} })).rejects.toThrow(
    "no disk",
  );
  expect(made).toEqual(["one"]);
});

test("a step that notebooks can do without is one warning, and the others go on", async () => {
  const made: string[] = [];
  const lines: string[] = [];
  const fails: Step = {
    ...making("two", made),
    without: "Notebooks are slower.",
    run: () => Promise.reject(setupError("GB_SETUP_TENSORFLOW_NONE", { why: "no disk" })),
  };
  const reports = await runSteps([fails, making("three", made)], { say: (line) => lines.push(line) });
  expect(reports.map((report) => report.outcome)).toEqual(["failed", "done"]);
  expect(lines.filter((line) => line.includes("WARNING"))).toEqual([
    "setup: WARNING: two: There is no TensorFlow library for this machine: no disk.\nNotebooks are slower.",
  ]);
  await expect(runSteps([fails], { say: () => {}, strict: true })).rejects.toThrow("no disk");
});

test("a mistake of ours is never a mere warning", async () => {
  const broken: Step = { ...making("two", []), without: "less", run: () => Promise.reject(new TypeError("undefined")) };
  await expect(runSteps([broken], { say: () => {} })).rejects.toThrow(TypeError);
});

test("a step that does not apply is left out without a word", async () => {
  const lines: string[] = [];
  const reports = await runSteps([{ ...making("one", []), applies: () => false }], { say: (line) => lines.push(line) });
  expect([reports, lines]).toEqual([[], []]);
});
