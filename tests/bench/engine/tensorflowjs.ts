/** The tasks in TensorFlow.js: the same code for our engine, for tfjs-node's own binding and for the WebAssembly backend. */
import type * as tensorflow from "@tensorflow/tfjs";
import { type Loaded, productsPerStep } from "./problem.ts";
import type { Tasks } from "./worker.ts";

type Tf = typeof tensorflow;
type Tensors = (...tensors: tensorflow.Tensor[]) => tensorflow.Tensor;

/** A TensorFlow.js and how it runs a function of tensors. */
export interface Library {
  tf: Tf;
  /** Eager: `tf.tidy` around it. Compiled: `compile`. */
  wrap(fn: Tensors): Tensors;
  /** Makes `fit` run compiled. */
  wrapModel(model: tensorflow.Sequential): void;
}

export function tensorflowjsTasks(library: Library): (parameter: number) => Tasks {
  const { tf } = library;
  // Without the checks of a debugging build, in all of them.
  tf.env().set("PROD", true);
  return (parameter) => ({
    add: ({ sizes }) => {
      const a = tf.tensor2d([1, 2, 3, 4], [2, 2]);
      const b = tf.tensor2d([1, 0, 0, 1], [2, 2]);
      return () => {
        for (let i = 0; i < sizes.calls; i++) tf.add(a, b).dispose();
        return undefined;
      };
    },
    call: ({ sizes }) => {
      const a = tf.tensor2d([1, 2, 3, 4], [2, 2]);
      const b = tf.tensor2d([1, 0, 0, 1], [2, 2]);
      const add = library.wrap((a, b) => tf.add(a!, b!));
      return () => {
        for (let i = 0; i < sizes.calls; i++) add(a, b).dispose();
        return undefined;
      };
    },
    matmul: () => {
      const square = () => tf.randomUniform([parameter, parameter], -1, 1, "float32", 1);
      const [a, b] = [square(), square()];
      const multiply = library.wrap((a, b) => tf.matMul(a!, b!));
      return () => {
        for (let i = productsPerStep(parameter); i > 1; i--) multiply(a, b).dispose();
        const last = multiply(a, b);
        // Reading one number waits for all of them on devices that compute in the background.
        tf.tidy(() => last.slice([0, 0], [1, 1]).dataSync());
        last.dispose();
        return undefined;
      };
    },
    gpt: (problem) => gptStep(library, problem),
    lstm: (problem) => lstmStep(library, problem),
  });
}

function tensorOf(tf: Tf, problem: Loaded, name: string): tensorflow.Tensor {
  const { shape, dtype } = problem.arrays[name]!;
  return tf.tensor(problem.values(name), shape, dtype);
}

function optimizerOf(tf: Tf, { adam }: Loaded): tensorflow.Optimizer {
  return tf.train.adam(adam.rate, adam.beta1, adam.beta2, adam.epsilon);
}

