import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findPlaces } from "../../kernel/setup/places.ts";

const { packageRoot } = findPlaces();

function gradbook(...args: string[]) {
  return spawnSync(process.execPath, [join(packageRoot, "dist", "kernel", "cli.js"), ...args], { encoding: "utf8" });
}

test("the command says its version and its commands", () => {
  const { version } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8"));
  expect(gradbook("--version").stdout.trim()).toBe(version);
  for (const command of ["setup", "start", "doctor", "kernel"]) {
    expect(gradbook("--help").stdout).toContain(`gradbook ${command}`);
  }
});

test.each([
  [["frobnicate"], 'There is no command "frobnicate".'],
  [["start", "--port", "eighty"], '--port takes a number from 1 to 65535, not "eighty".'],
  [["start", "--colour"], "Unknown option '--colour'"],
  [["kernel"], "gradbook kernel needs a connection file."],
])("a wrong call %j is one message and exit code 2", (args, message) => {
  const { status, stderr } = gradbook(...args);
  expect(status).toBe(2);
  expect(stderr).toContain(message);
  expect(stderr).not.toMatch(/^\s+at /m);
});
