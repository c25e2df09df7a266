import { expect, test } from "vitest";
import { judge, readVerdict, verdictLine } from "./verdict.ts";

const spec = (name: string, status: "passed" | "failed" | "pending") => ({ name, status, message: "" });
const exceptions = [{ reason: "of some kind", specs: ["b"] }];

test("a spec that fails or is switched off must be a named exception", () => {
  expect(judge([spec("a", "passed"), spec("b", "failed")], exceptions)).toEqual({
    passed: 1,
    excepted: 1,
    failures: [],
  });
  expect(judge([spec("a", "failed"), spec("b", "pending")], exceptions).failures).toEqual([
    expect.stringContaining("a\n  failed"),
  ]);
  expect(judge([spec("a", "pending"), spec("b", "failed")], exceptions).failures).toHaveLength(1);
});

test("the list of exceptions holds nothing that passes or does not exist", () => {
  expect(judge([spec("a", "passed"), spec("b", "passed")], exceptions).failures[0]).toContain("passes now");
  expect(judge([spec("a", "passed")], exceptions).failures[0]).toContain("no spec has that name");
});

test("what a run says is what is counted, and a run that breaks off has failed", () => {
  const verdict = { passed: 4, excepted: 2, failures: ["x"] };
  expect(readVerdict(`noise\n${verdictLine(verdict)}\n`)).toEqual({ passed: 4, failed: 1, note: "2 named exceptions" });
  expect(readVerdict("Segmentation fault")).toMatchObject({ passed: 0, failed: 1 });
});
