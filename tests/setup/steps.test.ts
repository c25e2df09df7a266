import { expect, test } from "vitest";
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

  expect((await runSteps(steps, say)).map((r) => r.outcome)).toEqual(["done", "done"]);
  expect(lines[0]).toBe("setup: one: making one ...");
  expect(made).toEqual(["one", "two"]);

  expect((await runSteps(steps, say)).map((r) => r.outcome)).toEqual(["skipped", "skipped"]);
  expect(lines.slice(4)).toEqual(["setup: one: ready", "setup: two: ready"]);
  expect(made).toEqual(["one", "two"]);
});

test("what rests on a failed step is not tried", async () => {
  const made: string[] = [];
  const broken: Step = { ...making("two", made), run: () => Promise.reject(new Error("no disk")) };
  await expect(runSteps([making("one", made), broken, making("three", made)], () => {})).rejects.toThrow("no disk");
  expect(made).toEqual(["one"]);
});
