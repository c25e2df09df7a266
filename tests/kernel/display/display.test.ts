import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { displaySymbol, mimeBundleOf } from "../../../kernel/display/bundle.ts";
import { createDisplay } from "../../../kernel/display/display.ts";
import { createRecorder } from "./recorder.ts";

function setUp() {
  const channel = createRecorder();
  return { channel, ...createDisplay(channel) };
}

const late = (text: string, after: Promise<unknown> = Promise.resolve()) => ({
  [displaySymbol]: async () => {
    await after;
    return { "text/plain": text };
  },
});

test("a value is shown at once and the call returns nothing", () => {
  const { channel, display } = setUp();
  const returned: unknown = display([1, 2]);
  expect(returned).toBeUndefined();
  expect(channel.sent).toEqual([{ kind: "display", data: { "text/plain": "[ 1, 2 ]" }, metadata: {} }]);
});

test("displays appear in the order of the calls, also behind one that takes its time", async () => {
  const { channel, display, settled } = setUp();
  const gate = Promise.withResolvers<void>();
  display("a");
  display(late("b", gate.promise));
  display("c");
  display(late("d"));
  display("e");
  expect(channel.shown()).toEqual(["'a'"]);
  gate.resolve();
  await settled();
  expect(channel.shown()).toEqual(["'a'", "b", "'c'", "d", "'e'"]);
  display("f");
  expect(channel.shown().at(-1)).toBe("'f'");
});

test("settled waits for displays that are added while it waits", async () => {
  const { channel, display, settled } = setUp();
  display(late("a"));
  queueMicrotask(() => display(late("b")));
  await settled();
  expect(channel.shown()).toEqual(["a", "b"]);
});

test("after abandon, a display that never ends holds up nothing", async () => {
  const { channel, display, settled, abandon } = setUp();
  const gate = Promise.withResolvers<void>();
  display(late("lost", gate.promise));
  abandon();
  await settled();
  display("next");
  gate.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  expect(channel.shown()).toEqual(["'next'"]);
});

test("a handle changes what it showed, and clears it for good", () => {
  const { channel, display } = setUp();
  const handle = display("one", { id: true });
  handle.update("two");
  handle.clear();
  handle.update("three");
  expect(channel.sent.map((one) => one.kind)).toEqual(["display", "update", "update"]);
  expect(channel.sent.every((one) => "displayId" in one && one.displayId === handle.id)).toBe(true);
  expect(channel.shown()).toEqual(["'one'", "'two'", ""]);
});

test("two handles have two ids, and a name of one's own is kept", () => {
  const { display } = setUp();
  expect(display(1, { id: true }).id).not.toBe(display(1, { id: true }).id);
  expect(display(1, { id: "mine" }).id).toBe("mine");
});

test("a handle as a cell's result shows nothing", () => {
  const { display } = setUp();
  expect(mimeBundleOf(display(1, { id: true }))).toEqual({ data: {}, metadata: {} });
});

test("an earlier display is updated by its name", () => {
  const { channel, display } = setUp();
  display("new", { id: "mine", update: true });
  expect(channel.sent).toMatchObject([{ kind: "update", displayId: "mine" }]);
  expect(() => display("new", { update: true })).toThrow(/needs the name/);
});

test("a raw bundle is shown as it is, with metadata", () => {
  const { channel, display } = setUp();
  display({ "text/html": "<b>1</b>" }, { raw: true, metadata: { "text/html": { isolated: true } } });
  display.mime({ "application/x+json": { a: 1 }, "text/plain": "x" });
  expect(channel.sent).toEqual([
    {
      kind: "display",
      data: { "text/html": "<b>1</b>", "text/plain": "1" },
      metadata: { "text/html": { isolated: true } },
    },
    { kind: "display", data: { "application/x+json": { a: 1 }, "text/plain": "x" }, metadata: {} },
  ]);
  expect(() => display.mime({ html: "x" })).toThrow(/expects MIME types as keys; "html" is none/);
});

test("a value that shows nothing sends nothing", () => {
  const { channel, display } = setUp();
  display({ [displaySymbol]: () => ({}) });
  expect(channel.sent).toEqual([]);
});

const htmlOf = (channel: ReturnType<typeof createRecorder>) =>
  channel.sent.map((one) => (one.kind === "display" ? one.data["text/html"] : ""));

test("an HTML template escapes what is put in, a plain call does not", () => {
  const { channel, display } = setUp();
  const returned: unknown = display.html`<b>${"<i>"}</b>${1}${null}${undefined}${false}${"a&b"}`;
  display.html("<b>bold</b>");
  expect(returned).toBeUndefined();
  expect(htmlOf(channel)).toEqual(["<b>&lt;i&gt;</b>1a&amp;b", "<b>bold</b>"]);
  expect(channel.shown()).toEqual(["<i>1a&b", "bold"]);
});

