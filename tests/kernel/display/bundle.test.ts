import { inspect } from "node:util";
import { expect, test } from "vitest";
import {
  type BundleOptions,
  displaySymbol,
  isEmptyBundle,
  mimeBundleOf,
  toMimeBundle,
} from "../../../kernel/display/bundle.ts";

const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAIAAAADCAYAAAC56t6BAAAAC0lEQVR4nGNgwAcAAB4AAbK0w5EAAAAASUVORK5CYII=",
  "base64",
);

async function dataOf(value: unknown, options?: BundleOptions): Promise<Record<string, unknown>> {
  return (await toMimeBundle(value, options)).data;
}
async function plain(value: unknown): Promise<string> {
  return (await dataOf(value))["text/plain"] as string;
}

test.each([[1], [-0], [12n], [true], ["it's"], [Symbol("s")], [null], [undefined], [Number.NaN]])(
  "the primitive %o gives only text, as node prints it",
  (value) => {
    const shown = mimeBundleOf(value);
    expect(shown).toEqual({ data: { "text/plain": inspect(value) }, metadata: {} });
  },
);

test("an own display method is used, with this bound to the value", async () => {
  const value = {
    amount: 3,
    [displaySymbol]() {
      return { "text/html": `<b>${this.amount}</b>`, "text/plain": `${this.amount}` };
    },
  };
  expect(await dataOf(value)).toEqual({ "text/html": "<b>3</b>", "text/plain": "3" });
});

test("an inherited display method is used, and one behind a getter", async () => {
  class Base {
    [displaySymbol](): Record<string, unknown> {
      return { "text/plain": this.constructor.name };
    }
  }
  class Money extends Base {}
  class Lazy {
    get [displaySymbol]() {
      return () => ({ "text/plain": "from a getter" });
    }
  }
  expect(await plain(new Money())).toBe("Money");
  expect(await plain(new Lazy())).toBe("from a getter");
});

test("an asynchronous display method is waited for", async () => {
  const value = { [displaySymbol]: async () => ({ "text/markdown": "*late*" }) };
  expect(mimeBundleOf(value)).toBeInstanceOf(Promise);
  expect(await dataOf(value)).toEqual({ "text/markdown": "*late*", "text/plain": "*late*" });
});

test("a bundle without text/plain gets one", async () => {
  expect(
    await plain({ [displaySymbol]: () => ({ "text/html": "<p>one &amp; <b>two</b></p><script>x()</script>" }) }),
  ).toBe("one & two");
  expect(await plain({ a: 1, [displaySymbol]: () => ({ "image/png": png }) })).toContain("a: 1");
});

test("bytes in a bundle travel as base64", async () => {
  expect((await dataOf({ [displaySymbol]: () => ({ "image/png": png }) }))["image/png"]).toBe(png.toString("base64"));
});

test("an empty bundle means: show nothing", async () => {
  const shown = await toMimeBundle({ [displaySymbol]: () => ({}) });
  expect(isEmptyBundle(shown)).toBe(true);
  expect(isEmptyBundle(await toMimeBundle({}))).toBe(false);
});

test.each([
  [
    "throws",
    () => {
      throw new RangeError("no money");
    },
    "threw RangeError: no money",
  ],
  [
    "throws something odd",
    () => {
      throw Object.create(null);
    },
    "threw a value that cannot be turned into text",
  ],
  [
    "rejects",
    async () => {
      throw new Error("later");
    },
    "rejected with Error: later",
  ],
  ["returns a string", () => "<b>1</b>", "returned a value of type string instead of an object"],
  ["returns null", () => null, "returned null"],
  ["has keys that are no MIME types", () => ({ html: "<b>" }), 'the key "html", which is not a MIME type'],
  ["holds what JSON cannot carry", () => ({ "application/json": { a: 1n } }), "returned a bundle that cannot be sent"],
  ["is not a function", 42, "it is of type number, not a function"],
])("a display method that %s falls back to the inspector and says what was wrong", async (_, method, note) => {
  const text = await plain({ amount: 3, [displaySymbol]: method });
  expect(text).toContain("amount: 3");
  expect(text).toContain(note);
});

test("picture bytes become images, known by their signature", async () => {
  expect(await dataOf(png)).toEqual({
    "image/png": png.toString("base64"),
    "text/plain": `[PNG image, 2 x 3, ${png.length} bytes]`,
  });
  const jpeg = new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);
  expect(Object.keys(await dataOf(jpeg))).toContain("image/jpeg");
  expect(Object.keys(await dataOf(Buffer.from("GIF89a......")))).toContain("image/gif");
  expect(Object.keys(await dataOf(Buffer.from("RIFF\0\0\0\0WEBPVP8 ")))).toContain("image/webp");
});

