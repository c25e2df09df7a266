/** Line and cell commands: `!`, `%` and `%%`, as people know them from other notebooks. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: cells are strings here
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { sharedKernel, writeFiles } from "./suite.ts";

const kernel = sharedKernel();

describe("shell commands", () => {
  test("a line that starts with ! runs in the shell, in the notebook's folder", async () => {
    writeFiles(kernel().cwd, { "listed-file.txt": "x" });
    const run = await kernel().run("!ls");
    expect(run.text).toContain("listed-file.txt");
    expect(run.idleAfterAll).toBe(true);
  });

  test("! lines stand between TypeScript lines, in order", async () => {
    const run = await kernel().run("console.log('before')\n!echo from the shell\nconsole.log('after')");
    expect(run.text).toBe("before\nfrom the shell\nafter\n");
  });

  test("pipes, quotes and redirections are the shell's", async () => {
    const run = await kernel().run('!echo "a  b" | tr a-z A-Z > redirected.txt && cat redirected.txt');
    expect(run.text).toBe("A  B\n");
  });

  test("what a command writes to stderr is shown as stderr, and a failing one says so", async () => {
    const run = await kernel().execute("!echo oops >&2; exit 3");
    expect(run.errorText).toContain("oops");
    expect(JSON.stringify(run.outputs)).toContain("3");
  });

  test("$ runs a command and gives its output", async () => {
    const run = await kernel().run(
      "const name = 'a b'; const out = await $`echo ${name}`; console.log('[' + String(out.stdout ?? out).trim() + ']')",
    );
    expect(run.text).toContain("[a b]");
  });

  test("values in $ are quoted, so that they cannot become commands", async () => {
    const run = await kernel().run("const evil = '; echo injected'; await $`echo ${evil}`;");
    expect(run.text).toBe("; echo injected\n");
  });

  test("an exclamation mark that starts an expression is TypeScript", async () => {
    expect(await kernel().value("const no = false\n!no")).toBe("true");
    expect(await kernel().value("!true")).toBe("false");
  });

  test("a ! line inside a template or a comment is text", async () => {
    const run = await kernel().run("console.log(`first\n!echo not run`)\n/*\n!echo not run\n*/");
    expect(run.text).toBe("first\n!echo not run\n");
  });
});

describe("cell commands", () => {
  test("%%html shows the cell as HTML", async () => {
    const run = await kernel().run("%%html\n<b>bold</b>\n<i>${not} `touched`</i>");
    const data = run.displays[0] ?? run.result;
    expect(data?.["text/html"]).toContain("<b>bold</b>\n<i>${not} `touched`</i>");
  });

  test("%%markdown shows the cell as Markdown", async () => {
    const run = await kernel().run("%%markdown\n# Title");
    const data = run.displays[0] ?? run.result;
    expect(data?.["text/markdown"]).toContain("# Title");
  });

  test("%%writefile writes the cell into a file, -a appends", async () => {
    await kernel().run("%%writefile written.ts\nexport const w = `${1}`;\n");
    const path = join(kernel().cwd, "written.ts");
    expect(readFileSync(path, "utf8").trimEnd()).toBe("export const w = `${1}`;");
    await kernel().run("%%writefile -a written.ts\n// more");
    expect(readFileSync(path, "utf8")).toContain("// more");
    expect(await kernel().value('import { w } from "./written.ts"; w.length')).toBe("1");
  });

  test("%%bash runs the cell as a script", async () => {
    const run = await kernel().run('%%bash\nfor i in 1 2 3; do\n  echo "n$i"\ndone');
    expect(run.text).toBe("n1\nn2\nn3\n");
  });

  test("%%bash that fails is an error of the cell", async () => {
    const run = await kernel().execute("%%bash\necho started\nexit 4");
    expect(run.text).toContain("started");
    expect(run.reply.status).toBe("error");
    expect(`${run.error?.evalue}`).toContain("4");
  });

  test("%%time times the cell and keeps its names and its result", async () => {
    const run = await kernel().run("%%time\nconst timed = 6 * 7\nawait new Promise(r => setTimeout(r, 20))\ntimed");
    expect(JSON.stringify(run.outputs)).toMatch(/\d+(\.\d+)?\s*(ms|s|µs)/);
    expect(run.value).toBe("42");
    expect(await kernel().value("timed")).toBe("42");
  });

  test("an error in a timed cell names the right line", async () => {
    const run = await kernel().execute("%%time\nconst ok = 1\nthrow new Error('timed error')");
    expect(run.error?.evalue).toBe("timed error");
    expect(run.error?.traceback).toMatch(/3:\d+/);
  });

  test("an unknown command is an error that names it and what there is", async () => {
    const run = await kernel().execute("%%nosuchcommand\nabc");
    expect(run.reply.status).toBe("error");
    expect(run.error?.evalue).toContain("nosuchcommand");
  });
});

describe("line commands", () => {
  test("%time times one statement", async () => {
    const run = await kernel().run("%time await new Promise(r => setTimeout(r, 5))");
    expect(JSON.stringify(run.outputs)).toMatch(/\d+(\.\d+)?\s*(ms|s|µs)/);
  });

  test("%env shows and sets environment variables, for children too", async () => {
    await kernel().run("%env GRADBOOK_TEST_VARIABLE=of the test");
    expect((await kernel().run("console.log(process.env.GRADBOOK_TEST_VARIABLE)")).text).toBe("of the test\n");
    expect((await kernel().run("!echo $GRADBOOK_TEST_VARIABLE")).text).toBe("of the test\n");
    expect(JSON.stringify((await kernel().run("%env GRADBOOK_TEST_VARIABLE")).outputs)).toContain("of the test");
  });

  test("%cd changes the folder of what follows", async () => {
    writeFiles(kernel().cwd, { "below/inside.txt": "x" });
    await kernel().run("%cd below");
    expect((await kernel().run("!ls")).text).toBe("inside.txt\n");
    await kernel().run("%cd ..");
    expect(existsSync(join(kernel().cwd, "below", "inside.txt"))).toBe(true);
    expect((await kernel().run("console.log(process.cwd())")).text.trim()).toBe(kernel().cwd);
  });

  test("a % that continues an expression is the remainder", async () => {
    expect(await kernel().value("const a = 7\nconst b = a\n% 4\nb")).toBe("3");
  });
});
