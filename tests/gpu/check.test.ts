/** The check that a GPU image runs first, as far as it can be tried without a GPU. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

function check(...args: string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, "check.ts"), ...args], {
    encoding: "utf8",
    // A GPU that is there after all does not take part.
    env: { ...process.env, GRADBOOK_DEVICES: "cpu" },
  });
  return { status, out: stdout, err: stderr };
}

test("without a GPU it says so and fails", () => {
  const { status, out, err } = check("--no-bench");
  expect(status).toBe(1);
  expect(err).toMatch(/^TensorFlow sees no GPU here: TensorFlow 2\.\d+ · CPU x\d+ · XLA on\..*--allow-cpu/);
  expect(out).toBe("");
});

test("with --allow-cpu it prints one table of device, versions and results", () => {
  const { status, out } = check("--allow-cpu", "--no-bench", "--groups", "device,matmuls,compiling");
  expect(out).toMatch(/^\| device +\| TensorFlow 2\.\d+ · CPU x\d+ · XLA on \|\n\| -+ \| --- \|\n/);
  expect(out).toMatch(/\| versions +\| TensorFlow 2\.\d+\.\d+, TensorFlow\.js 4\.\d+\.\d+, Node \d+/);
  expect(out).toMatch(/\| conformance +\| [2-9]\d passed, 0 failed \|/);
  expect(status).toBe(0);
});

test("a group that is not there is an error that names those that are", () => {
  const { status, err } = check("--allow-cpu", "--no-bench", "--groups", "nonsense");
  expect(status).not.toBe(0);
  expect(err).toContain('--groups names "nonsense"; there are device, creation');
});
