/** Notebooks written for tslab and for Deno's kernel run unchanged. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: cells are strings here
import { describe, expect, test } from "vitest";
import { sharedKernel } from "./suite.ts";

const kernel = sharedKernel();
const png = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 1, 2];
const pngBase64 = Buffer.from(png).toString("base64");

describe("tslab", () => {
  test.each([
    ["html", "'<b>h</b>'", "text/html", "<b>h</b>"],
    ["markdown", "'# m'", "text/markdown", "# m"],
    ["latex", "'$x$'", "text/latex", "$x$"],
    ["svg", "'<svg></svg>'", "image/svg+xml", "<svg></svg>"],
    ["text", "'plain'", "text/plain", "plain"],
    ["javascript", "'alert(1)'", "application/javascript", "alert(1)"],
    ["png", `new Uint8Array([${png}])`, "image/png", pngBase64],
    ["jpeg", "new Uint8Array([255, 216, 255])", "image/jpeg", "/9j/"],
  ])("tslab.display.%s shows its kind", async (name, argument, mime, expected) => {
    const run = await kernel().run(`import * as tslab from "tslab";\ntslab.display.${name}(${argument});`);
    expect(run.displays[0]?.[mime]).toBe(expected);
  });

  test("tslab.display.raw shows any MIME type", async () => {
    const run = await kernel().run(
      'import * as tslab from "tslab";\ntslab.display.raw("application/x-own", "raw data");',
    );
    expect(run.displays[0]?.["application/x-own"]).toBe("raw data");
  });

  test("tslab.newDisplay makes a display that is updated in place", async () => {
    const run = await kernel().run(
      'import * as tslab from "tslab";\nconst d = tslab.newDisplay(); d.text("one"); d.html("<b>two</b>");',
    );
    const ids = run.outputs.flatMap((output) =>
      output.type === "display" || output.type === "update" ? [output.id] : [],
    );
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
    expect(run.outputs.at(-1)?.type).toBe("update");
  });

  test("named imports and require of tslab work", async () => {
    const run = await kernel().run(
      'import { display as show } from "tslab";\nshow.markdown("*a*"); require("tslab").display.html("<i>b</i>");',
    );
    expect(run.displays.map((data) => data["text/markdown"] ?? data["text/html"])).toEqual(["*a*", "<i>b</i>"]);
  });

  test("importing tslab leaves the notebook's own display alone", async () => {
    const run = await kernel().run('import * as tslab from "tslab";\ndisplay("own"); void tslab;');
    expect(run.displays).toHaveLength(1);
  });
});

describe("Deno", () => {
  test("the tagged templates of Deno.jupyter show Markdown, HTML and SVG as results", async () => {
    expect((await kernel().run("Deno.jupyter.md`# ${1 + 1}`")).result?.["text/markdown"]).toBe("# 2");
    expect((await kernel().run("Deno.jupyter.html`<b>${'x'}</b>`")).result?.["text/html"]).toBe("<b>x</b>");
    expect((await kernel().run("Deno.jupyter.svg`<svg></svg>`")).result?.["image/svg+xml"]).toBe("<svg></svg>");
    expect((await kernel().run("const { html } = Deno.jupyter; html`<i>y</i>`")).result?.["text/html"]).toBe(
      "<i>y</i>",
    );
  });

  test("Deno.jupyter.display shows values and raw bundles, and updates by display_id", async () => {
    const run = await kernel().run(`
      await Deno.jupyter.display({ "text/plain": "first", "text/html": "<b>first</b>" }, { raw: true, display_id: "deno-id" });
      await Deno.jupyter.display({ "text/plain": "second" }, { raw: true, display_id: "deno-id", update: true });
      await Deno.jupyter.display(Deno.jupyter.md\`*third*\`);`);
    const [first, second, third] = run.outputs;
    expect(first).toMatchObject({ type: "display", id: "deno-id", data: { "text/html": "<b>first</b>" } });
    expect(second).toMatchObject({ type: "update", id: "deno-id", data: { "text/plain": "second" } });
    expect(third).toMatchObject({ type: "display", data: { "text/markdown": "*third*" } });
  });

  test("Deno.jupyter.image shows bytes and files", async () => {
    expect((await kernel().run(`Deno.jupyter.image(new Uint8Array([${png}]))`)).result?.["image/png"]).toBe(pngBase64);
    await kernel().run(`require("node:fs").writeFileSync("picture.png", new Uint8Array([${png}]));`);
    expect((await kernel().run('Deno.jupyter.image("picture.png")')).result?.["image/png"]).toBe(pngBase64);
  });

  test("Deno.jupyter.$display marks objects that show themselves", async () => {
    const run = await kernel().run("({ [Deno.jupyter.$display]() { return { 'text/plain': 'shown by Deno' } } })");
    expect(run.result).toEqual({ "text/plain": "shown by Deno" });
    expect(await kernel().value("Deno.jupyter.$display === Symbol.for('Jupyter.display')")).toBe("true");
  });

  test("Deno.jupyter.broadcast sends any message on iopub", async () => {
    const run = await kernel().run(`
      await Deno.jupyter.broadcast("display_data", { data: { "text/html": "<u>b</u>" }, metadata: {}, transient: { display_id: "progress" } });
      await Deno.jupyter.broadcast("update_display_data", { data: { "text/html": "<u>c</u>" }, metadata: {}, transient: { display_id: "progress" } });
      await Deno.jupyter.broadcast("comm_open", { comm_id: "c1", target_name: "t", data: { a: 1 } }, { metadata: { m: 1 }, buffers: [new Uint8Array([1, 2])] });`);
    expect(run.outputs).toMatchObject([
      { type: "display", id: "progress", data: { "text/html": "<u>b</u>" } },
      { type: "update", id: "progress", data: { "text/html": "<u>c</u>" } },
    ]);
    const opening = run.messages.find((message) => message.type === "comm_open");
    expect(opening?.content).toMatchObject({ comm_id: "c1", target_name: "t", data: { a: 1 } });
    expect(opening?.metadata).toMatchObject({ m: 1 });
    expect([...opening!.buffers[0]!]).toEqual([1, 2]);
  });

  test("an object made for Deno with the Jupyter.display symbol is shown by it", async () => {
    const run = await kernel().run(
      `class Chart { [Symbol.for("Jupyter.display")]() { return { "application/vnd.vega.v5+json": { mark: "bar" }, "text/plain": "chart" } } }\nnew Chart()`,
    );
    expect(run.result).toEqual({ "application/vnd.vega.v5+json": { mark: "bar" }, "text/plain": "chart" });
  });
});
