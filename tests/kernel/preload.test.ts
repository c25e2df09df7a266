/** The preloaded names are there when used, cost nothing until then, and give way to the user's own. */
import { describe, expect, test } from "vitest";
import { type StartOptions, startKernel } from "./client.ts";
import { folderWith, sharedKernel } from "./suite.ts";

/** A package in the library's place, which says when it is loaded. */
const manifest = {
  name: "fake-library",
  version: "1.0.0",
  type: "module",
  exports: { ".": "./index.js", "./package.json": "./package.json" },
  gradbook: {
    preload: ["nn", "text", "byConst", "byLet", "byVar", "byFunction", "byClass", "byImport", "byAwait", "absent"],
  },
};
const library = {
  "node_modules/fake-library/package.json": JSON.stringify(manifest),
  "node_modules/fake-library/index.js": `
    console.log("the library is loaded");
    export const nn = { Linear: class Linear {} };
    export const text = { clean: s => s.trim() };
    export const byConst = "library", byLet = "library", byVar = "library", byFunction = "library", byClass = "library", byImport = "library", byAwait = "library";`,
};
const withLibrary = (): StartOptions => ({
  cwd: folderWith(library),
  env: { GRADBOOK_PRELOAD: "fake-library" },
});

const kernel = sharedKernel(withLibrary);

test("nothing of the library is loaded before a name of it is used", async () => {
  await using own = await startKernel();
  const run = await own.run(`
    const loaded = Object.keys(require.cache).filter(name => name.includes("@tensorflow"));
    console.log(loaded.length, typeof display, typeof clearOutput, typeof prompt, typeof kernel, typeof $)`);
  expect(run.text).toBe("0 function function function object function\n");
});

test("the library named by GRADBOOK_PRELOAD is loaded at the first use of one of its names, not before", async () => {
  await using own = await startKernel(withLibrary());
  expect((await own.run("console.log('no use yet')")).text).toBe("no use yet\n");
  const run = await own.run("console.log(text.clean('  a '), new nn.Linear().constructor.name)");
  expect(run.text).toContain("a Linear\n");
  expect(run.text).toContain("the library is loaded");
  expect((await own.run("console.log(typeof nn)")).text).toBe("object\n");
});

test.each([
  ["const", "const byConst = 1; byConst", "byConst"],
  ["let", "let byLet = 1; byLet", "byLet"],
  ["var", "var byVar = 1; byVar", "byVar"],
  ["function", "function byFunction() { return 1 }; byFunction()", "byFunction"],
  ["class", "class byClass { static is = 1 }; byClass.is", "byClass"],
  ["import", 'import { sep as byImport } from "node:path"; byImport.length', "byImport"],
  ["const after an await", "await null; const byAwait = 1; byAwait", "byAwait"],
])("a user's own %s shadows a preloaded name, here and in later cells", async (_, code, name) => {
  expect(await kernel().value(code)).toBe("1");
  expect((await kernel().run(`console.log(String(${name}) === "library", typeof ${name})`)).text).toMatch(
    /^false (?!undefined)/,
  );
});

test("a parameter or a property with a preloaded name loads nothing", async () => {
  await using own = await startKernel(withLibrary());
  const run = await own.run(
    "const f = (text: string) => text.length; const row = { data: 1, text: 'x' }; console.log(f('abc'), row.data + row.text.length)",
  );
  expect(run.text).toContain("3 2\n");
});

test("shadowing one preloaded name leaves the others usable", async () => {
  await using own = await startKernel(withLibrary());
  await own.run("const text = 'mine'");
  expect((await own.run("console.log(text, typeof nn.Linear)")).text).toContain("mine function\n");
});

test("a preloaded name is shadowed by a plain assignment too", async () => {
  await using own = await startKernel(withLibrary());
  expect(await own.value("nn = 5 as any; nn")).toBe("5");
  expect(await own.value("nn + 1")).toBe("6");
});

test("a preload that cannot be loaded is an error that names it, in the cell that needs it, and only there", async () => {
  const folder = folderWith({ ...library, "node_modules/fake-library/index.js": "throw new Error('cannot start')" });
  await using own = await startKernel({ cwd: folder, env: { GRADBOOK_PRELOAD: "fake-library" } });
  expect(await own.value("1 + 1")).toBe("2");
  const run = await own.execute("nn.Linear");
  expect(run.reply.status).toBe("error");
  expect(`${run.error?.evalue}${run.error?.traceback}`).toContain("cannot start");
  expect(await own.value("1 + 2")).toBe("3");
});

test("a preloaded name that its package does not export is an error that names both", async () => {
  const run = await kernel().execute("absent");
  expect(run.reply.status).toBe("error");
  expect(run.error?.evalue).toMatch(/absent.*fake-library/);
});

test("a preload package that is not there is said once in the kernel's log, and cells run", async () => {
  await using own = await startKernel({ env: { GRADBOOK_PRELOAD: "no-such-library" } });
  expect(await own.value("1 + 1")).toBe("2");
  expect(own.log).toContain("no-such-library");
});

describe("TensorFlow.js", () => {
  test("tf is ready in the first cell that mentions it", async () => {
    await using own = await startKernel();
    const run = await own.run("const total = tf.sum(tf.tensor1d([1, 2, 3])); console.log(total.dataSync()[0])", {
      timeout: 60_000,
    });
    expect(run.text).toContain("6\n");
  });

  test("typeof of a preloaded name is that of its value, not undefined", async () => {
    await using own = await startKernel();
    expect((await own.run("console.log(typeof tf)", { timeout: 60_000 })).text).toContain("object\n");
  });

  test("a user's own tf costs nothing: TensorFlow.js is not loaded for it", async () => {
    await using own = await startKernel();
    const run = await own.run(
      "const tf = 3; console.log(tf, Object.keys(require.cache).filter(name => name.includes('@tensorflow')).length)",
    );
    expect(run.text).toBe("3 0\n");
  });
});
