/** History is kept across runs, and nothing that happens to its file reaches a cell. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { History, type HistoryOptions, historyPath } from "../../../kernel/wire/history.ts";

let folder: string;
let path: string;
let warnings: string[];
const opened: History[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "history-"));
  path = join(folder, "deep", "history.sqlite");
  warnings = [];
});

afterEach(() => {
  for (const history of opened.splice(0)) history.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(options: HistoryOptions = {}): History {
  const history = new History({ path, onWarning: (message) => warnings.push(message), ...options });
  opened.push(history);
  return history;
}

function fill(history: History, ...sources: string[]): History {
  sources.forEach((source, index) => {
    history.append({ line: index + 1, source });
  });
  return history;
}

const sources = (rows: ReturnType<History["tail"]>) => rows.map(([, , source]) => source);

describe("questions", () => {
  test("the tail reaches into earlier sessions and ends with this one", () => {
    fill(open(), "a1", "a2").close();
    const history = fill(open(), "b1", "b2");
    expect(history.tail(3)).toEqual([
      [1, 2, "a2"],
      [2, 1, "b1"],
      [2, 2, "b2"],
    ]);
    expect(sources(history.tail(100))).toEqual(["a1", "a2", "b1", "b2"]);
    expect(history.tail(0)).toEqual([]);
    expect(history.tail(Number.NaN)).toEqual([]);
  });

  test("outputs come beside the sources when asked for, null where there was none", () => {
    const first = open();
    first.append({ line: 1, source: "1 + 1", output: "2" });
    first.append({ line: 2, source: "let x" });
    first.close();
    expect(open().tail(2, { output: true })).toEqual([
      [1, 1, ["1 + 1", "2"]],
      [1, 2, ["let x", null]],
    ]);
  });

  test("a range has a start, an end that is left out, and a session: 0 this one, -1 the one before", () => {
    fill(open(), "a1", "a2", "a3").close();
    const history = fill(open(), "b1", "b2", "b3");
    expect(sources(history.range(0, 2, 3))).toEqual(["b2"]);
    expect(sources(history.range(0, 2))).toEqual(["b2", "b3"]);
    expect(sources(history.range(0, -1, null))).toEqual(["b3"]);
    expect(sources(history.range(-1, 1, 3))).toEqual(["a1", "a2"]);
    expect(sources(history.range(1, 3))).toEqual(["a3"]);
    expect(sources(history.range(history.session, 1, 2))).toEqual(["b1"]);
    expect(history.range(77, 1)).toEqual([]);
    expect(history.range(-77, 1)).toEqual([]);
  });

  test("a search takes * and ? and nothing else as special, in this session as in earlier ones", () => {
    const texts = ["plot(x)", "xs[0] = 1", "xs0 = 1", "a\nplot", "100%", "Plot(x)"];
    fill(open(), ...texts).close();
    const twice = fill(open(), ...texts);
    const found = (pattern: string) => sources(twice.search(pattern, { unique: true }));
    for (const [pattern, expected] of [
      ["plot*", ["plot(x)"]],
      ["*plot*", ["plot(x)", "a\nplot"]],
      ["xs[0]*", ["xs[0] = 1"]],
      ["xs?=*", []],
      ["xs? =*", ["xs0 = 1"]],
      ["100%", ["100%"]],
      ["plot", []],
      ["**", texts],
    ] as const) {
      expect(found(pattern), pattern).toEqual(expected);
      expect(sources(twice.search(pattern)), pattern).toEqual([...expected, ...expected]);
    }
  });

  test("unique keeps the latest of equal sources, n the last so many", () => {
    const history = fill(open(), "a", "b", "a", "c");
    expect(history.search("*", { unique: true })).toEqual([
      [1, 2, "b"],
      [1, 3, "a"],
      [1, 4, "c"],
    ]);
    expect(sources(history.search("*", { n: 2 }))).toEqual(["a", "c"]);
  });

  test("an entry for a line that is known replaces it", () => {
    const history = open();
    history.append({ line: 1, source: "1" });
    history.flush();
    history.append({ line: 1, source: "1", output: "1" });
    history.close();
    expect(open().tail(9, { output: true })).toEqual([[1, 1, ["1", "1"]]]);
  });
});

describe("the file", () => {
  test("is not touched before there is something to write", () => {
    open().close();
    expect(existsSync(path)).toBe(false);
  });

  test("is written a moment after a cell, without being asked", async () => {
    const history = open({ flushAfterMs: 5 });
    history.append({ line: 1, source: "kept" });
    expect(existsSync(path)).toBe(false);
    await expect.poll(() => sources(open().tail(1))).toEqual(["kept"]);
  });

  test("two kernels that run at once have their own sessions and see each other's cells", () => {
    const [one, two] = [open(), open()];
    expect(one.session).not.toBe(two.session);
    for (let line = 1; line <= 50; line++) {
      one.append({ line, source: `one ${line}` });
      two.append({ line, source: `two ${line}` });
      one.flush();
      two.flush();
    }
    expect(one.search("two *")).toHaveLength(50);
    expect(two.search("one *")).toHaveLength(50);
    expect(warnings).toEqual([]);
  });

  test("that another kernel holds locked is written later, and nothing is lost", () => {
    const history = open();
    expect(history.session).toBe(1);
    const other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    fill(history, "patient").flush();
    expect(other.prepare("SELECT count(*) AS n FROM history").get()).toEqual({ n: 0 });
    other.exec("COMMIT");
    history.flush();
    expect(other.prepare("SELECT source FROM history").all()).toEqual([{ source: "patient" }]);
    other.close();
    expect(warnings).toEqual([]);
  });

  test("can be left out", () => {
    const history = fill(open({ path: ":memory:" }), "a");
    history.flush();
    expect(sources(history.tail(5))).toEqual(["a"]);
    expect(warnings).toEqual([]);
  });

  test("is named by GRADBOOK_HISTORY, or lies in the user's data folder", () => {
    expect(historyPath({ GRADBOOK_HISTORY: ":memory:", XDG_DATA_HOME: "/data" })).toBe(":memory:");
    expect(historyPath({ GRADBOOK_HISTORY: "", XDG_DATA_HOME: "/data" })).toBe("/data/gradbook/history.sqlite");
    expect(historyPath({})).toMatch(/\.local\/share\/gradbook\/history\.sqlite$/);
  });
});

describe("a file that fails", () => {
  /** What must hold whatever is wrong: no exception, one warning, this session answered in full. */
  function worksInMemory(history: History): void {
    fill(history, "one", "two");
    history.flush();
    history.append({ line: 3, source: "three" });
    history.flush();
    expect(sources(history.tail(3))).toEqual(["one", "two", "three"]);
    expect(sources(history.range(0, 1, 3))).toEqual(["one", "two"]);
    expect(sources(history.search("t*"))).toEqual(["two", "three"]);
    history.close();
    expect(sources(history.tail(1))).toEqual(["three"]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(path);
    expect(warnings[0]).toMatch(/memory only/);
  }

  test("because it is no database is left as it is", () => {
    mkdirSync(join(folder, "deep"));
    writeFileSync(path, "this is not a database, but somebody may want it".repeat(100));
    const before = readFileSync(path, "utf8");
    worksInMemory(open());
    expect(readFileSync(path, "utf8")).toBe(before);
  });

  test("because it is damaged inside", () => {
    const first = open();
    for (let line = 1; line <= 200; line++) first.append({ line, source: `cell ${line} ${"x".repeat(500)}` });
    first.close();
    const bytes = readFileSync(path);
    bytes.fill(0xff, 8192);
    writeFileSync(path, bytes);
    worksInMemory(open());
  });

  test("because a folder stands in its place", () => {
    mkdirSync(path, { recursive: true });
    worksInMemory(open());
  });

  test("because its folder cannot be made", () => {
    writeFileSync(join(folder, "deep"), "a file");
    worksInMemory(open());
  });

  test("because the disk is full before it begins", () => {
    worksInMemory(open({ maxPages: 1 }));
  });

  test("because the disk fills up: earlier cells stay in the file, later ones in memory until there is room", () => {
    const history = open({ maxPages: 8 });
    history.append({ line: 1, source: "before" });
    history.flush();
    const big = "x".repeat(100_000);
    history.append({ line: 2, source: big });
    history.append({ line: 3, source: "after" });
    history.flush();
    history.flush();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/full/);
    expect(sources(history.tail(3))).toEqual(["before", big, "after"]);
    expect(sources(open().tail(9))).toEqual(["before"]);
    history.append({ line: 2, source: "smaller" });
    history.flush();
    expect(sources(open().tail(9))).toEqual(["before", "smaller", "after"]);
  });

  test("to take anything in still answers for earlier sessions", () => {
    fill(open(), "earlier").close();
    // A file that can be read and not written, for root too.
    const closing = new DatabaseSync(path);
    closing.exec("CREATE TRIGGER no_more BEFORE INSERT ON sessions BEGIN SELECT RAISE(ABORT, 'not writable'); END");
    closing.close();
    const second = fill(open(), "now");
    expect(sources(second.tail(5))).toEqual(["earlier", "now"]);
    expect(second.session).toBe(2);
    expect(warnings).toHaveLength(1);
  });
});