test("a part of a larger buffer is shown as that part", async () => {
  const whole = Buffer.concat([Buffer.from("junk"), png, Buffer.from("junk")]);
  expect((await dataOf(whole.subarray(4, 4 + png.length)))["image/png"]).toBe(png.toString("base64"));
});

test("SVG bytes become an image and an SVG string stays a string", async () => {
  const svg = '<?xml version="1.0"?>\n<!-- a picture -->\n<svg xmlns="http://www.w3.org/2000/svg"/>';
  expect((await dataOf(Buffer.from(svg)))["image/svg+xml"]).toBe(svg);
  expect(await dataOf("<svg></svg>")).toEqual({ "text/plain": "'<svg></svg>'" });
  expect(Object.keys(await dataOf(Buffer.from("<html><svg></svg></html>")))).toEqual(["text/plain"]);
});

test("an array of records becomes a table with its text beside it", async () => {
  const data = await dataOf([
    { a: 1, b: "x" },
    { a: 2, b: "<y>" },
  ]);
  expect(data["text/html"]).toContain("&lt;y&gt;");
  expect(data["text/plain"]).toBe("a  b\n─  ───\n1  x\n2  <y>");
});

test("arrays with anything else than plain records are not tables", async () => {
  class Row {
    a = 1;
  }
  for (const value of [[{ a: 1 }, 2], [new Row()], [{}], [[1], [2]]])
    expect((await dataOf(value))["text/html"] ?? "").not.toContain("<table");
});

test("an error shows its stack, its causes and its own properties", async () => {
  const inner = Object.assign(new Error("disk"), { code: "EIO" });
  const text = await plain(new TypeError("outer", { cause: inner }));
  expect(text).toMatch(/^TypeError: outer\n\s+at /);
  expect(text).toMatch(/\[cause\]: Error: disk\n\s+at [\s\S]*code: "EIO"/);
});

test("an AggregateError shows each of its errors", async () => {
  const text = await plain(new AggregateError([new Error("first"), "second"], "both"));
  expect(text).toContain("AggregateError: both");
  expect(text).toContain("[errors][0]: Error: first");
  expect(text).toContain('[errors][1]: "second"');
});

test("an error whose cause is itself is shown", async () => {
  const error = new Error("round");
  error.cause = error;
  expect(await plain(error)).toContain("[cause]: [Circular]");
});

test("an error with a hostile stack and message is shown", async () => {
  const error = new Error("kept");
  Object.defineProperty(error, "stack", {
    get() {
      throw new Error("trap");
    },
  });
  Object.defineProperty(error, "name", {
    get() {
      throw new Error("trap");
    },
  });
  expect(await plain(error)).toContain("kept");
});

test("an error whose message was changed after it was made shows the new one", async () => {
  const error = new Error("old");
  error.message = "new";
  expect(await plain(error)).toMatch(/^Error: new\n\s+at /);
});

test("a promise shows its state and stays unhandled if it was", async () => {
  let unhandled = 0;
  const listener = () => void unhandled++;
  const others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", listener);
  try {
    expect(await plain(new Promise(() => {}))).toBe("Promise { <pending> }");
    expect(await plain(Promise.resolve({ a: [1] }))).toBe("Promise { { a: [ 1 ] } }");
    expect(await plain(Promise.reject(new Error("no")))).toMatch(/^Promise \{ <rejected>, \[Error: no\]|<rejected>/);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(unhandled).toBe(1);
  } finally {
    process.removeListener("unhandledRejection", listener);
    for (const other of others) process.on("unhandledRejection", other);
  }
});

test("a value behind a proxy still shows itself, and no trap runs to find that out", async () => {
  const trapped: string[] = [];
  const handler = new Proxy({}, { get: (_, trap) => void trapped.push(String(trap)) });
  expect(await plain(new Proxy({ a: 1 }, handler))).toBe("Proxy { a: 1 }");
  expect(trapped).toEqual([]);
  expect(await plain(new Proxy({ [displaySymbol]: () => ({ "text/plain": "mine" }) }, {}))).toBe("mine");
});

test("what a hostile value does never reaches the caller", async () => {
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const bytes = new Uint8Array(3);
  for (const key of ["buffer", "byteLength", "length", "0"]) {
    try {
      Object.defineProperty(bytes, key, {
        get() {
          throw new Error("trap");
        },
      });
    } catch {}
  }
  for (const value of [
    revoked.proxy,
    bytes,
    Object.create(revoked.proxy),
    [revoked.proxy],
    { [displaySymbol]: revoked.proxy },
  ]) {
    expect(typeof (await plain(value))).toBe("string");
  }
});

test("text only is given when asked for", async () => {
  expect(Object.keys(await dataOf({ a: { b: 1 } }, { html: false }))).toEqual(["text/plain"]);
  expect(Object.keys(await dataOf([{ b: 1 }], { html: false }))).toEqual(["text/plain"]);
});
