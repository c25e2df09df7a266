/** Types are erased; what is left of a cell keeps its result and its meaning. */
import { describe, expect, test } from "vitest";
import { sharedKernel } from "./suite.ts";

const kernel = sharedKernel();

describe("what types leave behind", () => {
  test.each([
    ["import type { Foo } from 'no-such-package'\n1 + 1", "2"],
    ["import { type Foo } from 'no-such-package'\n1 + 2", "3"],
    ["export interface I {}\nconst x = 4\nx", "4"],
    ["export type T = number\n5", "5"],
    ["namespace Twice { export const a = 1 } namespace Twice { export const b = a + 5 }\nTwice.b", "6"],
    ["class Computed { [await 'f'] = 7 }\n(new Computed() as any).f", "7"],
    ["class This { [this === undefined ? 'yes' : 'no'] = 1 }\nObject.keys(new This())[0]", "'yes'"],
    [
      "const outside = 1; class Static { static { var outside = 5; outside = 8; (globalThis as any).inside = outside } }\n(globalThis as any).inside",
      "8",
    ],
  ])("%j has its result", async (code, value) => {
    expect(await kernel().value(code)).toBe(value);
  });
});
