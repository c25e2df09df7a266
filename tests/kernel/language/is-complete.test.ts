/** A console asks after each Enter whether the text is a whole cell. One row is one text. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: cells are strings here
import { describe, expect, test } from "vitest";
import { isComplete } from "../../../kernel/language/index.ts";

const complete = [
  "",
  "   ",
  "1 + 1",
  "let x",
  "x++",
  "x!",
  "// only a comment",
  "a // trailing comment",
  "/* a\n comment */ 1",
  "a\n  .b",
  "const s = 'it\\'s'",
  "const s = '🎉'",
  '"continued \\\nstring"',
  "`template ${1 + `${2}`}`",
  "`over\nlines`",
  "/[a-z/]+/.test(s)",
  "const re = /a\\/(b)/gi",
  "x = a / b / c",
  "({ a: 1 })",
  "{}",
  "function f(a: number): void {}",
  "declare function f(): void",
  "class A { #p = 1; static { } }",
  "@d class A {}",
  "@a @b({})\nclass A {}",
  "enum A { B }",
  "type A = { b: string } | null",
  "interface A<T> { b: T }",
  "import x, { y } from 'z'",
  "export const a = 1",
  "await f()",
  "for await (const x of xs) {}",
  "await using x = f()",
  "if (a) b",
  "<div/>",
  "<div a={1}>it's {x}</div>",
  "<></>",
  "<string>x",
  "const y = <Foo>x;",
  "const f = <T>(x: T) => x",
  "const f = <T,>(x: T) => x",
  "#!/usr/bin/env node",
  "!ls -l 'quoted",
  "%time f(",
  "const x = 1\n!ls",
  "%%html\n<b>1</b>",
];

const incomplete: [code: string, indent: string][] = [
  ["function f() {", "  "],
  ["function f()", "  "],
  ["if (x", "  "],
  ["if (x)", "  "],
  ["if (x) {\n  a()", "  "],
  ["if (a) {\n  if (b) {", "    "],
  ["if (a) b; else", "  "],
  ["if (a) {\n} else {", "  "],
  ["while (true)", "  "],
  ["for (const x of xs)", "  "],
  ["do", "  "],
  ["try {}", ""],
  ["switch (a) {\n  case 1:", "  "],
  ["class A {", "  "],
  ["class A {\n  m() {", "    "],
  ["class A extends", "  "],
  ["f(", "  "],
  ["f({", "  "],
  ["foo(() => {\n  bar({", "    "],
  ["[1,\n2", "  "],
  ["x = {", "  "],
  ["obj[", "  "],
  ["x.", "  "],
  ["x?.", "  "],
  ["a +", "  "],
  ["a + // why", "  "],
  ["a &&\n", "  "],
  ["a ?", "  "],
  ["a ? b :", "  "],
  ["const a =", "  "],
  ["const a", "  "],
  ["const a: ", "  "],
  ["let a = 1,", ""],
  ["x =>", "  "],
  ["async () => {", "  "],
  ["new", "  "],
  ["throw", "  "],
  ["type A =", "  "],
  ["interface A {", "  "],
  ["enum A {", "  "],
  ["namespace A {", "  "],
  ["x as", "  "],
  ["import { a", "  "],
  ["import x from", "  "],
  ["export default", "  "],
  ["@decorator", ""],
  ["@decorator({ a: 1 })\n", ""],
  ["/* a comment", ""],
  ["`template", ""],
  ["`template ${", ""],
  ["`template ${x}\n", ""],
  ["`🎉", ""],
  ['"continued \\', ""],
  ['"continued \\\n', ""],
  ["<div>", ""],
  ["<div>\n  text", ""],
  ["<div>{", "  "],
  ["a /", "  "],
  ["%time 1\nf(", "  "],
  ["%%html", ""],
];

const invalid = [
  ")",
  "}",
  "f(]",
  "foo())",
  "foo(1 2",
  "let = 5 5",
  "const a = ;",
  "const 1 = 2",
  "let let = 1",
  "const a = 1 2",
  "a b",
  "else",
  "case 1:",
  "return 1",
  "yield 1",
  "const a = 1; const a = 2",
  "'unclosed",
  "import x from 'a",
  "const s = 'unclosed\nnext'",
  "/unclosed",
  "/[/",
  "/(/",
  "/a/gg",
  "\\",
];

describe("is_complete", () => {
  test.each(complete)("%j is a whole cell", (code) => {
    expect(isComplete(code)).toEqual({ status: "complete" });
  });

  test.each(incomplete)("%j goes on, indented by %j", (code, indent) => {
    expect(isComplete(code)).toEqual({ status: "incomplete", indent });
  });

  test.each(invalid)("%j cannot become a cell", (code) => {
    expect(isComplete(code)).toEqual({ status: "invalid" });
  });

  test("absurd nesting is not read, because the parser would not survive it", () => {
    expect(isComplete("[".repeat(20_000))).toEqual({ status: "unknown" });
    expect(isComplete("a=".repeat(20_000))).toEqual({ status: "unknown" });
  });

  test("a command in the middle of a line is judged as its translation", () => {
    const translate = (code: string) => code.replace(/= !(.*)/, "= run('$1')");
    expect(isComplete("const files = !git log")).toEqual({ status: "invalid" });
    expect(isComplete("const files = !git log", translate)).toEqual({ status: "complete" });
    expect(isComplete("if (a) {\n  const files = !git log", translate)).toEqual({ status: "incomplete", indent: "  " });
  });
});
