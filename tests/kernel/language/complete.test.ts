/** Completion at a cursor, shown as `|` where it is not the end of the text. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: cells are strings here
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInThisContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Completion, complete, type LiveValues } from "../../../kernel/language/index.ts";
import { atCursor, type LocalValues, localValues } from "./local-values.ts";

let local: LocalValues;
let cwd: string;

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), "complete-"));
  mkdirSync(join(cwd, "node_modules", "left-pad"), { recursive: true });
  mkdirSync(join(cwd, "node_modules", "@scope", "tool"), { recursive: true });
  writeFileSync(
    join(cwd, "node_modules", "left-pad", "package.json"),
    JSON.stringify({ exports: { ".": "./a.js", "./extra": "./b.js", "./deep/*": "./c/*" } }),
  );
  mkdirSync(join(cwd, "data"));
  for (const name of ["mails.csv", "helper.ts", ".hidden", "data/train.csv"]) writeFileSync(join(cwd, name), "");
  local = await localValues(
    `
    globalThis.getterRuns = 0;
    var customer = { name: "Ada", address: { city: "London", "zip code": 1 }, _secret: 1, list: [{ deep: 1 }],
      get counted() { getterRuns++; return {} } };
    class Account { balance = 1; deposit(amount, currency = "EUR") {} static open() {} }
    var account = new Account();
    var first = 1, second = "b";
    var lookup = new Map([["key one", 1], ["key'two", 2]]);
    var vocabulary = {}; for (let i = 0; i < 5000; i++) vocabulary["word" + i] = i;
    var wrapped = new Proxy({ inside: 1 }, {});
    var samples = new Float32Array(1e6);
    var Map$cell = { mine: 1 };
  `,
    {
      cwd,
      names: new Map([
        ["customer", "variable"],
        ["customerReport", "function"],
      ]),
      commands: ["time", "timeit", "writefile"],
    },
  );
});

afterAll(() => {
  local.close();
  rmSync(cwd, { recursive: true, force: true });
});

function at(code: string, live: LiveValues = local.values): Promise<Completion> {
  return complete(...atCursor(code), live, local.context);
}

const matches = async (code: string) => (await at(code)).matches;

/** The whole text after a match has been taken. */
async function taking(code: string, match: string): Promise<string> {
  const { matches, cursor_start, cursor_end } = await at(code);
  expect(matches).toContain(match);
  const points = [...atCursor(code)[0]];
  return [...points.slice(0, cursor_start), match, ...points.slice(cursor_end)].join("");
}

describe("members come from the live value of", () => {
  test.each([
    ["customer.", "name"],
    ["customer?.na", "name"],
    ["customer.address.", "city"],
    ["customer\n  .address\n  .ci", "city"],
    ["customer.list[0].", "deep"],
    ["customer.list.at(0).", "deep"],
    ['customer["address"].', "city"],
    ["customer!.address!.", "city"],
    ["(customer as any).", "name"],
    ["(<any>customer).", "name"],
    ["[...customer.list].", "filter"],
    ["account.", "deposit"],
    ["Account.", "open"],
    ["new Account().", "balance"],
    ["new Account.", "open"],
    ['"text".', "toUpperCase"],
    ["'it\\'s'.", "trim"],
    ["`text ${first}`.", "trim"],
    ["/a(b)/g.", "exec"],
    ["1..", "toFixed"],
    ["new Map().", "clear"],
    ["new Map<string, Array<number>>().", "clear"],
    ["[1, 2].map(x => x).", "filter"],
    ["(first + second).", "trim"],
    ["`${customer.", "name"],
    ["f(customer.", "name"],
    ["x = { a: customer.", "name"],
    ["if (first) customer.", "name"],
    ["return customer.", "name"],
    ["await customer.", "name"],
    ["first / customer.", "name"],
    ["first++ / 2; customer.", "name"],
    ["[...customer.", "name"],
    ["x = !customer.", "name"],
    ["const el = <div title={customer.", "name"],
    ["const el = <p>it's</p>; customer.", "name"],
    ["wrapped.", "inside"],
    ["samples.", "subarray"],
    ["Math.", "max"],
    ["new URL('http://a').", "hostname"],
    ["'😀'; customer.", "name"],
  ])("%s", async (code, member) => {
    expect(await matches(code)).toContain(member);
  });
});

