import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { createDeno, installDeno } from "../../../kernel/compat/deno.ts";
import type { DenoJupyter } from "../../../kernel/compat/deno-jupyter.ts";
import { recordingChannel } from "../recording-channel.ts";

/** As much of Deno's API as the tests call. */
interface DenoLike {
  jupyter: DenoJupyter;
  errors: Record<string, new () => Error>;
  env: { get(name: string): string | undefined; set(name: string, value: string): void; delete(name: string): void };
  version: Record<string, string>;
  build: Record<string, unknown>;
  args: string[];
  cwd(): string;
  inspect(value: unknown): string;
  readTextFile(path: string): Promise<string>;
  readTextFileSync(path: string): string;
  writeTextFile(path: string, text: string, options?: object): Promise<void>;
  readDirSync(path: string): Iterable<{ name: string; isFile: boolean }>;
  removeSync(path: string): void;
  mkdirSync(path: string): void;
  [name: string]: unknown;
}

function setUp() {
  const recording = recordingChannel();
  const published: unknown[] = [];
  const Deno = createDeno({
    channel: recording.channel,
    format: (value) => {
      const own = (value as { [key: symbol]: () => Record<string, unknown> } | null)?.[Symbol.for("Jupyter.display")];
      return own ? own.call(value) : { "text/plain": `kernel: ${String(value)}` };
    },
    publish: (...message) => published.push(message),
    typescript: "7.0.2",
  }) as DenoLike;
  return { ...recording, published, Deno, jupyter: Deno.jupyter };
}

const folder = mkdtempSync(join(tmpdir(), "deno-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("Deno.jupyter", () => {
  it("shows any value in the kernel's way, and a bundle as it is when raw", async () => {
    const { jupyter, recorded } = setUp();
    await jupyter.display("hi");
    await jupyter.display({ "text/html": "<b>" }, { raw: true });
    await jupyter.display(jupyter.html`<i>`);
    expect(recorded.map((one) => one.type === "display" && one.content.data)).toEqual([
      { "text/plain": "kernel: hi" },
      { "text/html": "<b>" },
      { "text/html": "<i>" },
    ]);
  });

  it("updates a display by its id, by display and by broadcast", async () => {
    const { jupyter, recorded } = setUp();
    const content = (text: string) => ({ data: { "text/plain": text }, metadata: {}, transient: { display_id: "p" } });
    await jupyter.display({ "text/plain": "1" }, { raw: true, display_id: "p" });
    await jupyter.display({ "text/plain": "2" }, { raw: true, display_id: "p", update: true });
    await jupyter.broadcast("update_display_data", content("3"));
    await jupyter.broadcast("display_data", content("4"));
    expect(recorded).toEqual(
      ["display", "update", "update", "display"].map((type, at) => ({
        type,
        content: { data: { "text/plain": String(at + 1) }, metadata: {}, displayId: "p" },
      })),
    );
    await expect(jupyter.display("x", { update: true })).rejects.toThrow("needs the display_id");
  });

  it("broadcasts any other message, and displays with buffers, as they are", async () => {
    const { jupyter, published, recorded } = setUp();
    await jupyter.broadcast("comm_msg", { comm_id: "c", data: {} });
    const extra = { metadata: { a: 1 }, buffers: [new Uint8Array([1])] };
    await jupyter.broadcast("display_data", { data: {} }, extra);
    expect(published).toEqual([
      ["comm_msg", { comm_id: "c", data: {} }, {}],
      ["display_data", { data: {} }, extra],
    ]);
    expect(recorded).toEqual([]);
  });

  it("makes displayable objects from templates, leaving out what is undefined", async () => {
    const { jupyter } = setUp();
    const bundle = (object: { [jupyter.$display](): unknown }) => object[jupyter.$display]();
    expect(jupyter.$display).toBe(Symbol.for("Jupyter.display"));
    expect(bundle(jupyter.md`# ${1} ${undefined}\n`)).toEqual({ "text/markdown": "# 1 \n" });
    expect(bundle(jupyter.html`<b>`)).toEqual({ "text/html": "<b>" });
    expect(bundle(jupyter.svg`<svg/>`)).toEqual({ "image/svg+xml": "<svg/>" });
  });

  it("shows PNG and JPEG images from bytes and from files, and refuses other things", () => {
    const { jupyter } = setUp();
    const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]);
    writeFileSync(join(folder, "a.png"), png);
    for (const source of [png, join(folder, "a.png")]) {
      expect(jupyter.image(source)[jupyter.$display]()).toEqual({ "image/png": "iVBORw0KGgo=" });
    }
    expect(jupyter.image(new Uint8Array([0xff, 0xd8, 0xff]))[jupyter.$display]()).toEqual({ "image/jpeg": "/9j/" });
    expect(() => jupyter.image(new Uint8Array([1, 2]))).toThrow("not a PNG or JPEG image");
    expect(() => jupyter.image(join(folder, "none.png"))).toThrow("not a PNG or JPEG image");
  });

  it("knows charts, data frames, canvases and elements by their shape", async () => {
    const { jupyter } = setUp();
    const $schema = "https://vega.github.io/schema/vega-lite/v5.json";
    const rows = [{ a: 1, b: "<x>" }];
    const frame = {
      schema: { a: { toJSON: () => ({ DataType: "Int64" }) }, b: { toJSON: () => ({ DataType: "Utf8" }) } },
      head: () => frame,
      toRecords: () => rows,
    };
    expect(await jupyter.format({ toSpec: () => ({ $schema }) })).toEqual({
      "application/vnd.vegalite.v5+json": { $schema },
    });
    expect(await jupyter.format(frame)).toEqual({
      "application/vnd.dataresource+json": {
        data: rows,
        schema: {
          fields: [
            { name: "a", type: "integer" },
            { name: "b", type: "string" },
          ],
        },
      },
      "text/html":
        "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td>&lt;x&gt;</td></tr></tbody></table>",
    });
    expect(await jupyter.format({ toDataURL: () => "data:image/png;base64,AAAA" })).toEqual({ "image/png": "AAAA" });
    expect(await jupyter.format({ outerHTML: "<svg></svg>" })).toEqual({ "image/svg+xml": "<svg></svg>" });
    expect(await jupyter.format({ outerHTML: "<p></p>" })).toEqual({ "text/html": "<p></p>" });
    expect(await jupyter.format(5)).toEqual({ "text/plain": "kernel: 5" });
  });
});

