/** Recurrent layers of `tf.layers` give what TensorFlow.js's own code gives, from loops of TensorFlow's instead of one op after the other. */
import { beforeAll, expect, test, vi } from "vitest";
import { installRecurrent } from "../../../../lib/engine/recurrent/index.ts";
import { tensorflowBackend } from "../../../../lib/engine/tensorflow/start.ts";
import { compile, ready, tf } from "../../../../lib/index.ts";
import { tensorDistance } from "../compile/comparing.ts";
import { countOps } from "./count-ops.ts";
import { withStockLayers } from "./stock.ts";

type Layer = InstanceType<typeof tf.layers.Layer>;

beforeAll(async () => {
  await ready();
  installRecurrent();
  // TensorFlow.js warns that it ignores `unroll`.
  vi.spyOn(console, "warn").mockImplementation(() => {});
});

const [rows, steps, width, units] = [3, 7, 5, 4];
let seed = 1;
const numbers = (shape: number[]): tf.Tensor => tf.randomUniform(shape, -1, 1, "float32", seed++);

/** Outputs of the layer, and the gradients of a loss that each of them has a part in, at the input and the weights. */
function outputsAndGradients(layer: Layer, options: object): (x: tf.Tensor) => tf.Tensor[] {
  return (x) => {
    const weights = layer.trainableWeights.map((weight) => weight.read());
    let outputs: tf.Tensor[] = [];
    const loss = (input: tf.Tensor): tf.Scalar => {
      outputs = ([layer.apply(input, options)].flat() as tf.Tensor[]).map((output) => tf.keep(output));
      return tf.addN(outputs.map((y, i) => tf.sum(tf.sin(tf.mul(y, i + 2))))) as tf.Scalar;
    };
    const gradients = tf.grads(loss)([x, ...weights]);
    return [...outputs, ...gradients];
  };
}

interface Case {
  layer: () => Layer;
  options?: () => object;
  input?: () => tf.Tensor;
  /** Loops in the trace: one forward and one backward for each layer. */
  loops?: number;
}

const lstm = (args: Partial<Parameters<typeof tf.layers.lstm>[0]> = {}) => tf.layers.lstm({ units, ...args });
const gru = (args: Partial<Parameters<typeof tf.layers.gru>[0]> = {}) => tf.layers.gru({ units, ...args });
const simple = (args: Partial<Parameters<typeof tf.layers.simpleRNN>[0]> = {}) =>
  tf.layers.simpleRNN({ units, ...args });
const all = { returnSequences: true, returnState: true } as const;
const mask = () => ({
  mask: tf.tensor2d([1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1], [rows, steps]),
});
const states = (count: number) => () => ({ initialState: Array.from({ length: count }, () => numbers([rows, units])) });
/** Drops the same entries every time. */
const drop = (x: tf.Tensor, rate: number) =>
  tf.mul(x, tf.cast(tf.greater(tf.sin(tf.range(1, x.size + 1)).reshape(x.shape), 2 * rate - 1), "float32"));
const training = () => ({ training: true });
const convolutional = { filters: 2, kernelSize: 3, padding: "same" } as const;

