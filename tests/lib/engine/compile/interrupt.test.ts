/** A call that is cut off while its results are written back is finished before other code runs: all variables or none. */
import { beforeAll, expect, test } from "vitest";
import { traceableBackend } from "../../../../lib/engine/compile/trace.ts";
import { compile, installHost, ready, tf } from "../../../../lib/index.ts";
import { RecordingHost } from "../../recording-host.ts";

beforeAll(() => ready());

test("an interrupt between two assignments", () => {
  const host = new RecordingHost();
  const removeHost = installHost(host);
  const { binding } = traceableBackend()!;
  const { moveInto } = binding;
  const weights = [1, 2, 3].map((value) => tf.variable(tf.scalar(value)));
  const optimizer = tf.train.sgd(1);
  try {
    const step = compile(() => optimizer.minimize(() => tf.addN(weights.map(tf.square)), true, weights)!);
    step().dispose();
    expect(weights.map((weight) => weight.dataSync()[0])).toEqual([-1, -2, -3]);
    let moves = 0;
    binding.moveInto = (to, from) => {
      // Stands for a termination, which leaves JavaScript without running `finally` or what comes after.
      if (++moves === 2) throw new Error("terminated");
      moveInto(to, from);
    };
    expect(() => step()).toThrow("terminated");
    expect(weights.map((weight) => weight.dataSync()[0])).toEqual([1, -2, -3]);
    binding.moveInto = moveInto;
    host.interrupt();
    expect(weights.map((weight) => weight.dataSync()[0])).toEqual([1, 2, 3]);
    expect(optimizer.iterations).toBe(2);
    host.interrupt();
    expect(optimizer.iterations).toBe(2);
  } finally {
    binding.moveInto = moveInto;
    removeHost();
  }
});
