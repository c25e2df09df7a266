/** What was run is remembered, across runs of the kernel. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Kernel, startKernel } from "./client.ts";

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const home = mkdtempSync(join(tmpdir(), "history-"));
let kernel: Kernel;
const cells = [
  "const first = 1",
  "first + 1",
  "'hello ' + 'world'",
  "first + 1",
  "throw new Error('kept in history')",
  "const emoji = '😀'",
];

beforeAll(async () => {
  // An earlier run of the kernel with the same home.
  await using earlier = await startKernel({ home });
  await earlier.run("const fromEarlier = 'earlier run'");
  await earlier.shutdown();
  kernel = await startKernel({ home });
  for (const code of cells) await kernel.execute(code);
  await kernel.run("'not stored'", { storeHistory: false });
  await kernel.run("'silent'", { silent: true });
});

afterAll(async () => {
  await kernel?.[Symbol.asyncDispose]();
  rmSync(home, { recursive: true, force: true });
});

const inputs = async (request: Record<string, unknown>): Promise<unknown[]> =>
  (await kernel.history(request)).map(([, , input]) => input);

describe("tail", () => {
  test("the last cells come in order, silent and unstored ones not", async () => {
    expect(await inputs({ hist_access_type: "tail", n: 3 })).toEqual(cells.slice(-3));
  });

  test("the tail reaches into the earlier run, with another session number", async () => {
    const history = await kernel.history({ hist_access_type: "tail", n: 100 });
    expect(history.map(([, , input]) => input)).toEqual(["const fromEarlier = 'earlier run'", ...cells]);
    const [earlier, now] = [history[0]!, history[1]!];
    expect(now[0]).toBeGreaterThan(earlier[0]);
    expect(earlier[1]).toBe(1);
    expect(history.slice(1).map(([, line]) => line)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("with output each input comes with its result, or null", async () => {
    const pairs = await inputs({ hist_access_type: "tail", n: 5, output: true });
    expect(pairs).toHaveLength(5);
    expect(pairs[0]).toEqual(["first + 1", expect.stringContaining("2")]);
    expect(pairs[1]).toEqual(["'hello ' + 'world'", expect.stringContaining("hello world")]);
    expect(pairs[3]).toEqual(["throw new Error('kept in history')", null]);
  });
});

describe("range", () => {
  test("session 0 is this run; start is included, stop is not", async () => {
    expect(await inputs({ hist_access_type: "range", session: 0, start: 2, stop: 4 })).toEqual(cells.slice(1, 3));
    expect(await inputs({ hist_access_type: "range", session: 0, start: 1, stop: 2 })).toEqual(cells.slice(0, 1));
  });

  test("session -1 is the run before, and a number from an answer names its run", async () => {
    expect(await inputs({ hist_access_type: "range", session: -1, start: 1, stop: 5 })).toEqual([
      "const fromEarlier = 'earlier run'",
    ]);
    const [first] = await kernel.history({ hist_access_type: "tail", n: 100 });
    expect(await inputs({ hist_access_type: "range", session: first![0], start: 1, stop: 5 })).toEqual([
      "const fromEarlier = 'earlier run'",
    ]);
  });

  test("a range outside of what there is is empty", async () => {
    expect(await inputs({ hist_access_type: "range", session: 0, start: 500, stop: 600 })).toEqual([]);
    expect(await inputs({ hist_access_type: "range", session: 99_999, start: 1, stop: 2 })).toEqual([]);
  });
});

describe("search", () => {
  test("globs find cells: * anything, ? one character", async () => {
    expect(await inputs({ hist_access_type: "search", pattern: "first*", n: 10 })).toEqual(["first + 1", "first + 1"]);
    expect(await inputs({ hist_access_type: "search", pattern: "*wor?d*", n: 10 })).toEqual(["'hello ' + 'world'"]);
    expect(await inputs({ hist_access_type: "search", pattern: "*earlier run*", n: 10 })).toEqual([
      "const fromEarlier = 'earlier run'",
    ]);
  });

  test("a pattern without a glob matches only the whole cell", async () => {
    expect(await inputs({ hist_access_type: "search", pattern: "first", n: 10 })).toEqual([]);
  });

  test("characters that mean something elsewhere are only characters", async () => {
    expect(await inputs({ hist_access_type: "search", pattern: "first + 1", n: 10 })).toEqual([
      "first + 1",
      "first + 1",
    ]);
    expect(await inputs({ hist_access_type: "search", pattern: "*%*", n: 10 })).toEqual([]);
    expect(await inputs({ hist_access_type: "search", pattern: "*😀*", n: 10 })).toEqual(["const emoji = '😀'"]);
  });

  test("unique gives each input once, n the last so many", async () => {
    expect(await inputs({ hist_access_type: "search", pattern: "first*", unique: true, n: 10 })).toEqual(["first + 1"]);
    expect(await inputs({ hist_access_type: "search", pattern: "*", n: 2 })).toEqual(cells.slice(-2));
  });
});

test("two kernels on one history do not lose each other's cells", async () => {
  await using other = await startKernel({ home });
  await Promise.all([
    ...Array.from({ length: 10 }, (_, i) => kernel.run(`'mine ${i}'`)),
    ...Array.from({ length: 10 }, (_, i) => other.run(`'theirs ${i}'`)),
  ]);
  expect(await inputs({ hist_access_type: "search", pattern: "'mine*", n: 100 })).toHaveLength(10);
  // Another kernel's cells can be seen once it has written them, which it does in batches.
  await expect
    .poll(() => inputs({ hist_access_type: "search", pattern: "'theirs*", n: 100 }), { timeout: 10_000 })
    .toHaveLength(10);
});

test("a history that cannot be written leaves the kernel working and its own run remembered", async () => {
  // A file where the history's folder would have to be.
  await using own = await startKernel({ home: "/dev/null" });
  expect(await own.value("20 + 1")).toBe("21");
  const history = await own.history({ hist_access_type: "tail", n: 5 });
  expect(history.map(([, , input]) => input)).toEqual(["20 + 1"]);
});

test("a file that is no database is not overwritten, and this run is remembered all the same", async () => {
  const file = join(home, "notes.sqlite");
  const notes = "these are somebody's notes and no database. ".repeat(200);
  writeFileSync(file, notes);
  await using own = await startKernel({ env: { GRADBOOK_HISTORY: file } });
  expect(await own.value("1 + 1")).toBe("2");
  expect((await own.history({ hist_access_type: "tail", n: 5 })).map(([, , input]) => input)).toEqual(["1 + 1"]);
  await own.shutdown();
  expect(
    readdirSync(home).some((name) => name.startsWith("notes") && readFileSync(join(home, name), "utf8") === notes),
  ).toBe(true);
});
