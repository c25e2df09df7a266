/** An error tells what was wrong and where in the TypeScript that the user wrote. */
import { describe, expect, test } from "vitest";
import { sharedKernel, writeFiles } from "./suite.ts";

const kernel = sharedKernel();
const fail = async (code: string) => {
  const run = await kernel().execute(code);
  expect(run.reply.status).toBe("error");
  expect(run.reply.ename).toBe(run.error?.ename);
  return { ...run.error!, run };
};

/** The first place that the traceback names, as line:column (both from 1): where the error was thrown. */
const placeIn = (traceback: string): string => {
  const [, line, column] = /(?::|line )(\d+)(?::|, column )(\d+)/.exec(traceback) ?? [];
  return `${line}:${column}`;
};

describe("what and where", () => {
  test("ename, evalue and the thrown line with its place are shown", async () => {
    const { ename, evalue, traceback, run } = await fail("const a = 1;\n\n  throw new RangeError('too far');");
    expect(ename).toBe("RangeError");
    expect(evalue).toBe("too far");
    expect(traceback).toContain("RangeError: too far");
    expect(traceback).toContain("throw new RangeError('too far');");
    expect(traceback).toMatch(/3:\d+/);
    expect(run.reply.traceback).toEqual(run.outputs.find((output) => output.type === "error")?.traceback);
  });

  test("line and column are those of the TypeScript, after stripped types too", async () => {
    const { traceback } = await fail(
      "interface Big {\n  a: number\n  b: string\n}\ntype T = Big | undefined;\nconst x: T = undefined; const long: Array<Map<string, number>> = []; (null as unknown as Big).a",
    );
    expect(placeIn(traceback)).toMatch(/^6:/);
    const column = Number(placeIn(traceback).split(":")[1]);
    const line = "const x: T = undefined; const long: Array<Map<string, number>> = []; (null as unknown as Big).a";
    expect(column).toBeGreaterThanOrEqual(line.indexOf("(null") + 1);
    expect(column).toBeLessThanOrEqual(line.length + 1);
  });

  test("line and column are right after an await and after declarations that were rewritten", async () => {
    const { traceback } = await fail(
      "const one = await Promise.resolve(1), two = 2;\nclass C {}\nlet z;\nawait null;\n    throw new Error('deep');",
    );
    expect(placeIn(traceback)).toBe("5:11");
    expect(traceback).toContain("throw new Error('deep');");
  });

  test("line and column are right on the first line of a synchronous and of an asynchronous cell", async () => {
    expect(placeIn((await fail("throw new Error('first')")).traceback)).toBe("1:7");
    expect(placeIn((await fail("const k = 1; throw new Error('first')")).traceback)).toBe("1:20");
    expect(placeIn((await fail("await null; throw new Error('first')")).traceback)).toBe("1:19");
  });

  test("line and column are right in cells that need the second compiler", async () => {
    const { traceback } = await fail(
      "function dec(m: Function, c: ClassMethodDecoratorContext) {}\nclass D {\n  @dec\n  go(): void {\n    throw new Error('decorated');\n  }\n}\nnew D().go()",
    );
    expect(placeIn(traceback)).toBe("5:11");
  });

  test("an error in a function of another cell names that cell and its line", async () => {
    const definition = await kernel().run(
      "// one\n// two\nfunction thrower(): never {\n  throw new Error('in another cell');\n}",
    );
    const { traceback, run } = await fail("\n\n\n\n\nthrower()");
    expect(traceback).toContain("throw new Error('in another cell');");
    expect(traceback).toMatch(/4:9/);
    expect(traceback).toMatch(/6:1/);
    expect(traceback).toContain(String(definition.reply.execution_count));
    expect(traceback).toContain(String(run.reply.execution_count));
    expect(traceback.indexOf("4:9")).toBeLessThan(traceback.indexOf("6:1"));
    expect(traceback).toContain("thrower");
  });

  test("the cell is named by its execution count", async () => {
    const { traceback, run } = await fail("throw new Error('numbered')");
    expect(traceback).toMatch(new RegExp(`[Cc]ell\\D{0,3}${run.reply.execution_count}\\b`));
  });

  test("an error after a timer in an awaited function keeps its place", async () => {
    const { traceback } = await fail(
      "async function slow() {\n  await new Promise(r => setTimeout(r, 10));\n  throw new Error('slowly');\n}\nawait slow()",
    );
    expect(placeIn(traceback)).toBe("3:9");
  });

  test("frames of the kernel and of Node's inside are hidden", async () => {
    for (const code of [
      "throw new Error('x')",
      "await null; throw new Error('x')",
      "[1].map(() => { throw new Error('x') })",
    ]) {
      const { traceback } = await fail(code);
      expect(traceback).not.toMatch(/node:internal|node:vm|node:inspector|dist\/kernel|kernel\/cells|main\.js/);
    }
  });

  test("the name of an own error class is its ename", async () => {
    const { ename, evalue } = await fail(
      "class TokenError extends Error { override name = 'TokenError' }\nthrow new TokenError('bad token')",
    );
    expect(ename).toBe("TokenError");
    expect(evalue).toBe("bad token");
  });

  test("fields of an error such as code are shown", async () => {
    const { traceback } = await fail("require('node:fs').readFileSync('/no/such/file')");
    expect(traceback).toContain("ENOENT");
    expect(traceback).toContain("/no/such/file");
  });

  test("a very deep recursion is a RangeError with a short traceback, and the kernel lives", async () => {
    const { ename, traceback } = await fail("const deep = (): number => 1 + deep(); deep()");
    expect(ename).toBe("RangeError");
    expect(traceback.length).toBeLessThan(20_000);
    expect(await kernel().value("1 + 1")).toBe("2");
  });

  test("an error with a message of a million characters is cut in the traceback, not in the way", async () => {
    const run = await kernel().execute("throw new Error('m'.repeat(1_000_000))");
    expect(run.error?.ename).toBe("Error");
    expect(run.error!.traceback.length).toBeLessThan(3_000_000);
  });
});

