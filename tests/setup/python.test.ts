import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SetupError } from "../../kernel/setup/errors.ts";
import { findPlaces } from "../../kernel/setup/places.ts";
import { askPython, findPython, isNewEnough, venvStep } from "../../kernel/setup/python.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gradbook-python-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A PATH that holds only one program, a Python that describes itself as told. */
function pathWith(name: string, description: object | undefined): NodeJS.ProcessEnv {
  const file = join(folder, name);
  const answer = description ? `echo '${JSON.stringify(description)}'` : "exit 1";
  writeFileSync(file, `#!/bin/sh\n${answer}\n`);
  chmodSync(file, 0o755);
  return { PATH: folder };
}

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof SetupError) return error.message;
    throw error;
  }
  return "";
}

test("a machine without Python gets one message that names what to install", () => {
  const message = messageOf(() => findPython({ PATH: folder }));
  expect(message).toContain("Python 3.10 or newer, and none was found");
  expect(message).toContain("apt-get install python3 python3-venv");
});

test("a command that is called python3 and does not work is no Python", () => {
  expect(messageOf(() => findPython(pathWith("python3", undefined)))).toContain("none was found");
});

test("an old Python is named with its version", () => {
  const env = pathWith("python3", { executable: "/old/python3", version: "3.9.2", canMakeVenv: true });
  expect(messageOf(() => findPython(env))).toContain("only Python 3.9.2 (/old/python3) was found");
});

test("a Python without ensurepip gets the name of Debian's package", () => {
  const env = pathWith("python3", { executable: "/usr/bin/python3", version: "3.11.2", canMakeVenv: false });
  expect(messageOf(() => findPython(env))).toContain("apt-get install python3-venv");
});

test("a numbered Python is found when python3 is too old", () => {
  pathWith("python3", { executable: "/old", version: "3.8.0", canMakeVenv: true });
  const env = pathWith("python3.12", { executable: "/new", version: "3.12.1", canMakeVenv: true });
  expect(findPython(env).executable).toBe("/new");
});

test("3.10 is newer than 3.9, as numbers and not as text", () => {
  expect(["3.9.18", "3.10.0", "3.14.0", "4.0.0", "2.7.18"].map(isNewEnough)).toEqual([false, true, true, true, false]);
});

test("a virtual environment is made once, and again after it was moved", async () => {
  const places = findPlaces({ venv: join(folder, "env") });
  const step = venvStep(places);
  expect(await step.isDone()).toBe(false);
  await step.run();
  expect(askPython(places.venvPython)?.version).toMatch(/^3\./);
  expect(await step.isDone()).toBe(true);

  const { renameSync } = await import("node:fs");
  renameSync(places.venv, join(folder, "moved"));
  const moved = venvStep(findPlaces({ venv: join(folder, "moved") }));
  expect(await moved.isDone()).toBe(false);
  await moved.run();
  expect(await moved.isDone()).toBe(true);
});

test("a folder that is no virtual environment is left alone", () => {
  const venv = join(folder, "thesis");
  mkdirSync(venv);
  writeFileSync(join(venv, "chapter1.txt"), "all of it");
  const message = messageOf(() => venvStep(findPlaces({ venv })).run());
  expect(message).toContain("is not a Python virtual environment");
  expect(readdirSync(venv)).toEqual(["chapter1.txt"]);
  expect(existsSync(join(venv, "pyvenv.cfg"))).toBe(false);
});