describe("the cell's own text tells the value of names that have not run yet:", () => {
  test.each([
    ["const xs = [1, 2];\nxs.", "filter"],
    ["const xs: number[] = [1, 2]\nconst ys = xs.map(x => String(x))\nys[0].", "trim"],
    ["let a = 1, b = 'text'\nb.", "trim"],
    ["class Local { run() {} }\nconst l = new Local()\nl.", "run"],
    ["function make() { return { made: 1 } }\nmake().", "made"],
    ["const u = new URL('http://a')\nu.", "hostname"],
    ["const c = customer.address\nc.", "city"],
    ["const customer = 'text'; customer.", "trim"],
    ["for (const item of customer.list) { item.", "deep"],
    ["customer.list.map(item => item.", "deep"],
    ["customer.list.filter((item, index) => { return item.", "deep"],
  ])("%s", async (code, member) => {
    expect(await matches(code)).toContain(member);
  });

  test("a parameter hides a global of the same name", async () => {
    await at("customer.");
    expect(await matches("function f(customer: Other) { customer.")).not.toContain("address");
    expect(await matches("f((customer) => customer.")).not.toContain("address");
    expect(await matches("function f(customer: Other) {}\ncustomer.")).toContain("address");
  });

  test("a name that the notebook took from a built-in is its own", async () => {
    const context = { ...local.context, shadowed: new Map([["Map", "Map$cell"]]) };
    expect((await complete("Map.", 4, local.values, context)).matches).toContain("mine");
  });
});

describe("names", () => {
  test("of the notebook come before those of the language", async () => {
    const found = await matches("c");
    expect(found.slice(0, 2)).toEqual(["customer", "customerReport"]);
    for (const name of ["console", "const", "clearTimeout"]) expect(found).toContain(name);
  });

  test("declared above the cursor are known, others of closed functions are not", async () => {
    const code =
      "import { readFile as slurp } from 'fs'; const { a: spread, ...spun } = o; function spin(speed, [spoke]) { sp";
    expect(await matches(code)).toEqual(expect.arrayContaining(["spread", "spun", "spin", "speed", "spoke"]));
    expect(await matches("import { readFile as slurp } from 'fs'; sl")).toContain("slurp");
    expect(await matches("function spin(speed) { const spool = 1 }\nsp")).toContain("spin");
    const outside = await matches("function spin(speed) { const spool = 1 }\nsp");
    expect(outside).not.toContain("speed");
    expect(outside).not.toContain("spool");
  });

  test("are not offered for what is being named", async () => {
    for (const code of ["const cust", "function cust", "class cust", "import { cust"])
      expect(await matches(code)).toEqual([]);
  });

  test("in the middle of a word are completed from its left part", async () => {
    expect(await taking("custo|mer + 1", "customerReport")).toBe("customerReportmer + 1");
  });

  test("made a moment ago are known without anybody saying so", async () => {
    runInThisContext("var brandNewName = 1");
    expect(await matches("brandN")).toEqual(["brandNewName"]);
  });

  test("carry their kind", async () => {
    const { metadata } = await at("c");
    const types = new Map(metadata._jupyter_types_experimental.map(({ text, type }) => [text, type]));
    expect(types.get("customerReport")).toBe("function");
    expect(types.get("const")).toBe("keyword");
  });
});

describe("order and form", () => {
  test("own members come first, then inherited ones, those of Object.prototype and with an underscore last", async () => {
    const found = await matches("account.");
    expect(found.slice(0, 2)).toEqual(["balance", "deposit"]);
    expect(found.indexOf("deposit")).toBeLessThan(found.indexOf("hasOwnProperty"));
    const customer = await matches("customer.");
    expect(customer.slice(0, 4)).toEqual(["address", "counted", "list", "name"]);
    expect(customer.indexOf("_secret")).toBeGreaterThan(customer.indexOf("hasOwnProperty"));
  });

  test("methods come with their signature", async () => {
    const { metadata } = await at("account.dep");
    expect(metadata._jupyter_types_experimental).toEqual([
      { start: 8, end: 11, text: "deposit", type: "function", signature: '(amount, currency = "EUR")' },
    ]);
  });

  test("an object with thousands of keys gives some of them", async () => {
    expect(await matches("vocabulary.word4")).toContain("word42");
  });

  test("members that are no identifiers are left to brackets", async () => {
    expect(await matches("customer.address.")).not.toContain("zip code");
    expect(await taking('customer.address["', "zip code")).toBe('customer.address["zip code');
    expect(await taking("lookup.get('", "key\\'two")).toBe("lookup.get('key\\'two");
  });
});

describe("positions", () => {
  test("are code points, before and after emoji", async () => {
    expect(await taking("'😀😀'; customer.na|; '😀'", "name")).toBe("'😀😀'; customer.name; '😀'");
    expect(await at("const s = '👩‍👩‍👧'; custo")).toMatchObject({ cursor_start: 19, cursor_end: 24 });
  });

  test("outside of the text are moved into it", async () => {
    for (const [cursor, expected] of [
      [-5, 0],
      [99, 11],
      [Number.NaN, 11],
      [Number.POSITIVE_INFINITY, 11],
      [Number.NEGATIVE_INFINITY, 0],
    ] as const) {
      const reply = await complete("customer.na", cursor, local.values, local.context);
      expect(reply.cursor_end, String(cursor)).toBe(expected);
      expect(reply.matches.includes("name")).toBe(expected === 11);
    }
  });
});

