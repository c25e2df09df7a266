import { expect, test } from "vitest";
import { readUnittest, sumOf } from "./toolbox.ts";

test("Python's test report is counted, and a skipped test is no passed one", () => {
  expect(readUnittest("Ran 43 tests in 3.1s\n\nOK\n", 0)).toEqual({ passed: 43, failed: 0 });
  expect(readUnittest("Ran 43 tests in 3.1s\n\nFAILED (failures=2, errors=1)\n", 1)).toEqual({ passed: 40, failed: 3 });
  expect(readUnittest("Ran 43 tests in 3.1s\n\nOK (skipped=5)\n", 0)).toMatchObject({ passed: 38, failed: 5 });
});

test("Python tests that did not run at all are a failure", () => {
  expect(readUnittest("ModuleNotFoundError: No module named 'x'\n", 1).failed).toBe(1);
  expect(readUnittest("Ran 0 tests in 0.0s\n\nNO TESTS RAN\n", 5).failed).toBe(1);
  expect(readUnittest("Ran 3 tests in 0.1s\n\nSegmentation fault\n", 139)).toMatchObject({ failed: 1 });
});

test("parts that run several programs add up", () => {
  expect(
    sumOf([
      { passed: 1, failed: 2, note: "a" },
      { passed: 3, failed: 0 },
    ]),
  ).toEqual({ passed: 4, failed: 2, note: "a" });
});