describe("Deno", () => {
  it("reads and writes files, with Deno's errors", async () => {
    const { Deno } = setUp();
    const path = join(folder, "a.txt");
    await Deno.writeTextFile(path, "one");
    await Deno.writeTextFile(path, " two", { append: true });
    expect(await Deno.readTextFile(path)).toBe("one two");
    expect(Deno.readTextFileSync(path)).toBe("one two");
    expect([...Deno.readDirSync(folder)]).toContainEqual({
      name: "a.txt",
      isFile: true,
      isDirectory: false,
      isSymlink: false,
    });
    expect(() => Deno.readTextFileSync(`${path}x`)).toThrow(Deno.errors["NotFound"]);
    await expect(Deno.readTextFile(`${path}x`)).rejects.toThrow(Deno.errors["NotFound"]);
    expect(() => Deno.mkdirSync(folder)).toThrow(Deno.errors["AlreadyExists"]);
    expect(() => [...Deno.readDirSync(`${folder}x`)]).toThrow(Deno.errors["NotFound"]);
    await expect(Deno.writeTextFile(path, "", { createNew: true })).rejects.toThrow(Deno.errors["AlreadyExists"]);
    await expect(Deno.writeTextFile(`${path}x`, "", { create: false })).rejects.toThrow(Deno.errors["NotFound"]);
    Deno.removeSync(path);
    expect(() => Deno.readTextFileSync(path)).toThrow(Deno.errors["NotFound"]);
  });

  it("has the environment, the folder and honest versions", () => {
    const { Deno } = setUp();
    Deno.env.set("GRADBOOK_DENO_TEST", "x");
    expect(Deno.env.get("GRADBOOK_DENO_TEST")).toBe("x");
    expect(process.env["GRADBOOK_DENO_TEST"]).toBe("x");
    Deno.env.delete("GRADBOOK_DENO_TEST");
    expect(Deno.env.get("GRADBOOK_DENO_TEST")).toBeUndefined();
    expect(Deno.cwd()).toBe(process.cwd());
    expect(Deno.args).toEqual([]);
    expect(Deno.version).toEqual({
      deno: expect.stringContaining("Gradbook"),
      v8: process.versions.v8,
      typescript: "7.0.2",
    });
    expect(Deno.build["os"]).toBe(process.platform === "win32" ? "windows" : process.platform);
    expect(Deno.inspect({ a: 1 })).toBe("{ a: 1 }");
  });

  it("says what is missing and what to use instead", () => {
    const { Deno } = setUp();
    expect(() => Deno["serve"]).toThrow(
      'Deno.serve is not available in the Gradbook kernel; it runs on Node. Use createServer from "node:http".',
    );
    expect(() => Deno["umask"]).toThrow("Deno.umask is not available");
    expect(() => `${typeof Deno["then"]} ${JSON.stringify({ Deno })}`).not.toThrow();
  });
});

describe("the global Deno", () => {
  const holder = globalThis as { Deno?: unknown };
  afterEach(() => Reflect.deleteProperty(globalThis, "Deno"));

  it("is not enumerable, is made when it is first read, and can be replaced", () => {
    let made = 0;
    const object = {};
    const make = () => {
      made++;
      return object;
    };
    expect(installDeno(make)).toBe(true);
    expect(Object.keys(globalThis)).not.toContain("Deno");
    expect(made).toBe(0);
    expect([holder.Deno, holder.Deno]).toEqual([object, object]);
    expect(made).toBe(1);
    holder.Deno = 5;
    expect(holder.Deno).toBe(5);
  });

  it("leaves a user's own alone", () => {
    holder.Deno = "mine";
    expect(installDeno(() => ({}))).toBe(false);
    expect(holder.Deno).toBe("mine");
  });
});