const cases: Record<string, Case> = {
  "lstm, last output": { layer: lstm },
  "lstm, sequences and states": { layer: () => lstm(all) },
  "lstm, sequences": { layer: () => lstm({ returnSequences: true }) },
  "lstm backwards": { layer: () => lstm({ goBackwards: true, returnSequences: true }) },
  "lstm with sigmoid and relu": { layer: () => lstm({ ...all, activation: "relu", recurrentActivation: "sigmoid" }) },
  "lstm with linear, without bias": { layer: () => lstm({ ...all, activation: "linear", useBias: false }) },
  "lstm with a mask": { layer: () => lstm(all), options: mask },
  "lstm with a mask, backwards": { layer: () => lstm({ goBackwards: true }), options: mask },
  "lstm with initial states": { layer: () => lstm(all), options: states(2) },
  "lstm with dropout": {
    layer: () => lstm({ ...all, dropout: 0.4, recurrentDropout: 0.3, dropoutFunc: drop }),
    options: training,
  },
  "lstm with dropout, not training": { layer: () => lstm({ dropout: 0.4, recurrentDropout: 0.3 }) },
  "lstm with an activation without formula": { layer: () => lstm({ ...all, activation: "elu" }) },
  "lstm with an activation without formula, masked": {
    layer: () => lstm({ ...all, activation: "elu" }),
    options: mask,
  },
  "lstm unrolled": { layer: () => lstm({ unroll: true }), loops: 0 },
  "gru, last output": { layer: gru },
  "gru, sequences and states": { layer: () => gru({ ...all, kernelInitializer: "randomNormal" }) },
  "gru with tanh for sigmoid": { layer: () => gru({ ...all, recurrentActivation: "tanh", activation: "hardSigmoid" }) },
  "gru with a mask": { layer: () => gru(all), options: mask },
  "gru with dropout": {
    layer: () => gru({ ...all, dropout: 0.4, recurrentDropout: 0.3, dropoutFunc: drop }),
    options: training,
  },
  "gru with initial states, backwards": { layer: () => gru({ ...all, goBackwards: true }), options: states(1) },
  "simpleRNN, last output": { layer: simple },
  "simpleRNN with relu and a mask": { layer: () => simple({ ...all, activation: "relu" }), options: mask },
  "simpleRNN with dropout": {
    layer: () => simple({ ...all, dropout: 0.4, recurrentDropout: 0.3, dropoutFunc: drop }),
    options: training,
  },
  "bidirectional lstm": {
    layer: () => tf.layers.bidirectional({ layer: lstm({ returnSequences: true }) as tf.RNN, mergeMode: "concat" }),
    loops: 4,
  },
  "bidirectional gru, last outputs added": {
    layer: () => tf.layers.bidirectional({ layer: gru() as tf.RNN, mergeMode: "sum" }),
    loops: 4,
  },
  "a cell in rnn": { layer: () => tf.layers.rnn({ ...all, cell: tf.layers.gruCell({ units }) }) },
  "stacked cells": {
    layer: () =>
      tf.layers.rnn({ ...all, cell: [tf.layers.lstmCell({ units: 3 }), tf.layers.gruCell({ units })] as never }),
  },
  "stacked cells with dropout": {
    layer: () => tf.layers.rnn({ cell: [tf.layers.lstmCell({ units, dropout: 0.5 })] as never }),
  },
  convLstm2d: {
    layer: () => tf.layers.convLstm2d({ ...convolutional, returnSequences: true }),
    input: () => numbers([2, 4, 5, 5, 1]),
  },
};

/** What a case runs, its input, and TensorFlow.js's own results. */
function prepare({ layer: make, options, input }: Case) {
  const [layer, x, kwargs] = [make(), input?.() ?? numbers([rows, steps, width]), options?.() ?? {}];
  layer.apply(x, kwargs);
  const run = outputsAndGradients(layer, kwargs);
  return { run, x, expected: withStockLayers(() => run(x)) };
}

test.each(Object.entries(cases))("%s", (_name, given) => {
  const { run, x, expected } = prepare(given);
  expect(tensorDistance(expected, run(x))).toBeLessThan(1e-5);
  using compiled = compile(run, { xla: false });
  const ops = countOps(() => expect(tensorDistance(expected, compiled(x))).toBeLessThan(1e-5));
  expect(ops["StatelessWhile"] ?? 0).toBe(given.loops ?? 2);
});

const some = [
  "lstm, sequences and states",
  "lstm with a mask",
  "lstm with an activation without formula",
  "gru with dropout",
  "simpleRNN with relu and a mask",
  "convLstm2d",
];

test.each(some)("by XLA: %s", (name) => {
  const { run, x, expected } = prepare(cases[name]!);
  using compiled = compile(run);
  expect(tensorDistance(expected, compiled(x))).toBeLessThan(1e-5);
  expect(compile.stats(compiled).traces).toMatchObject([{ xla: true }]);
});

test("outside of compiled functions a loop is one op, whatever the sequence's length", () => {
  const layer = lstm({ returnSequences: true });
  layer.apply(numbers([rows, steps, width]));
  const run = outputsAndGradients(layer, {});
  const count = (x: tf.Tensor) => {
    run(x);
    return Object.values(countOps(() => run(x))).reduce((sum, ops) => sum + ops, 0);
  };
  expect(count(numbers([rows, 100, width]))).toBe(count(numbers([rows, 3, width])));
});

test("the graphs of many shapes do not pile up", () => {
  const { binding } = tensorflowBackend()!;
  const layer = gru();
  layer.apply(numbers([rows, steps, width]));
  const run = (length: number) => tf.tidy(() => void layer.apply(numbers([rows, length, width])));
  for (let length = 1; length <= 70; length++) run(length);
  const { functions, tensors } = binding.memory();
  for (let length = 71; length <= 90; length++) run(length);
  expect(binding.memory()).toMatchObject({ functions, tensors });
});

test("a sequence of one step has a gradient, which TensorFlow.js's own layers cannot give", () => {
  const layer = lstm();
  const [one, two] = [numbers([rows, 1, width]), numbers([rows, 1, width])];
  layer.apply(one);
  const run = outputsAndGradients(layer, {});
  using compiled = compile(run, { xla: false });
  const [output, gradient] = compiled(one);
  expect(tensorDistance([withStockLayers(() => layer.apply(one) as tf.Tensor)], [output!])).toBeLessThan(1e-5);
  // A second step that the mask leaves out changes nothing.
  const masked = { mask: tf.tensor2d([1, 0, 1, 0, 1, 0], [rows, 2]) };
  const [, longer] = withStockLayers(() => outputsAndGradients(layer, masked)(tf.concat([one, two], 1)));
  expect(tensorDistance([tf.slice(longer!, 0, [rows, 1, width])], [gradient!])).toBeLessThan(1e-5);
});

