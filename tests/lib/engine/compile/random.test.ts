/** Random ops draw anew at every call, from the right distribution, and repeat where a seed says so. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { randomState, setRandomState } from "../../../../lib/engine/index.ts";
import { compile, installHost, ready, tf } from "../../../../lib/index.ts";
import { RecordingHost } from "../../recording-host.ts";

let removeHost: () => void;
beforeAll(async () => {
  await ready();
  // Keeps what XLA refuses out of the report.
  removeHost = installHost(new RecordingHost());
});
afterAll(() => removeHost());
afterEach(() => tf.disposeVariables());

const values = (tensor: tf.Tensor) => Array.from(tensor.dataSync());

const ops: Record<string, (seed?: number) => tf.Tensor> = {
  randomUniform: (seed) => tf.randomUniform([64], -1, 3, "float32", seed),
  randomUniformInt: (seed) => tf.randomUniformInt([64], 0, 1000, seed),
  randomNormal: (seed) => tf.randomNormal([64], 1, 2, "float32", seed),
  randomStandardNormal: (seed) => tf.randomStandardNormal([64], "float32", seed),
  truncatedNormal: (seed) => tf.truncatedNormal([64], 0, 1, "float32", seed),
  randomGamma: (seed) => tf.randomGamma([64], 2, 1, "float32", seed),
  multinomial: (seed) => tf.multinomial(tf.zeros([1, 100]) as tf.Tensor2D, 64, seed),
  dropout: (seed) => tf.dropout(tf.ones([64]), 0.5, undefined, seed),
};

describe.each(Object.entries(ops))("%s", (_, op) => {
  test.each([true, false])("draws anew at every call and at every op (XLA: %s)", (xla) => {
    const step = compile(() => [op(), op()], { xla });
    const draws = [step(), step(), step()].flat().map((tensor) => values(tensor).join());
    expect(new Set(draws).size).toBe(6);
  });

  test("repeats eager code's numbers with a seed of the user's", () => {
    const step = compile(() => op(42), { xla: false });
    const eager = values(op(42));
    expect(values(step())).toEqual(eager);
    expect(values(step())).toEqual(eager);
  });
});

/** Mean and standard deviation of many draws in one compiled call. */
function moments(draw: () => tf.Tensor): { mean: number; deviation: number; least: number; most: number } {
  using step = compile(draw, { xla: false });
  return tf.tidy(() => {
    const drawn = tf.cast(step(), "float32");
    const { mean, variance } = tf.moments(drawn);
    const numbers = [mean, tf.sqrt(variance), tf.min(drawn), tf.max(drawn)].map((tensor) => tensor.dataSync()[0]!);
    return { mean: numbers[0]!, deviation: numbers[1]!, least: numbers[2]!, most: numbers[3]! };
  });
}

