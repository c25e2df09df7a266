import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { allChecks, type Check, doctor } from "../../kernel/setup/doctor.ts";
import { setupError } from "../../kernel/setup/errors.ts";
import { kernelspecFor } from "../../kernel/setup/kernelspec.ts";
import { findPlaces } from "../../kernel/setup/places.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gradbook-doctor-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const good: Check = { name: "good", required: true, run: () => ({ ok: true, detail: "1.0" }) };
const optional: Check = { name: "extra", required: false, run: () => ({ ok: false, detail: "none", fix: "get one" }) };

function ask(checks: Check[]): { code: number; lines: string[] } {
  const lines: string[] = [];
  return { code: doctor(findPlaces(), (line) => lines.push(line), checks), lines };
}

test("what is optional and absent is listed with how to get it, and is no failure", () => {
  const { code, lines } = ask([good, optional]);
  expect(code).toBe(0);
  expect(lines.join("\n")).toMatch(/ok +good +1\.0\nabsent +extra +none\n +-> get one\nEverything/);
});

test("what is required and missing makes the exit code 1, and the other checks still run", () => {
  const missing: Check = {
    name: "Python",
    required: true,
    run: () => {
      throw setupError("GB_SETUP_NO_PYTHON", { tried: "python3" });
    },
  };
  const { code, lines } = ask([missing, good]);
  expect(code).toBe(1);
  expect(lines.find((line) => line.startsWith("MISSING"))).toContain("none was found");
  expect(lines.some((line) => line.includes("apt-get install python3"))).toBe(true);
  expect(lines.some((line) => /^ok +good/.test(line))).toBe(true);
});

function finding(name: string, venv: string) {
  return allChecks(findPlaces({ venv }))
    .find((check) => check.name === name)!
    .run();
}

test("a folder without an environment is told to run setup", () => {
  expect(finding("environment", join(folder, "none"))).toMatchObject({ ok: false, fix: "npm run setup" });
  expect(finding("JupyterLab", join(folder, "none")).ok).toBe(false);
  expect(finding("kernel", join(folder, "none")).ok).toBe(false);
});

test("a kernelspec that points at a Node that is gone is found out", () => {
  const spec = join(folder, "share", "jupyter", "kernels", "gradbook");
  mkdirSync(spec, { recursive: true });
  const gone = join(folder, "gone", "node");
  writeFileSync(join(spec, "kernel.json"), JSON.stringify(kernelspecFor(gone, process.execPath)));
  expect(finding("kernelspec", folder)).toMatchObject({ ok: false, detail: `it names what is not there: ${gone}` });
});

test("native modules load on the kernel's Node", () => {
  for (const name of ["Node", "sockets (zeromq)", "parser (oxc)", "esbuild"]) {
    expect(finding(name, folder), name).toMatchObject({ ok: true });
  }
});
