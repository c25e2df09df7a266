/** The preloaded names are there when used, cost nothing until then, and give way to the user's own. */
import { describe, expect, test } from "vitest";
import { startKernel } from "./client.ts";
import { folderWith, sharedKernel } from "./suite.ts";

const kernel = sharedKernel();

/** A package in the library's place, which says when it is loaded. */
const library = {
  "node_modules/fake-library/package.json":
    '{"name":"fake-library","version":"1.0.0","type":"module","exports":"./index.js"}',
  "node_modules/fake-library/index.js": `
    console.log("the library is loaded");
    export const tf = { ready: async () => { await new Promise(r => setTimeout(r, 50)); started = true }, isReady: () => started };
    let started = false;
    export const nn = { Linear: class Linear {} };
    export const text = { clean: s => s.trim() };
    export const data = {};`,
};

test("nothing of the library is loaded before a name of it is used", async () => {
  const run = await kernel().run(`
    const loaded = Object.keys(require.cache).filter(name => name.includes("@tensorflow"));
    console.log(loaded.length, typeof display, typeof clearOutput, typeof prompt, typeof kernel, typeof $)`);
  expect(run.text).toBe("0 function function function object function\n");
});

test("the library named by GRADBOOK_PRELOAD is loaded at the first use of one of its names, not before", async () => {
  await using own = await startKernel({ cwd: folderWith(library), env: { GRADBOOK_PRELOAD: "fake-library" } });
  expect((await own.run("console.log('no use yet')")).text).toBe("no use yet\n");
  const run = await own.run("console.log(text.clean('  a '), new nn.Linear().constructor.name)");
  expect(run.text).toContain("a Linear\n");
  expect(run.text).toContain("the library is loaded");
  expect((await own.run("console.log(typeof nn)")).text).toBe("object\n");
});

test.each([
  ["const", "const nn = 1; nn"],
  ["let", "let nn = 2; nn"],
  ["var", "var nn = 3; nn"],
  ["function", "function nn() { return 4 }; nn()"],
  ["class", "class nn { static is = 5 }; nn.is"],
  ["import", 'import { sep as nn } from "node:path"; nn.length + 5'],
  ["await", "const nn = await Promise.resolve(7); nn"],
])("a user's own %s shadows a preloaded name", async (kind, code) => {
  const expected = { const: "1", let: "2", var: "3", function: "4", class: "5", import: "6", await: "7" }[kind];
  expect(await kernel().value(code)).toBe(expected);
  expect((await kernel().run("console.log(typeof nn)")).text).not.toBe("undefined\n");
});

test("a parameter or a property with a preloaded name loads nothing", async () => {
  await using own = await startKernel({ cwd: folderWith(library), env: { GRADBOOK_PRELOAD: "fake-library" } });
  const run = await own.run(
    "const f = (text: string) => text.length; const row = { data: 1, text: 'x' }; console.log(f('abc'), row.data + row.text.length)",
  );
  expect(run.text).toContain("3 2\n");
});

test("shadowing one preloaded name leaves the others usable", async () => {
  await using own = await startKernel({ cwd: folderWith(library), env: { GRADBOOK_PRELOAD: "fake-library" } });
  await own.run("const text = 'mine'");
  expect((await own.run("console.log(text, typeof nn.Linear)")).text).toContain("mine function\n");
});

test("a preload that cannot be loaded is an error that names it, in the cell that needs it, and only there", async () => {
  await using own = await startKernel({ env: { GRADBOOK_PRELOAD: "no-such-library" } });
  expect(await own.value("1 + 1")).toBe("2");
  const run = await own.execute("nn.Linear");
  expect(run.reply.status).toBe("error");
  expect(`${run.error?.evalue}${run.error?.traceback}`).toContain("no-such-library");
  expect(await own.value("1 + 2")).toBe("3");
});

describe("TensorFlow.js", () => {
  test("tf is ready in the first cell that mentions it", async () => {
    await using own = await startKernel();
    const run = await own.run("const total = tf.sum(tf.tensor1d([1, 2, 3])); console.log(total.dataSync()[0])", {
      timeout: 60_000,
    });
    expect(run.text).toContain("6\n");
  });

  test("typeof of a preloaded name says object and not undefined", async () => {
    expect((await kernel().run("console.log(typeof tf)", { timeout: 60_000 })).text).toContain("object\n");
  });
});
