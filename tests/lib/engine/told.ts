/** For test files: measurements in fresh processes. */
import type * as tf from "@tensorflow/tfjs";
import { expect } from "vitest";
import type { DeviceMemory } from "../../../lib/engine/device.ts";
import { runNode } from "./run-node.ts";

/** Runs code after `ready()` and returns what it passed to `tell`, by name. */
export async function told(code: string, env: NodeJS.ProcessEnv = {}): Promise<Record<string, unknown>> {
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

type State = Pick<tf.MemoryInfo, "numTensors" | "numBytes" | "numDataBuffers"> &
  Pick<DeviceMemory, "tensors" | "bytes" | "residentBytes">;

/** What `device()` and `tf.memory()` say before and after so many steps of a compiled layer with Adam, 3 MB of variables. */
export async function growthOverSteps(steps: number): Promise<{ before: State; after: State }> {
  const measured = await told(`
    const weight = tf.variable(tf.randomNormal([512, 512], 0, 0.1, "float32", 1));
    const optimizer = tf.train.adam(1e-3);
    const x = tf.randomNormal([64, 512], 0, 1, "float32", 2);
    const step = compile(x => optimizer.minimize(() => tf.matMul(x, weight).sub(1).square().mean(), true, [weight]));
    const state = async () => { gc(); await turn(); gc(); await turn(); const { peakBytes, ...memory } = device().memory; return { ...tf.memory(), ...memory }; };
    for (let i = 0; i < 200; i++) step(x).dispose();
    tell("before", await state());
    for (let i = 0; i < ${steps}; i++) step(x).dispose();
    tell("after", await state());
  `);
  return measured as never;
}

/** Less is no growth: what the start has lost may be collected meanwhile. */
export function expectNoGrowth({ before, after }: { before: State; after: State }): void {
  for (const name of ["numTensors", "numBytes", "numDataBuffers", "tensors", "bytes"] as const)
    expect(after[name], name).toBeLessThanOrEqual(before[name]);
  // What allocators keep for later goes up and down by some megabytes; a step touches four.
  expect(after.residentBytes - before.residentBytes).toBeLessThan(20e6);
}
