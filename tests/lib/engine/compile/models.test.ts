/** Models of tf.layers train, evaluate and predict the same by compiled functions. */
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { compile, ready, tf } from "../../../../lib/index.ts";
import { distance } from "./comparing.ts";
import { integers, numbers } from "./functions.ts";

beforeAll(() => ready());
afterEach(() => tf.disposeVariables());

const init = (seed: number) => tf.initializers.glorotUniform({ seed });
const dense = (units: number, seed: number, more: object = {}) =>
  tf.layers.dense({ units, kernelInitializer: init(seed), ...more });

interface ModelCase {
  build: () => tf.LayersModel;
  x: () => tf.Tensor | tf.Tensor[];
  y: () => tf.Tensor;
  loss: string;
}

const classes = () => tf.oneHot(integers([20], 3), 3).cast("float32");

const models: Record<string, ModelCase> = {
  "dense layers with regularizers": {
    build: () =>
      tf.sequential({
        layers: [
          dense(8, 1, { inputShape: [5], activation: "relu", kernelRegularizer: "l1l2" }),
          dense(3, 2, { activation: "softmax" }),
        ],
      }),
    x: () => numbers([20, 5]),
    y: classes,
    loss: "categoricalCrossentropy",
  },
  "convolution and pooling": {
    build: () =>
      tf.sequential({
        layers: [
          tf.layers.conv2d({
            inputShape: [8, 8, 2],
            filters: 4,
            kernelSize: 3,
            activation: "relu",
            kernelInitializer: init(1),
          }),
          tf.layers.maxPooling2d({ poolSize: 2 }),
          tf.layers.flatten(),
          dense(3, 2, { activation: "softmax" }),
        ],
      }),
    x: () => numbers([20, 8, 8, 2]),
    y: classes,
    loss: "categoricalCrossentropy",
  },
  "convolution and batch normalisation": {
    build: () =>
      tf.sequential({
        layers: [
          tf.layers.separableConv2d({
            inputShape: [8, 8, 2],
            filters: 4,
            kernelSize: 3,
            useBias: false,
            depthwiseInitializer: init(1),
            pointwiseInitializer: init(2),
          }),
          tf.layers.batchNormalization(),
          tf.layers.globalAveragePooling2d({}),
          dense(1, 3),
        ],
      }),
    x: () => numbers([20, 8, 8, 2]),
    y: () => numbers([20, 1]),
    loss: "meanSquaredError",
  },
  "embedding and LSTM": {
    build: () =>
      tf.sequential({
        layers: [
          tf.layers.embedding({ inputDim: 12, outputDim: 4, inputLength: 5, embeddingsInitializer: init(1) }),
          tf.layers.lstm({ units: 6, kernelInitializer: init(2), recurrentInitializer: init(3) }),
          dense(1, 4, { activation: "sigmoid" }),
        ],
      }),
    x: () => integers([20, 5], 12),
    y: () => integers([20, 1], 2).cast("float32"),
    loss: "binaryCrossentropy",
  },
  "bidirectional GRU": {
    build: () =>
      tf.sequential({
        layers: [
          tf.layers.bidirectional({
            inputShape: [5, 3],
            layer: tf.layers.gru({
              units: 4,
              returnSequences: true,
              kernelInitializer: init(1),
              recurrentInitializer: init(2),
            }) as tf.RNN,
          }),
          tf.layers.timeDistributed({ layer: dense(2, 3) }),
        ],
      }),
    x: () => numbers([20, 5, 3]),
    y: () => numbers([20, 5, 2]),
    loss: "meanSquaredError",
  },
  "two inputs, shared layers and layer normalisation": {
    build: () => {
      const [a, b] = [tf.input({ shape: [4] }), tf.input({ shape: [4] })];
      const shared = dense(5, 1, { activation: "tanh" });
      const joined = tf.layers.concatenate().apply([shared.apply(a), shared.apply(b)] as tf.SymbolicTensor[]);
      const normal = tf.layers.layerNormalization().apply(joined);
      return tf.model({ inputs: [a, b], outputs: dense(2, 2).apply(normal) as tf.SymbolicTensor });
    },
    x: () => [numbers([20, 4]), numbers([20, 4])],
    y: () => numbers([20, 2]),
    loss: "meanAbsoluteError",
  },
  "convolutional LSTM": {
    build: () =>
      tf.sequential({
        layers: [
          tf.layers.convLstm2d({
            inputShape: [3, 5, 5, 1],
            filters: 2,
            kernelSize: 3,
            kernelInitializer: init(1),
            recurrentInitializer: init(2),
          }) as tf.layers.Layer,
          tf.layers.flatten(),
          dense(1, 3),
        ],
      }),
    x: () => numbers([20, 3, 5, 5, 1]),
    y: () => numbers([20, 1]),
    loss: "meanSquaredError",
  },
};

