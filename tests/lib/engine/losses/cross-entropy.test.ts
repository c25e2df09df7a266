/** Models that end in softmax and a cross entropy train in compiled functions on logits, with the numbers of TensorFlow.js's own loss. */
import { beforeAll, expect, test, vi } from "vitest";
import { installLosses } from "../../../../lib/engine/losses/index.ts";
import { tensorflowBackend } from "../../../../lib/engine/tensorflow/start.ts";
import { compile, ready, tf } from "../../../../lib/index.ts";

beforeAll(async () => {
  await ready();
  installLosses();
});

const [rows, classes] = [6, 5];

/** A model whose one weight is its logits, [rows, classes]. */
function logitsModel(logits: number[][], loss: string, metrics?: string[]): tf.Sequential {
  const dense = tf.layers.dense({ units: classes, activation: "softmax", useBias: false, inputShape: [rows] });
  const model = tf.sequential({ layers: [dense] });
  dense.setWeights([tf.tensor2d(logits)]);
  model.compile({ optimizer: tf.train.sgd(0.5), loss, ...(metrics && { metrics }) });
  return model;
}

const input = () => tf.eye(rows);
const labels = [0, 1, 2, 3, 4, 2];
// The third and fifth rows are sure and right, the fourth and sixth sure and wrong: there the loss is clipped.
const logits = [
  [0.1, 0.2, -0.3, 0.4, 0.5],
  [1, -2, 3, 0, 1],
  [0, 0, 30, 0, 0],
  [40, 0, 1, 2, 3],
  [-20, -20, -20, -20, 20],
  [0, 25, 0, 0, 0],
];

/** The loss before each of three steps, and the weights after them. */
async function train(model: tf.Sequential, target: tf.Tensor): Promise<number[][]> {
  const losses: number[] = [];
  for (let i = 0; i < 3; i++) losses.push(...[(await model.trainOnBatch(input(), target)) as number | number[]].flat());
  return [losses, [...model.getWeights()[0]!.dataSync()]];
}

/** Shapes that `Log` was given while `work` ran. */
async function logShapes(work: () => Promise<void>): Promise<number[][]> {
  const { binding } = tensorflowBackend()!;
  const shapes: number[][] = [];
  const { executeOp } = binding;
  const spy = vi.spyOn(binding, "executeOp").mockImplementation((name, attributes, inputs, outputs) => {
    if (name === "Log") shapes.push(binding.metadata(inputs[0]!).shape);
    return executeOp.call(binding, name, attributes, inputs, outputs);
  });
  await work().finally(() => spy.mockRestore());
  return shapes;
}

const oneHot = () => tf.oneHot(tf.tensor1d(labels, "int32"), classes).toFloat();
const smooth = () => tf.add(tf.mul(oneHot(), 0.9), 0.02);
const numbersOf = (values: number[]) => tf.tensor2d(values, [rows, 1]);
const sparse = "sparseCategoricalCrossentropy";
const dense = "categoricalCrossentropy";
const cases: Record<string, { loss: string; target: () => tf.Tensor }> = {
  "one-hot targets": { loss: dense, target: oneHot },
  "smoothed targets": { loss: dense, target: smooth },
  "targets that do not add up to 1": { loss: dense, target: () => tf.mul(smooth(), tf.linspace(0, 2, classes)) },
  "class numbers": { loss: sparse, target: () => numbersOf(labels) },
  "class numbers that are none": { loss: sparse, target: () => numbersOf([0, 7, -1, 3, 5, 2]) },
};

test.each(Object.entries(cases))("%s", async (_name, { loss, target }) => {
  for (const xla of [true, false]) {
    const [losses, weights] = await train(logitsModel(logits, loss), target());
    const shapes = await logShapes(async () => {
      const compiled = await train(compile.model(logitsModel(logits, loss), { xla }), target());
      for (const [i, expected] of [losses!, weights!].entries())
        for (const [k, value] of expected.entries())
          expect(compiled[i]![k]! / Math.max(1, Math.abs(value))).toBeCloseTo(value / Math.max(1, Math.abs(value)), 5);
    });
    // The logarithm of sums of rows and of chosen probabilities, never of all probabilities.
    expect(shapes.length).toBeGreaterThan(0);
    for (const shape of shapes) expect(shape).toEqual([rows, 1]);
  }
});

