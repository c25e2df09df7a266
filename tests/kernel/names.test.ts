/** Names of built-ins and constants: what a cell declares is the notebook's, and nobody else's. */
import { describe, expect, test } from "vitest";
import { sharedKernel } from "./suite.ts";

const kernel = sharedKernel();

describe("a cell that declares the name of a built-in", () => {
  test("gets its own, here and in later cells, in functions too", async () => {
    await kernel().run("class Map { mine = 1 }\nfunction make() { return new Map() }");
    expect(await kernel().value("new Map().mine + make().mine")).toBe("2");
    expect(await kernel().value("({ Map }).Map === Map")).toBe("true");
  });

  test("leaves the built-in alone for libraries and for Node", async () => {
    await kernel().run("const Set = 1, Promise = 2, Error = 3, Array = 4, process = 5, setTimeout = 6");
    expect(await kernel().value("Set + Promise + Error + Array + process + setTimeout")).toBe("21");
    expect(await kernel().value("new globalThis.Set([1]).size")).toBe("1");
    expect(await kernel().value("(await import('node:util')).inspect(new globalThis.Set([1]))")).toBe("'Set(1) { 1 }'");
    expect((await kernel().run("console.log([1, { a: new Map() }])")).text).toContain("mine");
  });

  test("does not touch names of inner scopes, properties, labels and types", async () => {
    await kernel().run("const Symbol = 'mine'");
    const code = `
      interface Holder { Symbol: string }
      const holder: Holder = { Symbol: "property" };
      function inner(Symbol: string) { return Symbol }
      const arrow = ({ Symbol = "default" }: { Symbol?: string }) => Symbol;
      Symbol: for (;;) { break Symbol }
      let text = "";
      { const Symbol = "block"; text += Symbol + " " }
      for (const Symbol of ["loop"]) text += Symbol + " ";
      try { throw "caught" } catch (Symbol) { text += Symbol + " " }
      class Own { Symbol = "field"; static Symbol() { return "static" } }
      text + [holder.Symbol, inner("parameter"), arrow({}), new Own().Symbol, Own.Symbol(), (function Symbol() { return typeof Symbol })(), Symbol].join(" ")`;
    expect(await kernel().value(code)).toBe(
      "'block loop caught property parameter default field static function mine'",
    );
  });

  test("may import it", async () => {
    await kernel().run("import { sep as URL } from 'node:path'");
    expect(await kernel().value("URL.length")).toBe("1");
    expect(await kernel().value("new globalThis.URL('http://localhost/').host")).toBe("'localhost'");
  });
});

describe("a constant", () => {
  test.each([
    ["=", "fixed = 2"],
    ["+=", "fixed += 1"],
    ["++", "fixed++"],
    ["an array pattern", "[fixed] = [1]"],
    ["an object pattern", "({ fixed } = { fixed: 1 })"],
    ["a loop", "for (fixed of [1]) {}"],
    ["a function", "(() => { fixed = 3 })()"],
  ])("cannot be assigned to by %s, in its own cell or a later one", async (_name, assignment) => {
    const own = await kernel().execute(`const fixed = 1;\n${assignment}`);
    expect(own.error).toMatchObject({ ename: "TypeError", evalue: "Assignment to constant variable." });
    const later = await kernel().execute(assignment);
    expect(later.error).toMatchObject({ ename: "TypeError", evalue: "Assignment to constant variable." });
    expect(await kernel().value("fixed")).toBe("1");
  });

  test("may be declared again as a variable, and then assigned to", async () => {
    await kernel().run("const changed = 1");
    await kernel().run("let changed = 2");
    expect(await kernel().value("changed = 3; changed")).toBe("3");
  });

  test("does not keep a parameter or an inner variable of its name from being assigned to", async () => {
    await kernel().run("const outer = 1");
    expect(await kernel().value("(function (outer: number) { outer = 5; outer++; return outer })(0)")).toBe("6");
    expect(
      await kernel().value("{ let outer = 1; outer = 7; globalThis.seen = outer }; (globalThis as any).seen"),
    ).toBe("7");
  });
});
