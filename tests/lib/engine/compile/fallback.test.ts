/** What XLA cannot compile runs as a graph function, is told once, and does nothing twice. */
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { xlaRefusal } from "../../../../lib/engine/compile/fallback.ts";
import { compile, installHost, ready, tf } from "../../../../lib/index.ts";
import { RecordingHost } from "../../recording-host.ts";
import { tensorDistance } from "./comparing.ts";
import { numbers } from "./functions.ts";

beforeAll(() => ready());

let host: RecordingHost;
let removeHost: () => void;
beforeEach(() => {
  host = new RecordingHost();
  removeHost = installHost(host);
});
afterEach(() => {
  removeHost();
  tf.disposeVariables();
});

const image = () => numbers([1, 4, 4, 2]) as tf.Tensor4D;

const refused: Record<
  string,
  { inputs: () => tf.Tensor[]; run: (...inputs: tf.Tensor[]) => tf.Tensor[]; says: RegExp }
> = {
  "the gradient of dilation2d": {
    inputs: () => [image(), numbers([2, 2, 2])],
    run: (...inputs) =>
      tf.grads((x, w) => tf.sum(tf.dilation2d(x as tf.Tensor4D, w as tf.Tensor3D, 1, "same")))(inputs),
    says: /XLA has no kernel for Dilation2D/,
  },
  cropAndResize: {
    inputs: () => [image()],
    run: (x) => [
      tf.image.cropAndResize(x as tf.Tensor4D, tf.tensor2d([[0, 0, 1, 1]]), tf.tensor1d([0], "int32"), [3, 3]),
    ],
    says: /XLA has no kernel for CropAndResize/,
  },
  "string results": {
    inputs: () => [tf.scalar(1)],
    run: (x) => [x, tf.stack([tf.scalar("a"), tf.scalar("b")])],
    says: /XLA has no strings/,
  },
  "string arguments": {
    inputs: () => [tf.tensor1d(["a", "b"])],
    run: (x) => [tf.tile(x, [2])],
    says: /XLA has no strings/,
  },
  randomGamma: {
    inputs: () => [],
    run: () => [tf.zerosLike(tf.randomGamma([3], 2, 1))],
    says: /StatelessRandomGammaV2/,
  },
};

test.each(Object.entries(refused))("%s", (_, { inputs, run, says }) => {
  const step = compile(run, { name: "picture" });
  const given = inputs();
  const expected = run(...given);
  for (let i = 0; i < 3; i++) expect(tensorDistance(expected, step(...given))).toBe(0);
  expect(host.logged.length).toBe(1);
  expect(host.logged[0]).toMatch(says);
  expect(host.logged[0]).toMatch(/^compile\(picture\): .* runs as a graph function instead/);
  expect(compile.stats(step as never).traces[0]).toMatchObject({ xla: false, runs: 3 });
});

test("the gradient of resizeNearestNeighbor agrees with eager code, with XLA or without", () => {
  const gradient = (x: tf.Tensor) =>
    tf.grad((x: tf.Tensor) => tf.sum(tf.square(tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [7, 7]))))(x);
  const x = image();
  expect(tensorDistance([gradient(x)], [compile(gradient)(x)])).toBeLessThan(3e-7);
});

test("it is told once for a function, whatever it is called with", () => {
  const step = compile((x: tf.Tensor) =>
    tf.image.cropAndResize(x as tf.Tensor4D, tf.tensor2d([[0, 0, 1, 1]]), tf.tensor1d([0], "int32"), [2, 2]),
  );
  step(tf.ones([1, 4, 4, 1]));
  step(tf.ones([1, 5, 5, 1]));
  expect(host.logged.length).toBe(1);
});

test("variables are assigned once, and made once", () => {
  let slot: tf.Variable | undefined;
  const weight = tf.variable(tf.scalar(1));
  const step = compile((x: tf.Tensor) => {
    slot ??= tf.variable(tf.onesLike(weight));
    weight.assign(tf.add(weight, slot));
    return tf.image.cropAndResize(x as tf.Tensor4D, tf.tensor2d([[0, 0, 1, 1]]), tf.tensor1d([0], "int32"), [2, 2]);
  });
  step(tf.ones([1, 4, 4, 1]));
  expect(weight.dataSync()[0]).toBe(2);
  step(tf.ones([1, 4, 4, 1]));
  expect(weight.dataSync()[0]).toBe(3);
});

describe("an error of the data is no refusal", () => {
  test.each([
    "{{function_node f}} indices[0] = 7 is not in [0, 3) [[{{node op1}}]] [Op:f]",
    "Out of memory: step of float32 [10, 10] needs 4 GB more",
    "Incompatible shapes: [2] vs. [3]",
  ])("%s", (message) => {
    expect(xlaRefusal(new Error(message))).toBeUndefined();
  });
});
