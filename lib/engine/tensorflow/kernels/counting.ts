/** Histograms of integers. */
import * as tf from "@tensorflow/tfjs";
import { flag, type Inputs, type Kernel, kernel, type } from "./op.ts";

export const countingKernels: Kernel[] = [
  kernel<Inputs<"x" | "weights">, tf.DenseBincountAttrs>(
    "DenseBincount",
    (ops, { x, weights }, { size, binaryOutput }) => {
      const named = { Tidx: type("int32"), T: type(weights.dtype), binary_output: flag(binaryOutput ?? false) };
      return ops.one("DenseBincount", [x, tf.scalar(size, "int32"), weights], named);
    },
  ),
];
