/** Completion, inspection and "is this cell complete?" over the sockets. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: cells are strings here
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { repository } from "./client.ts";
import { sharedKernel } from "./suite.ts";

const kernel = sharedKernel();

beforeAll(async () => {
  await kernel().run(`
    const customer = { firstName: "Ada", address: { city: "London" }, get computed() { console.log("getter ran"); return 1 } };
    class Account { balance = 1; deposit(amount: number): void {} static open() {} }
    const account = new Account();
    /** Adds two numbers. */
    function addNumbers(left: number, right = 2) { return left + right }
    const listOfThings = ["a", "b"];`);
});

/** The text that stays after choosing `match`: what a front end makes of the reply, in code points. */
async function completed(code: string, match: string, cursor?: number): Promise<string> {
  const reply = await kernel().complete(code, cursor);
  expect(reply.matches).toContain(match);
  const points = [...code];
  return [...points.slice(0, reply.cursor_start), match, ...points.slice(reply.cursor_end)].join("");
}

describe("completion", () => {
  test("names of the notebook and of the language are completed", async () => {
    expect(await completed("custo", "customer")).toBe("customer");
    expect(await completed("Arra", "Array")).toBe("Array");
    expect(await completed("const x = addNum", "addNumbers")).toBe("const x = addNumbers");
  });

  test("members of live values are completed, nested ones and methods of classes too", async () => {
    expect(await completed("customer.fi", "firstName")).toBe("customer.firstName");
    expect(await completed("customer.address.", "city")).toBe("customer.address.city");
    expect(await completed("account.de", "deposit")).toBe("account.deposit");
    expect(await completed("listOfThings.fil", "filter")).toBe("listOfThings.filter");
  });

  test("completion calls no getter", async () => {
    const before = kernel().messages.filter((message) => message.content.text?.includes("getter ran")).length;
    await kernel().complete("customer.");
    await kernel().complete("customer.computed.");
    await kernel().run("1");
    expect(kernel().messages.filter((message) => message.content.text?.includes("getter ran"))).toHaveLength(before);
  });

  test("positions count code points: emoji before the cursor do not shift them", async () => {
    expect(await completed("const s = '😀😀'; customer.fi", "firstName")).toBe("const s = '😀😀'; customer.firstName");
    const code = "'😀'; custo; 'é😀'";
    expect(await completed(code, "customer", [..."'😀'; custo"].length)).toBe("'😀'; customer; 'é😀'");
  });

  test("the middle of a line is completed up to the cursor", async () => {
    const reply = await kernel().complete("customer.fi + 1", "customer.fi".length);
    expect(reply.matches).toContain("firstName");
    expect(reply.cursor_start).toBe("customer.".length);
  });

  test("JupyterLab gets types for its icons", async () => {
    const reply = await kernel().complete("account.");
    const types = reply.metadata?.["_jupyter_types_experimental"] as {
      text: string;
      type: string;
      start: number;
      end: number;
    }[];
    const deposit = types.find((each) => each.text === "deposit");
    expect(deposit?.type).toMatch(/function|method/);
    expect(types.find((each) => each.text === "balance")?.type).toBeTruthy();
    expect(deposit).toMatchObject({ start: reply.cursor_start, end: reply.cursor_end });
  });

  test("a name made by the cell before the cursor's statement is offered no error", async () => {
    for (const code of [
      "",
      ".",
      "customer.address.city.",
      "nothing.here.",
      "'string'.",
      "((((",
      "import { ex } from 'node:fs'",
      "`${custo",
      "\u0000",
    ]) {
      const reply = await kernel().complete(code);
      expect(reply.status, JSON.stringify(code)).toBe("ok");
      expect(reply.matches).toBeInstanceOf(Array);
    }
  });

  test("completion inside a string or a comment offers no names", async () => {
    expect((await kernel().complete("// custo")).matches).not.toContain("customer");
  });

  test("preloaded names are completed without being loaded", async () => {
    const manifest = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
      gradbook: { preload: string[] };
    };
    for (const name of [...manifest.gradbook.preload, "display", "clearOutput", "prompt", "kernel"]) {
      expect((await kernel().complete(name.slice(0, -1))).matches, name).toContain(name);
    }
    const run = await kernel().run(
      "console.log(Object.keys(require.cache).filter(name => name.includes('@tensorflow')).length)",
    );
    expect(run.text).toBe("0\n");
  });
});