/** A decoder in the manner of GPT-2 without biases, with tied embeddings, as one would write it with TensorFlow.js. */
function gptStep(library: Library, problem: Loaded): () => number {
  const { tf } = library;
  const { vocabulary, width, context, batch, heads, layers } = problem.sizes.gpt;
  const names = Object.keys(problem.arrays).filter((name) => name.startsWith("gpt/"));
  const weights = new Map(names.map((name) => [name, tf.variable(tensorOf(tf, problem, name))]));
  const weight = (name: string): tensorflow.Tensor => weights.get(`gpt/${name}`)!;
  const optimizer = optimizerOf(tf, problem);
  const future = Float32Array.from({ length: context ** 2 }, (_, i) => (i % context > i / context ? -1e9 : 0));
  const mask = tf.tensor2d(future, [context, context]);

  const normalize = (x: tensorflow.Tensor, scale: tensorflow.Tensor, shift: tensorflow.Tensor) => {
    const centred = x.sub(x.mean(-1, true));
    const variance = centred.square().mean(-1, true);
    return centred.mul(variance.add(1e-5).rsqrt()).mul(scale).add(shift);
  };
  const gelu = (x: tensorflow.Tensor) =>
    x.mul(0.5).mul(
      x
        .add(x.mul(x).mul(x).mul(0.044715))
        .mul(Math.sqrt(2 / Math.PI))
        .tanh()
        .add(1),
    );
  const rows = [batch * context, width];
  const logits = (tokens: tensorflow.Tensor) => {
    let h = tf.gather(weight("tokens"), tokens.flatten() as tensorflow.Tensor1D).reshape([batch, context, width]);
    h = h.add(weight("positions"));
    for (let layer = 0; layer < layers; layer++) {
      const of = (name: string) => weight(`${layer}/${name}`);
      const a = normalize(h, of("scale1"), of("shift1")).reshape(rows);
      const qkv = a.matMul(of("qkv")).reshape([batch, context, 3, heads, width / heads]);
      const [q, k, v] = tf.unstack(qkv.transpose([2, 0, 3, 1, 4])) as [
        tensorflow.Tensor,
        tensorflow.Tensor,
        tensorflow.Tensor,
      ];
      const scores = q
        .matMul(k, false, true)
        .div(Math.sqrt(width / heads))
        .add(mask);
      const mixed = tf.softmax(scores).matMul(v).transpose([0, 2, 1, 3]).reshape(rows);
      h = h.add(mixed.matMul(of("out")).reshape(h.shape));
      const b = normalize(h, of("scale2"), of("shift2")).reshape(rows);
      h = h.add(
        gelu(b.matMul(of("up")))
          .matMul(of("down"))
          .reshape(h.shape),
      );
    }
    return h.reshape(rows).matMul(weight("tokens"), false, true);
  };
  const loss = (x: tensorflow.Tensor, y: tensorflow.Tensor) =>
    tf.logSoftmax(logits(x)).mul(tf.oneHot(y.flatten(), vocabulary)).sum(-1).mean().neg() as tensorflow.Scalar;
  const trained = [...weights.values()];
  const train = library.wrap((x, y) => optimizer.minimize(() => loss(x!, y!), true, trained)!);
  return stepOver(tf, problem, "gpt", train);
}

function stepOver(tf: Tf, problem: Loaded, task: string, train: Tensors): () => number {
  const data = Array.from({ length: problem.batches }, (_, i) => [
    tensorOf(tf, problem, `${task}-x-${i}`),
    tensorOf(tf, problem, `${task}-y-${i}`),
  ]);
  let at = 0;
  return () => {
    const loss = train(...data[at++ % data.length]!);
    const [value] = loss.dataSync();
    loss.dispose();
    return value!;
  };
}

/** The article's model, trained by `fit`, one batch a call. */
function lstmStep(library: Library, problem: Loaded): () => Promise<number> {
  const { tf } = library;
  const { vocabulary, embedding, units, sequence, batch } = problem.sizes.lstm;
  const model = tf.sequential({
    layers: [
      tf.layers.embedding({ inputDim: vocabulary, outputDim: embedding, inputLength: sequence }),
      // TensorFlow.js would take a hard sigmoid, unlike Keras today.
      tf.layers.lstm({ units, returnSequences: true, recurrentActivation: "sigmoid", recurrentInitializer: "zeros" }),
      tf.layers.dense({ units: vocabulary, activation: "softmax" }),
    ],
  });
  const names = ["embedding", "kernel", "recurrent", "bias", "dense", "denseBias"];
  tf.tidy(() => model.setWeights(names.map((name) => tensorOf(tf, problem, `lstm/${name}`))));
  model.compile({ optimizer: optimizerOf(tf, problem), loss: "sparseCategoricalCrossentropy" });
  library.wrapModel(model);
  const data = Array.from({ length: problem.batches }, (_, i) => ({
    x: tensorOf(tf, problem, `lstm-x-${i}`),
    // TensorFlow.js wants labels as floats, one in a row of its own.
    y: tf.tidy(() => tensorOf(tf, problem, `lstm-y-${i}`).toFloat().expandDims(-1)),
  }));
  let at = 0;
  return async () => {
    const { x, y } = data[at++ % data.length]!;
    const { history } = await model.fit(x, y, { batchSize: batch, epochs: 1, verbose: 0, shuffle: false });
    return Number(history["loss"]![0]);
  };
}
