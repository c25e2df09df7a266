/** Softmax in the logarithm, and the loss that is made of it, each as one op of TensorFlow. */
import * as tf from "@tensorflow/tfjs";
import { type Inputs, type Kernel, kernel, type } from "./op.ts";

const crossEntropy = "SparseSoftmaxCrossEntropyWithLogits";

export const crossEntropyKernels: Kernel[] = [
  kernel<Inputs<"logits">, object>("LogSoftmax", (ops, { logits }) => ops.map("LogSoftmax", logits)),
  // Its second output is the gradient of the first with respect to the logits.
  kernel<Inputs<"logits" | "labels">, object>(crossEntropy, (ops, { logits, labels }) =>
    ops.many(crossEntropy, [logits, labels], { T: type(logits.dtype), Tlabels: type("int32") }, 2),
  ),
];

/** Teaches `tf.grads` the gradient of the second kernel above. */
export function registerCrossEntropyGradient(): void {
  if (tf.getGradient(crossEntropy)) return;
  tf.registerGradient({
    kernelName: crossEntropy,
    inputsToSave: [],
    outputsToSave: [false, true],
    gradFunc: (dy, [slope]) => ({ logits: () => tf.mul(tf.expandDims((dy as tf.Tensor[])[0]!, -1), slope!) }),
  });
}

/** `tf.logSoftmax`: one op where the backend has it and `axis` is the last, or else TensorFlow.js's own. */
export function logSoftmax<T extends tf.Tensor>(logits: T | tf.TensorLike, axis = -1): T {
  const x = tf.cast(logits instanceof tf.Tensor ? logits : tf.tensor(logits), "float32");
  const isLast = axis === -1 || axis === x.rank - 1;
  if (!isLast || !tf.getKernel("LogSoftmax", tf.getBackend())) return tf.logSoftmax<T>(x as T, axis);
  return tf.engine().runKernel("LogSoftmax", { logits: x }, { axis: x.rank - 1 });
}

/**
 * Cross entropy of softmax(logits) with class numbers: `-log softmax(logits)[label]`, in nats.
 *
 * @param labels int32, any shape: numbers of the true classes
 * @param logits float32, the shape of `labels` and behind it one axis for the classes
 * @returns float32, the shape of `labels`
 * @throws Error when the shapes do not fit, and on a CPU without `compile()` when a label is no class number
 */
export function sparseSoftmaxCrossEntropy(labels: tf.Tensor, logits: tf.Tensor): tf.Tensor {
  const classes = logits.shape.at(-1) ?? 0;
  if (!tf.util.arraysEqual(labels.shape, logits.shape.slice(0, -1))) {
    throw new Error(
      `sparseSoftmaxCrossEntropy: labels of shape [${labels.shape}] do not fit logits of shape [${logits.shape}]; expected labels of shape [${logits.shape.slice(0, -1)}].`,
    );
  }
  return tf.tidy(() => {
    const [flatLabels, flatLogits] = [tf.reshape(labels, [-1]), tf.reshape(logits, [-1, classes])];
    if (!tf.getKernel(crossEntropy, tf.getBackend())) {
      const chosen = tf.mul(tf.oneHot(tf.cast(flatLabels, "int32"), classes), tf.logSoftmax(flatLogits));
      return tf.reshape(tf.neg(tf.sum(chosen, -1)), labels.shape);
    }
    const inputs = { logits: flatLogits, labels: tf.cast(flatLabels, "int32") };
    const [losses] = tf.engine().runKernel(crossEntropy, inputs) as unknown as tf.Tensor[];
    return tf.reshape(losses!, labels.shape);
  });
}
