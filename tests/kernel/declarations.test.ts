/** Names live as long as the notebook, can be declared again, and the last expression is the result. */
import { describe, expect, test } from "vitest";
import { sharedKernel } from "./suite.ts";

const kernel = sharedKernel();
const print = async (code: string): Promise<string> => (await kernel().run(code)).text;

describe("declaring again", () => {
  test("a name can be declared again with every other kind in later cells", async () => {
    const kinds: [code: string, shown: string][] = [
      ["const again = 1", "1"],
      ["let again = 2", "2"],
      ["class again { static is = 3 }", "function 3"],
      ["function again() { return 4 }", "function 4"],
      ['import again from "node:path"', "object"],
      ["enum again { Five = 5 }", "5"],
      ["var again = 6", "6"],
      ["namespace again { export const seven = 7 }", "7"],
      ["const { again } = { again: 8 }", "8"],
      ["const again = await Promise.resolve(9)", "9"],
      ["async function again() { return 10 }", "function"],
      ["const [again] = [11]", "11"],
      ["await null; class again { static is = 12 }", "12"],
      ["await null; function again() { return 13 }", "13"],
      ["const again = 14", "14"],
    ];
    const looks: Record<string, string> = {
      "function 3": "console.log(typeof again, again.is)",
      "function 4": "console.log(typeof again, again())",
      object: "console.log(typeof again)",
      "5": "console.log(again.Five)",
      "7": "console.log(again.seven)",
      function: "console.log(typeof again)",
      "12": "console.log(again.is)",
      "13": "console.log(again())",
    };
    const shown: string[] = [];
    for (const [code, expected] of kinds) {
      await kernel().run(code);
      shown.push((await print(looks[expected] ?? "console.log(again)")).trim());
    }
    expect(shown).toEqual(kinds.map(([, expected]) => expected));
  });

  test("the same cell can be run twice", async () => {
    const code =
      'import { join } from "node:path"; const base = 1; let more = base + 1; class Part {} function part() { return more }\npart()';
    expect(await kernel().value(code)).toBe("2");
    expect(await kernel().value(code)).toBe("2");
  });

  test("a let without a value is undefined again when its cell runs again", async () => {
    await kernel().run("let fresh: number | undefined; fresh = (fresh ?? 0) + 1");
    await kernel().run("let fresh: number | undefined; fresh = (fresh ?? 0) + 1");
    expect(await kernel().value("fresh")).toBe("1");
  });

  test("the same name twice in one cell is a SyntaxError that names it", async () => {
    for (const code of [
      "let twin = 1; let twin = 2",
      "const twin = 1; class twin {}",
      "await null; let twin = 1; const twin = 2",
    ]) {
      const run = await kernel().execute(code);
      expect(run.error?.ename, code).toBe("SyntaxError");
      expect(run.error?.evalue, code).toContain("twin");
    }
  });

  test("assigning to a const of its own cell is a TypeError", async () => {
    const run = await kernel().execute("const fixed = 1; { const inner = 2; inner = 3 }");
    expect(run.error?.ename).toBe("TypeError");
  });
});

