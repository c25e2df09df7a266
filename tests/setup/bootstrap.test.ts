import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { findPlaces } from "../../kernel/setup/places.ts";

const { packageRoot } = findPlaces();

interface Lock {
  packages: Record<string, { version?: string; optional?: boolean }>;
}

const bootstrap = pathToFileURL(join(packageRoot, "kernel", "setup", "bootstrap.mjs")).href;
const { packagesAreInstalled }: { packagesAreInstalled(lock: Lock, installed: Lock): boolean } = await import(
  bootstrap
);

test("node packages are installed again only when one is missing or another version is wanted", () => {
  const lock: Lock = {
    packages: {
      "": {},
      "node_modules/a": { version: "1.0.0" },
      "node_modules/b-win": { version: "1.0.0", optional: true },
    },
  };
  const has = (version: string): Lock => ({ packages: { "node_modules/a": { version } } });
  expect(packagesAreInstalled(lock, has("1.0.0"))).toBe(true);
  expect(packagesAreInstalled(lock, has("0.9.0"))).toBe(false);
  expect(packagesAreInstalled(lock, { packages: {} })).toBe(false);
});

test("this checkout's own node packages count as installed", () => {
  const read = (file: string): Lock => JSON.parse(readFileSync(join(packageRoot, file), "utf8"));
  expect(packagesAreInstalled(read("package-lock.json"), read("node_modules/.package-lock.json"))).toBe(true);
});

test("a second build finds nothing to do", () => {
  const build = () =>
    spawnSync(process.execPath, [join(packageRoot, "kernel", "setup", "build.mjs"), "--no-check"], {
      encoding: "utf8",
    });
  build();
  expect(build().stdout.trim()).toBe("build: up to date");
});
