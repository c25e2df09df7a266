import { expect, test } from "vitest";
import { backends } from "./backends.ts";
import { expectNoGrowth, growthOverSteps } from "./told.ts";

test("10,000 compiled steps grow neither resident memory nor the counts", async () => {
  expect(backends).toContain("tensorflow");
  expectNoGrowth(await growthOverSteps(10_000));
}, 300_000);
