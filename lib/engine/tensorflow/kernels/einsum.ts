/** Einstein summation. */
import type * as tf from "@tensorflow/tfjs";
import { int, type Kernel, kernel, text, type } from "./op.ts";

/** TensorFlow takes a label that only the output has for an axis of size 1; TensorFlow.js calls it an error. */
function checkOutput(equation: string): void {
  const [input, output] = equation.replaceAll(" ", "").split("->");
  const unknown = [...(output ?? "")].find((label) => label !== "." && !input!.includes(label));
  if (unknown === undefined) return;
  throw new Error(`Output subscripts contain the label ${unknown} not present in the input subscripts.`);
}

export const einsumKernels: Kernel[] = [
  kernel<tf.TensorInfo[], tf.EinsumAttrs>("Einsum", (ops, tensors, { equation }) => {
    checkOutput(equation);
    const inputs = Object.values(tensors);
    const named = { N: int(inputs.length), equation: text(equation), T: type(inputs[0]!.dtype) };
    return ops.one("Einsum", inputs, named);
  }),
];
