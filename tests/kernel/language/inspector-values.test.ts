/** What the I/O thread learns of a main thread that is busy, and what it does when there is no answer. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { type InspectorSession, InspectorValues } from "../../../kernel/language/index.ts";

describe("a program with a busy main thread", () => {
  let report: Record<string, unknown> & Record<"wait" | "native", { members: string[] }>;

  beforeAll(async () => {
    const program = fileURLToPath(new URL("./busy-program.ts", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [program]);
    report = JSON.parse(stdout.trim().split("\n").at(-1)!);
  }, 60_000);

  test("answers from inside a synchronous loop, and the loop goes on untouched", () => {
    expect(report["loop"]).toMatchObject({
      members: true,
      isRunning: "undefined",
      value: expect.stringContaining('name: "Ada"'),
    });
    // A microtask that ran in the middle of the loop would have broken the program's own order.
    expect(report["afterLoop"]).toBe("undefinedtrue");
  });

  test("is not held up by an endless getter: the question is given up, the loop and later questions are not", () => {
    expect(report["loop"]).toMatchObject({ endless: "given up", afterEndless: "Ada" });
  });

  test("answers from inside Atomics.wait", () => {
    expect(report.wait).toMatchObject({ again: ["[object Object]", "[object Object]", ""] });
    expect(report.wait.members).toContain("name");
  });

  test("that is in a native call is not waited for: last known names answer, and it is asked again afterwards", () => {
    expect(report.native).toMatchObject({
      whileBusy: true,
      names: ["customer"],
      literal: true,
      again: ["undefined", "undefined", ""],
    });
    expect(report.native.members).toContain("name");
    expect(report["after native"]).toBe("Ada");
  });

  test("tells its globals, lexical ones too", () => {
    expect(report["globals"]).toEqual(["lexical", "customer"]);
  });

  test("is never asked to keep console messages", () => {
    expect(report["methods"]).not.toContain("Runtime.enable");
    expect(report["methods"]).toContain("Runtime.releaseObjectGroup");
  });
});

describe("a session", () => {
  test("that never answers is asked one question at a time, until it does", async () => {
    const pending: (() => void)[] = [];
    const session: InspectorSession = {
      post: (_method, _parameters, callback) =>
        pending.push(() => callback(null, { result: { type: "number", value: 1 } })),
    };
    const values = new InspectorValues(session, { timeoutMs: 5 });
    expect(await values.evaluate("1")).toBeUndefined();
    expect(await values.evaluate("2")).toBeUndefined();
    expect(pending).toHaveLength(1);
    pending[0]!();
    const third = values.evaluate("3");
    expect(pending).toHaveLength(2);
    pending[1]!();
    expect(await third).toEqual({ type: "number", value: 1 });
  });

  test("that is closed gives no answers and no exceptions", async () => {
    const session: InspectorSession = {
      post() {
        throw new Error("not connected");
      },
    };
    const values = new InspectorValues(session);
    const release = values.hold();
    expect(await values.evaluate("1")).toBeUndefined();
    expect(await values.properties("1")).toEqual([]);
    await values.refreshGlobals();
    expect(values.knownGlobals()).toContain("Array");
    release();
  });

  test("keeps objects until the last of several holders lets go", () => {
    const methods: string[] = [];
    const values = new InspectorValues({ post: (method) => void methods.push(method) });
    const [one, two] = [values.hold(), values.hold()];
    one();
    one();
    expect(methods).toEqual([]);
    two();
    expect(methods).toEqual(["Runtime.releaseObjectGroup"]);
  });
});
