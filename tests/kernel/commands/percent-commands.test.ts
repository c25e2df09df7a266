// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the cells under test contain ${...}
import { describe, expect, it } from "vitest";
import { translateCommands } from "../../../kernel/commands/translate.ts";

const C = "globalThis.__gradbook_commands__";
const code = (source: string) => {
  const translation = translateCommands(source);
  expect(translation.error).toBeUndefined();
  return translation.code;
};
const error = (source: string) => translateCommands(source).error;

describe("line commands", () => {
  it.each([
    ["%time f(x)", `await ${C}.time(() => (f(x)))`],
    ["%time f(x);", `await ${C}.time(() => (f(x)));`],
    ["%time await f(x) // slow", `await ${C}.time(async () => (await f(x)))`],
    ["%time const y = f(x)", `${C}.timeStart(); const y = f(x); ${C}.timeEnd();`],
    ["%timeit f(x)", `await ${C}.timeit(() => (f(x)), {});`],
    ["%timeit -n 10 -r3 f(x)", `await ${C}.timeit(() => (f(x)), {"loops":10,"runs":3});`],
    ["%env", `${C}.env()`],
    ["%env HOME", `${C}.env("HOME")`],
    ["%env A=b c", `${C}.setEnv("A", "b c");`],
    ["%env A='b c'", `${C}.setEnv("A", "b c");`],
    ["%env A=${n + 1}/x", `${C}.setEnv("A", "" + (n + 1) + "/x");`],
    ["%cd", `${C}.cd();`],
    ["%cd ../data", `${C}.cd("../data");`],
    ["%cd ${dir}", `${C}.cd("" + (dir) + "");`],
    ["%pwd", `${C}.pwd()`],
    ["%who", `${C}.who()`],
    ["%whos", `${C}.whos()`],
    ["%lsmagic", `${C}.help()`],
    ["%help time", `${C}.help("time")`],
    ["  %pwd", `  ${C}.pwd()`],
  ])("%s", (source, expected) => {
    expect(code(source)).toBe(expected);
  });

  it("end with a semicolon when code follows, so that they do not run into it", () => {
    expect(code("%pwd\n[1, 2].length")).toBe(`${C}.pwd();\n[1, 2].length`);
  });

  it("stand in the middle of a cell, after a line without a semicolon", () => {
    expect(code("const x = 5\n%timeit f(x)\nx")).toBe(`const x = 5\nawait ${C}.timeit(() => (f(x)), {});\nx`);
  });

  it.each(["a\n  %b", "const r = a\n  % b", "const r = a\n%size", "`\n%time\n`", "f(\n%time\n)", "const s = '%time'"])(
    "leave TypeScript alone: %j",
    (source) => {
      expect(translateCommands(source)).toEqual({ code: source, commands: false });
    },
  );
});

describe("cell commands", () => {
  it.each([
    ["%%html\n<b>\n`${x}`</b>", `${C}.show("html", "<b>\\n\`\${x}\`</b>");\n\n`],
    ["\n\n%%markdown\n# A", `\n\n${C}.show("markdown", "# A");\n`],
    ["%%js\nalert(1)", `${C}.show("javascript", "alert(1)");\n`],
    ["%%latex\n$$x$$", `${C}.show("latex", "$$x$$");\n`],
    ["%%svg\n<svg/>", `${C}.show("svg", "<svg/>");\n`],
    ["%%bash\nset -e\nls", `void await ${C}.script("bash", "set -e\\nls");\n\n`],
    ["%%sh\r\nls\r\n", `void await ${C}.script("sh", "ls\\n");\n\n`],
    ["%%writefile a.txt\n!ls\n%x", `void await ${C}.writeFile("a.txt", "!ls\\n%x");\n\n`],
    [
      "%%writefile -a ${dir}/a b.txt\nx",
      `void await ${C}.writeFile("" + (dir) + "/a b.txt", "x", { append: true });\n`,
    ],
    ['%%file "a b.txt"\nx', `void await ${C}.writeFile("a b.txt", "x");\n`],
    ["%%html", `${C}.show("html", "");`],
  ])("%j", (source, expected) => {
    expect(code(source)).toBe(expected);
    expect(expected.split("\n")).toHaveLength(source.split("\n").length);
  });

  it("time a cell whose declarations and result stay, and whose own commands work", () => {
    expect(code("%%time\nconst a = f()\n%pwd\na")).toBe(`${C}.timeCell();\nconst a = f()\n${C}.pwd();\na`);
    expect(code("%%time\n\n%%bash\nls")).toBe(`${C}.timeCell();\n\nvoid await ${C}.script("bash", "ls");\n`);
  });

  it("time the body many times as a function, waiting in it when it waits", () => {
    expect(code("%%timeit -r 2\nf()")).toBe(`await ${C}.timeit(() => {\nf()\n}, {"runs":2});`);
    expect(code("%%timeit\nawait f() // x")).toBe(`await ${C}.timeit(async () => {\nawait f() // x\n}, {});`);
    expect(code("%%timeit\n!ls")).toMatch(/^await .*timeit\(async \(\) => \{\nvoid await/);
  });
});

describe("a command that cannot run says why, and where", () => {
  it.each([
    ["%tme f()", 1, 1, "There is no command %tme. Did you mean %time"],
    ["x\n  %foo bar", 2, 3, undefined],
    ["x;\n  %foo bar", 2, 3, "There is no command %foo. %help lists the commands."],
    ["%%tim\nx", 1, 1, "There is no command %%tim. Did you mean %%time or %%timeit?"],
    ["\n%%mardkown\nx", 2, 1, "Did you mean %%markdown?"],
    ["%html <b>", 1, 1, "%%html is a cell command: it stands alone in the first line of a cell."],
    ["%%pwd", 1, 1, "%pwd is a line command: write it with one %."],
    ["%matplotlib inline", 1, 1, "Figures show themselves"],
    ["%pip install x", 1, 1, "!npm install"],
    ["x;\n%%html\n<b>", 2, 1, "%%html must be the first line of its cell"],
    ["% ls", 1, 1, '"% ls" is not a command'],
    ["%time", 1, 1, "%time wants something to run"],
    ["%time f(", 1, 1, "%time takes one line. For several put %%time in the first line of the cell."],
    ["%timeit -n x f()", 1, 1, "timeit wants -n LOOPS or -r RUNS"],
    ["%%timeit x\ny", 1, 1, "%%timeit takes -n and -r only"],
    ["%pwd x", 1, 1, "%pwd takes no arguments"],
    ["%env a-b", 1, 1, '%env wants NAME or NAME=VALUE, not "a-b"'],
    ["%%writefile\nx", 1, 1, "%%writefile wants the name of a file: %%writefile [-a] FILE"],
    ["%%html x\ny", 1, 1, "%%html takes no arguments"],
    ["%%bash -e\ny", 1, 1, "%%bash takes no arguments"],
  ])("%j", (source, line, column, message) => {
    if (message === undefined) expect(error(source)).toBeUndefined();
    else expect(error(source)).toEqual({ line, column, message: expect.stringContaining(message) });
  });
});
