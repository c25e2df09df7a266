/** Memory of tensors in a notebook: what cells held and hold no more is released, and running out of it harms nothing. */
import { expect, test } from "vitest";
import { startKernel } from "./client.ts";
import { sharedKernel } from "./suite.ts";

const kernel = sharedKernel();
const slow = { timeout: 60_000 };

/** Bytes of all tensors, after a collection: the next cell finds it done. */
async function bytesHeld(): Promise<number> {
  await kernel().run(`
    require("node:v8").setFlagsFromString("--expose-gc");
    const collect = require("node:vm").runInNewContext("gc");
    for (let i = 0; i < 3; i++) { collect(); await new Promise(resolve => setTimeout(resolve, 20)); }`);
  return Number((await kernel().run("console.log(device().memory.bytes)")).text);
}

test("running a cell again releases what the old values held", async () => {
  const cell = "const images = tf.ones([1000, 1000]).add(1); const flat = images.reshape([-1]); images";
  await kernel().run(cell, slow);
  const before = await bytesHeld();
  expect(before).toBeGreaterThanOrEqual(4e6);
  for (let i = 0; i < 5; i++) await kernel().run(cell, slow);
  // The last result and the notebook's own memory of results may keep some of them; not five.
  expect((await bytesHeld()) - before).toBeLessThan(3 * 8e6);
});

test("a model that is made and trained again lets go of the old one", async () => {
  const cell = `
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1000, inputShape: [1000] })] });
    model.compile({ optimizer: "adam", loss: "meanSquaredError" });
    await model.fit(tf.ones([8, 1000]), tf.ones([8, 1000]), { verbose: 0 }); null`;
  await kernel().run(cell, slow);
  const before = await bytesHeld();
  for (let i = 0; i < 5; i++) await kernel().run(cell, slow);
  // Weights and Adam's two slots: 12 MB a model.
  expect((await bytesHeld()) - before).toBeLessThan(3 * 12e6);
});

test("showing tensors and the device leaves nothing behind", async () => {
  await kernel().run("const shown = tf.ones([300, 300])", slow);
  const count = async () => (await kernel().run("console.log(tf.memory().numTensors)")).text;
  const before = await count();
  const run = await kernel().run("shown");
  expect(run.value).toContain("Tensor float32 [300, 300] on ");
  expect(String(run.result?.["text/html"])).toContain("<svg");
  expect((await kernel().run("device()")).value).toMatch(/^TensorFlow/);
  expect(await count()).toBe(before);
});

test("a cell that runs out of memory is an error with op and bytes, and the notebook goes on", async () => {
  await using own = await startKernel({ env: { GRADBOOK_MEMORY_LIMIT: "200MB" } });
  await own.run("let kept = tf.ones([1000, 1000]); const held: tf.Tensor[] = [];", slow);
  const run = await own.execute("for (;;) held.push(tf.matMul(kept, kept))", slow);
  expect(run.reply.status).toBe("error");
  expect(run.error?.evalue).toMatch(
    /Out of memory: .*MatMul.* of float32 \[1000, 1000\] and float32 \[1000, 1000\] needs 4 MB more; .* of the 200 MB limit/,
  );
  expect((await own.run("tf.dispose(held); console.log(kept.sum().dataSync()[0])")).text).toBe("1000000\n");
  expect((await own.run("kept = tf.matMul(kept, kept); console.log(kept.dataSync()[0])")).text).toBe("1000\n");
});
