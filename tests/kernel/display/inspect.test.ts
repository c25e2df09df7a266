import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import vm from "node:vm";
import { expect, test } from "vitest";
import { mimeBundleOf, type ShownValue } from "../../../kernel/display/bundle.ts";
import { inspectText } from "../../../kernel/display/inspect-text.ts";

const html = (value: unknown) => (mimeBundleOf(value) as ShownValue).data["text/html"] as string | undefined;

class Point {
  x = 1;
  y = 2;
}
class Numbers extends Array<number> {}
class Registry extends Map<string, number> {}

const circular: Record<string, unknown> = { name: "c", list: [1] };
circular["self"] = circular;

const ordinary: [string, unknown][] = [
  ["an array", [1, 2, 3]],
  ["an empty array", []],
  ["an empty object", {}],
  ["an array with holes", Object.assign(new Array(4), { 0: 1, 3: 4 })],
  ["150 numbers in columns", Array.from({ length: 150 }, (_, i) => i)],
  ["strings in columns", Array.from({ length: 30 }, (_, i) => `item${i}`)],
  ["signed numbers in columns", [-1.5, 22, 3333, 4, 5, 6, 7, 8]],
  [
    "a matrix",
    [
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ],
  ],
  ["a class instance", new Point()],
  ["an array's subclass", Numbers.from([1, 2])],
  [
    "a Map",
    new Map<unknown, unknown>([
      ["a", 1],
      [{ k: 1 }, [1, 2]],
    ]),
  ],
  ["a Map's subclass", new Registry([["a", 1]])],
  ["a Set", new Set([1, "b"])],
  ["a WeakMap", new WeakMap()],
  ["a date", new Date(0)],
  ["an invalid date", new Date(Number.NaN)],
  ["a regular expression", /a\/b/giu],
  ["a match", "abc".match(/b/)],
  ["a function", function named() {}],
  ["an arrow function", [() => 1]],
  ["an async function", async () => 1],
  ["a function with properties", Object.assign(function k() {}, { a: 1 })],
  ["a class", Point],
  ["a derived class", Registry],
  ["a generator", (function* () {})()],
  ["no prototype", Object.assign(Object.create(null), { a: 1 })],
  ["a circular value", circular],
  ["typed arrays", [new Uint8Array(3), new Float32Array([1.5, 2]), new BigInt64Array(2)]],
  ["a Buffer", Buffer.from("hi")],
  ["an ArrayBuffer", new ArrayBuffer(4)],
  ["boxed primitives", [Object(1), Object("s"), Object(true), Object(1n), Object(Symbol("a"))]],
  ["symbol keys and keys that need quotes", { [Symbol("k")]: 1, "a-b": 2, 3: 4 }],
  [
    "accessors",
    {
      get a() {
        return 1;
      },
      set b(_: number) {},
      get c() {
        return 1;
      },
      set c(_: number) {},
    },
  ],
  ["five levels", { a: { b: { c: { d: {} } } } }],
  [
    "records inside",
    {
      rows: [
        { a: 1, b: "x" },
        { a: 2, b: "y" },
      ],
      text: "lorem ipsum ".repeat(12),
    },
  ],
  ["mixed items", [1, "a", null, undefined, {}, [], Symbol.iterator]],
  ["a value of another realm", vm.runInNewContext("({ a: [1, 2], m: new Map([[1, 2]]) })")],
  ["a URL, which has its own way", new URL("http://a.b/c")],
];

test.each(ordinary)("%s is printed as node prints it", (_, value) => {
  expect(inspectText(value)).toBe(inspect(value, { depth: 6 }));
});

test("an accessor is named and never called", () => {
  let called = 0;
  const value = {
    get a() {
      return ++called;
    },
    list: [1],
  };
  Object.defineProperty(value.list, 0, { get: () => ++called, enumerable: true });
  expect(inspectText(value)).toBe("{ a: [Getter], list: [ [Getter] ] }");
  html(value);
  expect(called).toBe(0);
});

test("no trap of a proxy runs, wherever the proxy stands", () => {
  const trapped: string[] = [];
  const handler = new Proxy({}, { get: (_, trap) => void trapped.push(String(trap)) });
  const proxy = new Proxy({ a: 1 }, handler);
  const values = [
    proxy,
    [proxy],
    { proxy },
    new Map([[proxy, proxy]]),
    new Set([proxy]),
    Object.create(proxy),
    Promise.resolve(1),
    new Proxy([proxy], handler),
    new Proxy(Point, handler),
  ];
  for (const value of values) html(value);
  expect(trapped).toEqual([]);
  expect(inspectText(new Proxy(new Proxy(new Map([[1, 2]]), handler), handler))).toBe("Proxy Proxy Map(1) { 1 => 2 }");
});

test("a revoked proxy is called that", () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  expect(inspectText([proxy])).toBe("[ <Revoked Proxy> ]");
});

test("a circular value is printed with references in text and HTML", () => {
  const value: unknown[] = [{ a: 1 }];
  value.push(value);
  expect(inspectText(value)).toBe("<ref *1> [ { a: 1 }, [Circular *1] ]");
  expect(html(value)).toContain("[Circular *1]");
});

test("a custom node inspection that throws is reported in its place", () => {
  expect(
    inspectText({
      a: {
        [inspect.custom]() {
          throw new Error("odd");
        },
      },
      b: 1,
    }),
  ).toContain("[inspect.custom threw Error: odd]");
});

