/** Backend `tensorflow`: what tfjs-node promises, on our addon. Values of the SavedModel are Python TensorFlow's. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tensorflowBackend } from "../../../../lib/engine/tensorflow/start.ts";
import { ready, tf } from "../../../../lib/index.ts";
import { runNode } from "../run-node.ts";

let folder: string;
beforeAll(async () => {
  await ready();
  folder = await mkdtemp(join(tmpdir(), "gradbook-backend-"));
});
afterAll(() => rm(folder, { recursive: true }));

const binding = () => tensorflowBackend()!.binding;
const golden = (name: string) => fileURLToPath(new URL(`../../../goldens/saved-model/${name}`, import.meta.url));

test("the backend is TensorFlow's own runtime, 2.21", () => {
  expect(tf.getBackend()).toBe("tensorflow");
  expect(binding().TF_Version).toMatch(/^2\.21\./);
  expect(binding().devices()[0]).toMatchObject({ type: "CPU", name: expect.stringContaining("CPU:0") });
});

test("a SavedModel made by Python tells its signature and gives Python's values", async () => {
  const expected = JSON.parse(await readFile(golden("affine.json"), "utf8"));
  const [graph] = await tf.node.getMetaGraphsFromSavedModel(golden("affine"));
  const signature = graph!.signatureDefs["serving_default"]!;
  expect(Object.keys(signature.inputs).sort()).toEqual(["times", "x"]);
  expect(signature.outputs["scaled"]).toMatchObject({ dtype: "float32" });
  const model = await tf.node.loadSavedModel(golden("affine"));
  expect(tf.node.getNumOfSavedModels()).toBe(1);
  const inputs = { x: tf.tensor2d(expected.x), times: tf.scalar(expected.times, "int32") };
  const outputs = model.predict(inputs) as Record<string, import("@tensorflow/tfjs").Tensor>;
  expect(await outputs["scaled"]!.array()).toEqual(expected.scaled);
  expect(await outputs["best"]!.array()).toEqual(expected.best);
  model.dispose();
  expect(tf.node.getNumOfSavedModels()).toBe(0);
  expect(() => model.predict(inputs)).toThrow(/deleted/);
});

test("a folder without a SavedModel is an error that names it", async () => {
  await expect(tf.node.loadSavedModel(join(folder, "none"))).rejects.toThrow(/none/);
});

test("images: PNG comes back exactly, JPEG nearly, and the format is found out", async () => {
  const image = tf.tensor3d(
    Array.from({ length: 8 * 8 * 3 }, (_, i) => (i % 3 === 0 ? 200 : 40) + Math.floor(i / 24) * 5),
    [8, 8, 3],
    "int32",
  );
  const png = await tf.node.encodePng(image);
  expect(Array.from(png.subarray(1, 4))).toEqual([..."PNG"].map((letter) => letter.charCodeAt(0)));
  expect(tf.node.decodePng(png).dataSync()).toEqual(image.dataSync());
  expect(tf.node.decodeImage(png).dataSync()).toEqual(image.dataSync());
  const jpeg = await tf.node.encodeJpeg(image, "rgb", 100);
  const difference = tf.node.decodeJpeg(jpeg, 3).sub(image).abs().max().dataSync()[0]!;
  expect(difference).toBeLessThan(12);
});

test("TensorBoard files hold the tags and values that were written", async () => {
  const writer = tf.node.summaryFileWriter(join(folder, "board"));
  for (let step = 0; step < 3; step++) writer.scalar("validation/loss", 0.5 / (step + 1), step);
  writer.histogram("weights", tf.randomNormal([100]), 2);
  writer.flush();
  const [file] = await readdir(join(folder, "board"));
  expect(file).toMatch(/^events\.out\.tfevents\./);
  const bytes = await readFile(join(folder, "board", file!));
  for (const tag of ["validation/loss", "weights"]) expect(bytes.includes(tag)).toBe(true);
  for (const value of [0.5, 0.25]) expect(bytes.includes(Buffer.from(new Float32Array([value]).buffer))).toBe(true);
});

test("a layers model is saved to a folder and loaded from it with the same predictions", async () => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4], activation: "tanh" })] });
  const x = tf.randomNormal([5, 4], 0, 1, "float32", 3);
  await model.save(`file://${join(folder, "model")}`);
  const loaded = await tf.loadLayersModel(`file://${join(folder, "model", "model.json")}`);
  const again = await tf.loadLayersModel(tf.io.fileSystem(join(folder, "model", "model.json")));
  const predicted = (of: typeof loaded) => (of.predict(x) as ReturnType<typeof tf.ones>).dataSync();
  expect(predicted(loaded)).toEqual(predicted(model));
  expect(predicted(again)).toEqual(predicted(model));
});

test("strings, complex numbers and booleans keep their values", () => {
  const words = ["", "naïve", "日本語", "🙂"];
  expect(
    tf
      .tensor1d(words)
      .concat(tf.tensor1d(["end"]))
      .dataSync(),
  ).toEqual([...words, "end"]);
  const product = tf.complex([1, 2], [3, 4]).mul(tf.complex([0, 1], [1, 0]));
  expect(Array.from(product.dataSync())).toEqual([-3, 1, 2, 4]);
  expect(Array.from(tf.tensor1d([true, false]).logicalNot().dataSync())).toEqual([0, 1]);
});

test("TensorFlow's own errors carry the name of the op and the shapes", () => {
  const bad = () =>
    tensorflowBackend()!.executeSingleOutput(
      "MatMul",
      [{ name: "T", type: binding().TF_ATTR_TYPE, value: binding().TF_FLOAT }],
      [tf.ones([2, 3]), tf.ones([2, 3])],
    );
  expect(bad).toThrow(/MatMul.*\[2,3\].*\[2,3\]/s);
  expect(() => tensorflowBackend()!.executeSingleOutput("NoSuchOp", [], [])).toThrow(/NoSuchOp/);
});

test("a disposed tensor says so when it is used or read", async () => {
  const gone = tf.fill([2], 1);
  gone.dispose();
  expect(() => gone.dataSync()).toThrow(/disposed/);
  expect(() => tensorflowBackend()!.idOf(gone)).toThrow(/disposed/);
});

test("values of the wrong length never reach TensorFlow", () => {
  const { createTensorEager, TF_FLOAT, TF_STRING } = binding();
  expect(() => createTensorEager([3], TF_FLOAT, new Float32Array(2))).toThrow(/8 bytes.*need 12/);
  expect(() => createTensorEager([2], TF_STRING, ["one"])).toThrow(/1 strings.*needs 2/);
});

test("a second thread has an engine of its own, and its end leaves the first one alone", async () => {
  const out = await runNode(`
    import { Worker, isMainThread, parentPort } from "node:worker_threads";
    import { ready, tf } from "./lib/index.ts";
    await ready();
    const mine = tf.fill([3], 2);
    const source = \`
      import { parentPort } from "node:worker_threads";
      import("${new URL("../../../../lib/index.ts", import.meta.url).href}").then(async ({ ready, tf }) => {
        await ready();
        parentPort.postMessage(tf.getBackend() + " " + tf.fill([4], 3).sum().dataSync()[0]);
      });\`;
    const worker = new Worker(new URL("data:text/javascript," + encodeURIComponent(source)));
    worker.on("message", (text) => console.log(text));
    worker.on("exit", () => console.log(mine.add(1).sum().dataSync()[0]));
  `);
  expect(out.out.trim().split("\n")).toEqual(["tensorflow 12", "9"]);
  expect(out.err).toBe("");
});

test("starting on Node 24 prints no warning of functions that Node has deprecated", async () => {
  const { out, err } = await runNode(`
    import { ready, tf } from "./lib/index.ts";
    await ready();
    tf.tidy(() => tf.conv2d(tf.ones([1, 4, 4, 1]), tf.ones([2, 2, 1, 1]), 1, "valid").sum()).print();
    tf.node.summaryFileWriter(${JSON.stringify(tmpdir())} + "/gradbook-warning-test").flush();
    process.exit(0);
  `);
  expect(out).toContain("36");
  expect(err).toBe("");
  await rm(join(tmpdir(), "gradbook-warning-test"), { recursive: true, force: true });
});
