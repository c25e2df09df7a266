/** The kernel in nbconvert: headless runs, and what a converted notebook looks like. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OwnJupyter } from "./jupyter.ts";

interface Notebook {
  metadata: { language_info: Record<string, unknown> };
  cells: { outputs: { output_type: string; data?: Record<string, unknown>; ename?: string }[] }[];
}

describe("nbconvert", () => {
  let jupyter: OwnJupyter;
  beforeAll(() => {
    jupyter = new OwnJupyter();
  });
  afterAll(() => jupyter[Symbol.dispose]());

  const file = (name: string) => join(jupyter.folder, name);
  const convert = async (...args: string[]) => {
    const ended = await jupyter.python(["-m", "nbconvert", ...args]);
    return { ...ended, log: `${ended.stdout}${ended.stderr}` };
  };
  const write = (name: string, sources: string[]) => {
    const cells = sources.map((source, i) => ({
      ...{ id: `cell-${i}`, cell_type: "code", metadata: {}, source, outputs: [], execution_count: null },
    }));
    const kernelspec = { name: "gradbook", display_name: "Gradbook (TypeScript)", language: "typescript" };
    writeFileSync(file(name), JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: { kernelspec }, cells }));
  };

  test("--execute runs a notebook, and the executed one converts to highlighted HTML and to a .ts file", async () => {
    write("plain.ipynb", [
      "interface Point { x: number }\nconst p: Point = { x: 41 }\np.x + 1",
      "[{ name: 'Ada', born: 1815 }]",
      'display.svg(`<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><circle r="4"/></svg>`);',
    ]);
    const executed = await convert("--execute", "--to=notebook", "--output=executed.ipynb", "plain.ipynb");
    expect(executed.code, executed.log).toBe(0);
    const { metadata, cells } = JSON.parse(readFileSync(file("executed.ipynb"), "utf8")) as Notebook;
    expect(metadata.language_info).toMatchObject({ name: "typescript", file_extension: ".ts" });
    expect(cells[0]!.outputs[0]!.data!["text/plain"]).toEqual(["42"]);

    const html = await convert("--to=html", "executed.ipynb");
    expect(html.code, html.log).toBe(0);
    const page = readFileSync(file("executed.html"), "utf8");
    // Pygments marks `interface` as a keyword only when it reads TypeScript.
    expect(page).toContain('class="highlight hl-typescript"');
    expect(page).toMatch(/<span class="k\w*">interface<\/span>/);
    expect(page).toMatch(/<pre>42<\/pre>/);
    expect(page).toMatch(/<th[^>]*>born<\/th>/);
    expect(page).toMatch(/<svg xmlns|data:image\/svg\+xml/);

    const script = await convert("--to=script", "executed.ipynb");
    expect(script.code, script.log).toBe(0);
    expect(existsSync(file("executed.ts"))).toBe(true);
    expect(readFileSync(file("executed.ts"), "utf8")).toContain("interface Point { x: number }");
  });

  test("--execute straight to HTML shows the results", async () => {
    write("direct.ipynb", ["const answer: number = 6 * 7", "'the answer is ' + answer"]);
    const { code, log } = await convert("--execute", "--to=html", "direct.ipynb");
    expect(code, log).toBe(0);
    expect(readFileSync(file("direct.html"), "utf8")).toContain("the answer is 42");
  });

  test("--execute stops at a cell that throws and says which error", async () => {
    write("wrong.ipynb", ["const depth = 3", "throw new RangeError('too deep: ' + depth)", "'never'"]);
    const { code, log } = await convert("--execute", "--to=notebook", "--output=never.ipynb", "wrong.ipynb");
    expect(code).not.toBe(0);
    expect(log).toContain("RangeError: too deep: 3");
    expect(existsSync(file("never.ipynb"))).toBe(false);
  });
}, 120_000);