describe("scope", () => {
  test("functions see later definitions", async () => {
    await kernel().run("function caller() { return helper() + factor }");
    await kernel().run("function helper() { return 1 }; const factor = 10");
    expect(await kernel().value("caller()")).toBe("11");
    await kernel().run("await null; function helper() { return 2 }; let factor = 20");
    expect(await kernel().value("caller()")).toBe("22");
  });

  test("functions of asynchronous cells see later definitions and are seen before their line", async () => {
    const run = await kernel().run(
      "console.log(early()); await null; function early() { return 'hoisted' }\nvar useLater = () => laterName",
    );
    expect(run.text).toBe("hoisted\n");
    await kernel().run("await null; const laterName = 'later'");
    expect(await print("console.log(useLater())")).toBe("later\n");
  });

  test("a closure and a later cell share one variable", async () => {
    await kernel().run("let shared = 0; const bump = () => ++shared");
    await kernel().run("bump(); shared += 10");
    expect(await kernel().value("bump()")).toBe("12");
    await kernel().run("await null; let sharedAsync = 0; const bumpAsync = () => ++sharedAsync");
    await kernel().run("bumpAsync(); sharedAsync += 10");
    expect(await kernel().value("bumpAsync()")).toBe("12");
  });

  test("names made before an error survive it", async () => {
    await kernel().execute("const survivor = 'alive'; function survivorToo() { return 1 }; throw new Error('x')");
    expect(await print("console.log(survivor, survivorToo())")).toBe("alive 1\n");
    await kernel().execute(
      "const survivorAsync = await Promise.resolve('alive'); class SurvivorClass {}\nawait Promise.reject(new Error('x'))",
    );
    expect(await print("console.log(survivorAsync, typeof SurvivorClass)")).toBe("alive function\n");
  });

  test("a value from before an error is not lost by a declaration that was never reached", async () => {
    await kernel().run("const kept = 'old'");
    await kernel().execute("throw new Error('before'); const kept = 'new'");
    const text = await print("console.log(String(kept))");
    expect(["old\n", "undefined\n"]).toContain(text);
  });

  test("destructuring with defaults, renaming, nesting and rest declares every name", async () => {
    const source = "{ a: 1, b: { c: [2, 3, 4] }, e: 5, f: 6 }";
    await kernel().run(`const { a: one, b: { c: [two, ...tail] }, d = 9, ...others } = ${source} as any`);
    expect(await print("console.log(one, two, tail.join(), d, others.e + others.f)")).toBe("1 2 3,4 9 11\n");
    await kernel().run(`const { a: uno, b: { c: [dos] } } = await Promise.resolve(${source}) as any`);
    expect(await print("console.log(uno, dos)")).toBe("1 2\n");
  });

  test("var in blocks and loops outlives the cell, let and const there do not", async () => {
    await kernel().run(
      "for (var i = 0; i < 3; i++) { var inLoop = i; let gone = i }; if (true) { var inBlock = 7; const goneToo = 1 }; try { var inTry = 8 } catch {}",
    );
    expect(await print("console.log(i, inLoop, inBlock, inTry, typeof gone, typeof goneToo)")).toBe(
      "3 2 7 8 undefined undefined\n",
    );
    await kernel().run(
      "await null; for (var j = 0; j < 3; j++) { var inAsyncLoop = j; await null }; { var inAsyncBlock = 7; let goneThree = 1 }\nfor (var [k] of [[5]]) {}",
    );
    expect(await print("console.log(j, inAsyncLoop, inAsyncBlock, k, typeof goneThree)")).toBe("3 2 7 5 undefined\n");
  });

  test("a block or a parameter with the name of a top-level variable leaves it alone", async () => {
    await kernel().run("const outer = 'outer'; { const outer = 'inner'; void outer }; ((outer: number) => outer)(1)");
    expect(await print("console.log(outer)")).toBe("outer\n");
    await kernel().run(
      "await null; let outer2 = 'outer'; { let outer2 = 'inner'; outer2 += '!' }; for (let outer2 of [1]) { void outer2 }",
    );
    expect(await print("console.log(outer2)")).toBe("outer\n");
  });

  test("a class sees itself, extends one of another cell, and keeps its name", async () => {
    await kernel().run("class Animal { static make() { return new Animal() } speak() { return 'none' } }");
    await kernel().run("class Dog extends Animal { override speak() { return super.speak() + ' woof' } }");
    expect(await print("console.log(new Dog().speak(), Dog.name, Animal.make() instanceof Animal)")).toBe(
      "none woof Dog true\n",
    );
  });

  test("functions assigned to constants keep their names", async () => {
    await kernel().run("const named = () => 1; let alsoNamed = class {}; await null");
    expect(await print("console.log(named.name, alsoNamed.name)")).toBe("named alsoNamed\n");
  });

  test("generators, async generators and functions used before their line work", async () => {
    const run = await kernel().run(
      "console.log([...count()].join(), hoisted()); function* count() { yield 1; yield 2 }\nfunction hoisted() { return 'h' }",
    );
    expect(run.text).toBe("1,2 h\n");
  });

  test("reading a const before its line in the same cell is an error, not a wrong value", async () => {
    const run = await kernel().execute("const early1 = lateConst + 1; const lateConst = 2; early1");
    expect(run.value).not.toBe("3");
  });
});

describe("the result", () => {
  test("the last expression is the result", async () => {
    expect(await kernel().value("1; 2; 3 + 4")).toBe("7");
    expect(await kernel().value("const q = 4\nq * 2 // a comment\n/* another */")).toBe("8");
  });

  test("a semicolon at its end keeps the result from being shown", async () => {
    expect((await kernel().run("1 + 1;")).result).toBeUndefined();
    expect((await kernel().run("1 + 1; // comment")).result).toBeUndefined();
    expect((await kernel().run("await Promise.resolve(3);")).result).toBeUndefined();
  });

  test("undefined is not shown, null and false are", async () => {
    expect((await kernel().run("undefined")).result).toBeUndefined();
    expect((await kernel().run("void 0")).result).toBeUndefined();
    expect(await kernel().value("null")).toBe("null");
    expect(await kernel().value("false")).toBe("false");
    expect(await kernel().value("0")).toBe("0");
  });

  test("a declaration, a loop and an empty cell have no result", async () => {
    for (const code of [
      "const quiet = 1",
      "for (const x of [1]) x",
      "",
      "  \n",
      "// only a comment",
      "function quietF() {}",
    ]) {
      const run = await kernel().run(code);
      expect(run.result, code).toBeUndefined();
    }
  });

  test("an object literal in parentheses, an assignment and a comma expression are results", async () => {
    expect(await kernel().value("let target = 0; target = 5")).toBe("5");
    expect(await kernel().value("(1, 2)")).toBe("2");
    expect(await kernel().value("({ a: 1 }).a")).toBe("1");
  });

  test("a cell that begins with a template, a bracket or a parenthesis is not joined to anything", async () => {
    await kernel().run("const value = 1");
    expect(await kernel().value("[1, 2].length")).toBe("2");
    expect(await kernel().value("(() => 3)()")).toBe("3");
    expect(await kernel().value("const arr = [1]\n;[7].concat(arr).length")).toBe("2");
  });

  test("the result of the last expression of an asynchronous cell is shown", async () => {
    expect(await kernel().value("const wait = await Promise.resolve(2)\nwait + 1")).toBe("3");
  });

  test("an execute_result carries the execution count of its cell", async () => {
    const run = await kernel().run("'counted'");
    const result = run.outputs.find((output) => output.type === "result");
    expect(result?.type === "result" && result.count).toBe(run.reply.execution_count);
  });

  test("a directive or a string at the start is the result", async () => {
    expect(await kernel().value('"plain text".length')).toBe("10");
    expect(await kernel().value('"use strict"')).toContain("use strict");
  });
});
