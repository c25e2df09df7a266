/** What the conformance suite cannot see: where tensors are, and that a GPU's memory comes back. */
import assert from "node:assert/strict";
import { compile, device, tf } from "../../lib/index.ts";
import { type Case, close, numbers } from "../lib/engine/conformance/cases.ts";

const main = () => (device().devices.find(({ type }) => type === "GPU") ?? device().devices[0]!).name;

function placeOf(tensor: tf.Tensor): string {
  const bundle = (tensor as unknown as Record<symbol, () => Record<string, string>>)[Symbol.for("Jupyter.display")]!();
  return / on (\S+)/.exec(bundle["text/plain"]!)![1]!;
}

export const gpuCases: Case[] = [
  {
    name: "values are uploaded to it, products and compiled products computed on it",
    run: () => {
      const x = numbers([256, 256]).add(0) as tf.Tensor2D;
      const product = compile((x: tf.Tensor2D) => tf.matMul(x, x));
      const results = [x, tf.matMul(x, x), product(x)];
      product.dispose();
      assert.deepEqual(results.map(placeOf), [main(), main(), main()]);
    },
  },
  {
    name: "device.use places ops on the processor and back",
    run: () => {
      const x = numbers([64, 64]).add(0) as tf.Tensor2D;
      const there = device.use("CPU:0", () => tf.matMul(x, x));
      assert.equal(placeOf(there), "CPU:0");
      close(there, tf.matMul(x, x).arraySync() as number[][]);
    },
  },
  {
    name: "integers take part, wherever TensorFlow keeps them",
    run: () => {
      const table = numbers([100, 8]).add(0);
      close(tf.gather(table, tf.tensor1d([7, 7], "int32")).sub(table.slice([7, 0], [1, 8])), [
        Array(8).fill(0),
        Array(8).fill(0),
      ]);
    },
  },
  {
    name: "a product of 2048 x 2048 is right to the precision that device() tells",
    run: () => {
      const x = tf.ones([2048, 2048]).mul(1 / 3) as tf.Tensor2D;
      const error = Math.abs(tf.matMul(x, x).max().dataSync()[0]! / (2048 / 9) - 1);
      assert.ok(error < (device().precision === "TF32" ? 2e-3 : 1e-5), `it is off by ${error}`);
    },
  },
  {
    name: "memory comes back",
    run: () => {
      const before = device().memory.bytes;
      for (let i = 0; i < 50; i++) tf.tidy(() => void tf.ones([1000, 1000]).add(i));
      assert.equal(device().memory.bytes, before);
    },
  },
];