test("with many small probabilities the clipped sum counts, as in TensorFlow.js", async () => {
  const many = 5000;
  const make = () => {
    const layer = tf.layers.dense({ units: many, activation: "softmax", useBias: false, inputShape: [1] });
    const model = tf.sequential({ layers: [layer] });
    layer.setWeights([
      tf.tensor2d(
        Array.from({ length: many }, (_, i) => (i === 0 ? 18 : Math.sin(i))),
        [1, many],
      ),
    ]);
    model.compile({ optimizer: tf.train.sgd(1), loss: sparse });
    return model;
  };
  const step = async (model: tf.Sequential) => {
    const loss = (await model.trainOnBatch(tf.ones([2, 1]), tf.tensor2d([0, 3], [2, 1]))) as number;
    return { loss, weights: model.getWeights()[0]!.dataSync() };
  };
  const expected = await step(make());
  const actual = await step(compile.model(make()));
  expect(actual.loss).toBeCloseTo(expected.loss, 5);
  const worst = Math.max(...expected.weights.map((value, i) => Math.abs(value - actual.weights[i]!)));
  expect(worst).toBeLessThan(1e-5);
});

test("accuracy and a second output of another loss work beside it", async () => {
  const make = () => {
    const inputs = tf.input({ shape: [3] });
    const initializer = (seed: number) => ({ kernelInitializer: tf.initializers.glorotUniform({ seed }) });
    const a = tf.layers
      .dense({ name: "a", units: 4, activation: "softmax", ...initializer(1) })
      .apply(inputs) as tf.SymbolicTensor;
    const b = tf.layers.dense({ name: "b", units: 2, ...initializer(2) }).apply(inputs) as tf.SymbolicTensor;
    const model = tf.model({ inputs, outputs: [a, b] });
    model.compile({ optimizer: tf.train.adam(0.1), loss: [sparse, "meanSquaredError"], metrics: ["accuracy"] });
    return model;
  };
  const x = tf.tensor2d([1, 2, 3, -1, 0.5, 2, 0, 0, 1], [3, 3]);
  const y = [tf.tensor2d([1, 3, 0], [3, 1]), tf.ones([3, 2])];
  const history = async (model: tf.LayersModel) =>
    (await model.fit(x, y, { epochs: 3, verbose: 0, shuffle: false })).history as Record<string, number[]>;
  const expected = await history(make());
  const actual = await history(compile.model(make()));
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [key, values] of Object.entries(expected))
    for (const [i, value] of values.entries()) expect(actual[key]![i]).toBeCloseTo(value, 5);
});

test("an output that is no softmax keeps TensorFlow.js's loss", async () => {
  const make = () => {
    const layer = tf.layers.dense({ units: classes, activation: "sigmoid", useBias: false, inputShape: [rows] });
    const model = tf.sequential({ layers: [layer] });
    layer.setWeights([tf.tensor2d(logits)]);
    model.compile({ optimizer: "sgd", loss: dense });
    return model;
  };
  const [losses] = await train(make(), oneHot());
  const shapes = await logShapes(async () => {
    const [compiled] = await train(compile.model(make(), { xla: false }), oneHot());
    for (const [i, loss] of losses!.entries()) expect(compiled![i]).toBeCloseTo(loss, 5);
  });
  expect(shapes).toContainEqual([rows, classes]);
});

test("memory: training leaves no tensor behind", async () => {
  const model = compile.model(logitsModel(logits, sparse), { xla: false });
  const [x, y] = [input(), numbersOf(labels)];
  await model.trainOnBatch(x, y);
  const before = tf.memory().numTensors;
  for (let i = 0; i < 5; i++) await model.trainOnBatch(x, y);
  expect(tf.memory().numTensors).toBe(before);
});