test("fragments, lists of them, tables and values with HTML of their own go in unescaped", () => {
  const { channel, display } = setUp();
  const item = (text: string) => display.html.fragment`<li>${text}</li>`;
  display.html`<ul>${["<a>", "b"].map(item)}</ul>`;
  display.html`${{ [displaySymbol]: () => ({ "text/html": "<hr>" }) }}${new URL("http://a.b/?c&d")}${{ plain: "<x>" }}`;
  display.html`${[{ a: 1 }]}`;
  expect(htmlOf(channel)[0]).toBe("<ul><li>&lt;a&gt;</li><li>b</li></ul>");
  expect(htmlOf(channel)[1]).toBe("<hr>http://a.b/?c&amp;d{ plain: &#39;&lt;x&gt;&#39; }");
  expect(htmlOf(channel)[2]).toContain("<table");
});

test("a template waits for a value that shows itself asynchronously, in its turn", async () => {
  const { channel, display, settled } = setUp();
  display.html`<p>${{ [displaySymbol]: async () => ({ "text/html": "<b>late</b>" }) }}</p>`;
  display("after");
  await settled();
  expect(channel.shown()).toEqual(["late", "'after'"]);
  expect(htmlOf(channel)[0]).toBe("<p><b>late</b></p>");
});

test("hostile values in a template are shown as text", () => {
  const { channel, display } = setUp();
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  display.html`${{
    toString() {
      throw new Error("<no>");
    },
  }}|${proxy}|${Object.create(null)}|${Symbol("<s>")}`;
  expect(htmlOf(channel)[0]).toBe(
    "a value that cannot be turned into text|&lt;Revoked Proxy&gt;|[Object: null prototype] {}|Symbol(&lt;s&gt;)",
  );
});

test("the handle of a kind takes what the kind takes", () => {
  const { channel, display } = setUp();
  display.html("<b>1</b>", { id: true }).update("<b>2</b>");
  expect(channel.sent[1]).toMatchObject({ kind: "update", data: { "text/html": "<b>2</b>", "text/plain": "2" } });
});

test("markdown and LaTeX templates keep their backslashes", () => {
  const { channel, display } = setUp();
  display.markdown`**${"x"}** $\frac{1}{2}$ \`code\``;
  display.latex`\frac{1}{${2}}`;
  display.latex("$x$");
  expect(channel.sent).toMatchObject([
    { data: { "text/markdown": "**x** $\\frac{1}{2}$ `code`", "text/plain": "**x** $\\frac{1}{2}$ `code`" } },
    { data: { "text/latex": "$$\\frac{1}{2}$$", "text/plain": "\\frac{1}{2}" } },
    { data: { "text/latex": "$x$" } },
  ]);
});

test("SVG is shown as a picture, and what is no SVG is refused", () => {
  const { channel, display } = setUp();
  display.svg`<svg width="${10}"></svg>`;
  expect(channel.sent).toMatchObject([{ data: { "image/svg+xml": '<svg width="10"></svg>' } }]);
  expect(() => display.svg("<p>")).toThrow(/expects an SVG document/);
});

test("JSON is shown as a tree, and what has none is refused", () => {
  const { channel, display } = setUp();
  display.json({ a: [1, new Date(0)] }, { expanded: true });
  expect(channel.sent).toMatchObject([
    {
      data: { "application/json": { a: [1, "1970-01-01T00:00:00.000Z"] } },
      metadata: { "application/json": { expanded: true } },
    },
  ]);
  expect(() => display.json({ a: 1n })).toThrow(/JSON can carry/);
});

test("an image comes from bytes, a path, a file URL, a data URL or the web", () => {
  const { channel, display } = setUp();
  const gif = Buffer.from("GIF89a\x02\x00\x03\x00.....", "latin1");
  const folder = mkdtempSync(join(tmpdir(), "gradbook-"));
  try {
    const path = join(folder, "a.gif");
    writeFileSync(path, gif);
    display.image(gif, { width: 20, alt: "two" });
    display.image(path);
    display.image(pathToFileURL(path));
    display.image(`data:image/gif;base64,${gif.toString("base64")}`);
    display.image("https://example.org/a.png?x=1&y=2", { height: 5 });
  } finally {
    rmSync(folder, { recursive: true });
  }
  expect(channel.sent[0]).toMatchObject({ metadata: { "image/gif": { width: 20, alt: "two" } } });
  for (const index of [0, 1, 2, 3])
    expect(channel.sent[index]).toMatchObject({ data: { "image/gif": gif.toString("base64") } });
  expect(channel.shown()[0]).toBe(`[GIF image, 2 x 3, ${gif.length} bytes] two`);
  expect(htmlOf(channel)[4]).toBe('<img src="https://example.org/a.png?x=1&amp;y=2" alt="" height="5">');
});

test("an image that is none says what is missing", () => {
  const { display } = setUp();
  expect(() => display.image(new Uint8Array([1, 2, 3]))).toThrow(/\{ format \}/);
  expect(() => display.image("/no/such/file.png")).toThrow(/ENOENT/);
  expect(() => display.image(42 as never)).toThrow(/bytes, a path or a URL; got 42/);
});

test("clearOutput is sent, with wait or without", () => {
  const { channel, clearOutput } = setUp();
  clearOutput();
  clearOutput({ wait: true });
  expect(channel.sent).toEqual([
    { kind: "clear", wait: false },
    { kind: "clear", wait: true },
  ]);
});
