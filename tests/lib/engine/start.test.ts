/** How the engine starts, seen from fresh processes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const backendNow = "gradbook.tf.getBackend()";

test("it starts on WebAssembly and prints nothing", async () => {
  const { out, err } = await runNode(`
    import * as gradbook from "./lib/index.ts";
    await Promise.all([gradbook.ready(), gradbook.ready(["tf"])]);
    gradbook.tf.ones([2, 2]).matMul(gradbook.tf.ones([2, 2])).dataSync();
    process.stdout.write(${backendNow});
  `);
  expect({ out, err }).toEqual({ out: "wasm", err: "" });
});

test("the package loads synchronously through require", async () => {
  const { out, err } = await runNode(`
    import { createRequire } from "node:module";
    const gradbook = createRequire(process.cwd() + "/")("./index.ts");
    await gradbook.ready();
    process.stdout.write(${backendNow} + " " + Object.keys(gradbook).includes("tf"));
  `);
  expect({ out, err }).toEqual({ out: "wasm true", err: "" });
});

test("names that need no engine do not start it", async () => {
  const { out } = await runNode(`
    import * as gradbook from "./lib/index.ts";
    await gradbook.ready(["currentHost"]);
    try { gradbook.device(); } catch (error) { process.stdout.write(error.message); }
  `);
  expect(out).toBe("The engine has not started yet. Call `await ready()` first.");
});

test("tf.ready() alone starts the same backend", async () => {
  const { out, err } = await runNode(`
    import * as gradbook from "./lib/index.ts";
    await gradbook.tf.ready();
    process.stdout.write(String(gradbook.device()));
  `);
  expect(out).toMatch(
    /^TensorFlow\.js 4\.\d+\.\d+ · WebAssembly with SIMD · 1 thread of \d+ processors · 0 tensors, 0\.0 MB$/,
  );
  expect(err).toBe("");
});

test("the engine leaves what happens at an unhandled rejection to others", async () => {
  const { out } = await runNode(`
    import * as gradbook from "./lib/index.ts";
    const mine = () => {};
    process.on("unhandledRejection", mine);
    await gradbook.ready();
    const count = (event) => process.listenerCount(event);
    process.stdout.write(count("unhandledRejection") + " " + count("uncaughtException"));
  `);
  expect(out).toBe("1 0");
});

test("without WebAssembly it runs on plain JavaScript and says so in one line", async () => {
  const { out, err } = await runNode(`
    import * as gradbook from "./lib/index.ts";
    import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
    setWasmPaths("/nowhere/");
    await gradbook.ready();
    console.log(gradbook.tf.ones([2]).sum().dataSync()[0], String(gradbook.device()));
  `);
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

/** Runs an ES module in a fresh Node from the package's folder. */
async function runNode(source: string): Promise<{ out: string; err: string }> {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", source], {
    cwd: fileURLToPath(new URL("../../..", import.meta.url)),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => (err += chunk));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`Node ended with ${code}:\n${out}${err}`);
  return { out, err };
}
