/** Models of tf.layers train, evaluate and predict the same by compiled functions. */
import { afterEach, beforeAll, expect, test } from "vitest";
import { compile, ready, tf } from "../../../../lib/index.ts";
import { distance } from "./comparing.ts";
import { numbers } from "./functions.ts";
import { apart, dense, models, recurrentModels, use } from "./models.ts";

beforeAll(() => ready());
afterEach(() => tf.disposeVariables());

test.each(Object.entries(models))("%s: eager, graph and XLA agree", async (_, item) => {
  const data = { x: item.x(), y: item.y() };
  const eager = await use(item, (model) => model, data);
  expect(eager.iterations).toEqual([5]);
  const graph = await use(item, (model) => compile.model(model, { xla: false }), data);
  expect(apart(eager, graph)).toBeLessThan(1e-6);
  const xla = await use(item, (model) => compile.model(model), data);
  expect(apart(eager, xla)).toBeLessThan(1e-5);
});

test.each(Object.entries(recurrentModels))("%s: eager and graph agree", async (_, item) => {
  const data = { x: item.x(), y: item.y() };
  const eager = await use(item, (model) => model, data);
  const graph = await use(item, (model) => compile.model(model, { xla: false }), data);
  expect(apart(eager, graph)).toBeLessThan(1e-6);
});

const small = () =>
  tf.sequential({
    layers: [dense(4, 1, { inputShape: [3], activation: "relu" }), tf.layers.dropout({ rate: 0.5 }), dense(1, 2)],
  });

test("a model is traced once for each batch size, not once for each fit", async () => {
  const model = compile.model(small(), { name: "small", xla: false });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  const [x, y] = [numbers([8, 3]), numbers([8, 1])];
  await model.fit(x, y, { epochs: 2, batchSize: 4, verbose: 0 });
  const functions = memory().functions;
  await model.fit(x, y, { epochs: 2, batchSize: 4, verbose: 0 });
  await model.trainOnBatch(x.slice([0, 0], [4, 3]), y.slice([0, 0], [4, 1]));
  expect(memory().functions).toBe(functions);
});

test("a last batch that is smaller is a trace of its own", async () => {
  const outcome = async (make: (model: tf.LayersModel) => tf.LayersModel) => {
    const model = make(tf.sequential({ layers: [dense(4, 1, { inputShape: [3] }), dense(1, 2)] }));
    model.compile({ optimizer: tf.train.adam(0.01), loss: "meanSquaredError" });
    await model.fit(x, y, { batchSize: 4, shuffle: false, verbose: 0 });
    const evaluated = model.evaluate(x, y, { batchSize: 4 }) as tf.Scalar;
    const predicted = model.predict(x, { batchSize: 4 }) as tf.Tensor;
    return [...evaluated.dataSync(), ...predicted.dataSync()];
  };
  const [x, y] = [numbers([9, 3]), numbers([9, 1])];
  const eager = await outcome((model) => model);
  expect(distance(eager, await outcome((model) => compile.model(model, { xla: false })))).toBeLessThan(1e-6);
});

test("fit leaves no tensors behind", async () => {
  const model = compile.model(small(), { xla: false });
  model.compile({ optimizer: "adam", loss: "meanSquaredError", metrics: ["mse"] });
  const [x, y] = [numbers([8, 3]), numbers([8, 1])];
  await model.fit(x, y, { epochs: 1, batchSize: 4, verbose: 0 });
  tf.dispose(model.evaluate(x, y));
  tf.dispose(model.predict(x));
  const before = tf.memory().numTensors;
  await model.fit(x, y, { epochs: 3, batchSize: 4, verbose: 0 });
  tf.dispose(model.evaluate(x, y));
  tf.dispose(model.predict(x));
  expect(tf.memory().numTensors).toBeLessThanOrEqual(before);
});

test.each(["sequential", "functional"])("compile() of a %s model again changes loss and optimizer", async (kind) => {
  const layers = small().layers;
  const input = tf.input({ shape: [3] });
  const functional = () =>
    tf.model({ inputs: input, outputs: layers.reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, input) });
  const model = compile.model(kind === "sequential" ? small() : functional(), { xla: false });
  const [x, y] = [numbers([8, 3]), tf.fill([8, 1], 1000)];
  model.compile({ optimizer: tf.train.sgd(0), loss: "meanSquaredError" });
  expect(await model.trainOnBatch(x, y)).toBeGreaterThan(500_000);
  model.compile({ optimizer: tf.train.sgd(0), loss: "meanAbsoluteError" });
  expect(await model.trainOnBatch(x, y)).toBeLessThan(2000);
});

test("layers added later are part of it", () => {
  const model = tf.sequential({ layers: [dense(4, 1, { inputShape: [3] })] });
  compile.model(model);
  model.add(dense(2, 2));
  expect((model.predict(numbers([5, 3])) as tf.Tensor).shape).toEqual([5, 2]);
});

test("fitDataset and validation run through it too", async () => {
  const model = compile.model(small(), { xla: false });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  const rows = tf.data.array(Array.from({ length: 8 }, (_, i) => ({ xs: [i / 8, 0, 1], ys: [i / 4] }))).batch(4);
  const { history } = await model.fitDataset(rows as never, { epochs: 3, validationData: rows as never, verbose: 0 });
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
