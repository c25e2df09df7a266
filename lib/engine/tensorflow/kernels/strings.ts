/** Tensors of strings, which live in the machine's own memory whatever the device is. */
import * as tf from "@tensorflow/tfjs";
import { flag, type Inputs, int, type Kernel, kernel, simpleKernel, text, type } from "./op.ts";

const split = kernel<Inputs<"input" | "delimiter">, tf.StringSplitAttrs>(
  "StringSplit",
  (ops, { input, delimiter }, { skipEmpty }) => {
    const [indices, values, shape] = ops.many("StringSplit", [input, delimiter], { skip_empty: flag(skipEmpty) }, 3);
    return [ops.cast(indices!, "int64", "int32"), values!, ops.cast(shape!, "int64", "int32")];
  },
);

const nGrams = kernel<Inputs<"data" | "dataSplits">, tf.StringNGramsAttrs>(
  "StringNGrams",
  (ops, { data, dataSplits }, attributes) => {
    const named = {
      separator: text(attributes.separator),
      ngram_widths: int(attributes.nGramWidths),
      left_pad: text(attributes.leftPad),
      right_pad: text(attributes.rightPad),
      pad_width: int(attributes.padWidth),
      preserve_short_sequences: flag(attributes.preserveShortSequences),
      Tsplits: type("int32"),
    };
    return ops.many("StringNGrams", [data, dataSplits], named, 2);
  },
);

const hash = kernel<Inputs<"input">, tf.StringToHashBucketFastAttrs>(
  "StringToHashBucketFast",
  (ops, { input }, { numBuckets }) =>
    ops.cast(ops.one("StringToHashBucketFast", [input], { num_buckets: int(numBuckets) }), "int64", "int32"),
);

/** TensorFlow orders numbers alone: strings are left to TensorFlow.js's own JavaScript kernel, truth values count as 0 and 1. */
function comparison(name: "Less" | "LessEqual" | "Greater" | "GreaterEqual"): Kernel {
  return simpleKernel<Inputs<"a" | "b">, object>(name, (ops, { a, b }) => {
    const dtype = tf.backend_util.upcastType(a.dtype, b.dtype);
    if (dtype === "string") return compareStrings(name, a, b);
    if (dtype !== "bool") return ops.one(name, [a, b], { T: type(dtype) });
    return tf.tidy(() => ops.binary(name, ops.cast(a, "bool", "int32"), ops.cast(b, "bool", "int32")));
  });
}

function compareStrings(name: string, a: tf.TensorInfo, b: tf.TensorInfo): tf.Tensor {
  const cpu = tf.findBackend("cpu");
  const result = tf.getKernel(name, "cpu").kernelFunc({ inputs: { a, b }, backend: cpu });
  return tf.engine().makeTensorFromTensorInfo(result as tf.TensorInfo, cpu);
}

export const stringKernels: Kernel[] = [
  split,
  nGrams,
  hash,
  comparison("Less"),
  comparison("LessEqual"),
  comparison("Greater"),
  comparison("GreaterEqual"),
];
