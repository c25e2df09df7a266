/** The stop button stops eager and compiled loops at the next op or step; variables and the engine stay whole. */
import { describe, expect, test } from "vitest";
import { sharedKernel, sleep } from "./suite.ts";

const kernel = sharedKernel();
const slow = { timeout: 60_000 };

/** Starts a cell, interrupts it while it works, and waits for its end. */
async function interrupted(code: string): Promise<void> {
  const cell = kernel().start(code);
  await cell.printed("running");
  await sleep(50);
  expect((await kernel().interrupt()).status).toBe("ok");
  const run = await cell.done;
  expect(run.reply.ename).toBe("KeyboardInterrupt");
}

async function works(): Promise<void> {
  const run = await kernel().run(
    "console.log(tf.tidy(() => tf.matMul(tf.ones([2, 3]), tf.ones([3, 2])).sum().dataSync()[0]))",
    slow,
  );
  expect(run.text).toBe("12\n");
}

const setup = `
  var weight = tf.variable(tf.ones([256, 256]), true, undefined);
  var steps = tf.variable(tf.scalar(0));
  var x = tf.ones([256, 256]);
  var optimizer = tf.train.adam(1e-4);
  var loss = () => tf.matMul(x, weight).square().mean();
  var step = compile(() => { steps.assign(steps.add(1)); return optimizer.minimize(loss, true, [weight]); });
  step().dispose();
  console.log("ready")`;

const loops: [what: string, code: string][] = [
  ["a loop of eager ops", "console.log('running'); for (;;) tf.tidy(() => { tf.matMul(x, x).add(1) })"],
  ["a loop of eager ops that loses its tensors", "console.log('running'); for (;;) tf.matMul(x, x)"],
  ["a loop of eager training steps", "console.log('running'); for (;;) optimizer.minimize(loss, false, [weight])"],
  ["a loop of compiled steps", "console.log('running'); for (;;) step().dispose()"],
  ["a loop of compiled steps that awaits each loss", "console.log('running'); for (;;) await step().data()"],
  [
    "fit of a model",
    `const model = tf.sequential({ layers: [tf.layers.dense({ units: 64, inputShape: [256] })] });
     model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
     console.log('running'); await model.fit(x, tf.ones([256, 64]), { epochs: 1e6, batchSize: 8, verbose: 0 })`,
  ],
];

describe("an interrupt stops", () => {
  test.each(loops)("%s, and variables and engine work on", async (_, code) => {
    expect((await kernel().run(setup, slow)).text).toBe("ready\n");
    await interrupted(code);
    await works();
    const state = await kernel().run(
      `console.log(weight.isDisposed, Number.isFinite(weight.sum().dataSync()[0]), steps.dataSync()[0] >= 1);
       const before = steps.dataSync()[0]; step().dispose(); console.log(steps.dataSync()[0] - before)`,
      slow,
    );
    expect(state.text).toBe("false true true\n1\n");
  });
});

test("an interrupt while a function is traced leaves no trace open: it compiles the next time", async () => {
  await kernel().run(setup, slow);
  await kernel().run(
    `var forever = true;
     var slow = compile(x => { weight.assign(weight.mul(2)); if (forever) { console.log('running'); for (;;) x.add(1) } return x.mul(3).sum() })`,
  );
  const before = Number((await kernel().run("console.log(weight.sum().dataSync()[0])")).text);
  await interrupted("slow(tf.ones([2]))");
  await works();
  // What the trace had assigned is undone.
  expect(Number((await kernel().run("console.log(weight.sum().dataSync()[0])")).text)).toBe(before);
  const run = await kernel().run(
    "forever = false; console.log(slow(tf.ones([2])).dataSync()[0], weight.sum().dataSync()[0])",
    slow,
  );
  expect(run.text).toBe(`6 ${2 * before}\n`);
  // Eager ops are eager again.
  expect((await kernel().run("console.log(x.add(1).dataSync()[0])")).text).toBe("2\n");
});

test("an interrupt inside tf.grad leaves no tape open: gradients work on, and tensors do not pile up", async () => {
  await kernel().run(setup, slow);
  await interrupted(
    "console.log('running'); tf.grad(y => { for (;;) y = y.mul(1.0001).add(0.5); return y.sum() })(tf.ones([64, 64]))",
  );
  const run = await kernel().run(
    "console.log(tf.tidy(() => tf.grad(y => y.square().sum())(tf.tensor1d([3])).dataSync()[0]))",
    slow,
  );
  expect(run.text).toBe("6\n");
  const counts = await kernel().run(
    `const counted = () => { tf.ones([2]).add(1).dispose(); return tf.memory().numTensors };
     const first = counted(); for (let i = 0; i < 50; i++) tf.tidy(() => { x.add(1) }); console.log(counted() - first)`,
    slow,
  );
  expect(Number(counts.text)).toBeLessThanOrEqual(1);
});

test("an interrupt during a long op or a long compiled call leaves none of its results behind", async () => {
  await kernel().run(
    `var big = tf.ones([1200, 1200]); var product = compile(y => y.matMul(y).mul(1e-3)); product(big).dispose();`,
    slow,
  );
  const bytes = async () => Number((await kernel().run("console.log(device().memory.bytes)")).text);
  const before = await bytes();
  for (let i = 0; i < 3; i++) {
    await interrupted("console.log('running'); for (;;) tf.tidy(() => { big.matMul(big) })");
    await interrupted("console.log('running'); for (;;) product(big).dispose()");
  }
  // Six results of 5.8 MB; between the addon and TensorFlow.js's own books one could still be lost.
  expect((await bytes()) - before).toBeLessThan(2 * 5.8e6);
});
