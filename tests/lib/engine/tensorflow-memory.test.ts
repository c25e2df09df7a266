/** Memory of TensorFlow's runtime under loops that never yield, and at its limit. Each test is a fresh process. */
import { describe, expect, test } from "vitest";
import { backends } from "./backends.ts";
import { runNode } from "./run-node.ts";

/** Runs code after `ready()` and returns what it passed to `tell`, by name. */
async function told(code: string, env: NodeJS.ProcessEnv = {}): Promise<Record<string, unknown>> {
  const { out } = await runNode(
    `
    import { compile, device, ready, tf } from "./lib/index.ts";
    await ready();
    const all = {};
    const tell = (name, value) => { all[name] = value; };
    const message = work => { try { work(); return "no error"; } catch (error) { return error.message; } };
    const turn = () => new Promise(resolve => setTimeout(resolve, 50));
    ${code}
    process.stdout.write(JSON.stringify(all));
  `,
    { env, flags: ["--expose-gc"] },
  );
  return JSON.parse(out);
}

/** A linear layer trained by Adam, compiled; 1 MB of weights. */
export const trainingStep = `
    const weight = tf.variable(tf.randomNormal([512, 512], 0, 0.1, "float32", 1));
    const optimizer = tf.train.adam(1e-3);
    const x = tf.randomNormal([64, 512], 0, 1, "float32", 2);
    const step = compile(x => optimizer.minimize(() => tf.matMul(x, weight).sub(1).square().mean(), true, [weight]));
`;

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
      tell("afterwards", grow(x).sum().dataSync()[0]);
      grow.dispose();
      gc(); await turn();
      tell("bytes", device().memory.bytes);
    `,
      { GRADBOOK_MEMORY_LIMIT: "100MB" },
    );
    expect(op).toMatch(
      /^Out of memory: (Batch)?MatMul\\w* of float32 \\[1000, 1000\\] and float32 \\[1000, 1000\\] needs 4 MB more; \\d+ MB of the 100 MB limit are in use by \\d+ tensors\\. Release tensors \\(tf\\.tidy, using, dispose\\), make the batch smaller, or raise GRADBOOK_MEMORY_LIMIT\\./,
    );
    expect(values).toMatch(/^Out of memory: a tensor float32 \\[1000, 1000\\] needs 4 MB more; .* of the 100 MB limit/);
    expect(step).toMatch(/Out of memory/);
    expect(afterwards).toBe(8e6);
    expect(bytes).toBe(4e6);
  });

  test("1,000 compiled steps grow neither resident memory nor the counts", async () => {
    const { before, after } = await told(`
      ${trainingStep}
      const state = () => { gc(); return { ...tf.memory(), native: device().memory.tensors, bytes: device().memory.bytes, resident: device().memory.residentBytes }; };
      for (let i = 0; i < 200; i++) step(x).dispose();
      tell("before", state());
      for (let i = 0; i < 1000; i++) step(x).dispose();
      tell("after", state());
    `);
    expectNoGrowth(before, after);
  });
});

interface State {
  resident: number;
}

export function expectNoGrowth(before: unknown, after: unknown): void {
  const { resident: residentBefore, ...countsBefore } = before as State;
  const { resident: residentAfter, ...countsAfter } = after as State;
  expect(countsAfter).toEqual(countsBefore);
  // A tenth of a kilobyte for each step would be a leak of a thousandth of what a step touches.
  expect(residentAfter - residentBefore).toBeLessThan(20e6);
}
