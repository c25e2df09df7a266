/** TensorFlow.js's own optimizers in compiled steps: the same weights as in eager code, whatever happens to their settings. */
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { compile, ready, tf } from "../../../../lib/index.ts";
import { distance } from "./comparing.ts";

beforeAll(() => ready());
afterEach(() => tf.disposeVariables());

interface Settings {
  learningRate: number;
}

const stock: Record<string, () => tf.Optimizer> = {
  sgd: () => tf.train.sgd(0.1),
  momentum: () => tf.train.momentum(0.05, 0.9),
  "momentum, nesterov": () => tf.train.momentum(0.05, 0.9, true),
  rmsprop: () => tf.train.rmsprop(0.01, 0.9, 0.5),
  "rmsprop, centered": () => tf.train.rmsprop(0.01, 0.9, 0.1, 1e-3, true),
  adagrad: () => tf.train.adagrad(0.1),
  adadelta: () => tf.train.adadelta(0.5),
  adam: () => tf.train.adam(0.01),
  adamax: () => tf.train.adamax(0.01, 0.9, 0.999, 1e-7, 0.1),
};

const x = () => tf.randomNormal([16, 4], 0, 1, "float32", 1);
const y = () => tf.randomNormal([16, 3], 0, 1, "float32", 2);

function setRate(optimizer: tf.Optimizer, rate: number): void {
  if ("setLearningRate" in optimizer) (optimizer as tf.SGDOptimizer).setLearningRate(rate);
  else (optimizer as unknown as Settings).learningRate = rate;
}

/** Six steps; the rate changes after three. Gives losses and weights. */
function train(make: () => tf.Optimizer, how: "eager" | "graph" | "xla", nudge = 0) {
  const optimizer = make();
  const weights = [
    tf.variable(tf.mul(tf.randomNormal([4, 5], 0, 1, "float32", 3), 1 + nudge)),
    tf.variable(tf.zeros([5])),
    tf.variable(tf.randomNormal([5, 3], 0, 1, "float32", 4)),
  ];
  const [w1, b, w2] = weights as [tf.Variable, tf.Variable, tf.Variable];
  const minimize = (x: tf.Tensor, y: tf.Tensor) =>
    optimizer.minimize(
      () => tf.losses.meanSquaredError(y, tf.matMul(tf.tanh(tf.add(tf.matMul(x, w1), b)), w2)),
      true,
      weights,
    )!;
  const step = how === "eager" ? minimize : compile(minimize, { xla: how === "xla" });
  const [inputs, targets] = [x(), y()];
  const losses: number[] = [];
  for (let i = 0; i < 6; i++) {
    if (i === 3) setRate(optimizer, 0.002);
    losses.push(tf.tidy(() => step(inputs, targets).dataSync()[0]!));
  }
  const traces = how === "eager" ? 0 : compile.stats(step as never).traces.length;
  const values = weights.flatMap((weight) => Array.from(weight.dataSync()));
  return { losses, values, traces, iterations: optimizer.iterations };
}

