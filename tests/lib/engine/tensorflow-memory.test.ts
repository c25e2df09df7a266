/** Memory of TensorFlow's runtime under loops that never yield, and at its limit. Each test is a fresh process. */
import { describe, expect, test } from "vitest";
import { backends } from "./backends.ts";
import { expectNoGrowth, growthOverSteps, told } from "./told.ts";

describe.runIf(backends.includes("tensorflow"))("TensorFlow's memory", () => {
  test("a loop that never yields and loses 2,000 tensors of 4 MB stays far below their sum", async () => {
    const { peak, resident, left, bytes } = await told(`
      const x = tf.ones([1000, 1000]);
      for (let i = 0; i < 2000; i++) x.add(i);
      tell("peak", device().memory.peakBytes);
      tell("resident", device().memory.residentBytes);
      await turn(); gc(); await turn();
      tell("left", tf.memory().numTensors);
      tell("bytes", device().memory.bytes);
    `);
    expect(peak).toBeLessThan(3e9);
    expect(resident).toBeLessThan(4e9);
    expect({ left, bytes }).toEqual({ left: 1, bytes: 4e6 });
  });

  test("what such a loop has lost is collected before memory runs out", async () => {
    const { sum, peak } = await told(
      `
      const x = tf.ones([1000, 1000]);
      for (let i = 0; i < 300; i++) x.add(i);
      for (let i = 0; i < 300; i++) tf.tensor(new Float32Array(1e6)).add(i);
      tell("sum", x.add(1).sum().dataSync()[0]);
      tell("peak", device().memory.peakBytes);
    `,
      { GRADBOOK_MEMORY_LIMIT: "100MB" },
    );
    expect(sum).toBe(2e6);
    expect(peak).toBeLessThan(1.1e8);
  });

  test("running out of memory is an error with op, shapes, bytes and limit, and the engine works on", async () => {
    const { op, values, step, afterwards, bytes } = await told(
      `
      const x = tf.ones([1000, 1000]);
      const held = [];
      tell("op", message(() => { for (;;) held.push(tf.matMul(x, x)); }));
      tell("values", message(() => { for (;;) held.push(tf.tensor(new Float32Array(1e6), [1000, 1000]).add(0)); }));
      const grow = compile(x => tf.concat([x, x, x, x]).mul(2));
      tell("step", message(() => grow(x)));
      tf.dispose(held);
      const read = () => tf.tidy(() => grow(x).sum().dataSync()[0]);
      tell("afterwards", read());
      grow.dispose();
      gc(); await turn(); gc();
      tell("bytes", device().memory.bytes);
    `,
      { GRADBOOK_MEMORY_LIMIT: "100MB" },
    );
    expect(op).toMatch(
      /^Out of memory: (Batch)?MatMul\w* of float32 \[1000, 1000\] and float32 \[1000, 1000\] needs 4 MB more; \d+ MB of the 100 MB limit are in use by \d+ tensors\. Release tensors \(tf\.tidy, using, dispose\), make the batch smaller, or raise GRADBOOK_MEMORY_LIMIT\./,
    );
    expect(values).toMatch(/^Out of memory: a tensor float32 \[1000, 1000\] needs 4 MB more; .* of the 100 MB limit/);
    expect(step).toMatch(/Out of memory: .* needs 16 MB more; .* of the 100 MB limit/);
    expect(afterwards).toBe(8e6);
    expect(bytes).toBe(4e6);
  });

  test("a lost object with a compiled method is released with its variables and functions", async () => {
    const { bytes, functions } = await told(`
      class Model {
        weight = tf.variable(tf.ones([512, 512]));
        run = compile(x => tf.matMul(x, this.weight));
      }
      const use = () => { const model = new Model(); model.run(tf.ones([1, 512])).dispose(); };
      for (let i = 0; i < 10; i++) use();
      for (let i = 0; i < 5; i++) { gc(); await turn(); }
      tell("bytes", device().memory.bytes);
      tell("functions", tf.backend().binding.memory().functions);
    `);
    expect(bytes).toBeLessThan(1e6);
    expect(functions).toBe(0);
  });

  test("1,000 compiled steps grow neither resident memory nor the counts", async () => {
    expectNoGrowth(await growthOverSteps(1000));
  });
});
