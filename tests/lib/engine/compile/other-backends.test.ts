/** Where nothing can be compiled, a compiled function is the function itself. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CompileError, compile, installHost, ready, tf } from "../../../../lib/index.ts";
import { RecordingHost } from "../../recording-host.ts";

beforeAll(() => ready());
afterAll(() => tf.setBackend("tensorflow"));

describe.each(["wasm", "cpu"])("%s", (backend) => {
  beforeAll(() => tf.setBackend(backend));

  test("it says once what is missing, and how to get it", () => {
    const host = new RecordingHost();
    const removeHost = installHost(host);
    try {
      const step = compile((x: tf.Tensor) => tf.add(x, 1));
      for (let i = 0; i < 3; i++) step(tf.scalar(1)).dispose();
      compile((x: tf.Tensor) => tf.add(x, 1))(tf.scalar(1)).dispose();
      expect(host.logged.length).toBe(1);
      expect(host.logged[0]).toContain(`the ${backend} backend runs functions as they are`);
      expect(host.logged[0]).toContain("gradbook doctor");
    } finally {
      removeHost();
    }
  });

  test("results are those of the function; intermediates are disposed", () => {
    const step = compile((x: tf.Tensor) => ({ y: tf.mul(tf.add(x, 1), 2), label: "y" }));
    const x = tf.scalar(3);
    const before = tf.memory().numTensors;
    const { y, label } = step(x);
    expect([y.dataSync()[0], label]).toEqual([8, "y"]);
    expect(tf.memory().numTensors).toBe(before + 1);
    expect(x.isDisposed).toBe(false);
    tf.dispose([x, y]);
  });

  test("a training step trains", () => {
    const weight = tf.variable(tf.scalar(1));
    const optimizer = tf.train.sgd(0.25);
    const step = compile(() => optimizer.minimize(() => tf.square(weight), true, [weight])!);
    step();
    expect(weight.dataSync()[0]).toBe(0.5);
    expect(optimizer.iterations).toBe(1);
    weight.dispose();
  });

  test("a promise is refused as everywhere", () => {
    expect(() => compile(async () => tf.scalar(1))()).toThrow(CompileError);
  });

  test("random ops draw, with a seed the same", () => {
    const step = compile(() => [tf.randomNormal([4]), tf.randomNormal([4], 0, 1, "float32", 3)]);
    const [a, b] = [step(), step()].map((draws) => draws.map((draw) => Array.from(draw.dataSync())));
    expect(a![0]).not.toEqual(b![0]);
    expect(a![1]).toEqual(b![1]);
  });
});
