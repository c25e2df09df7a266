import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

test("on the processor the whole check passes, bench included", () => {
  const args = [join(import.meta.dirname, "check.ts"), "--allow-cpu", "--tiny"];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect(stdout).toMatch(/\| conformance +\| \d{3} passed, 0 failed \|/);
  expect(stdout).toMatch(/\| gpt: gradbook xla +\| [\d.]+ ms a step, first [\d.]+ ms \|/);
  expect(stdout).toMatch(/\| bench +\| losses agree \|/);
  expect(status).toBe(0);
}, 600_000);