describe("stock optimizers", () => {
  test.each(Object.entries(stock))("%s: weights, losses and iterations are those of eager code", (_, make) => {
    const eager = train(make, "eager");
    const graph = train(make, "graph");
    const xla = train(make, "xla");
    expect(graph).toEqual({ ...eager, traces: 1 });
    expect(xla.iterations).toBe(6);
    expect(distance(eager.losses, xla.losses)).toBeLessThan(1e-6);
    expect(distance(eager.values, xla.values)).toBeLessThan(3e-6);
  });

  test("a learning rate that changes at every step needs no new trace", () => {
    const optimizer = tf.train.adam(0.1);
    const weight = tf.variable(tf.scalar(0));
    using step = compile(() => optimizer.minimize(() => tf.square(tf.sub(weight, 5)), true, [weight])!);
    for (let i = 0; i < 30; i++) {
      (optimizer as unknown as Settings).learningRate = 0.1 / (i + 1);
      step().dispose();
    }
    expect(compile.stats(step).traces.length).toBe(1);
    expect(optimizer.iterations).toBe(30);
  });

  test("a learning rate of zero moves nothing", () => {
    for (const [name, make] of Object.entries(stock)) {
      // Momentum keeps rolling, and rmsprop has some too.
      if (/momentum|rmsprop/.test(name)) continue;
      const optimizer = make();
      const weight = tf.variable(tf.tensor1d([1, 2]));
      const step = compile(() => optimizer.minimize(() => tf.sum(tf.square(weight)), true, [weight])!, { xla: false });
      step();
      const before = Array.from(weight.dataSync());
      setRate(optimizer, 0);
      step();
      expect(Array.from(weight.dataSync()), name).toEqual(before);
      step.dispose();
    }
  });

  test("another setting is followed by a new trace", () => {
    const optimizer = tf.train.adam(0.1, 0.9);
    const weight = tf.variable(tf.scalar(1));
    using step = compile(() => optimizer.minimize(() => tf.square(weight), true, [weight])!);
    step();
    (optimizer as unknown as { beta1: number }).beta1 = 0.5;
    step();
    expect(compile.stats(step).traces.length).toBe(2);
  });

  test.each(["momentum", "rmsprop", "adagrad", "adadelta", "adam"])(
    "a saved state of %s is set between calls",
    async (name) => {
      const optimizer = stock[name]!();
      const weight = tf.variable(tf.tensor1d([1, 2, 3]));
      using step = compile(() => optimizer.minimize(() => tf.sum(tf.square(weight)), true, [weight])!, { xla: false });
      const steps = () => {
        for (let i = 0; i < 3; i++) step();
        return Array.from(weight.dataSync());
      };
      steps();
      const saved = (await optimizer.getWeights()).map(({ name, tensor }) => ({ name, tensor: tf.clone(tensor) }));
      const before = tf.clone(weight);
      const went = steps();
      weight.assign(before);
      await optimizer.setWeights(saved);
      expect(steps()).toEqual(went);
      expect(compile.stats(step).traces.length).toBe(2);
    },
  );

  test("slots that an optimizer makes in a trace start as they do in eager code", () => {
    // Adagrad starts from 0.1, not from 0.
    const slots = (compiled: boolean) => {
      const optimizer = tf.train.adagrad(0.1);
      const weight = tf.variable(tf.tensor1d([1, 2]));
      const minimize = () => optimizer.minimize(() => tf.sum(tf.square(weight)), true, [weight])!;
      (compiled ? compile(minimize) : minimize)();
      return (optimizer as unknown as { accumulatedGrads: { variable: tf.Variable }[] }).accumulatedGrads.map(
        ({ variable }) => Array.from(variable.dataSync()),
      );
    };
    expect(slots(true)).toEqual(slots(false));
  });

  test("one optimizer serves a compiled step and eager code in turn", () => {
    const run = (compiled: boolean) => {
      const optimizer = tf.train.adam(0.1);
      const weight = tf.variable(tf.tensor1d([1, 2]));
      const minimize = () => optimizer.minimize(() => tf.sum(tf.square(weight)), true, [weight])!;
      const step = compiled ? compile(minimize, { xla: false }) : minimize;
      for (let i = 0; i < 3; i++) {
        step();
        minimize();
      }
      return { values: Array.from(weight.dataSync()), iterations: optimizer.iterations };
    };
    expect(run(true)).toEqual(run(false));
  });
});

test("an optimizer of the user's own is traced with its settings as they are, and again when one changes", () => {
  class Halving extends tf.Optimizer {
    rate = 0.5;
    applyGradients(gradients: Parameters<tf.Optimizer["applyGradients"]>[0]): void {
      for (const { name, tensor } of gradients as { name: string; tensor: tf.Tensor }[]) {
        const variable = tf.engine().registeredVariables[name]!;
        tf.tidy(() => variable.assign(tf.sub(variable, tf.mul(tensor, this.rate * this.rate))));
      }
      (this as unknown as { incrementIterations(): void }).incrementIterations();
    }
    static get className() {
      return "Halving";
    }
    getConfig() {
      return {};
    }
  }
  const optimizer = new Halving();
  const weight = tf.variable(tf.scalar(8));
  using step = compile(() => optimizer.minimize(() => tf.square(weight), true, [weight])!);
  step();
  expect(weight.dataSync()[0]).toBe(4);
  optimizer.rate = Math.SQRT1_2;
  step();
  expect(weight.dataSync()[0]).toBeCloseTo(0, 6);
  expect(compile.stats(step).traces.length).toBe(2);
  expect(optimizer.iterations).toBe(2);
});

