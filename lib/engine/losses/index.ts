/**
 * Losses of `tf.layers` models that XLA would compile badly, replaced while `compile()` traces a training step. Lives here: formulas with the
 * numbers of TensorFlow.js's. May not live here: losses of our own.
 */
import * as tf from "@tensorflow/tfjs";
import { override } from "../compile/override.ts";
import { currentTrace } from "../compile/trace.ts";
import { isRecording, isRecordingTwice } from "../tape.ts";
import { categoricalCrossentropy, sparseCategoricalCrossentropy } from "./cross-entropy.ts";
import { type Origin, originOf, rememberOrigins } from "./softmax-origin.ts";

type Loss = (target: tf.Tensor, output: tf.Tensor) => tf.Tensor;

interface Model {
  lossFunctions: Loss[];
  makeTrainFunction(): (data: tf.Tensor[]) => tf.Tensor[];
}

const installedKey = Symbol.for("gradbook.losses");

/**
 * Lets models whose last activation is softmax and whose loss is `categoricalCrossentropy` or `sparseCategoricalCrossentropy`, by name, train on
 * logits in compiled functions. Call it once, when backend `tensorflow` is there; further calls do nothing.
 */
export function installLosses(): void {
  const prototype = tf.LayersModel.prototype as unknown as Model & { [installedKey]?: true };
  if (prototype[installedKey]) return;
  Object.defineProperty(prototype, installedKey, { value: true });
  rememberOrigins();
  const { makeTrainFunction } = prototype;
  override(prototype, "makeTrainFunction", function (this: Model) {
    const run = makeTrainFunction.call(this);
    const known = stockLosses();
    return (data: tf.Tensor[]) => {
      if (!currentTrace()) return run(data);
      const { lossFunctions } = this;
      this.lossFunctions = lossFunctions.map((loss) => fromLogits(loss, known.get(loss)));
      try {
        return run(data);
      } finally {
        this.lossFunctions = lossFunctions;
      }
    };
  });
}

/** The loss, from logits where they are known. */
function fromLogits(loss: Loss, kind: Kind | undefined): Loss {
  if (!kind) return loss;
  return (target, output) => {
    const origin = originOf(output);
    if (!origin || !isRecording() || isRecordingTwice() || !kind.fits(target, output)) return loss(target, output);
    return tf.tidy(() => kind.run(target, origin));
  };
}

interface Kind {
  fits(target: tf.Tensor, output: tf.Tensor): boolean;
  run(target: tf.Tensor, origin: Origin): tf.Tensor;
}

let stock: Map<Loss, Kind> | undefined;

/** TensorFlow.js's own functions, which only a model that was compiled with their names shows. */
function stockLosses(): Map<Loss, Kind> {
  if (stock) return stock;
  const model = tf.sequential({ layers: [tf.layers.activation({ activation: "softmax", inputShape: [2] })] });
  const optimizer = tf.train.sgd(0);
  const named = (loss: string): Loss => {
    model.compile({ optimizer, loss });
    return (model as unknown as { model: Model }).model.lossFunctions[0]!;
  };
  stock = new Map<Loss, Kind>([
    [
      named("categoricalCrossentropy"),
      { fits: (target, output) => tf.util.arraysEqual(target.shape, output.shape), run: categoricalCrossentropy },
    ],
    [
      named("sparseCategoricalCrossentropy"),
      {
        fits: (target, output) => target.size * output.shape.at(-1)! === output.size,
        run: sparseCategoricalCrossentropy,
      },
    ],
  ]);
  tf.dispose((optimizer as unknown as { c: tf.Tensor }).c);
  return stock;
}
