/** The activations of recurrent cells whose slopes are written out here, so that a backward loop needs no tape. */
import * as tf from "@tensorflow/tfjs";

/**
 * An activation in three elementwise parts. What is kept from the forward pass is chosen so that value and slope follow from it: the value
 * itself for tanh and sigmoid, the argument where the value alone does not tell on which side of a bend it was.
 */
export interface CellActivation {
  readonly name: string;
  /** What to keep of the argument. */
  keep(x: tf.Tensor): tf.Tensor;
  /** The activation's value, from what was kept. */
  value(kept: tf.Tensor): tf.Tensor;
  /** The gradient at the argument, from the gradient at the value. */
  backward(gradient: tf.Tensor, kept: tf.Tensor): tf.Tensor;
}

const same = (x: tf.Tensor): tf.Tensor => x;

/** By the class names of TensorFlow.js's layers. The slopes at bends (0 for relu, the ends of hardSigmoid's ramp) are its own. */
const activations: Record<string, CellActivation> = {
  tanh: {
    name: "tanh",
    keep: (x) => tf.tanh(x),
    value: same,
    backward: (gradient, y) => tf.mul(gradient, tf.sub(1, tf.square(y))),
  },
  sigmoid: {
    name: "sigmoid",
    keep: (x) => tf.sigmoid(x),
    value: same,
    backward: (gradient, y) => tf.mul(gradient, tf.mul(y, tf.sub(1, y))),
  },
  hardSigmoid: {
    name: "hardSigmoid",
    keep: (x) => tf.add(0.5, tf.mul(0.2, x)),
    value: (ramp) => tf.clipByValue(ramp, 0, 1),
    backward: (gradient, ramp) => {
      const inside = tf.logicalAnd(tf.greaterEqual(ramp, 0), tf.lessEqual(ramp, 1));
      return tf.mul(gradient, tf.mul(0.2, tf.cast(inside, "float32")));
    },
  },
  relu: {
    name: "relu",
    keep: same,
    value: (x) => tf.relu(x),
    backward: (gradient, x) => tf.mul(gradient, tf.cast(tf.greater(x, 0), "float32")),
  },
  linear: { name: "linear", keep: same, value: same, backward: same },
};

/** The activation of that class name, or undefined for one that is not written out here. */
export function cellActivation(className: string): CellActivation | undefined {
  return Object.hasOwn(activations, className) ? activations[className] : undefined;
}
