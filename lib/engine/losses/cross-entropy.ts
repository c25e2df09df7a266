/**
 * The two categorical cross entropies of TensorFlow.js's layers, from logits instead of probabilities: the same numbers, clipping
 * included, from fewer passes over the largest tensors of a model. N rows, V classes; `epsilon` is the layers' 1e-7.
 */
import * as tf from "@tensorflow/tfjs";
import { withGradient } from "../tape.ts";
import type { Origin } from "./softmax-origin.ts";

const epsilon = 1e-7;

/** 1 where the value is neither clipped from below nor from above, else 0. */
function unclipped(x: tf.Tensor, low: number, high: number): tf.Tensor {
  return tf.cast(tf.logicalAnd(tf.greaterEqual(x, low), tf.lessEqual(x, high)), "float32");
}

/** [N, V] to the logarithm of the sum of exponentials of each row, [N, 1]. */
function logSumExp(logits: tf.Tensor): tf.Tensor {
  const largest = tf.max(logits, -1, true);
  return tf.add(largest, tf.log(tf.sum(tf.exp(tf.sub(logits, largest)), -1, true)));
}

/** A loss of each row of the logits, as an operation on the tape. */
function rowLoss(
  { onTape, values }: Origin,
  forward: (logits: tf.Tensor) => { loss: tf.Tensor; saved: tf.Tensor[] },
  backward: (dy: tf.Tensor, logits: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor,
): tf.Tensor {
  const classes = values.shape.at(-1)!;
  const [loss] = withGradient({
    inputs: [onTape],
    forward: () => {
      const { loss, saved } = forward(tf.reshape(values, [-1, classes]));
      return { results: [tf.reshape(loss, values.shape.slice(0, -1))], saved: [values, ...saved] };
    },
    backward: ([dy], [logits, ...saved]) => {
      const rows = tf.reshape(logits!, [-1, classes]);
      return [tf.reshape(backward(tf.reshape(dy!, [-1, 1]), rows, saved), values.shape)];
    },
  });
  return loss!;
}

/**
 * `-sum(target * log(clip(p)))` for p = softmax(logits).
 *
 * @param target the shape of the logits
 * @returns the shape of the logits without the last axis
 */
export function categoricalCrossentropy(target: tf.Tensor, origin: Origin): tf.Tensor {
  const [low, high] = [Math.log(epsilon), Math.log(1 - epsilon)];
  const classes = target.shape.at(-1)!;
  return rowLoss(
    origin,
    (logits) => {
      const total = logSumExp(logits);
      const wanted = tf.reshape(tf.cast(target, "float32"), [-1, classes]);
      const loss = tf.neg(tf.sum(tf.mul(wanted, tf.clipByValue(tf.sub(logits, total), low, high)), -1));
      return { loss, saved: [total, wanted] };
    },
    (dy, logits, [total, wanted]) => {
      const logs = tf.sub(logits, total!);
      const counted = tf.mul(wanted!, unclipped(logs, low, high));
      return tf.mul(dy, tf.sub(tf.mul(tf.exp(logs), tf.sum(counted, -1, true)), counted));
    },
  );
}

/**
 * `-log(clip(c[label] / sum(c)))` for c = clip(softmax(logits)); 0 for a label that is no class number.
 *
 * @param target as many class numbers as there are rows, of any dtype
 * @returns the shape of the logits without the last axis
 */
export function sparseCategoricalCrossentropy(target: tf.Tensor, origin: Origin): tf.Tensor {
  const classes = origin.values.shape.at(-1)!;
  return rowLoss(
    origin,
    (logits) => {
      const wanted = tf.cast(tf.floor(tf.reshape(target, [-1, 1])), "int32");
      const labels = tf.clipByValue(wanted, 0, classes - 1).toInt();
      const total = logSumExp(logits);
      const p = tf.exp(tf.sub(logits, total));
      const kept = tf.sum(tf.mul(p, unclipped(p, epsilon, 1 - epsilon)), -1, true);
      const sum = tf.sum(tf.clipByValue(p, epsilon, 1 - epsilon), -1, true);
      const chosen = tf.exp(tf.sub(tf.gather(logits, labels, 1, 1), total));
      const clipped = tf.clipByValue(chosen, epsilon, 1 - epsilon);
      const quotient = tf.div(clipped, sum);
      const isClass = tf.cast(tf.equal(labels, wanted), "float32");
      const counts = tf.mul(isClass, unclipped(quotient, epsilon, 1 - epsilon));
      const loss = tf.mul(isClass, tf.neg(tf.log(tf.clipByValue(quotient, epsilon, 1 - epsilon))));
      return {
        loss,
        saved: [total, labels, kept, sum, clipped, counts, tf.mul(chosen, unclipped(chosen, epsilon, 1 - epsilon))],
      };
    },
    (dy, logits, [total, labels, kept, sum, clipped, counts, chosen]) => {
      const p = tf.exp(tf.sub(logits, total!));
      const isLabel = tf.cast(tf.oneHot(tf.reshape(labels!, [-1]), classes), "float32");
      // From the loss to the clipped probabilities, through their clipping, then through the softmax.
      const slope = tf.mul(unclipped(p, epsilon, 1 - epsilon), tf.sub(tf.div(1, sum!), tf.div(isLabel, clipped!)));
      const mean = tf.sub(tf.div(kept!, sum!), tf.div(chosen!, clipped!));
      return tf.mul(tf.mul(dy, counts!), tf.mul(p, tf.sub(slope, mean)));
    },
  );
}
