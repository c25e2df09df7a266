/** Stateful recurrent layers: a compiled function goes on where the call before it, compiled or not, has stopped. */
import { beforeAll, expect, test } from "vitest";
import { installRecurrent } from "../../../../lib/engine/recurrent/index.ts";
import { compile, ready, tf } from "../../../../lib/index.ts";
import { tensorDistance } from "../compile/comparing.ts";
import { withStockLayers } from "./stock.ts";

beforeAll(async () => {
  await ready();
  installRecurrent();
});

const kinds = {
  lstm: () => tf.layers.lstm({ units: 3, stateful: true, batchInputShape: [2, 4, 5] }),
  gru: () => tf.layers.gru({ units: 3, stateful: true, batchInputShape: [2, 4, 5] }),
  simpleRNN: () => tf.layers.simpleRNN({ units: 3, stateful: true, batchInputShape: [2, 4, 5], returnSequences: true }),
  cells: () => {
    const cell = [tf.layers.lstmCell({ units: 2 }), tf.layers.lstmCell({ units: 3 })] as never;
    return tf.layers.rnn({ cell, stateful: true, batchInputShape: [2, 4, 5] } as never);
  },
};

test.each(Object.entries(kinds))("%s: compiled, eager and reset calls follow each other", (_name, make) => {
  const x = tf.randomUniform([2, 4, 5], -1, 1, "float32", 7);
  const run = (layer: ReturnType<typeof make>) => (input: tf.Tensor) => layer.apply(input) as tf.Tensor;
  const stock = (input: tf.Tensor) => withStockLayers(() => run(reference)(input));
  const [layer, reference] = [make(), make()];
  layer.apply(x);
  reference.apply(x);
  reference.setWeights(layer.getWeights());
  layer.resetStates();
  reference.resetStates();
  using compiled = compile(run(layer), { xla: false });
  const calls = [
    () => [compiled(x), stock(x)],
    () => [compiled(x), stock(x)],
    () => [run(layer)(x), stock(x)],
    () => [compiled(x), stock(x)],
    () => {
      layer.resetStates();
      reference.resetStates();
      return [compiled(x), stock(x)];
    },
    () => {
      const states = reference.states.map((state) => tf.mul(state, 2));
      layer.resetStates(states);
      reference.resetStates(states);
      return [compiled(x), stock(x)];
    },
  ];
  for (const call of calls) {
    const [actual, expected] = call() as [tf.Tensor, tf.Tensor];
    expect(tensorDistance([expected], [actual])).toBeLessThan(1e-5);
  }
  expect(compile.stats(compiled).traces).toHaveLength(1);
  expect(tensorDistance(reference.states, layer.states)).toBeLessThan(1e-5);
});

test("states of another number or shape are refused", () => {
  const layer = kinds.gru();
  const x = tf.zeros([2, 4, 5]);
  layer.apply(x);
  using compiled = compile((input: tf.Tensor) => layer.apply(input) as tf.Tensor, { xla: false });
  compiled(x);
  expect(() => layer.resetStates([tf.zeros([2, 3]), tf.zeros([2, 3])])).toThrow(/1 state.*received 2/);
  expect(() => layer.resetStates([tf.zeros([3, 3])])).toThrow(/expected shape=2,3, received shape=3,3/);
});