describe("causes", () => {
  test("the causes of an error are shown with their places", async () => {
    const { traceback } = await fail(
      "function low() {\n  throw new TypeError('the root')\n}\ntry {\n  low()\n} catch (cause) {\n  throw new Error('the surface', { cause })\n}",
    );
    expect(traceback).toContain("the surface");
    expect(traceback).toContain("TypeError: the root");
    expect(traceback).toMatch(/2:9/);
    expect(traceback).toMatch(/7:9/);
  });

  test("the errors of an AggregateError are shown", async () => {
    const { ename, traceback } = await fail(
      "await Promise.any([Promise.reject(new Error('left')), Promise.reject(new RangeError('right'))])",
    );
    expect(ename).toBe("AggregateError");
    expect(traceback).toContain("left");
    expect(traceback).toContain("RangeError: right");
  });

  test("a cause that is the error itself does not loop", async () => {
    const { evalue } = await fail("const loop: any = new Error('circular'); loop.cause = loop; throw loop");
    expect(evalue).toBe("circular");
  });

  test("a SuppressedError of two failing disposals shows both", async () => {
    const { traceback } = await fail(
      "{ using a = { [Symbol.dispose]() { throw new Error('from dispose') } }; throw new Error('from body') }",
    );
    expect(traceback).toContain("from dispose");
    expect(traceback).toContain("from body");
  });
});

describe("syntax errors", () => {
  test("a syntax error points at its line and column and shows the line", async () => {
    const { ename, traceback } = await fail("const fine = 1;\nconst x: number = ;\n");
    expect(ename).toBe("SyntaxError");
    expect(placeIn(traceback)).toMatch(/^2:19$/);
    expect(traceback).toContain("const x: number = ;");
    expect(traceback).toContain("^");
  });

  test("a syntax error after text outside the ASCII range points at the right column", async () => {
    const { traceback } = await fail("const s = '😀é'; let 1x = 2");
    const column = Number(placeIn(traceback).split(":")[1]);
    expect(column).toBeGreaterThanOrEqual(20);
    expect(column).toBeLessThanOrEqual(23);
  });

  test("a cell with a syntax error runs nothing", async () => {
    const { run } = await fail("console.log('should not run');\nconst broken = {");
    expect(run.text).toBe("");
    expect((await kernel().run("console.log(typeof broken)")).text).toBe("undefined\n");
  });

  test("an unclosed string, a stray brace and a bad regular expression are syntax errors", async () => {
    for (const code of ["const s = 'abc", "}", "const r = /(/", "await = 1", "const x = 1 2"]) {
      expect((await fail(code)).ename, code).toBe("SyntaxError");
    }
  });

  test("a syntax error that only JSON.parse meets is an ordinary error of the cell", async () => {
    const { ename, traceback } = await fail("\nJSON.parse('{oops')");
    expect(ename).toBe("SyntaxError");
    expect(traceback).toMatch(/2:6/);
  });
});

describe("anything can be thrown", () => {
  test.each([
    ["null", "throw null", "null"],
    ["undefined", "throw undefined", "undefined"],
    ["a string", "throw 'only text'", "only text"],
    ["a number", "throw 42", "42"],
    ["an object", "throw { code: 'E_OBJECT' }", "E_OBJECT"],
    ["a symbol", "throw Symbol('sym')", "sym"],
    ["a bigint", "throw 10n", "10"],
    ["a function", "throw function thrownFunction() {}", "thrownFunction"],
    [
      "an error with an unreadable message",
      "throw Object.defineProperty(new Error('hidden'), 'message', { get() { throw 1 } })",
      "",
    ],
    [
      "an error whose stack is a number",
      "throw Object.assign(new Error('numbered stack'), { stack: 5 })",
      "numbered stack",
    ],
    [
      "an object that claims to be an error",
      "throw { name: 'Claimed', message: 'claimed message' }",
      "claimed message",
    ],
    ["a proxy", "throw new Proxy(new Error('inside'), { get() { throw new Error('trap') } })", ""],
    ["a revoked proxy", "const r = Proxy.revocable({}, {}); r.revoke(); throw r.proxy", ""],
    ["an object without a prototype", "throw Object.create(null)", ""],
    [
      "a value that throws when shown",
      "throw { [Symbol.for('nodejs.util.inspect.custom')]() { throw 1 }, toString() { throw 2 } }",
      "",
    ],
  ])("%s", async (_, code, contained) => {
    for (const form of [code, `await null; ${code}`]) {
      const { ename, evalue, traceback } = await fail(form);
      expect(ename.length).toBeGreaterThan(0);
      expect(`${evalue}\n${traceback}`).toContain(contained);
    }
    expect(await kernel().value("1 + 1")).toBe("2");
  });

  test("a rejected promise that is the last expression is the cell's error", async () => {
    const { evalue } = await fail("await Promise.reject(new Error('rejected'))");
    expect(evalue).toBe("rejected");
  });
});

