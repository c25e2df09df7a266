/** Models of tf.layers, and all that a model can be asked for, as numbers. */
import { tf } from "../../../../lib/index.ts";
import { distance } from "./comparing.ts";
import { integers, numbers } from "./functions.ts";

const init = (seed: number) => tf.initializers.glorotUniform({ seed });
export const dense = (units: number, seed: number, more: object = {}) =>
  tf.layers.dense({ units, kernelInitializer: init(seed), ...more });

export interface ModelCase {
  build: () => tf.LayersModel;
  x: () => tf.Tensor | tf.Tensor[];
  y: () => tf.Tensor;
  loss: string;
}

const classes = () => tf.oneHot(integers([20], 3), 3).cast("float32");

/** Without recurrent layers: XLA compiles those in seconds. */
export const models: Record<string, ModelCase> = {
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
};

export const recurrentModels: Record<string, ModelCase> = {
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

export interface ModelData {
  x: tf.Tensor | tf.Tensor[];
  y: tf.Tensor;
}

/** Two epochs of two batches, one more batch, an evaluation and a prediction; all of it as numbers. */
export async function use(
  { build, loss }: ModelCase,
  make: (model: tf.LayersModel) => tf.LayersModel,
  data: ModelData,
) {
  const model = make(build());
  model.compile({ optimizer: tf.train.adam(0.01), loss, metrics: ["mse"] });
  const history = await model.fit(data.x, data.y, { epochs: 2, batchSize: 10, shuffle: false, verbose: 0 });
  const half = [data.x, data.y].map((part) => (Array.isArray(part) ? part.map(firstHalf) : firstHalf(part)));
  const batch = await model.trainOnBatch(half[0]!, half[1]!);
  const evaluated = model.evaluate(data.x, data.y, { batchSize: 10 });
  const predicted = model.predict(data.x, { batchSize: 10 }) as tf.Tensor;
  return {
    history: Object.values(history.history).flat() as number[],
    batch: [batch].flat(),
    evaluated: [evaluated].flat().map((tensor) => tensor.dataSync()[0]!),
    predicted: Array.from(predicted.dataSync()),
    weights: model.getWeights().flatMap((weight) => Array.from(weight.dataSync())),
    iterations: [model.optimizer.iterations],
  };
}

function firstHalf(tensor: tf.Tensor): tf.Tensor {
  return tf.split(tensor, 2)[0]!;
}

/** The largest difference in any of these numbers. */
export function apart(a: Awaited<ReturnType<typeof use>>, b: Awaited<ReturnType<typeof use>>): number {
  return Math.max(...(Object.keys(a) as (keyof typeof a)[]).map((key) => distance(a[key], b[key])));
}
