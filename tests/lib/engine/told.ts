/** For test files: measurements in fresh processes. */
import { expect } from "vitest";
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

interface State {
  residentBytes: number;
}

/** What `device()` and `tf.memory()` say before and after so many steps of a compiled layer with Adam, 3 MB of variables. */
export async function growthOverSteps(steps: number): Promise<{ before: State; after: State }> {
  const measured = await told(`
    const weight = tf.variable(tf.randomNormal([512, 512], 0, 0.1, "float32", 1));
    const optimizer = tf.train.adam(1e-3);
    const x = tf.randomNormal([64, 512], 0, 1, "float32", 2);
    const step = compile(x => optimizer.minimize(() => tf.matMul(x, weight).sub(1).square().mean(), true, [weight]));
    const state = () => { gc(); const { peakBytes, ...memory } = device().memory; return { ...tf.memory(), ...memory }; };
    for (let i = 0; i < 200; i++) step(x).dispose();
    tell("before", state());
    for (let i = 0; i < ${steps}; i++) step(x).dispose();
    tell("after", state());
  `);
  return measured as never;
}

export function expectNoGrowth({ before, after }: { before: State; after: State }): void {
  const { residentBytes: residentBefore, ...countsBefore } = before;
  const { residentBytes: residentAfter, ...countsAfter } = after;
  expect(countsAfter).toEqual(countsBefore);
  // What allocators keep for later goes up and down by some megabytes; a step touches four.
  expect(residentAfter - residentBefore).toBeLessThan(20e6);
}
