/** TypeScript as people write it in notebooks runs. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: cells are strings here
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startKernel } from "./client.ts";
import { folderWith, sharedKernel, writeFiles } from "./suite.ts";

const kernel = sharedKernel();

const write = (files: Record<string, string>): void => writeFiles(kernel().cwd, files);

describe("syntax", () => {
  test("types, interfaces and annotations leave nothing behind", async () => {
    const run = await kernel().run(`
      interface Point { x: number; y?: number }
      type Named<T> = T & { name: string };
      declare const nowhere: number;
      const p: Named<Point> = { x: 1, name: "p" } satisfies Named<Point>;
      function area(this: void, p: Point, scale?: number): asserts p is Required<Point> { void scale; }
      (p as Point).x! + (<number>1)`);
    expect(run.value).toBe("2");
  });

  test("a cell of nothing but types has no result and no error", async () => {
    const run = await kernel().run("type OnlyA = string\ninterface OnlyB { a: OnlyA }");
    expect(run.outputs).toEqual([]);
  });

  test("enums count, map back and hold strings", async () => {
    const run = await kernel().run(`
      enum Colour { Red, Green = 5, Blue }
      enum Label { Spam = "spam" }
      console.log(Colour.Red, Colour.Blue, Colour[5], Label.Spam)`);
    expect(run.text).toBe("0 6 Green spam\n");
    expect(await kernel().value("Colour.Green")).toBe("5");
  });

  test("a const enum is usable in later cells", async () => {
    await kernel().run("const enum Size { Small = 1, Big = 10 }");
    expect(await kernel().value("Size.Big + Size.Small")).toBe("11");
  });

  test("standard decorators are the default", async () => {
    const run = await kernel().run(`
      function logged(method: Function, context: ClassMethodDecoratorContext) {
        return function (this: unknown, ...args: unknown[]) {
          console.log(context.kind, String(context.name));
          return method.apply(this, args);
        };
      }
      class Greeter { @logged greet(name: string) { return "hi " + name } }
      console.log(new Greeter().greet("Ada"))`);
    expect(run.text).toBe("method greet\nhi Ada\n");
  });

  test("accessor fields and class decorators work", async () => {
    const run = await kernel().run(`
      const seal = <T extends new (...a: any[]) => object>(c: T, context: ClassDecoratorContext) => { console.log(context.name); return c };
      @seal class Box { accessor size = 3; static #count = 1; static get count() { return Box.#count } }
      console.log(new Box().size, Box.count)`);
    expect(run.text).toBe("Box\n3 1\n");
  });

  test("decorators are the legacy kind when the folder's tsconfig says so", async () => {
    const tsconfig = '{ // comments are allowed\n "compilerOptions": { "experimentalDecorators": true, } }';
    await using own = await startKernel({ cwd: folderWith({ "tsconfig.json": tsconfig }) });
    const run = await own.run(`
      function mark(target: object, key: string, descriptor: PropertyDescriptor) { console.log(typeof target, key, typeof descriptor.value) }
      function parameter(_target: object, key: string | symbol | undefined, index: number) { console.log(String(key), index) }
      class Legacy { @mark run(@parameter what: string) { return what } }
      new Legacy().run("x")`);
    expect(run.text).toContain("object run function\n");
    expect(run.text).toContain("run 0\n");
  });

  test("namespaces, also with export let, share their variables", async () => {
    const run = await kernel().run(`
      namespace Counter { export let count = 1; export function up() { count++; return count } }
      namespace Counter.Deep { export const five = 5 }
      Counter.up(); Counter.count += 10;
      console.log(Counter.up(), Counter.count, Counter.Deep.five)`);
    expect(run.text).toBe("13 13 5\n");
    expect(await kernel().value("Counter.up()")).toBe("14");
  });

  test("generic functions, arrow functions and classes run", async () => {
    const run = await kernel().run(`
      const first = <T,>(items: readonly T[]): T | undefined => items[0];
      class Stack<T extends { id: number }> { #items: T[] = []; push(...t: T[]): this { this.#items.push(...t); return this } get top(): T { return this.#items.at(-1)! } }
      console.log(first<number>([7, 8]), new Stack<{ id: number }>().push({ id: 1 }, { id: 2 }).top.id)`);
    expect(run.text).toBe("7 2\n");
  });

  test("parameter properties, abstract classes, overloads and static blocks run", async () => {
    const run = await kernel().run(`
      abstract class Shape { static made = 0; static { Shape.made = 40 } constructor(protected readonly side: number, public name = "shape") {} abstract area(): number }
      class Square extends Shape { override area() { return this.side ** 2 } }
      function twice(x: number): number; function twice(x: string): string; function twice(x: any) { return x + x }
      console.log(new Square(3).area(), new Square(1).name, twice("ab"), twice(2), Shape.made)`);
    expect(run.text).toBe("9 shape abab 4 40\n");
  });

  test("fields are defined before parameter properties are read by methods", async () => {
    const run = await kernel().run(`
      class Base { constructor() { this.init() } init() {} }
      class Derived extends Base { value?: number = 1; override init() { this.value = 2 } }
      console.log(new Derived().value)`);
    expect(run.text).toBe("1\n");
  });

  test("import equals and export assignment forms of TypeScript work", async () => {
    const run = await kernel().run(
      'import path = require("node:path"); export const joined = path.join("a", "b"); console.log(joined)',
    );
    expect(run.text).toBe("a/b\n");
  });

  test("export in a cell is the declaration it names", async () => {
    await kernel().run(
      "export const exported = 3; export function exportedTwice() { return exported * 2 }\nexport default 5",
    );
    expect(await kernel().value("exportedTwice()")).toBe("6");
  });

  test("labels, regular expressions with flags v and d, and numeric separators run", async () => {
    const run = await kernel().run(`
      outer: for (const i of [1, 2, 3]) { for (const j of [1, 2]) { if (i === 2) break outer; console.log(i, j) } }
      console.log(/[\\p{L}--[a-z]]/v.test("a"), "xay".match(/a/d)!.indices![0], 1_000)`);
    expect(run.text).toBe("1 1\n1 2\nfalse [ 1, 2 ] 1000\n");
  });
});

describe("JSX", () => {
  test("JSX makes React elements when React is imported", async () => {
    write({
      "node_modules/react/package.json": '{"name":"react","version":"0.0.1","main":"index.js"}',
      "node_modules/react/index.js":
        "exports.createElement = (type, props, ...children) => ({ type, props, children }); exports.Fragment = 'fragment';",
    });
    const run = await kernel().run(`
      import * as React from "react";
      const Title = (props: { text: string }) => props.text;
      const element: any = <div id="a"><Title text="x" />{1 + 1}<></></div>;
      console.log(element.type, element.props.id, element.children[0].type === Title, element.children[1], element.children[2].type)`);
    expect(run.text).toBe("div a true 2 fragment\n");
  });

  test("a pragma names another factory", async () => {
    const run = await kernel().run(`/** @jsx h */
      const h = (tag: string, props: object | null, ...children: unknown[]) => tag + JSON.stringify(props) + children.join();
      console.log(<b k={1}>hello</b>)`);
    expect(run.text).toBe('b{"k":1}hello\n');
  });

  test("the folder's tsconfig names the JSX factory", async () => {
    const tsconfig = '{ "compilerOptions": { "jsx": "react", "jsxFactory": "make" } }';
    await using own = await startKernel({ cwd: folderWith({ "tsconfig.json": tsconfig }) });
    const run = await own.run("const make = (tag: string) => 'made ' + tag;\nconsole.log(<p />)");
    expect(run.text).toBe("made p\n");
  });
});

describe("using", () => {
  const resource = `const open = (name: string) => ({ name, [Symbol.dispose]() { console.log("closed " + name) } })`;

  test("using at the top of a cell is disposed when the cell ends, last first", async () => {
    const run = await kernel().run(
      `${resource}; using a = open("a"); using b = open("b"); console.log("using " + a.name + b.name)`,
    );
    expect(run.text).toBe("using ab\nclosed b\nclosed a\n");
  });

  test("using is disposed when the cell throws", async () => {
    const run = await kernel().execute(`{ ${resource}; using c = open("c"); throw new Error("after") }`);
    expect(run.text).toBe("closed c\n");
    expect(run.error?.evalue).toBe("after");
    const top = await kernel().execute(
      `var opened = (name: string) => ({ [Symbol.dispose]() { console.log("closed " + name) } }); using d = opened("d"); throw new Error("top")`,
    );
    expect(top.text).toBe("closed d\n");
    expect(top.error?.evalue).toBe("top");
  });

  test("await using waits for the asynchronous disposal before the cell is idle", async () => {
    const run = await kernel().run(`
      await using slow = { async [Symbol.asyncDispose]() { await new Promise(r => setTimeout(r, 50)); console.log("closed slowly") } };
      console.log("body")`);
    expect(run.text).toBe("body\nclosed slowly\n");
    expect(run.idleAfterAll).toBe(true);
  });
});

describe("await", () => {
  test("top-level await gives its value to later cells and to the result", async () => {
    const run = await kernel().run("const awaited = await Promise.resolve(20); awaited + 1");
    expect(run.value).toBe("21");
    expect(await kernel().value("awaited * 2")).toBe("40");
  });

  test("a cell that ends with an await shows the awaited value", async () => {
    expect(await kernel().value("await new Promise<number>(r => setTimeout(() => r(42), 20))")).toBe("42");
  });

  test("for await at the top of a cell runs", async () => {
    const run = await kernel().run(`
      async function* numbers() { yield 1; yield 2 }
      for await (const n of numbers()) console.log(n)`);
    expect(run.text).toBe("1\n2\n");
  });

  test("await inside a nested function does not make the cell asynchronous", async () => {
    const run = await kernel().run(`
      const later = async () => { await null; console.log("later") };
      const promise = later(); console.log("first"); await promise`);
    expect(run.text).toBe("first\nlater\n");
  });

  test("await in a template, a condition and a destructuring default runs", async () => {
    const run = await kernel().run(
      "const { picked = await Promise.resolve(3) } = {} as { picked?: number }; if (await Promise.resolve(true)) console.log(`${await Promise.resolve(picked)}`)",
    );
    expect(run.text).toBe("3\n");
  });
});

describe("imports", () => {
  test("static imports of all forms bind their names", async () => {
    const run = await kernel().run(`
      import fs, { existsSync as exists } from "node:fs";
      import * as path from "node:path";
      import "node:os";
      console.log(typeof fs.readFileSync, exists("/"), path.basename("/a/b"))`);
    expect(run.text).toBe("function true b\n");
    expect(await kernel().value("path.basename('/x/y')")).toContain("y");
  });

  test("an import keeps its name for later cells even when its own cell does not use it", async () => {
    await kernel().run('import { sep } from "node:path"');
    expect((await kernel().run("console.log(sep)")).text).toBe("/\n");
  });

  test("type-only imports are not loaded", async () => {
    const run = await kernel().run(`
      import type { Nothing } from "package-that-does-not-exist";
      import { type Stats } from "node:fs";
      const s: Stats | Nothing | undefined = undefined; console.log("ran")`);
    expect(run.text).toBe("ran\n");
  });

  test("dynamic import works at the top and inside functions", async () => {
    const run = await kernel().run(`
      const os = await import("node:os");
      async function load() { return (await import("node:path")).join("a", "b") }
      console.log(typeof os.cpus, await load())`);
    expect(run.text).toBe("function a/b\n");
  });

  test("a missing package is an error that names it, at the place of the import", async () => {
    const run = await kernel().execute('const before = 1;\nimport nothing from "package-that-does-not-exist"');
    expect(run.error?.evalue).toContain("package-that-does-not-exist");
  });

  test("a missing export is an error that names it", async () => {
    const run = await kernel().execute('import { notThere } from "node:path"; console.log(typeof notThere)');
    expect(run.error?.evalue).toContain("notThere");
  });

  test("npm packages come from the notebook's folder first, then from Gradbook", async () => {
    write({
      "node_modules/zeromq/package.json": '{"name":"zeromq","version":"0.0.0-mine","main":"index.js"}',
      "node_modules/zeromq/index.js": "exports.mine = 'from the notebook';",
      "node_modules/only-esm/package.json":
        '{"name":"only-esm","version":"1.0.0","type":"module","exports":"./index.js"}',
      "node_modules/only-esm/index.js": "export const kind = 'esm';",
    });
    const run = await kernel().run(`
      import { mine } from "zeromq"; import { kind } from "only-esm"; import { transformSync } from "esbuild";
      console.log(mine, kind, typeof transformSync)`);
    expect(run.text).toBe("from the notebook esm function\n");
  });

  test("a package in a folder above the notebook is found", async () => {
    const root = kernel().cwd;
    write({
      "node_modules/above/package.json": '{"name":"above","main":"index.js"}',
      "node_modules/above/index.js": "module.exports = { above: true };",
      "deep/down/.keep": "",
    });
    await using own = await startKernel({ cwd: join(root, "deep", "down") });
    expect(await own.value('import above from "above"; above.above')).toBe("true");
    expect(await own.value('require("above").above')).toBe("true");
  });

  test("require finds packages of the notebook's folder and Node's own", async () => {
    write({
      "node_modules/common/package.json": '{"name":"common","main":"index.js"}',
      "node_modules/common/index.js": "module.exports = 'common';",
    });
    const run = await kernel().run(
      'const common = require("common"); console.log(common, require("node:path").sep, require.resolve("common").includes("common"))',
    );
    expect(run.text).toBe("common / true\n");
  });

  test("a JSON file is imported with and without attributes", async () => {
    write({ "settings.json": '{"layers": 3}' });
    const run = await kernel().run(`
      import settings from "./settings.json" with { type: "json" };
      const again = (await import("./settings.json", { with: { type: "json" } })).default;
      console.log(settings.layers, again.layers, require("./settings.json").layers)`);
    expect(run.text).toBe("3 3 3\n");
  });

  test("a local module in TypeScript is imported with or without its extension", async () => {
    write({
      "shapes.ts":
        "export enum Kind { A = 7 }\nexport const area = (n: number): number => n * n;\nexport default 'shapes';\n",
    });
    const run = await kernel().run(`
      import name, { area, Kind } from "./shapes.ts"; import * as same from "./shapes";
      console.log(name, area(3), Kind.A, same.area(4))`);
    expect(run.text).toBe("shapes 9 7 16\n");
  });

  test("a local module that changed is loaded again by the next import", async () => {
    write({ "changing.ts": "export const version: number = 1;" });
    expect((await kernel().run('import { version } from "./changing.ts"; console.log(version)')).text).toBe("1\n");
    write({ "changing.ts": "export const version: number = 222;" });
    expect((await kernel().run('import { version } from "./changing.ts"; console.log(version)')).text).toBe("222\n");
  });

  test("a changed dependency of a dependency is loaded again", async () => {
    write({
      "top.ts": 'export { middle } from "./middle.ts";',
      "middle.ts": 'import { bottom } from "./bottom.ts"; export const middle = () => "middle of " + bottom;',
      "bottom.ts": 'export const bottom = "one";',
    });
    expect((await kernel().run('import { middle } from "./top.ts"; console.log(middle())')).text).toBe(
      "middle of one\n",
    );
    write({ "bottom.ts": 'export const bottom = "another";' });
    expect((await kernel().run('import { middle } from "./top.ts"; console.log(middle())')).text).toBe(
      "middle of another\n",
    );
  });

  test("a local module that did not change keeps its state", async () => {
    write({ "state.ts": "export const state = { hits: 0 };" });
    await kernel().run('import { state } from "./state.ts"; state.hits++');
    await kernel().run('import { state } from "./state.ts"; state.hits++');
    expect(await kernel().value("state.hits")).toBe("2");
  });

  test("a module with a mistake can be repaired and imported", async () => {
    write({ "broken.ts": "export const ok = ;" });
    const broken = await kernel().execute('import { ok } from "./broken.ts"');
    expect(broken.error?.ename).toBe("SyntaxError");
    write({ "broken.ts": "export const ok = 'repaired';" });
    expect((await kernel().run('import { ok } from "./broken.ts"; console.log(ok)')).text).toBe("repaired\n");
  });

  test("import.meta knows the notebook's folder", async () => {
    const run = await kernel().run("console.log(typeof import.meta.url, import.meta.dirname)");
    expect(run.text).toBe(`string ${kernel().cwd}\n`);
  });
});

describe("strict mode", () => {
  test("assigning to a name that was never declared is a ReferenceError", async () => {
    const run = await kernel().execute("neverDeclared = 1");
    expect(run.error?.ename).toBe("ReferenceError");
    expect(run.error?.evalue).toContain("neverDeclared");
    const awaiting = await kernel().execute("await null; neverDeclaredEither = 1");
    expect(awaiting.error?.ename).toBe("ReferenceError");
    expect((await kernel().run("console.log(typeof neverDeclared, typeof neverDeclaredEither)")).text).toBe(
      "undefined undefined\n",
    );
  });

  test("writing to a frozen object throws", async () => {
    expect((await kernel().execute("(Object.freeze({ a: 1 }) as { a: number }).a = 2")).error?.ename).toBe("TypeError");
  });

  test("this is undefined at the top and in plain functions, as in modules", async () => {
    const run = await kernel().run("function plain(this: unknown) { return this }\nconsole.log(this, plain())");
    expect(run.text).toBe("undefined undefined\n");
  });

  test("with statements and octal literals are refused", async () => {
    expect((await kernel().execute("with ({ a: 1 }) { console.log(1) }")).error?.ename).toBe("SyntaxError");
    expect((await kernel().execute("const n = 010;")).error?.ename).toBe("SyntaxError");
  });

  test("an indirect eval and new Function see the notebook's names", async () => {
    await kernel().run("const seen = 5");
    expect(await kernel().value('(0, eval)("seen") + new Function("return seen")()')).toBe("10");
  });
});