describe("inspection", () => {
  const text = (reply: { data?: Record<string, unknown> }): string => Object.values(reply.data ?? {}).join("\n");

  test("a function is shown with its signature, and its documentation where known", async () => {
    const reply = await kernel().inspect("addNumbers(1)", 5);
    expect(reply.found).toBe(true);
    expect(text(reply)).toContain("addNumbers");
    expect(text(reply)).toContain("left");
    expect(reply.data).toHaveProperty("text/plain");
  });

  test("a value is shown with its type and content", async () => {
    expect(text(await kernel().inspect("customer.firstName"))).toMatch(/string|Ada/);
    expect(text(await kernel().inspect("listOfThings", 3))).toMatch(/Array|string\[\]/);
    expect(text(await kernel().inspect("account"))).toContain("Account");
  });

  test("the cursor may stand at the start, the middle, the end or behind the parenthesis", async () => {
    for (const cursor of [0, 4, 10])
      expect((await kernel().inspect("addNumbers", cursor)).found, String(cursor)).toBe(true);
    expect((await kernel().inspect("addNumbers(", 11)).found).toBe(true);
  });

  test("emoji before the cursor do not shift it", async () => {
    const code = "'😀😀😀'; customer.address";
    expect(text(await kernel().inspect(code, [...code].length - 2))).toMatch(/city|address/);
  });

  test("nothing is found for unknown names, keywords and blanks", async () => {
    for (const code of ["noSuchThing", "", "   ", "+ +"]) {
      const reply = await kernel().inspect(code, 1);
      expect(reply, code).toMatchObject({ status: "ok", found: false, data: {} });
    }
  });

  test("inspection calls no getter", async () => {
    await kernel().inspect("customer.computed");
    await kernel().run("1");
    expect(kernel().messages.some((message) => message.content.text?.includes("getter ran"))).toBe(false);
  });
});

describe("is_complete", () => {
  test.each([
    "1 + 1",
    "const a = 1",
    "function f() { return 1 }",
    "`template ${1}`",
    "/regular[/]expression/",
    "// only a comment",
    "/* a comment */ 1",
    "",
    "await Promise.resolve(1)",
    "for await (const x of []) {}",
    "import x from 'y'",
    "type A = { b: string }",
    "<div/>",
    "@d class A {}",
    "const s = 'it\\'s'",
    "!ls",
    "%%html\n<b>1</b>",
  ])("%j is complete", async (code) => {
    expect((await kernel().isComplete(code)).status).toBe("complete");
  });

  test.each([
    "function f() {",
    "const a =",
    "1 +",
    "foo(",
    "[1, 2",
    "`template ${",
    "`template\nover lines",
    "/* a comment",
    "if (true) {\n  1",
    "class A {",
    "const f = () =>",
    "x.",
    "({ a: ",
    "for (const x of [1]) {",
  ])("%j is incomplete, and says how to indent", async (code) => {
    const reply = await kernel().isComplete(code);
    expect(reply.status).toBe("incomplete");
    expect(reply.indent).toMatch(/^[ \t]*$/);
  });

  test("the indent grows with the open blocks", async () => {
    const one = (await kernel().isComplete("if (a) {")).indent!;
    const two = (await kernel().isComplete("if (a) {\n  if (b) {")).indent!;
    expect(one.length).toBeGreaterThan(0);
    expect(two.length).toBeGreaterThan(one.length);
  });

  test.each(["const 1 = 2", "}", "a b", "let let = 1", "const s = 'unclosed\nnext'", "foo())", "/(/"])(
    "%j is invalid",
    async (code) => {
      expect((await kernel().isComplete(code)).status).toBe("invalid");
    },
  );
});
