/** How the engine starts, seen from fresh processes. */
import { expect, test } from "vitest";
import { runNode } from "./run-node.ts";

const backendNow = "gradbook.tf.getBackend()";
const without = { env: { GRADBOOK_TENSORFLOW: "off" } };

test.each([
  ["TensorFlow's runtime", "tensorflow", {}],
  ["WebAssembly where that is not to be had", "wasm", without],
])("it starts on %s and prints nothing", async (_, backend, options) => {
  const source = `
    import * as gradbook from "./lib/index.ts";
    await Promise.all([gradbook.ready(), gradbook.ready(["tf"])]);
    gradbook.tf.ones([2, 2]).matMul(gradbook.tf.ones([2, 2])).dataSync();
    process.stdout.write(${backendNow});
  `;
  expect(await runNode(source, options)).toEqual({ out: backend, err: "" });
});

test("the package loads synchronously through require", async () => {
  const { out, err } = await runNode(`
    import { createRequire } from "node:module";
    const gradbook = createRequire(process.cwd() + "/")("./index.ts");
    await gradbook.ready();
    process.stdout.write(${backendNow} + " " + Object.keys(gradbook).includes("tf"));
  `);
  expect({ out, err }).toEqual({ out: "tensorflow true", err: "" });
});

test("names that need no engine do not start it", async () => {
  const { out } = await runNode(`
    import * as gradbook from "./lib/index.ts";
    await gradbook.ready(["currentHost"]);
    try { gradbook.device(); } catch (error) { process.stdout.write(error.message); }
  `);
  expect(out).toBe("The engine has not started yet. Call `await ready()` first.");
});

test.each([
  ["tensorflow", {}, /^TensorFlow 2\.\d+ · CPU x\d+ · XLA on$/],
  ["wasm", without, /^TensorFlow\.js 4\.\d+\.\d+ · WebAssembly with SIMD · 1 thread of \d+ processors$/],
])("tf.ready() alone starts the same backend: %s", async (_, options, line) => {
  const source = `
    import * as gradbook from "./lib/index.ts";
    await gradbook.tf.ready();
    process.stdout.write(String(gradbook.device()));
  `;
  const { out, err } = await runNode(source, options);
  expect(out).toMatch(line);
  expect(err).toBe("");
});

test("the engine leaves what happens at an unhandled rejection to others", async () => {
  const source = `
    import * as gradbook from "./lib/index.ts";
    const mine = () => {};
    process.on("unhandledRejection", mine);
    await gradbook.ready();
    const count = (event) => process.listenerCount(event);
    process.stdout.write(count("unhandledRejection") + " " + count("uncaughtException"));
  `;
  for (const options of [{}, without]) expect((await runNode(source, options)).out).toBe("1 0");
});

test("without WebAssembly it runs on plain JavaScript and says so in one line", async () => {
  const { out, err } = await runNode(
    `
    import * as gradbook from "./lib/index.ts";
    import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
    setWasmPaths("/nowhere/");
    await gradbook.ready();
    console.log(gradbook.tf.ones([2]).sum().dataSync()[0], String(gradbook.device()));
  `,
    without,
  );
  const lines = out.trim().split("\n");
  expect(lines[0]).toBe(
    "The WebAssembly backend of TensorFlow.js did not start: its .wasm file failed to load, see stderr. Running on plain JavaScript: same results, many times slower.",
  );
  expect(lines[1]).toContain("2 TensorFlow.js");
  expect(lines[1]).toContain("plain JavaScript (slow)");
  expect(lines.length).toBe(2);
  expect(err).toContain("nowhere");
  expect(err).not.toMatch(/Hi, looks like you are running TensorFlow.js in Node.js|Initialization of backend/);
});
