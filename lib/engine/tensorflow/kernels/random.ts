/** Draws from given distributions. */
import * as tf from "@tensorflow/tfjs";
import { type Inputs, int, type Kernel, kernel, type } from "./op.ts";

/**
 * Draws classes from the rows of logits (or of probabilities, when `normalized`). A seed between 0 and 1 is TensorFlow.js's own, made
 * up because its caller gave none; from any other the same draws follow each time.
 */
const multinomial = kernel<Inputs<"logits">, tf.MultinomialAttrs>(
  "Multinomial",
  (ops, { logits }, { numSamples, seed, normalized }) => {
    const scores = normalized ? ops.map("Log", logits) : logits;
    const inputs = [scores, tf.scalar(numSamples, "int32")];
    const types = { T: type(logits.dtype), output_dtype: type("int32") };
    if (seed > 0 && seed < 1) return ops.one("Multinomial", inputs, { ...types, seed: int(0), seed2: int(0) });
    const bits = new Int32Array(Float64Array.of(seed).buffer);
    return ops.one("StatelessMultinomial", [...inputs, ops.ints([...bits])], { ...types, Tseed: type("int32") });
  },
);

export const randomKernels: Kernel[] = [multinomial];