describe("distributions", () => {
  const many = [40_000];
  const expected: [string, () => tf.Tensor, { mean: number; deviation: number; least: number; most: number }][] = [
    ["uniform", () => tf.randomUniform(many, -1, 3), { mean: 1, deviation: 4 / Math.sqrt(12), least: -1, most: 3 }],
    ["uniform integers", () => tf.randomUniformInt(many, 0, 10), { mean: 4.5, deviation: 2.872, least: 0, most: 9 }],
    ["normal", () => tf.randomNormal(many, 5, 2), { mean: 5, deviation: 2, least: -6, most: 16 }],
    ["truncated normal", () => tf.truncatedNormal(many, 5, 2), { mean: 5, deviation: 1.759, least: 1, most: 9 }],
    // TensorFlow.js's beta multiplies: mean alpha * beta, variance alpha * beta^2.
    ["gamma", () => tf.randomGamma(many, 3, 2), { mean: 6, deviation: 2 * Math.sqrt(3), least: 0, most: 60 }],
    ["dropout", () => tf.dropout(tf.ones(many), 0.25), { mean: 1, deviation: Math.sqrt(1 / 3), least: 0, most: 1.334 }],
    [
      "multinomial",
      () => tf.multinomial(tf.log(tf.tensor1d([0.5, 0.25, 0.25])) as tf.Tensor1D, 40_000),
      { mean: 0.75, deviation: Math.sqrt(0.6875), least: 0, most: 2 },
    ],
    [
      "multinomial of probabilities",
      () => tf.multinomial(tf.tensor1d([0.5, 0.25, 0.25]), 40_000, undefined, true),
      { mean: 0.75, deviation: Math.sqrt(0.6875), least: 0, most: 2 },
    ],
  ];
  test.each(expected)("%s", (_, draw, want) => {
    setRandomState({ seed: 1, calls: 0 });
    const got = moments(draw);
    // Six standard errors.
    expect(Math.abs(got.mean - want.mean)).toBeLessThan((6 * want.deviation) / 200);
    expect(Math.abs(got.deviation / want.deviation - 1)).toBeLessThan(0.05);
    expect(got.least).toBeGreaterThanOrEqual(want.least);
    expect(got.most).toBeLessThanOrEqual(want.most);
  });

  test("dtypes of uniform and normal draws", () => {
    const step = compile(() => [
      tf.randomUniform([50], 0, 2, "bool"),
      tf.randomUniform([50], -3, 4, "int32"),
      tf.randomNormal([50], 0, 3, "int32"),
    ]);
    const drawn = step();
    expect(drawn.map(({ dtype }) => dtype)).toEqual(["bool", "int32", "int32"]);
    expect(new Set(values(drawn[0]!))).toEqual(new Set([0, 1]));
    expect(Math.max(...values(drawn[1]!))).toBeLessThanOrEqual(3);
  });
});

test("the same random state gives the same draws, whichever functions draw", () => {
  const [a, b] = [compile(() => tf.randomNormal([4])), compile(() => tf.randomUniform([4]))];
  setRandomState({ seed: 7, calls: 100 });
  const first = [a(), b(), a()].map(values);
  const between = randomState();
  expect(between).toEqual({ seed: 7, calls: 103 });
  const next = [b(), a()].map(values);
  setRandomState({ seed: 7, calls: 100 });
  expect([a(), b(), a()].map(values)).toEqual(first);
  setRandomState(between);
  expect([b(), a()].map(values)).toEqual(next);
  expect(() => setRandomState({ seed: -1, calls: 0 })).toThrow(RangeError);
});

test("functions without random ops leave the random state alone", () => {
  const before = randomState();
  compile((x: tf.Tensor) => tf.add(x, 1))(tf.scalar(1));
  expect(randomState()).toEqual(before);
});

test("a variable's first random value is the one that the first call uses", () => {
  let weight: tf.Variable | undefined;
  const step = compile(
    () => {
      const drawn = tf.randomNormal([4]);
      weight ??= tf.variable(drawn);
      return drawn;
    },
    { xla: false },
  );
  expect(values(step())).toEqual(values(weight!));
  expect(values(step())).not.toEqual(values(weight!));
});

test("dropout and noise layers of tf.layers draw anew when training, and do nothing otherwise", () => {
  const layers = [
    tf.layers.dropout({ rate: 0.5 }),
    tf.layers.gaussianNoise({ stddev: 1 }),
    tf.layers.gaussianDropout({ rate: 0.3 }),
    tf.layers.alphaDropout({ rate: 0.3 }),
  ];
  for (const layer of layers) {
    const step = compile((x: tf.Tensor, training: boolean) => layer.apply(x, { training }) as tf.Tensor);
    const x = tf.ones([1, 64]);
    const drawn = [step(x, true), step(x, true)].map((tensor) => values(tensor).join());
    expect(drawn[0], layer.name).not.toBe(drawn[1]);
    expect(values(step(x, false))).toEqual(values(x));
  }
});

test("the gradient of dropout goes through the elements that were kept", () => {
  const step = compile((x: tf.Tensor) => {
    const { value, grad } = tf.valueAndGrad((x: tf.Tensor) => tf.sum(tf.dropout(x, 0.5)))(x);
    return { value, grad };
  });
  const { value, grad } = step(tf.ones([100]));
  expect(new Set(values(grad))).toEqual(new Set([0, 2]));
  expect(values(value)[0]).toBe(values(grad).reduce((a, b) => a + b));
});
