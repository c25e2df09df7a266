/** PyTorch's LSTM, RNN and (as a step of `scan`) GRU: outputs, states and every gradient, by compiled functions. */
import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { installRecurrent, scan } from "../../../../lib/engine/recurrent/index.ts";
import { compile, ready, tf } from "../../../../lib/index.ts";

beforeAll(async () => {
  await ready();
  installRecurrent();
});

type Nested = number | Nested[];
interface GoldenCase {
  name: string;
  inputs: { x: Nested; h0: Nested; c0?: Nested; params: Record<string, Nested>; upstream: Record<string, Nested> };
  outputs: Record<string, Nested> & { grad: Record<string, Nested>; param_grad: Record<string, Nested> };
}
const golden = JSON.parse(readFileSync(new URL("../../../goldens/recurrent/torch.json", import.meta.url), "utf8")) as {
  tolerance: { f32: { atol: number; rtol: number } };
  cases: GoldenCase[];
};

type Tensors = Record<string, tf.Tensor>;
type Model = (inputs: Tensors) => { y: tf.Tensor; h_n: tf.Tensor; c_n?: tf.Tensor };

const entry = (x: tf.Tensor, i: number): tf.Tensor => tf.squeeze(tf.slice(x, i, 1), [0]);

/** Layers of TensorFlow.js with these weights: its kernels are PyTorch's transposed, its one bias the sum of the two. */
function stacked(make: () => tf.RNN, layers: number): Model {
  return (inputs) => {
    let y = inputs["x"]!;
    const states: tf.Tensor[][] = [];
    for (let i = 0; i < layers; i++) {
      const layer = make();
      const cell = layer.cell as unknown as Record<string, { read(): tf.Tensor }>;
      const weight = (name: string) => inputs[`${name}_l${i}`]!;
      layer.build(y.shape);
      cell["kernel"] = { read: () => tf.transpose(weight("weight_ih")) };
      cell["recurrentKernel"] = { read: () => tf.transpose(weight("weight_hh")) };
      cell["bias"] = { read: () => tf.add(weight("bias_ih"), weight("bias_hh")) };
      const initialState = ["h0", "c0"].flatMap((name) => (inputs[name] ? [entry(inputs[name], i)] : []));
      const [output, ...after] = layer.call(y, { initialState }) as [tf.Tensor, ...tf.Tensor[]];
      y = output;
      for (const [k, state] of after.entries()) states[k] = [...(states[k] ?? []), state];
    }
    const [h_n, c_n] = states.map((all) => tf.stack(all)) as [tf.Tensor, tf.Tensor | undefined];
    return { y, h_n, ...(c_n && { c_n }) };
  };
}

/** The reset gate multiplies what the recurrent kernel gives; `tf.layers.gru` cannot do that. */
const gru: Model = ({ x, h0, weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0 }) => {
  const linear = (input: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor) =>
    tf.split(tf.add(tf.matMul(input as tf.Tensor2D, weight as tf.Tensor2D, false, true), bias), 3, 1);
  const [last, outputs] = scan(
    (h: tf.Tensor, entry: tf.Tensor): [tf.Tensor, tf.Tensor] => {
      const [xr, xz, xn] = linear(entry, weight_ih_l0!, bias_ih_l0!) as [tf.Tensor, tf.Tensor, tf.Tensor];
      const [hr, hz, hn] = linear(h, weight_hh_l0!, bias_hh_l0!) as [tf.Tensor, tf.Tensor, tf.Tensor];
      const z = tf.sigmoid(tf.add(xz, hz));
      const n = tf.tanh(tf.add(xn, tf.mul(tf.sigmoid(tf.add(xr, hr)), hn)));
      const next = tf.add(tf.mul(tf.sub(1, z), n), tf.mul(z, h));
      return [next, next];
    },
    entry(h0!, 0),
    tf.transpose(x!, [1, 0, 2]),
  );
  return { y: tf.transpose(outputs, [1, 0, 2]), h_n: tf.expandDims(last, 0) };
};

const sequences = { returnSequences: true, returnState: true } as const;
const lstm = () => tf.layers.lstm({ units: 4, recurrentActivation: "sigmoid", ...sequences }) as tf.RNN;
const models: Record<string, Model> = {
  "lstm-1-layer": stacked(lstm, 1),
  "lstm-2-layer": stacked(lstm, 2),
  "rnn-tanh": stacked(() => tf.layers.simpleRNN({ units: 4, ...sequences }) as tf.RNN, 1),
  "gru-1-layer": gru,
};

test.each(golden.cases)("$name", ({ name, inputs: { params, upstream, ...states }, outputs }) => {
  const given: Record<string, Nested> = { ...states, ...params };
  const names = Object.keys(given);
  const tensors = Object.values(given).map((values) => tf.tensor(values as number[]));
  const run = (...inputs: tf.Tensor[]): Tensors => {
    let results: Tensors = {};
    const loss = (...inputs: tf.Tensor[]) => {
      results = { ...models[name]!(Object.fromEntries(names.map((key, i) => [key, inputs[i]!]))) };
      for (const result of Object.values(results)) tf.keep(result);
      return tf.addN(
        Object.entries(upstream).map(([key, weight]) => tf.sum(tf.mul(results[key]!, tf.tensor(weight as number[])))),
      );
    };
    const gradients = tf.grads(loss)(inputs);
    return { ...results, ...Object.fromEntries(names.map((key, i) => [`d ${key}`, gradients[i]!])) };
  };
  using compiled = compile(run);
  const actual = compiled(...tensors);
  const { grad, param_grad, ...results } = outputs;
  const expected = { ...results, ...prefixed(grad), ...prefixed(param_grad) };
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
  const { atol, rtol } = golden.tolerance.f32;
  for (const [key, values] of Object.entries(expected)) {
    const want = tf.tensor(values as number[]).dataSync();
    const got = actual[key]!.dataSync();
    expect(got.length, key).toBe(want.length);
    for (const [i, value] of want.entries())
      expect(Math.abs(got[i]! - value), `${key}[${i}]`).toBeLessThanOrEqual(atol + rtol * Math.abs(value));
  }
});

function prefixed(gradients: Record<string, Nested>): Record<string, Nested> {
  return Object.fromEntries(Object.entries(gradients).map(([key, values]) => [`d ${key}`, values]));
}
