/** Values become MIME bundles, displays can be changed in place, and nothing that is shown can hang or flood the notebook. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: cells are strings here
import { describe, expect, test } from "vitest";
import { sharedKernel } from "./suite.ts";

const kernel = sharedKernel();
const show = async (code: string): Promise<Record<string, unknown>> => {
  const { result } = await kernel().run(code);
  if (!result) throw new Error(`no result of ${code}`);
  return result;
};
const html = async (code: string): Promise<string> => String((await show(code))["text/html"] ?? "");
const plain = async (code: string): Promise<string> => kernel().value(code);

describe("Jupyter.display", () => {
  test("an object's own, inherited and asynchronous Jupyter.display give its bundle", async () => {
    await kernel().run(`
      class Money { [Symbol.for("Jupyter.display")]() { return { "text/html": "<b>1</b>", "text/plain": "1 euro" } } }
      class Coin extends Money {}
      class Slow { async [Symbol.for("Jupyter.display")]() { await new Promise(r => setTimeout(r, 20)); return { "text/html": "<i>slow</i>", "text/plain": "slow" } } }`);
    expect(await show("new Money()")).toEqual({ "text/html": "<b>1</b>", "text/plain": "1 euro" });
    expect(await show("new Coin()")).toEqual({ "text/html": "<b>1</b>", "text/plain": "1 euro" });
    expect(await show("new Slow()")).toEqual({ "text/html": "<i>slow</i>", "text/plain": "slow" });
    expect(
      await show("({ [Symbol.for('Jupyter.display')]: () => ({ 'application/json': { a: [1] } }) })"),
    ).toMatchObject({ "application/json": { a: [1] } });
  });

  test("display() shows such an object as display_data, before what comes after it", async () => {
    const run = await kernel().run("display(new Money()); display(new Slow()); console.log('after'); await null;");
    expect(run.displays).toContainEqual({ "text/html": "<b>1</b>", "text/plain": "1 euro" });
    expect(run.displays).toContainEqual({ "text/html": "<i>slow</i>", "text/plain": "slow" });
    expect(run.idleAfterAll).toBe(true);
  });

  test("a Jupyter.display that throws, rejects or returns no object leaves the value shown as text and the cell ok", async () => {
    for (const body of [
      "throw new Error('no bundle')",
      "return Promise.reject(new Error('no bundle'))",
      "return 5",
      "return undefined",
    ]) {
      const run = await kernel().execute(`({ field: 'visible', [Symbol.for("Jupyter.display")]() { ${body} } })`);
      expect(run.reply.status, body).toBe("ok");
      expect(run.value, body).toContain("visible");
    }
  });

  test("a function that carries Jupyter.display is shown by it", async () => {
    expect(
      await show("Object.assign(() => 1, { [Symbol.for('Jupyter.display')]: () => ({ 'text/plain': 'a figure' }) })"),
    ).toEqual({ "text/plain": "a figure" });
  });
});

describe("display and its handles", () => {
  test("display shows any value as display_data", async () => {
    const run = await kernel().run(
      "display('text'); display(5); display({ a: 1 }); display(null); display(undefined);",
    );
    expect(run.displays).toHaveLength(5);
    for (const data of run.displays) expect(typeof data["text/plain"]).toBe("string");
    expect(run.result).toBeUndefined();
  });

  test("a handle updates its display in place, from a later cell too", async () => {
    const run = await kernel().run("const handle = display('first', { id: true }); handle.update('second');");
    const [first, second] = run.outputs;
    expect(first?.type).toBe("display");
    expect(second?.type).toBe("update");
    if (first?.type !== "display" || second?.type !== "update") return;
    expect(first.id).toEqual(expect.any(String));
    expect(second.id).toBe(first.id);
    expect(JSON.stringify(second.data)).toContain("second");
    const later = await kernel().run("handle.update({ third: 3 });");
    const update = later.outputs.find((output) => output.type === "update");
    expect(update?.type === "update" && update.id).toBe(first.id);
    expect(JSON.stringify(later.outputs)).toContain("third");
  });

  test("an id of one's own is used, and two displays get different ids", async () => {
    const run = await kernel().run("display(1, { id: 'my-id' }); display(2, { id: true }); display(3, { id: true });");
    const ids = run.outputs.map((output) => output.type === "display" && output.id);
    expect(ids[0]).toBe("my-id");
    expect(new Set(ids).size).toBe(3);
  });

  test("the last updates of a loop all arrive, in order", async () => {
    const run = await kernel().run(
      "const counter = display(0, { id: true }); for (let i = 1; i <= 200; i++) counter.update(i);",
    );
    const updates = run.outputs
      .filter((output) => output.type === "update")
      .map((output) => Number(output.data["text/plain"]));
    expect(updates.at(-1)).toBe(200);
    expect(updates).toEqual([...updates].sort((a, b) => a - b));
  });

  test("clearOutput sends clear_output, waiting when told so", async () => {
    const run = await kernel().run(
      "console.log('a'); clearOutput(); console.log('b'); clearOutput({ wait: true }); console.log('c')",
    );
    expect(run.outputs).toEqual([
      { type: "stream", name: "stdout", text: "a\n" },
      { type: "clear", wait: false },
      { type: "stream", name: "stdout", text: "b\n" },
      { type: "clear", wait: true },
      { type: "stream", name: "stdout", text: "c\n" },
    ]);
  });

  test.each([
    ["html", "display.html`<b>${1 + 1}</b>`", "text/html", "<b>2</b>"],
    ["markdown", "display.markdown`# Title ${1}`", "text/markdown", "# Title 1"],
    ["latex", "display.latex`$x^${2}$`", "text/latex", "$x^2$"],
    ["json", "display.json({ a: [1, 2] })", "application/json", { a: [1, 2] }],
    [
      "svg",
      "display.svg`<svg xmlns='http://www.w3.org/2000/svg'></svg>`",
      "image/svg+xml",
      expect.stringContaining("<svg"),
    ],
  ])("display.%s shows its kind", async (_, code, mime, expected) => {
    const run = await kernel().run(`${code};`);
    const shown = run.displays.find((data) => mime in data) ?? run.result;
    expect(shown?.[mime]).toEqual(expected);
  });

  test("the kinds work as functions on plain strings too", async () => {
    const run = await kernel().run(
      "display.html('<i>a</i>'); display.markdown('*b*'); display.latex('c'); display.svg('<svg></svg>');",
    );
    expect(run.displays.map((data) => Object.keys(data).find((mime) => mime !== "text/plain"))).toEqual([
      "text/html",
      "text/markdown",
      "text/latex",
      "image/svg+xml",
    ]);
  });

  test("display.image shows PNG bytes as base64", async () => {
    const run = await kernel().run(
      "display.image(new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3]));",
    );
    expect(run.displays[0]?.["image/png"]).toBe(
      Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3]).toString("base64"),
    );
  });
});

describe("progress", () => {
  test("display.progress goes through an iterable and updates one bar in place", async () => {
    const run = await kernel().run(`
      let seen = 0;
      for (const x of display.progress([1, 2, 3, 4], { label: "Cleaning" })) { seen += x; await new Promise(r => setTimeout(r, 120)) }
      console.log(seen)`);
    expect(run.text).toContain("10\n");
    const ids = run.outputs.flatMap((output) =>
      output.type === "display" || output.type === "update" ? [output.id] : [],
    );
    expect(new Set(ids).size).toBe(1);
    expect(run.displays).toHaveLength(1);
    const last = run.outputs.filter((output) => output.type === "update").at(-1);
    expect(JSON.stringify(last)).toContain("Cleaning");
    expect(JSON.stringify(last)).toContain("4");
    expect(run.idleAfterAll).toBe(true);
  });

  test("display.progress goes through an asynchronous iterable", async () => {
    const run = await kernel().run(`
      async function* source() { yield "a"; await new Promise(r => setTimeout(r, 10)); yield "b" }
      const got: string[] = []; for await (const x of display.progress(source(), { label: "Reading", total: 2 })) got.push(x); console.log(got.join())`);
    expect(run.text).toContain("a,b\n");
  });

  test("a hundred thousand steps do not make a hundred thousand messages", async () => {
    const run = await kernel().run(
      "let n = 0; for (const i of display.progress(Array(100_000).keys(), { total: 100_000 })) n += i; console.log(n)",
    );
    expect(run.text).toContain("4999950000\n");
    expect(run.messages.length).toBeLessThan(500);
  });

  test("a bar with a total is moved by tick()", async () => {
    const run = await kernel().run(
      "const bar = display.progress({ total: 5, label: 'Ticks' }); for (let i = 0; i < 5; i++) bar.tick();",
    );
    const text = JSON.stringify(run.outputs.at(-1));
    expect(text).toContain("Ticks");
    expect(text).toContain("5");
  });

  test("leaving the loop early ends the bar", async () => {
    const run = await kernel().run(
      "for (const x of display.progress([1, 2, 3])) { if (x === 2) break }\nconsole.log('left')",
    );
    expect(run.text).toContain("left\n");
    expect(run.idleAfterAll).toBe(true);
  });
});

describe("values", () => {
  test("numbers, strings, arrays and objects are shown as text", async () => {
    expect(await plain("1.5")).toBe("1.5");
    expect(await plain("'a string'")).toContain("a string");
    expect(await plain("[1, 2, 3]")).toMatch(/1, 2, 3/);
    expect(await plain("({ key: 'value', nested: { deep: [1] } })")).toMatch(/key.*value[\s\S]*deep/);
    expect(await plain("10n")).toBe("10n");
    expect(await plain("Symbol('s')")).toContain("Symbol(s)");
  });

  test("typed arrays, Map, Set, dates, regular expressions and class instances say what they are", async () => {
    expect(await plain("new Float32Array([1.5, 2.5])")).toMatch(/Float32Array[\s\S]*1\.5/);
    expect(await plain("new Map([['k', 1]])")).toMatch(/Map[\s\S]*k[\s\S]*1/);
    expect(await plain("new Set(['member'])")).toMatch(/Set[\s\S]*member/);
    expect(await plain("new Date(0)")).toContain("1970");
    expect(await plain("/a+/g")).toContain("/a+/g");
    expect(await plain("new (class Point { x = 3 })()")).toMatch(/Point[\s\S]*x/);
  });

  test("circular and deep values are shown, and bounded", async () => {
    expect(await plain("const ring: any = { name: 'ring' }; ring.self = ring; ring")).toMatch(/Circular|circular|ring/);
    const deep = await show("let nest: any = {}; for (let i = 0; i < 100_000; i++) nest = { nest }; nest");
    expect(JSON.stringify(deep).length).toBeLessThan(200_000);
  });

  test.each([
    ["an array of a million numbers", "Array.from({ length: 1_000_000 }, (_, i) => i)"],
    ["a string of ten million characters", "'x'.repeat(10_000_000)"],
    ["an object with 100,000 keys", "Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => ['key' + i, i]))"],
    ["a big Map", "new Map(Array.from({ length: 100_000 }, (_, i) => [i, { i }]))"],
    [
      "a wide tree",
      "const tree = (d: number): any => d === 0 ? 'leaf' : Array.from({ length: 30 }, () => tree(d - 1)); tree(4)",
    ],
    ["a typed array of ten million", "new Float64Array(10_000_000)"],
    ["100,000 records", "Array.from({ length: 100_000 }, (_, i) => ({ id: i, text: 'row ' + i }))"],
  ])("%s is shown in bounded size", async (_, code) => {
    const bundle = await show(code);
    expect(JSON.stringify(bundle).length).toBeLessThan(1_000_000);
    expect(String(bundle["text/plain"]).length).toBeGreaterThan(0);
  });

  test("a getter of a shown value is not called, or harms nothing", async () => {
    const run = await kernel().run("({ get fails() { throw new Error('getter ran') }, fine: 'fine value' })");
    expect(run.value).toContain("fine value");
  });

  test("proxies with hostile traps are shown without an error", async () => {
    const run = await kernel().execute(
      "new Proxy({}, { get() { throw new Error('trap') }, ownKeys() { throw new Error('trap') }, getPrototypeOf() { throw new Error('trap') } })",
    );
    expect(run.reply.status).toBe("ok");
    expect(run.result).toBeDefined();
  });

  test("HTML in strings is escaped in the HTML form", async () => {
    const markup = await html("[{ a: '<script>alert(1)</script>' }, { a: '<b>' }]");
    expect(markup).not.toContain("<script>alert");
    expect(markup).toContain("&lt;script&gt;");
  });

  test("arrays of records are shown as a table with a header for every key", async () => {
    const markup = await html("[{ name: 'Ada', age: 36 }, { name: 'Alan', city: 'London' }]");
    expect(markup).toContain("<table");
    for (const text of ["name", "age", "city", "Ada", "36", "London"]) expect(markup).toContain(text);
    expect(await plain("[{ name: 'Ada', age: 36 }]")).toContain("Ada");
  });

  test("a PNG buffer and an SVG string or buffer are shown as pictures", async () => {
    const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    expect((await show(`Buffer.from("${png}", "base64")`))["image/png"]).toBe(png);
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"></svg>';
    expect((await show(`Buffer.from('${svg}')`))["image/svg+xml"]).toContain("<svg");
  });

  test("an error as a result is shown, not thrown", async () => {
    const run = await kernel().run("new TypeError('only shown')");
    expect(run.value).toContain("only shown");
    expect(run.error).toBeUndefined();
  });

  test("a promise as a result is awaited or shown as a promise, and a pending one does not hang the cell", async () => {
    expect(await plain("Promise.resolve(42)")).toMatch(/42/);
    const cell = kernel().start("new Promise(() => {})", { timeout: 10_000 });
    const timer = setTimeout(() => void kernel().interrupt(), 3_000);
    const run = await cell.done;
    clearTimeout(timer);
    expect(["ok", "error"]).toContain(run.reply.status);
    expect(await plain("1 + 1")).toBe("2");
  });

  test("unpaired surrogates in a bundle become replacement characters, which every front end can read", async () => {
    const run = await kernel().run(
      "display.html('a\\ud800b😀'); ({ [Symbol.for('Jupyter.display')]: () => ({ 'text/plain': 'c\\udc00' }) })",
    );
    expect(run.displays[0]?.["text/html"]).toBe("a\ufffdb😀");
    expect(run.result?.["text/plain"]).toBe("c\ufffd");
  });

  test("every bundle is JSON: undefined, functions, bigint and NaN in it harm nothing", async () => {
    const run = await kernel().execute(
      "display({ [Symbol.for('Jupyter.display')]: () => ({ 'text/plain': 'p', 'application/json': { big: 10n, nan: NaN, f() {}, u: undefined } }) }); 'next'.length",
    );
    expect(run.reply.status).toBe("ok");
    expect(run.value).toBe("4");
  });
});