test("the graph of a long sequence is that of a short one", () => {
  const layer = lstm({ returnSequences: true });
  layer.apply(numbers([rows, 3, width]));
  using compiled = compile(outputsAndGradients(layer, {}), { xla: false });
  for (const length of [30, 300]) compiled(numbers([rows, length, width]));
  const [short, long] = compile.stats(compiled).traces;
  expect(long!.nodes).toBe(short!.nodes);
});

test("a gradient of a gradient goes through a recurrent layer", () => {
  const layer = gru({ recurrentActivation: "sigmoid" });
  layer.apply(numbers([rows, 3, width]));
  const slope = tf.grad((x: tf.Tensor) => tf.sum(tf.square(layer.apply(x) as tf.Tensor)));
  const run = tf.grad((x: tf.Tensor) => tf.sum(tf.sin(slope(x))));
  const x = numbers([rows, 3, width]);
  using compiled = compile(run, { xla: false });
  expect(tensorDistance([withStockLayers(() => run(x))], [compiled(x)])).toBeLessThan(1e-5);
  expect(tensorDistance([withStockLayers(() => run(x))], [run(x)])).toBeLessThan(1e-5);
});

test("dropout draws one mask a call for all steps, and another at the next call", () => {
  const layer = simple({ units: 1, dropout: 0.5, returnSequences: true, activation: "linear" });
  const x = tf.ones([20, 6, 1]);
  layer.apply(x);
  layer.setWeights([tf.ones([1, 1]), tf.zeros([1, 1]), tf.zeros([1])]);
  using compiled = compile((input: tf.Tensor) => layer.apply(input, { training: true }) as tf.Tensor, { xla: false });
  const draws = [compiled(x), compiled(x)].map((y) => y.squeeze([2]).arraySync() as number[][]);
  for (const draw of draws) {
    for (const row of draw) expect(new Set(row).size).toBe(1);
    expect(new Set(draw.map(([first]) => first))).toEqual(new Set([0, 2]));
  }
  expect(draws[0]).not.toEqual(draws[1]);
});

test("a model of embedding with masked zeros, lstm and dense learns as TensorFlow.js's own does", async () => {
  const initial = (seed: number) => tf.initializers.glorotUniform({ seed });
  const make = () => {
    const layers = [
      tf.layers.embedding({ inputDim: 12, outputDim: 6, maskZero: true, embeddingsInitializer: initial(1) }),
      tf.layers.bidirectional({
        layer: lstm({ units: 5, kernelInitializer: initial(2), recurrentInitializer: initial(3) }) as tf.RNN,
        mergeMode: "concat",
      }),
      tf.layers.dense({ units: 3, activation: "softmax", kernelInitializer: initial(4) }),
    ];
    const model = tf.sequential({ layers });
    model.compile({ optimizer: tf.train.adam(0.01), loss: "categoricalCrossentropy" });
    return model;
  };
  const ids = tf.tensor2d(
    Array.from({ length: 8 * 6 }, (_, i) => (i * 7) % 12),
    [8, 6],
  );
  const labels = tf.oneHot(tf.tensor1d([0, 1, 2, 0, 1, 2, 1, 1], "int32"), 3).toFloat();
  const train = async (model: tf.Sequential) =>
    (await model.fit(ids, labels, { epochs: 4, batchSize: 8, shuffle: false, verbose: 0 })).history["loss"] as number[];
  const expected = await withStockLayers(() => train(make()));
  for (const model of [make(), compile.model(make())]) {
    const losses = await train(model);
    for (const [i, loss] of losses.entries()) expect(loss).toBeCloseTo(expected[i]!, 5);
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
  }
});

test("compiled calls leave no tensor and no function behind", () => {
  const binding = tensorflowBackend()!.binding;
  const layer = lstm(all);
  const x = numbers([rows, steps, width]);
  layer.apply(x);
  const round = () => {
    using compiled = compile(outputsAndGradients(layer, {}), { xla: false });
    tf.dispose(compiled(x));
    tf.dispose(compiled(x));
  };
  round();
  const before = { tensors: tf.memory().numTensors, native: binding.memory() };
  round();
  expect(tf.memory().numTensors).toBe(before.tensors);
  expect(binding.memory()).toMatchObject({ tensors: before.native.tensors, functions: before.native.functions });
});
