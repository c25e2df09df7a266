import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { tf } from "../../../../lib/index.ts";
import { type Case, close, numbers } from "./cases.ts";

/** Initialisers with seeds, so that a model is the same each time. */
function seeded(): { kernelInitializer: ReturnType<typeof tf.initializers.glorotUniform> } {
  return { kernelInitializer: tf.initializers.glorotUniform({ seed: ++seeds }) };
}
let seeds = 0;

/** A model made the same way twice, trained the same way twice: the losses of both, and what the second predicts. */
async function trainTwice(
  make: () => tf.LayersModel,
  x: tf.Tensor,
  y: tf.Tensor,
  args: tf.ModelFitArgs,
): Promise<{ first: number[]; second: number[] }> {
  const train = async () => {
    seeds = 100;
    const model = make();
    const { history } = await model.fit(x, y, { shuffle: false, verbose: 0, ...args });
    const { optimizer } = model;
    model.dispose();
    optimizer.dispose();
    return history["loss"] as number[];
  };
  return { first: await train(), second: await train() };
}

function learns(
  name: string,
  data: () => [x: tf.Tensor, y: tf.Tensor],
  make: () => tf.LayersModel,
  epochs: number,
  lacking?: Case["lacking"],
): Case {
  return {
    name: `${name} learns, and the same seeds learn the same`,
    ...(lacking && { lacking }),
    run: async () => {
      const [x, y] = data();
      const { first, second } = await trainTwice(make, x, y, { epochs, batchSize: 8 });
      assert.ok(first.at(-1)! < first[0]! / 2, `losses ${first[0]} to ${first.at(-1)}`);
      for (const [i, loss] of first.entries())
        assert.ok(Math.abs(loss - second[i]!) <= 1e-4 * Math.abs(loss), `epoch ${i}`);
    },
  };
}

function compiled(layers: tf.layers.Layer[], loss: string, rate = 0.05): tf.LayersModel {
  const model = tf.sequential({ layers });
  model.compile({ optimizer: tf.train.adam(rate), loss });
  return model;
}

const flattened = {
  "int32 ids": () =>
    tf.tensor2d(
      Array.from({ length: 48 }, (_, i) => (i * 7) % 5),
      [8, 6],
      "int32",
    ),
};
const classOf = () => tf.oneHot(tf.tensor1d([0, 1, 2, 0, 1, 2, 0, 1], "int32"), 3).toFloat();

export const layers: Case[] = [
  {
    name: "a dense model learns XOR, and the same seed learns the same",
    run: async () => {
      const inputs = tf.tensor2d([
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ]);
      const labels = tf.tensor2d([[0], [1], [1], [0]]);
      const learn = async () => {
        seeds = 6;
        const model = compiled(
          [
            tf.layers.dense({ units: 8, activation: "tanh", inputShape: [2], ...seeded() }),
            tf.layers.dense({ units: 1, activation: "sigmoid", ...seeded() }),
          ],
          "binaryCrossentropy",
          0.1,
        );
        const history = await model.fit(inputs, labels, { epochs: 100, batchSize: 4, shuffle: false, verbose: 0 });
        const predicted = Array.from((model.predict(inputs) as tf.Tensor).dataSync());
        const { optimizer } = model;
        model.dispose();
        optimizer.dispose();
        return { predicted, loss: history.history["loss"]!.at(-1) as number };
      };
      const [first, again] = [await learn(), await learn()];
      assert.deepEqual(first.predicted.map(Math.round), [0, 1, 1, 0]);
      assert.ok(first.loss < 0.1, `loss ${first.loss}`);
      assert.ok(Math.abs(first.loss - again.loss) < 1e-4);
    },
  },
  learns(
    "a convolutional model",
    () => [numbers([8, 8, 8, 1]), classOf()],
    () =>
      compiled(
        [
          tf.layers.conv2d({ filters: 4, kernelSize: 3, activation: "relu", inputShape: [8, 8, 1], ...seeded() }),
          tf.layers.maxPooling2d({ poolSize: 2 }),
          tf.layers.flatten(),
          tf.layers.dense({ units: 3, activation: "softmax", ...seeded() }),
        ],
        "categoricalCrossentropy",
      ),
    40,
  ),
  ...(["lstm", "gru", "simpleRNN"] as const).map((kind) =>
    learns(
      `an embedding with ${kind}`,
      () => [flattened["int32 ids"](), classOf()],
      () =>
        compiled(
          [
            tf.layers.embedding({
              inputDim: 5,
              outputDim: 6,
              inputLength: 6,
              embeddingsInitializer: tf.initializers.randomUniform({ minval: -0.1, maxval: 0.1, seed: 3 }),
            }),
            tf.layers[kind]({
              units: 8,
              ...seeded(),
              recurrentInitializer: tf.initializers.glorotUniform({ seed: 5 }),
            }),
            tf.layers.dense({ units: 3, activation: "softmax", ...seeded() }),
          ],
          "categoricalCrossentropy",
        ),
      40,
    ),
  ),
  learns(
    "a model with batch and layer normalisation",
    () => [numbers([8, 5]), numbers([8, 1], 2)],
    () =>
      compiled(
        [
          tf.layers.dense({ units: 8, inputShape: [5], ...seeded() }),
          tf.layers.batchNormalization(),
          tf.layers.reLU(),
          tf.layers.layerNormalization(),
          tf.layers.dense({ units: 1, ...seeded() }),
        ],
        "meanSquaredError",
      ),
    60,
  ),
  {
    name: "dropout drops in training only, and scales what stays",
    run: () => {
      const dropout = tf.layers.dropout({ rate: 0.5, seed: 1 });
      const x = tf.ones([100, 100]);
      close(dropout.apply(x) as tf.Tensor, x.arraySync() as number[][]);
      const values = (dropout.apply(x, { training: true }) as tf.Tensor).dataSync();
      assert.deepEqual([...new Set(values)].sort(), [0, 2]);
      const kept = values.filter((value) => value > 0).length / values.length;
      assert.ok(Math.abs(kept - 0.5) < 0.03, `${kept} kept`);
    },
  },
  {
    name: "evaluate, predict and trainOnBatch agree about the loss",
    run: async () => {
      const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [3], ...seeded() })] });
      model.compile({ optimizer: tf.train.sgd(0), loss: "meanSquaredError" });
      const [x, y] = [numbers([6, 3]), numbers([6, 1], 2)];
      const evaluated = (model.evaluate(x, y, { batchSize: 6 }) as tf.Scalar).dataSync()[0]!;
      const predicted = tf.losses.meanSquaredError(y, model.predict(x) as tf.Tensor).dataSync()[0]!;
      const trained = (await model.trainOnBatch(x, y)) as number;
      assert.ok(Math.abs(evaluated - predicted) < 1e-5 && Math.abs(evaluated - trained) < 1e-5);
      const { optimizer } = model;
      model.dispose();
      optimizer.dispose();
    },
  },
];

