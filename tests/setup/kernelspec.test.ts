import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type KernelSpec, kernelspecFor, kernelspecStep, labConfigStep } from "../../kernel/setup/kernelspec.ts";
import type { Places } from "../../kernel/setup/places.ts";
import { findPlaces } from "../../kernel/setup/places.ts";

let folder: string;
let places: Places;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gradbook-spec-"));
  places = { ...findPlaces({ venv: join(folder, "env") }), kernelMain: join(folder, "main.js") };
  writeFileSync(places.kernelMain, "");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function writtenSpec(): KernelSpec {
  return JSON.parse(readFileSync(join(places.kernelspec, "kernel.json"), "utf8"));
}

test("Jupyter reads a protocol 5.5 kernel that is interrupted by message", () => {
  const spec = kernelspecFor("/opt/node", "/opt/main.js");
  expect(spec).toMatchObject({
    display_name: "Gradbook (TypeScript)",
    language: "typescript",
    interrupt_mode: "message",
    kernel_protocol_version: "5.5",
    metadata: {},
  });
  expect(spec.argv[0]).toBe("/opt/node");
  expect(spec.argv.slice(-2)).toEqual(["/opt/main.js", "{connection_file}"]);
});

test("the written kernelspec names existing files by absolute paths and has its logos", async () => {
  const step = kernelspecStep(places, process.execPath);
  expect(await step.isDone()).toBe(false);
  await step.run();
  const paths = writtenSpec().argv.filter((part) => !part.startsWith("-") && part !== "{connection_file}");
  expect(paths.length).toBe(2);
  for (const path of paths) {
    expect(isAbsolute(path)).toBe(true);
    expect(existsSync(path)).toBe(true);
  }
  const png = readFileSync(join(places.kernelspec, "logo-64x64.png"));
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([64, 64]);
  expect(readFileSync(join(places.kernelspec, "logo-svg.svg"), "utf8")).toContain("<svg");
  expect(await step.isDone()).toBe(true);
});

test("a checkout that moved gets its kernelspec written again", async () => {
  await kernelspecStep(places, process.execPath).run();
  const moved = { ...places, kernelMain: join(folder, "elsewhere", "main.js") };
  mkdirSync(join(folder, "elsewhere"));
  writeFileSync(moved.kernelMain, "");
  const step = kernelspecStep(moved, process.execPath);
  expect(await step.isDone()).toBe(false);
  await step.run();
  expect(writtenSpec().argv).toContain(moved.kernelMain);
});

test("a kernel that is not built is not announced to Jupyter", () => {
  rmSync(places.kernelMain);
  expect(() => kernelspecStep(places, process.execPath).run()).toThrow(/npm run build/);
  expect(existsSync(join(places.kernelspec, "kernel.json"))).toBe(false);
});

test("JupyterLab's announcements are off, and a configuration that is there is kept", async () => {
  const file = join(places.venv, "etc", "jupyter", "labconfig", "page_config.json");
  const step = labConfigStep(places);
  await step.run();
  expect(JSON.parse(readFileSync(file, "utf8")).disabledExtensions).toEqual({
    "@jupyterlab/apputils-extension:announcements": true,
  });
  writeFileSync(file, "{}");
  expect(await step.isDone()).toBe(true);
  await step.run();
  expect(readFileSync(file, "utf8")).toBe("{}");
});