describe("nothing is offered", () => {
  test.each([
    "// customer.",
    "/* customer.",
    "'customer.",
    '"custo',
    "`custo",
    "/customer./",
    "<p>customer.",
    "1.",
    "12",
    "null.",
    "undefined.",
  ])("in %s", async (code) => {
    expect(await matches(code)).toEqual([]);
  });

  test("and nothing fails for text that is no code", async () => {
    for (const code of [
      "",
      ".",
      "?.",
      "((((",
      ")))).",
      "}.",
      "`${`${",
      "\u0000",
      "\ud800",
      `${"a".repeat(1000)}.`,
      "import {",
      "@",
      "#",
    ]) {
      expect(await at(code), JSON.stringify(code)).toMatchObject({ matches: expect.any(Array) });
    }
  });

  test("and absurd nesting does not end the process", async () => {
    for (const piece of ["[", "(", "`${", "x=>", "Map<", "!", "<a>", "{a:"]) {
      const code = `${piece.repeat(20_000)}customer.`;
      expect(await at(code), piece).toMatchObject({ matches: expect.any(Array) });
      const closed = `${"[".repeat(20_000)}${"]".repeat(20_000)}.`;
      expect(await at(closed)).toMatchObject({ matches: expect.any(Array) });
    }
  });

  test("and no getter or function with side effects is run", async () => {
    await at("customer.counted.");
    await at("customer.list.push(1).");
    await at("(first = 2).");
    expect(await local.values.evaluate("[getterRuns, customer.list.length, first].join()")).toMatchObject({
      value: "0,1,1",
    });
  });
});

describe("files and modules", () => {
  test("relative files and folders are completed in import specifiers, hidden ones and data are not", async () => {
    expect(await matches('import x from "./')).toEqual(["./data/", "./node_modules/", "./helper.ts"]);
    expect(await taking("import('./he|')", "./helper.ts")).toBe("import('./helper.ts')");
  });

  test("packages, scopes and Node's own modules are completed", async () => {
    expect(await matches('import x from "left')).toEqual(["left-pad"]);
    expect(await matches('import "@sc')).toEqual(["@scope/"]);
    expect(await matches('import "@scope/')).toEqual(["@scope/tool"]);
    expect(await matches('import "left-pad/')).toEqual(["left-pad/extra"]);
    expect(await matches('require("node:fs')).toEqual(["node:fs", "node:fs/promises"]);
    expect(await matches('export * from "f')).toContain("fs");
  });

  test("paths are completed in other strings that look like one", async () => {
    expect(await matches('read("./m')).toEqual(["./mails.csv"]);
    expect(await matches('read("./data/')).toEqual(["./data/train.csv"]);
    expect(await matches("read(`./d")).toEqual(["./data/"]);
    expect(await matches('read("./nothing/here/')).toEqual([]);
  });

  test("command lines complete command names and files", async () => {
    expect(await matches("%ti")).toEqual(["%time", "%timeit"]);
    expect(await matches("%%wr")).toEqual(["%%writefile"]);
    expect(await taking("!cat mai", "mails.csv")).toBe("!cat mails.csv");
    expect(await taking("const a = 1\n!cat ./data/t", "./data/train.csv")).toBe("const a = 1\n!cat ./data/train.csv");
  });
});

describe("when the program does not answer", () => {
  const silent: LiveValues = {
    evaluate: async () => undefined,
    properties: async () => [],
    callByValue: async () => undefined,
    knownGlobals: () => ["customer", "Array", "Math"],
    globals: async () => ["customer", "Array", "Math"],
    hold: () => () => {},
  };

  test("names are completed from syntax and last known globals", async () => {
    expect((await at("const custom = 1; cust", silent)).matches).toEqual(["custom", "customer", "customerReport"]);
  });

  test("members of literals and built-ins are still known", async () => {
    for (const [code, member] of [
      ["'text'.", "trim"],
      ["[1, 2].", "filter"],
      ["/a/.", "exec"],
      ["Math.", "max"],
      ["performance.", "now"],
    ] as const) {
      expect((await at(code, silent)).matches, code).toContain(member);
    }
  });

  test("members that the text uses elsewhere are offered", async () => {
    expect((await at("customer.telephone(); customer.", silent)).matches).toEqual(["telephone"]);
  });

  test("members are offered that were known a moment ago", async () => {
    let answers = true;
    const now: LiveValues = {
      evaluate: async (expression) => (answers ? local.values.evaluate(expression) : undefined),
      properties: (id) => local.values.properties(id),
      callByValue: (id, declaration) => local.values.callByValue(id, declaration),
      knownGlobals: () => local.values.knownGlobals(),
      globals: () => local.values.globals(),
      hold: () => local.values.hold(),
    };
    const before = await at("customer.", now);
    answers = false;
    expect((await at("customer.", now)).matches).toEqual(before.matches);
    expect(before.matches).toContain("address");
  });
});
