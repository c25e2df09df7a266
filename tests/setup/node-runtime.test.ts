import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { findNode24, majorOf, runInTerminal } from "../../kernel/setup/node-runtime.ts";
import { findPlaces } from "../../kernel/setup/places.ts";

const { packageRoot } = findPlaces();
const here = { platform: process.platform, arch: process.arch, execPath: "/usr/bin/node" };

test("the kernel gets Node 24 although the command was started with Node 20", () => {
  const node = findNode24(packageRoot, { ...here, version: "v20.19.0" });
  expect(node.fromPackage).toMatch(/^node-/);
  expect(majorOf(spawnSync(node.path, ["--version"], { encoding: "utf8" }).stdout)).toBe(24);
});

test("on a system without a packaged Node the running one serves when it is new enough", () => {
  const running = { platform: "freebsd", arch: "x64", version: "v24.3.0", execPath: "/usr/local/bin/node" };
  expect(findNode24(packageRoot, running)).toEqual({ path: "/usr/local/bin/node" });
  expect(() => findNode24(packageRoot, { ...running, version: "v22.1.0" })).toThrow(
    /runs on Node 24. This is Node v22.1.0/,
  );
});

test("a command's exit code is the child's", async () => {
  expect(await runInTerminal(process.execPath, ["-e", "process.exit(7)"])).toBe(7);
});