describe("where XLA and eager code part by more than rounding, eager code parts from itself as far", () => {
  // A convolution's bias before a batch normalisation has the gradient 0, of which computing leaves noise; Adam makes a
  // step of full length of it. The weights that matter agree, and so do all when the bias is left out.
  test("Adam on a bias whose gradient is zero", () => {
    const run = (useBias: boolean, how: "eager" | "xla", nudge = 0) => {
      const model = tf.sequential({
        layers: [
          tf.layers.conv2d({
            inputShape: [6, 6, 3],
            filters: 4,
            kernelSize: 3,
            useBias,
            kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
          }),
          tf.layers.batchNormalization(),
          tf.layers.flatten(),
          tf.layers.dense({ units: 2, kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }) }),
        ],
      });
      const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
      variables[0]!.assign(tf.mul(variables[0]!, 1 + nudge));
      const optimizer = tf.train.adam(0.01);
      const [inputs, targets] = [
        tf.randomNormal([4, 6, 6, 3], 0, 1, "float32", 5),
        tf.randomNormal([4, 2], 0, 1, "float32", 6),
      ];
      const minimize = () =>
        optimizer.minimize(
          () => tf.losses.meanSquaredError(targets, model.apply(inputs, { training: true }) as tf.Tensor),
          true,
          variables,
        )!;
      const step = how === "eager" ? () => tf.tidy(minimize) : compile(minimize);
      const losses = [1, 2, 3].map(() => step().dataSync()[0]!);
      const weights = model.getWeights().map((weight) => Array.from(weight.dataSync()));
      return {
        losses,
        bias: useBias ? weights[1]! : [],
        others: weights.filter((_, i) => !useBias || (i !== 1 && i !== 6)),
      };
    };
    const [eager, xla, nudged] = [run(true, "eager"), run(true, "xla"), run(true, "eager", 1.2e-7)];
    expect(distance(eager.losses, xla.losses)).toBeLessThan(2e-6);
    for (const [i, weight] of eager.others.entries()) expect(distance(weight, xla.others[i]!)).toBeLessThan(2e-6);
    expect(distance(eager.bias, xla.bias)).toBeGreaterThan(1e-4);
    expect(distance(eager.bias, nudged.bias)).toBeGreaterThan(1e-4);
    const [eagerWithout, xlaWithout] = [run(false, "eager"), run(false, "xla")];
    for (const [i, weight] of eagerWithout.others.entries())
      expect(distance(weight, xlaWithout.others[i]!)).toBeLessThan(2e-6);
  });

  // TensorFlow.js's Adadelta divides by the sum of squares before the step, so that its first steps are plain gradients times the rate (1 by
  // default in tf.layers): the loss explodes, and a rounding grows with it.
  test("Adadelta that diverges", () => {
    const run = (how: "eager" | "xla", nudge = 0) => {
      const optimizer = tf.train.adadelta(1);
      const weight = tf.variable(tf.mul(tf.randomNormal([4, 4], 0, 1, "float32", 8), 1 + nudge));
      const inputs = tf.randomNormal([8, 4], 0, 1, "float32", 9);
      const minimize = () =>
        optimizer.minimize(() => tf.mean(tf.pow(tf.matMul(tf.matMul(inputs, weight), weight), 2)), true, [weight])!;
      const step = how === "eager" ? () => tf.tidy(minimize) : compile(minimize);
      return [1, 2, 3].map(() => step().dataSync()[0]!);
    };
    const [eager, xla, nudged] = [run("eager"), run("xla"), run("eager", 1.2e-7)];
    expect(eager[2]!).toBeGreaterThan(100 * eager[0]!);
    const apart = Math.abs(xla[2]! / eager[2]! - 1);
    expect(apart).toBeLessThan(20 * Math.max(1e-6, Math.abs(nudged[2]! / eager[2]! - 1)));
  });
});