/** One weight w, loss w², so the gradient is 2w: three steps from w = 1 by each optimizer's own formula. */
const stepRules: Record<string, [make: () => tf.Optimizer, expected: () => number]> = {
  "stochastic gradient descent": [() => tf.train.sgd(0.1), () => 0.8 ** 3],
  momentum: [
    () => tf.train.momentum(0.1, 0.9),
    () =>
      threeSteps((w, state) => {
        state[0] = 0.9 * (state[0] ?? 0) + 2 * w;
        return w - 0.1 * state[0];
      }),
  ],
  Adam: [
    () => tf.train.adam(0.1),
    () =>
      threeSteps((w, state, t) => {
        const g = 2 * w;
        state[0] = 0.9 * (state[0] ?? 0) + 0.1 * g;
        state[1] = 0.999 * (state[1] ?? 0) + 0.001 * g * g;
        return w - (0.1 * (state[0] / (1 - 0.9 ** t))) / (Math.sqrt(state[1] / (1 - 0.999 ** t)) + 1e-7);
      }),
  ],
  Adamax: [
    () => tf.train.adamax(0.1),
    () =>
      threeSteps((w, state, t) => {
        const g = 2 * w;
        state[0] = 0.9 * (state[0] ?? 0) + 0.1 * g;
        state[1] = Math.max(0.999 * (state[1] ?? 0), Math.abs(g));
        return w - (0.1 / (1 - 0.9 ** t)) * (state[0] / (state[1] + 1e-7));
      }),
  ],
  AdaGrad: [
    () => tf.train.adagrad(0.1, 0.1),
    () =>
      threeSteps((w, state) => {
        state[0] = (state[0] ?? 0.1) + 4 * w * w;
        return w - (0.1 * 2 * w) / Math.sqrt(state[0] + 1e-7);
      }),
  ],
  RMSProp: [
    () => tf.train.rmsprop(0.1, 0.9),
    () =>
      threeSteps((w, state) => {
        state[0] = 0.9 * (state[0] ?? 0) + 0.1 * 4 * w * w;
        return w - (0.1 * 2 * w) / Math.sqrt(state[0] + 1e-7);
      }),
  ],
  AdaDelta: [
    () => tf.train.adadelta(1, 0.95),
    () =>
      threeSteps((w, state) => {
        const g = 2 * w;
        // TensorFlow.js divides by the average as it was before this gradient.
        const update = (Math.sqrt((state[1] ?? 0) + 1e-7) / Math.sqrt((state[0] ?? 0) + 1e-7)) * g;
        state[0] = 0.95 * (state[0] ?? 0) + 0.05 * g * g;
        state[1] = 0.95 * (state[1] ?? 0) + 0.05 * update * update;
        return w - update;
      }),
  ],
};

function threeSteps(step: (w: number, state: number[], t: number) => number): number {
  const state: number[] = [];
  return [1, 2, 3].reduce((w, t) => step(w, state, t), 1);
}

