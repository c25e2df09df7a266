/** TensorFlow in worker threads: each has an engine of its own, which ends with it. */
import { expect, test } from "vitest";
import { backends } from "./backends.ts";
import { runNode } from "./run-node.ts";

/** `work` runs in so many workers, one after the other; `each` then on the main thread, with the worker's `index`. */
const inWorkers = (count: number, work: string, each: string) => `
  import { once } from "node:events";
  import { Worker } from "node:worker_threads";
  const lib = new URL("./lib/index.ts", "file://" + process.cwd() + "/").href;
  const source = "import(" + JSON.stringify(lib) + ").then(async ({ compile, ready, tf }) => { await ready(); " +
    ${JSON.stringify(work)} + " })";
  for (let index = 0; index < ${count}; index++) {
    const worker = new Worker(source, { eval: true });
    ${each}
  }
`;

test.runIf(backends.includes("tensorflow"))("a worker's end gives back what its tensors held", async () => {
  const { out } = await runNode(
    inWorkers(
      4,
      "globalThis.held = tf.ones([6000, 6000]).add(1);",
      'await once(worker, "exit"); console.log(process.memoryUsage.rss() / 1e6);',
    ),
  );
  const [first, ...later] = out.trim().split("\n").map(Number);
  // A worker holds 288 MB.
  expect(Math.max(...later) - first!).toBeLessThan(150);
});

test.runIf(backends.includes("tensorflow"))(
  "workers that are terminated, while TensorFlow starts and while it computes, take nothing down",
  async () => {
    const { out } = await runNode(
      `${inWorkers(
        4,
        'const x = tf.ones([500, 500]); process.getBuiltinModule("worker_threads").parentPort.postMessage("computes"); for (;;) tf.tidy(() => x.matMul(x));',
        `if (index % 2) await once(worker, "message");
         else await new Promise(resolve => setTimeout(resolve, 700 + 200 * index));
         await worker.terminate();`,
      )}
      const { ready, tf } = await import(lib);
      await ready();
      console.log(tf.getBackend(), tf.ones([3]).sum().dataSync()[0]);`,
    );
    expect(out.trim().split("\n").at(-1)).toBe("tensorflow 3");
  },
);
