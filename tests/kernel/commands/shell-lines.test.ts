// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the cells under test contain ${...}
import { describe, expect, it } from "vitest";
import { translateCommands } from "../../../kernel/commands/translate.ts";

const names = new Set(["ready", "failed", "x"]);
const translate = (source: string) => translateCommands(source, { isName: (name) => names.has(name) });

describe("a line that starts with ! is TypeScript when it reads as TypeScript", () => {
  it.each([
    ["a bare name that is a variable", "!ready"],
    ["a bare name declared above", "const done = f()\n!done"],
    ["a bare name destructured above", "const { a, done } = f()\n!done"],
    ["a bare name imported above", 'import { ls } from "./x.ts"\n!ls'],
    ["a bare name with a comment", "!ready // to see"],
    ["a call", "!f()"],
    ["a call with a type argument", "!f<string>(x)"],
    ["a method", "!list.includes(3)"],
    ["an index", "!list[0]"],
    ["an optional chain", "!user?.name"],
    ["a double negation", "!!value"],
    ["an assertion", "!value!"],
    ["and", "!x && y()"],
    ["or", "!x || y()"],
    ["and with await", "!unknown && await f()"],
    ["and with a call", "!unknown && run()"],
    ["nullish", "!x ?? y"],
    ["a conditional", "!x ? a() : b()"],
    ["equality", "!x === y"],
    ["a condition that goes on in the next line", "!unknown\n  && run()"],
    ["a condition that ends with its operator", "!unknown &&\n  run()"],
    ["a semicolon", "!unknown;"],
    ["a comma", "!a, b"],
    ["a parenthesis", "!(a || b)"],
    ["a function called at once", "!function () { f() }()"],
    ["an arrow function called at once", "!(async () => {})()"],
    ["await", "!await f()"],
    ["new", "!new Set()"],
    ["typeof", "!typeof x"],
    ["a literal", "!true"],
    ["a number", "!0"],
    ["a string", '!"text"'],
    ["an array", "![1, 2].length"],
    ["a regular expression", "!/ab+/.test(text)"],
  ])("%s", (_, source) => {
    expect(translate(source)).toEqual({ code: source, commands: false });
  });
});

describe("a line that starts with ! is a command otherwise", () => {
  it.each([
    "ls",
    "ls -l *.csv",
    "git status",
    "npm install lodash",
    "node --version",
    "./run.sh now",
    "../build",
    "/usr/bin/env",
    "/bin/ls /tmp",
    "~/bin/tool",
    "cat a.txt | head -3",
    "echo 'it''s' \"quoted\" `date`",
    "make && make test",
    "make && ./a.out",
    "test -f x || echo no",
    "cd /tmp; ls",
    "ls; pwd",
    "ls > out.txt",
    "wc -l < in.txt",
    "FOO=1 command",
    "python3.12 -c 'print(1)'",
    "apt-get update",
    "[ -f x ] && echo yes",
    "echo $HOME",
    "echo // not a comment",
  ])("!%s", (command) => {
    expect(translate(`!${command}`)).toEqual({
      code: `void await globalThis.__gradbook_commands__.shell(${JSON.stringify([command])}, []);`,
      commands: true,
    });
  });
});

describe("x = !command", () => {
  it.each([
    "const files = !ls",
    "const files = !ls *.csv",
    "let out: Output = !git status",
    "out = !cat a.txt | wc -l",
    "const [first] = !ls -t",
    "report.text = !./report --short",
    "var n = !ls | wc -l",
    "const t = !sleep 1",
    "const h = !cat ${file}",
  ])("is a captured command: %s", (source) => {
    const { code } = translate(source);
    const [before, command] = source.split("!") as [string, string];
    expect(code.startsWith(`${before}await globalThis.__gradbook_commands__.shell([`)).toBe(true);
    expect(code.endsWith(", true);")).toBe(true);
    expect(code).toContain(command.split(" ")[0]);
  });

  it.each([
    "const ok = !ready",
    "const ok = !unknown",
    "const ok: boolean = !unknown",
    "ok = !unknown && other",
    "ok = !a || b || c",
    "ok = !list.length",
    "ok = !f(x)",
    "ok = !!x",
    "ok = !(a && b)",
    "ok = !a - b",
    "ok = !a | b",
    "ok = !a instanceof B",
    "ok = !unknown\n  || other",
    "ok = !/a/.test(s)",
    "ok = a !== !b",
    "const ls = 1\nconst ok = !ls",
    "if (a) ok = !b",
  ])("is TypeScript: %s", (source) => {
    expect(translate(source)).toEqual({ code: source, commands: false });
  });
});