/** `fit` with a last batch that is smaller, `trainOnBatch`, `evaluate`, `predict`; all of it as numbers. */
async function use({ build, x, y, loss }: ModelCase, make: (model: tf.LayersModel) => tf.LayersModel, data: Data) {
  void x;
  void y;
  const model = make(build());
  model.compile({ optimizer: tf.train.adam(0.01), loss, metrics: ["mse"] });
  const history = await model.fit(data.x, data.y, { epochs: 2, batchSize: 8, shuffle: false });
  const batch = await model.trainOnBatch(data.x, data.y);
  const evaluated = model.evaluate(data.x, data.y, { batchSize: 8 });
  const predicted = model.predict(data.x, { batchSize: 8 }) as tf.Tensor;
  return {
    history: Object.values(history.history).flat() as number[],
    batch: [batch].flat(),
    evaluated: [evaluated].flat().map((tensor) => tensor.dataSync()[0]!),
    predicted: Array.from(predicted.dataSync()),
    weights: model.getWeights().flatMap((weight) => Array.from(weight.dataSync())),
    iterations: [model.optimizer.iterations],
  };
}

interface Data {
  x: tf.Tensor | tf.Tensor[];
  y: tf.Tensor;
}

describe("eager, graph and XLA agree on", () => {
  test.each(Object.entries(models))("%s", async (_, item) => {
    const data = { x: item.x(), y: item.y() };
    const eager = await use(item, (model) => model, data);
    const graph = await use(item, (model) => compile.model(model, { xla: false }), data);
    const xla = await use(item, (model) => compile.model(model), data);
    for (const key of Object.keys(eager) as (keyof typeof eager)[]) {
      expect(distance(eager[key], graph[key]), `graph: ${key}`).toBeLessThan(key === "weights" ? 1e-6 : 1e-6);
      expect(distance(eager[key], xla[key]), `XLA: ${key}`).toBeLessThan(1e-5);
    }
    expect(xla.iterations).toEqual([7]);
  });
});

const small = () =>
  tf.sequential({
    layers: [dense(4, 1, { inputShape: [3], activation: "relu" }), tf.layers.dropout({ rate: 0.5 }), dense(1, 2)],
  });

test("a model is traced once for each batch size, not once for each fit", async () => {
  const model = compile.model(small(), { name: "small" });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  const [x, y] = [numbers([8, 3]), numbers([8, 1])];
  await model.fit(x, y, { epochs: 2, batchSize: 4 });
  const functions = memory().functions;
  await model.fit(x, y, { epochs: 2, batchSize: 4 });
  await model.trainOnBatch(x.slice([0, 0], [4, 3]), y.slice([0, 0], [4, 1]));
  expect(memory().functions).toBe(functions);
});

test("fit leaves no tensors behind", async () => {
  const model = compile.model(small());
  model.compile({ optimizer: "adam", loss: "meanSquaredError", metrics: ["mse"] });
  const [x, y] = [numbers([8, 3]), numbers([8, 1])];
  await model.fit(x, y, { epochs: 1, batchSize: 4 });
  tf.dispose(model.evaluate(x, y));
  tf.dispose(model.predict(x));
  const before = tf.memory().numTensors;
  await model.fit(x, y, { epochs: 3, batchSize: 4 });
  tf.dispose(model.evaluate(x, y));
  tf.dispose(model.predict(x));
  expect(tf.memory().numTensors).toBe(before);
});

test("compile() of the model again changes loss and optimizer", async () => {
  const model = compile.model(small());
  const [x, y] = [numbers([8, 3]), numbers([8, 1])];
  model.compile({ optimizer: tf.train.sgd(0), loss: "meanSquaredError" });
  await model.trainOnBatch(x, y);
  model.compile({ optimizer: tf.train.sgd(0), loss: "meanAbsoluteError" });
  const loss = (await model.trainOnBatch(x, tf.fill([8, 1], 1000))) as number;
  expect(loss).toBeLessThan(2000);
  expect(loss).toBeGreaterThan(500);
});

test("layers added later are part of it", () => {
  const model = tf.sequential({ layers: [dense(4, 1, { inputShape: [3] })] });
  compile.model(model);
  model.add(dense(2, 2));
  expect((model.predict(numbers([5, 3])) as tf.Tensor).shape).toEqual([5, 2]);
});

test("fitDataset and validation run through it too", async () => {
  const model = compile.model(small());
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  const rows = tf.data.array(Array.from({ length: 8 }, (_, i) => ({ xs: [i / 8, 0, 1], ys: [i / 4] }))).batch(4);
  const { history } = await model.fitDataset(rows as never, { epochs: 3, validationData: rows as never });
  expect(history["val_loss"]!.length).toBe(3);
  expect((history["val_loss"] as number[])[2]!).toBeLessThan((history["val_loss"] as number[])[0]!);
});

test("a model applied inside a compiled function, with training as an argument", () => {
  const model = small();
  const forward = compile((x: tf.Tensor, training: boolean) => model.apply(x, { training }) as tf.Tensor);
  const x = numbers([4, 3]);
  const eager = model.predict(x) as tf.Tensor;
  expect(distance(eager.dataSync(), forward(x, false).dataSync())).toBeLessThan(1e-6);
  expect(forward(x, true).dataSync()).not.toEqual(forward(x, true).dataSync());
});

test("a stateful recurrent model is refused with the reason", () => {
  const model = tf.sequential({
    layers: [tf.layers.lstm({ units: 2, batchInputShape: [4, 3, 2], stateful: true })],
  });
  expect(() => compile.model(model)).toThrow(/stateful: true/);
});

function memory() {
  return (tf.engine().backend as unknown as { binding: { memory(): { functions: number } } }).binding.memory();
}