export const optimizers: Case[] = Object.entries(stepRules).map(([name, [make, expected]]) => ({
  name: `${name} takes the steps of its formula`,
  run: () => {
    const optimizer = make();
    using weight = tf.variable(tf.scalar(1));
    for (let step = 0; step < 3; step++) optimizer.minimize(() => weight.square() as tf.Scalar, false, [weight]);
    close(weight.clone(), expected(), 2e-5);
    optimizer.dispose();
    // TensorFlow.js's momentum forgets its rate, which is a tensor.
    (optimizer as { c?: tf.Tensor }).c?.dispose();
  },
}));

function moments(tensor: tf.Tensor): { mean: number; deviation: number; min: number; max: number } {
  const values = Array.from(tensor.dataSync());
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  return { mean, deviation, min: Math.min(...values), max: Math.max(...values) };
}

const draws: Record<string, (seed?: number) => tf.Tensor> = {
  randomNormal: (seed) => tf.randomNormal([20, 20], 0, 1, "float32", seed),
  randomUniform: (seed) => tf.randomUniform([20, 20], 0, 1, "float32", seed),
  truncatedNormal: (seed) => tf.truncatedNormal([20, 20], 0, 1, "float32", seed),
  randomGamma: (seed) => tf.randomGamma([20, 20], 2, 1, "float32", seed),
  dropout: (seed) => tf.dropout(tf.ones([20, 20]), 0.5, undefined, seed),
};

export const randomness: Case[] = [
  ...Object.entries(draws).map(
    ([name, draw]): Case => ({
      name: `${name} with a seed gives the same each time, without one something else`,
      run: () => {
        const values = (seed?: number) => Array.from(draw(seed).dataSync());
        assert.deepEqual(values(3), values(3));
        assert.notDeepEqual(values(3), values(4));
        assert.notDeepEqual(values(), values());
      },
    }),
  ),
  {
    name: "randomNormal has its mean and deviation",
    run: () => {
      const { mean, deviation } = moments(tf.randomNormal([100, 100], 3, 2, "float32", 1));
      assert.ok(Math.abs(mean - 3) < 0.1 && Math.abs(deviation - 2) < 0.1, `mean ${mean}, deviation ${deviation}`);
    },
  },
  {
    name: "randomUniform stays in its range and fills it",
    run: () => {
      const { mean, min, max } = moments(tf.randomUniform([100, 100], -2, 6, "float32", 1));
      assert.ok(
        min >= -2 && max < 6 && min < -1.9 && max > 5.9 && Math.abs(mean - 2) < 0.1,
        `${min} to ${max}, mean ${mean}`,
      );
    },
  },
  {
    name: "truncatedNormal stays within two deviations",
    run: () => {
      const { min, max } = moments(tf.truncatedNormal([100, 100], 0, 1, "float32", 1));
      assert.ok(min >= -2 && max <= 2, `${min} to ${max}`);
    },
  },
  {
    name: "multinomial draws by weight",
    run: () => {
      const drawn = tf.multinomial(tf.tensor1d([0.2, 0.8]).log() as tf.Tensor1D, 4000, 1).dataSync();
      const ones = drawn.filter((value) => value === 1).length / drawn.length;
      assert.ok(Math.abs(ones - 0.8) < 0.05, `${ones}`);
    },
  },
];

function smallModel(): tf.Sequential {
  return tf.sequential({
    layers: [
      tf.layers.dense({ units: 4, activation: "relu", inputShape: [3], name: `conformance_dense_${++seeds}` }),
      tf.layers.dense({ units: 2 }),
    ],
  });
}

async function comesBack(save: (model: tf.LayersModel) => Promise<tf.io.IOHandler | string>): Promise<void> {
  const model = smallModel();
  const x = numbers([5, 3]);
  const before = (model.predict(x) as tf.Tensor).arraySync() as number[][];
  const loaded = await tf.loadLayersModel(await save(model));
  close(loaded.predict(x) as tf.Tensor, before);
  model.dispose();
  loaded.dispose();
}

export const storage: Case[] = [
  {
    name: "a model comes back from memory with its weights",
    run: () =>
      comesBack(async (model) => {
        let kept: tf.io.ModelArtifacts | undefined;
        await model.save(
          tf.io.withSaveHandler(async (artifacts) => {
            kept = artifacts;
            return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
          }),
        );
        return tf.io.fromMemory(kept!);
      }),
  },
  {
    name: "a model comes back from a folder with its weights",
    run: async () => {
      const folder = mkdtempSync(join(tmpdir(), "model-"));
      try {
        await comesBack(async (model) => {
          const address = pathToFileURL(folder).href;
          await model.save(address);
          return `${address}/model.json`;
        });
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  },
  {
    name: "weights go from one model to another",
    run: () => {
      const [from, to] = [smallModel(), smallModel()];
      to.setWeights(from.getWeights());
      const x = numbers([2, 3]);
      close(to.predict(x) as tf.Tensor, (from.predict(x) as tf.Tensor).arraySync() as number[][]);
      from.dispose();
      to.dispose();
    },
  },
];