test("names and tags that throw or lie do no harm", () => {
  const odd = Object.create({
    get constructor() {
      throw new Error("trap");
    },
    get [Symbol.toStringTag]() {
      throw new Error("trap");
    },
  });
  odd.a = 1;
  expect(inspectText(odd)).toContain("{ a: 1 }");
  const fn = () => 1;
  Object.defineProperty(fn, "name", {
    get() {
      throw new Error("trap");
    },
  });
  expect(inspectText(fn)).toBe("[Function (anonymous)]");
  const date = Object.assign(new Date(0), {
    toISOString: () => {
      throw new Error("trap");
    },
  });
  expect(inspectText(date)).toContain("1970-01-01T00:00:00.000Z");
});

test("a module that is still loading shows which exports are not ready", () => {
  const folder = mkdtempSync(join(tmpdir(), "gradbook-"));
  try {
    const inspector = new URL("../../../kernel/display/inspect-text.ts", import.meta.url).href;
    const file = join(folder, "self.mjs");
    writeFileSync(
      file,
      `import * as self from "./self.mjs"; import { inspectText } from ${JSON.stringify(inspector)};
       console.log(inspectText(self)); export const a = 1;`,
    );
    expect(execFileSync(process.execPath, [file]).toString()).toBe("[Module: null prototype] { a: <uninitialized> }\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const size = (value: unknown) => {
  const { data } = mimeBundleOf(value) as ShownValue;
  return {
    text: (data["text/plain"] as string).length,
    html: ((data["text/html"] as string | undefined) ?? "").length,
  };
};

const nested = (levels: number) => {
  let value: unknown = {};
  for (let level = 0; level < levels; level++) value = { a: value, b: [value], text: "<".repeat(500) };
  return value;
};

test.each<[string, () => unknown]>([
  ["ten million items", () => new Array(1e7).fill(1)],
  ["a typed array of ten million", () => new Float64Array(1e7)],
  ["a hundred thousand keys", () => Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => [`k${i}`, i]))],
  ["a string of 100 MB", () => "x<\n".repeat(33e6)],
  [
    "strings of 100 MB inside",
    () => {
      const s = "x<\n".repeat(33e6);
      return { a: s, b: [s, s], [s.slice(0, 1e6)]: s };
    },
  ],
  ["ten thousand levels", () => nested(10_000)],
  ["a large Map of objects", () => new Map(Array.from({ length: 1e5 }, (_, i) => [i, { i, text: "<&>".repeat(100) }]))],
  [
    "a nearly endless sparse array",
    () => {
      const a: number[] = [];
      a[4e9] = 1;
      return a;
    },
  ],
  ["a million digits", () => 2n ** 3_000_000n],
  ["many hostile strings", () => Array.from({ length: 1000 }, () => [["<\0\"'".repeat(1000)]])],
  [
    "a table of long cells",
    () =>
      Array.from({ length: 1000 }, () =>
        Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`<${i}>`, "<".repeat(1000)])),
      ),
  ],
  ["an error with a huge message", () => new Error("m".repeat(1e7))],
  ["a huge regular expression", () => new RegExp("a".repeat(1e6))],
  [
    "an object that appears in itself a thousand ways",
    () => {
      const a: Record<string, unknown> = {};
      for (let i = 0; i < 1000; i++) a[`k${i}`] = { a, b: { a } };
      return a;
    },
  ],
])("%s: what is shown stays within about 100 KB", (_, make) => {
  const { text, html } = size(make());
  expect(text).toBeGreaterThan(10);
  expect(text).toBeLessThan(70_000);
  expect(html).toBeLessThan(100_000);
});

test("what is left out is said", () => {
  expect(inspectText(new Array(1e7).fill(1))).toContain("... 9999900 more items");
  expect(inspectText(new Set(Array.from({ length: 101 }, (_, i) => i)))).toContain("... 1 more item\n");
  expect(inspectText(Object.fromEntries(Array.from({ length: 105 }, (_, i) => [`k${i}`, i])))).toContain(
    "... 5 more keys",
  );
  expect(inspectText("x".repeat(1e6))).toContain("... 960000 more characters");
  expect(inspectText(2n ** 30000n)).toBe("[bigint of 9031 digits, about 7.94090e+9030]");
});

test("a huge first field does not hide the small one behind it", () => {
  const value = {
    first: Array.from({ length: 5000 }, (_, i) => ({ i, list: Array(50).fill(i) })),
    second: { kept: true },
  };
  expect(inspectText(value)).toContain("second: { kept: true }");
});

test("flat values give text alone, nested ones HTML beside it", () => {
  for (const value of [[1, 2, 3], { a: 1, b: "x" }, new Map([[1, 2]]), new Point(), new Float32Array(1000), () => 1])
    expect(html(value)).toBeUndefined();
  for (const value of [{ a: { b: 1 } }, [[1], [2]], new Map([["k", { a: 1 }]])])
    expect(html(value)).toContain("<details open>");
});

test("HTML escapes keys, values, names and previews", () => {
  const evil = "<img src=x onerror=alert(1)>";
  class Holder {
    inner: unknown = { [evil]: evil, map: new Map([[evil, { evil }]]) };
    [Symbol.toStringTag] = evil;
  }
  const shown = html(new Holder())!;
  expect(shown).not.toContain("<img");
  expect(shown).toContain("&lt;img src=x onerror=alert(1)&gt;");
});

test("HTML has balanced elements and neither scripts nor style sheets", () => {
  const shown = html({ a: { b: [1, { c: "x" }] }, d: new Set([[1]]), e: [] })!;
  for (const name of ["details", "summary", "div", "span"]) {
    expect(shown.split(`<${name}`).length).toBe(shown.split(`</${name}>`).length);
  }
  expect(shown).not.toMatch(/<script|<style|on\w+=/);
});
