/** What doctor says of the engine on machines that this one is not: a stand-in nvidia-smi, no runtime, no compiler. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { engineChecks } from "../../kernel/setup/doctor-engine.ts";
import { askGpus } from "../../kernel/setup/gpus.ts";
import { findPlaces } from "../../kernel/setup/places.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gradbook-smi-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** An environment whose nvidia-smi answers as the real one does for this query. */
function withGpus(script: string): NodeJS.ProcessEnv {
  writeFileSync(join(folder, "nvidia-smi"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, "nvidia-smi"), 0o755);
  return { ...process.env, PATH: `${folder}${delimiter}${process.env["PATH"]}` };
}

const twoGpus = `case "$*" in
  "--query-gpu=name,memory.total,driver_version --format=csv,noheader")
    echo "NVIDIA A100-SXM4-40GB, 40960 MiB, 570.86.15"; echo "NVIDIA T4, 15360 MiB, 570.86.15";;
  *) exit 2;;
esac`;

function finding(name: string, env: NodeJS.ProcessEnv) {
  return engineChecks(findPlaces(), env)
    .find((check) => check.name === name)!
    .run();
}

test("GPUs are listed with name, memory and driver", () => {
  expect(finding("GPU", withGpus(twoGpus))).toEqual({
    ok: true,
    detail: "NVIDIA A100-SXM4-40GB, 40960 MiB, 570.86.15; NVIDIA T4, 15360 MiB, 570.86.15",
  });
});

test("a driver that does not answer counts as no GPU", () => {
  const env = withGpus('echo "NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver."; exit 9');
  expect(askGpus(env)).toBeUndefined();
  expect(finding("GPU", env)).toMatchObject({ ok: false, detail: expect.stringContaining("runs on the processor") });
  expect(askGpus(withGpus(""))).toBeUndefined();
});

test("the runtime that is here is named, loads, and is what notebooks use", () => {
  const env = { ...withGpus("exit 9"), GRADBOOK_VIRTUAL_CPUS: "2", GRADBOOK_DEVICES: "cpu" };
  expect(finding("TensorFlow", env)).toMatchObject({
    ok: true,
    detail: expect.stringMatching(/^2\.\S+ \((cpu|cuda)\) in /),
  });
  expect(finding("native addon", env).detail).toMatch(/^loads TensorFlow 2\.\S+; devices: CPU:0, CPU:1$/);
  expect(finding("notebooks use", env)).toEqual({
    ok: true,
    detail: expect.stringMatching(/^TensorFlow \S+ on the processor$/),
  });
});

test("a GPU that TensorFlow does not use is told, with what to do", () => {
  const found = finding("notebooks use", { ...withGpus(twoGpus), GRADBOOK_DEVICES: "cpu" });
  expect(found.ok).toBe(false);
  expect(found.detail).toContain("on the processor, although there is a GPU");
  expect(found.fix).toContain("npm run setup fetches TensorFlow with CUDA");
});

test("without the runtime notebooks use WebAssembly, and no line is a failure of doctor", () => {
  const env = { ...process.env, GRADBOOK_TENSORFLOW: "off" };
  expect(finding("notebooks use", env)).toMatchObject({ ok: false, detail: expect.stringContaining("WebAssembly") });
  expect(engineChecks(findPlaces(), env).filter((check) => check.required)).toEqual([]);
});

test("a setting that makes no sense is found out", () => {
  const found = finding("native addon", { ...process.env, GRADBOOK_DEVICES: "all of them" });
  expect(found).toEqual({ ok: false, detail: expect.stringContaining('GRADBOOK_DEVICES is "all of them"') });
});

test("without a compiler its package is named", () => {
  const found = finding("C++ compiler", { ...process.env, PATH: folder });
  expect(found).toMatchObject({ ok: false, fix: expect.stringContaining("apt-get install g++") });
});
