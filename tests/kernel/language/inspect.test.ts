/** Inspection at a cursor, shown as `|` where it is not the end of the text. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Inspection, inspect, type LiveValues } from "../../../kernel/language/index.ts";
import { atCursor, type LocalValues, localValues } from "./local-values.ts";

let local: LocalValues;

const typed = `/**
 * Adds two numbers.
 * @param {number} left the first
 */
export function addUp(left: number, right: number = 2): Promise<number> { return Promise.resolve(left + right) }
/** Turns it round. */
const negate = (value: number): number => -value;`;
const classes = `!ls 'unclosed
/** Money somewhere. */
class Purse {
  coins = 1
  constructor(private owner: string, coins = 1) {}
  /** Puts \`amount\` in. */
  put(amount: number): void {}
}
class Wallet extends Purse {}
interface Options { a: string }
/** How many there are. */
let total: number = 3`;

beforeAll(async () => {
  local = await localValues(
    `
    function addUp(left, right = 2) { return Promise.resolve(left + right) }
    var negate = (value) => -value;
    class Purse { coins = 1; constructor(owner, coins = 1) { this.owner = owner } put(amount) {} }
    class Wallet extends Purse {}
    var wallet = new Wallet("Ada");
    var total = 3;
    var bigOnes = new Array(1e6).fill(7);
    var pairs = new Map([["key", { a: 1 }]]);
    var longText = "x".repeat(1e6);
    var failed = new RangeError("too far");
    var nested = { inner: { deep: [1, 2] } };
    var untyped = function (a, { b }, ...rest) { /* inside */ };
  `,
    { sources: [typed, classes] },
  );
});

afterAll(() => local.close());

function at(code: string, detail: 0 | 1 = 0, live: LiveValues = local.values): Promise<Inspection> {
  return inspect(...atCursor(code), detail, live, local.context);
}

const plain = async (code: string, detail: 0 | 1 = 0) => (await at(code, detail)).data["text/plain"] ?? "";

describe("functions", () => {
  test("are shown with the types and the documentation that were written", async () => {
    expect(await plain("addUp")).toBe(
      "function addUp(left: number, right: number = 2): Promise<number>\n\n" +
        "Adds two numbers.\n@param {number} left the first\n\ntype: function",
    );
    expect(await plain("negate")).toMatch(/^function negate\(value: number\): number\n\nTurns it round\./);
  });

  test("are found from anywhere in the name and from inside the parentheses", async () => {
    for (const code of [
      "|addUp(1)",
      "add|Up(1)",
      "addUp|(1)",
      "addUp(|",
      "addUp(1, |",
      "addUp(1,| 2)",
      "x = [addUp(1, |",
    ]) {
      expect(await plain(code), code).toContain("addUp(left: number");
    }
    expect(await plain("addUp(negate(|), 2)")).toContain("negate(value");
    expect(await plain("addUp(negate(1), |2)")).toContain("addUp(left");
  });

  test("that no cell declares are read from their source", async () => {
    expect(await plain("untyped")).toBe("function untyped(a, { b }, ...rest)\n\ntype: function");
    expect(await plain("Math.max|(1)")).toMatch(/^function max\(arg1, arg2\)\n\ntype: built-in function$/);
    expect(await plain("Map")).toMatch(/^class Map .*\n\ntype: built-in class$/);
  });

  test("that have been replaced since they were written are not shown with the old text", async () => {
    const { values, close } = await localValues("var replaced = function (other) {}");
    const context = { ...local.context, sources: ["/** Old. */ function replaced(former: string) {}"] };
    const text = (await inspect("replaced", 3, 0, values, context)).data["text/plain"];
    close();
    expect(text).toContain("replaced(other)");
    expect(text).not.toContain("Old.");
  });

  test("show their source at detail level 1 only", async () => {
    expect(await plain("addUp", 1)).toContain("return Promise.resolve(left + right)");
    expect(await plain("addUp", 0)).not.toContain("return Promise");
    expect(await plain("untyped", 1)).toContain("/* inside */");
  });
});

describe("classes", () => {
  test("are shown with constructor, base and documentation", async () => {
    expect(await plain("new Purse(|")).toMatch(
      /^class Purse \{ constructor\(private owner: string, coins = 1\) \}\n\nMoney somewhere\./,
    );
    expect(await plain("Wallet")).toMatch(/^class Wallet extends Purse/);
  });

  test("give their methods' types and documentation, inherited ones too", async () => {
    expect(await plain("wallet.put|(1)")).toMatch(/^function put\(amount: number\): void\n\nPuts `amount` in\./);
  });
});

describe("values", () => {
  test.each([
    ["wallet", /^wallet: Wallet\n\ntype: Wallet\nkeys: coins, owner\nvalue: Wallet \{ coins: 1, owner: "Ada" \}$/],
    ["total", /^total: number\n\nHow many there are\.\n\ntype: number\nvalue: 3$/],
    ["nested.inner.de|ep", /^nested\.inner\.deep: Array\n\ntype: Array\nlength: 2\nvalue: \[1, 2\]$/],
    ["pairs", /size: 1\nvalue: Map\(1\) \{"key" => \{ a: 1 \}\}$/],
    ["failed", /type: RangeError\nvalue: RangeError: too far$/],
    ["bigOnes", /length: 1000000\nvalue: \[7, 7, .*\.\.\.\]$/],
    ["longText", /type: string\nlength: 1000000\nvalue: "x+/],
    ["const made = [1, 2, 3]\nmade|", /^made: Array\n\ntype: Array\nlength: 3/],
    ["'😀😀'; tota|l", /^total: number/],
  ])("%s", async (code, expected) => {
    const text = await plain(code);
    expect(text).toMatch(expected);
    expect(text.length).toBeLessThan(2000);
  });
});

test("types have no value, so their declaration is shown", async () => {
  expect(await plain("let o: Opti|ons")).toContain("interface Options { a: string }");
});

test("Markdown shows the signature as TypeScript", async () => {
  const { data } = await at("addUp");
  expect(data["text/markdown"]).toMatch(
    /^```typescript\nfunction addUp\(left: number, right: number = 2\): Promise<number>\n```/,
  );
  expect(data["text/markdown"]).toContain("- *@param* `number` left the first");
});

test.each([
  "noSuchThing",
  "",
  "   ",
  "+ |+",
  "'tot|al'",
  "// tot|al",
  "x = { tot|al: 1 }",
  "if| (x)",
  "null",
  "1",
  "`total|`",
])("nothing is found in %j", async (code) => {
  expect(await at(code)).toEqual({ found: false, data: {}, metadata: {} });
});

test("without an answer from the program, what was written is shown", async () => {
  const silent: LiveValues = {
    evaluate: async () => undefined,
    properties: async () => [],
    callByValue: async () => undefined,
    knownGlobals: () => [],
    globals: async () => [],
    hold: () => () => {},
  };
  expect((await at("addUp", 0, silent)).data["text/plain"]).toContain("Adds two numbers.");
  expect((await at("total", 0, silent)).data["text/plain"]).toContain("total: number");
  expect((await at("bigOnes", 0, silent)).found).toBe(false);
});