describe("a command stands where a statement can start, and nowhere else", () => {
  it.each([
    ["a template", "const text = `\n!ls -l\n`"],
    ["a template with code in it", "const text = `${[1].map(n => `\n!ls -l ${n}`)}\n!ls -l\n`"],
    ["a comment", "/*\n!ls -l\n*/"],
    ["JSX text", "const page = <div>\n!ls -l\n<b>don't</b>\n!ls -l\n</div>"],
    ["JSX in an expression container", "const page = <ul>{items.map(i => <li key={i}>\n!ls -l {i}</li>)}</ul>"],
    ["after =", "const a =\n!ls\n"],
    ["after &&", "a &&\n!ls\n"],
    ["after an arrow", "const f = () =>\n!ls\n"],
    ["after return in a function", "function f() {\n  return (\n  !ls\n)}"],
    ["a call's arguments", "f(\n!ls\n)"],
    ["an array", "[\n!ls\n]"],
    ["an object", "const o = {\n a:\n!ls\n}"],
    ["a function's body", "function f() {\n  !ls -l\n}"],
    ["an arrow function's body", "const f = async () => {\n  !ls -l\n}"],
    ["a class", "class A {\n  f() {\n  !ls -l\n  }\n}"],
    ["after a quote in a regular expression", "const q = /['\"`]/g.test(\n!ls\n)"],
  ])("not in or after %s", (_, source) => {
    expect(translate(source)).toEqual({ code: source, commands: false });
  });

  it.each([
    ["a line without a semicolon", "const a = 1"],
    ["a call without a semicolon", "f(a)"],
    ["a closed template", "const t = `a ${b} c`"],
    ["a closed JSX element", "const p = <p>it's {n}</p>"],
    ["a regular expression with a quote", "const q = /['\"`]/"],
    ["a division", "const d = a / b / c"],
    ["an object", "const o = { a: 1 }"],
    ["a function", "function f() { return 1 }"],
    ["an arrow function", "const f = (a: number) => { g(a) }"],
    ["a generic arrow function", "const f = <T,>(a: T) => a"],
    ["a class", "class A { x = 1 }"],
    ["an increment", "i++"],
    ["an assertion", "const v = w!"],
    ["a generic type", "let m: Map<string, Array<number>>"],
    ["a comparison", "a < b"],
    ["a comment", "// it's a comment"],
    ["a block comment", "/* it's a comment */"],
    ["an import", 'import fs from "node:fs"'],
    ["a decorator", "@d class A {}"],
    ["a name with letters beyond ASCII", "const größe = 1"],
  ])("after %s", (_, before) => {
    const { code, commands } = translate(`${before}\n!ls -l\nnext()`);
    expect(commands).toBe(true);
    expect(code.split("\n").slice(0, 1)).toEqual(before.split("\n"));
    expect(code.split("\n").at(-2)).toMatch(/^void await .*ls -l/);
    expect(code.split("\n").at(-1)).toBe("next()");
  });

  it.each([
    ["a loop", "for (const f of files) {\n  !wc -l ${f}\n}"],
    ["for await", "for await (const f of files) {\n  !wc -l ${f}\n}"],
    ["a loop without braces", "for (const f of files)\n  !wc -l ${f}"],
    ["if and else", "if (a) {\n} else {\n  !wc -l ${f}\n}"],
    ["try", "try {\n  !wc -l ${f}\n} finally {\n}"],
  ])("in the block of %s", (_, source) => {
    const { code } = translate(source);
    expect(code).toContain('  void await globalThis.__gradbook_commands__.shell(["wc -l ",""], [(f)]);');
  });
});

describe("a command line keeps its place", () => {
  it("leaves the other lines and the number of lines as they were", () => {
    const source = "const a = 1\r\n!ls -l\r\n  !cat \\\r\n   x \\\n  y\nthrow new Error('here')";
    const lines = translate(source).code.split("\n");
    expect(lines).toHaveLength(source.split("\n").length);
    expect(lines[0]).toBe("const a = 1\r");
    expect(lines[2]).toContain('["cat x y"]');
    expect(lines.at(-1)).toBe("throw new Error('here')");
  });

  it("reads ${...} as TypeScript, and \\${...} as the shell's", () => {
    expect(translate("!echo ${a.map(n => `${n}}`)} and \\${HOME} and $HOME ${ {b: 1}.b }").code).toBe(
      'void await globalThis.__gradbook_commands__.shell(["echo "," and ${HOME} and $HOME ",""], [(a.map(n => `${n}}`)), ( {b: 1}.b )]);',
    );
  });
});