describe("what nobody catches", () => {
  test("an uncaught exception in a timer is reported on the cell and the kernel lives", async () => {
    const run = await kernel().execute(
      "setTimeout(() => { throw new Error('from a timer') }, 10); await new Promise(r => setTimeout(r, 80)); console.log('went on')",
    );
    const all = run.errorText + (run.error?.traceback ?? "") + (run.error?.evalue ?? "");
    expect(all).toContain("from a timer");
    expect(await kernel().value("1 + 1")).toBe("2");
  });

  test("an uncaught exception after idle is reported on the cell that caused it", async () => {
    const cell = await kernel().run("setTimeout(() => { throw new Error('much later') }, 100);");
    await kernel().run("await new Promise(r => setTimeout(r, 300))");
    const report = await kernel().waitFor(
      (message) =>
        message.channel === "iopub" &&
        JSON.stringify(message.content).includes("much later") &&
        message.type !== "execute_input",
      "the report of the exception",
    );
    expect(report.parent.msg_id).toBe(cell.id);
  });

  test("an unhandled rejection is reported on the cell with its place", async () => {
    const cell = await kernel().execute(
      "\nvoid Promise.reject(new Error('nobody awaits me'));\nawait new Promise(r => setTimeout(r, 80));",
    );
    const all = cell.errorText + (cell.error?.traceback ?? "");
    expect(all).toContain("nobody awaits me");
    expect(all).toMatch(/2:\d+/);
    expect(await kernel().value("2 + 2")).toBe("4");
  });

  test("process.exit in a cell is reported and does not end the kernel", async () => {
    const run = await kernel().execute("const beforeExit = 5; process.exit(3); console.log('after')");
    const all = run.errorText + (run.error?.traceback ?? "") + (run.error?.evalue ?? "");
    expect(all).toContain("exit");
    expect(await kernel().value("beforeExit")).toBe("5");
    expect(kernel().ended).toBe(false);
  });

  test("process.exit in a timer does not end the kernel", async () => {
    await kernel().execute("setTimeout(() => process.exit(0), 5); await new Promise(r => setTimeout(r, 60))");
    expect(await kernel().value("3 + 3")).toBe("6");
  });

  test("an error event without a listener does not end the kernel", async () => {
    const run = await kernel().execute("new (require('node:events'))().emit('error', new Error('no listener'))");
    expect(run.error?.evalue).toContain("no listener");
    await kernel().execute("require('node:net').connect(1, '127.0.0.1'); await new Promise(r => setTimeout(r, 100))");
    expect(await kernel().value("4 + 4")).toBe("8");
  });
});

describe("in modules", () => {
  test("an error in a local module names the file and the line of its TypeScript", async () => {
    writeFiles(kernel().cwd, {
      "faulty.ts":
        "interface A {\n  b: number\n}\nexport function faulty(a?: A): number {\n  throw new Error('in a module')\n}\n",
    });
    const { traceback } = await fail('import { faulty } from "./faulty.ts";\nfaulty()');
    expect(traceback).toMatch(/faulty\.ts:5:9/);
    expect(traceback).toMatch(/2:1/);
  });

  test("a syntax error in a local module names the file and the line", async () => {
    writeFiles(kernel().cwd, { "unparsable.ts": "export const a = 1;\nexport const b: = 2;\n" });
    const { ename, traceback, evalue } = await fail('import { a } from "./unparsable.ts"');
    expect(ename).toBe("SyntaxError");
    expect(evalue + traceback).toMatch(/unparsable\.ts/);
    expect(evalue + traceback).toMatch(/\b2:\d+/);
  });
});

test.each([
  ["let a = 1\nundefinedFn(a)", "2:1"],
  ["await 0\nlet b = 1\nundefinedFn(b)", "3:1"],
  ["enum E { A }\n\nundefinedFn(E)", "3:1"],
  ["class C {}\n  undefinedFn(C)", "2:3"],
])("an error in the last expression of %j is at its own place", async (code, place) => {
  const run = await kernel().execute(code);
  expect(run.error!.traceback).toContain(`]:${place}`);
});
