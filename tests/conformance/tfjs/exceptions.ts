/** The specs of tfjs-core that do not pass on backend `tensorflow`, each with its reason. */
import type { Exceptions } from "./verdict.ts";

export const coreExceptions: readonly Exceptions[] = [
  {
    reason: "Switched off in the package itself.",
    specs: [
      "debug on test-tensorflow {} A x B",
      "IS_BROWSER isBrowser: true",
      "IS_BROWSER isBrowser: false",
      "kernel_registry test-tensorflow {} errors when registering the same kernel twice",
      "gradient registry test-tensorflow {} warning when registering the same gradient twice",
    ],
  },
  {
    reason:
      "The same refusal in TensorFlow's words, which name the op first; these specs ask for the letters of TensorFlow.js's message.",
    specs: [
      "raggedGather  test-tensorflow {} OutOfBounds",
      "raggedGather  test-tensorflow {} InvalidSplitsNotSorted",
      "raggedGather  test-tensorflow {} InvalidSplitsNegative",
      "raggedGather  test-tensorflow {} InvalidSplitsEmpty",
      "raggedGather  test-tensorflow {} InvalidSplitsTooBig",
      "raggedGather  test-tensorflow {} BadValuesShape",
      "raggedRange  test-tensorflow {} RangeSizeOverflow",
      "raggedRange  test-tensorflow {} InvalidArgsStarts",
      "raggedRange  test-tensorflow {} InvalidArgsLimits",
      "raggedRange  test-tensorflow {} InvalidArgsDeltas",
      "raggedRange  test-tensorflow {} InvalidArgsShapeMismatch",
      "raggedRange  test-tensorflow {} InvalidArgsZeroDelta",
      "sparseFillEmptyRows test-tensorflow {} throw error if negative row",
      "sparseFillEmptyRows test-tensorflow {} throw error if row exceeds number of dense rows",
      "sparseReshape test-tensorflow {} throw error if negative output dim",
      "sparseSegmentMean test-tensorflow {} throw error if segment ids are not increasing",
      "sparseSegmentMean test-tensorflow {} throw error if segment id is out of range",
      "sparseSegmentMean test-tensorflow {} throw error if segment id is out of range and negative",
      "sparseSegmentMean test-tensorflow {} throw error if segment id is negative",
      "sparseSegmentMean test-tensorflow {} throw error if segment id is negative and there is a hole",
      "sparseSegmentSum test-tensorflow {} segments invalid 2",
      "sparseSegmentSum test-tensorflow {} segments invalid 3",
      "sparseSegmentSum test-tensorflow {} segments invalid 4",
      "sparseSegmentSum test-tensorflow {} segments invalid 6",
      "sparseSegmentSum test-tensorflow {} segments invalid 7",
    ],
  },
  {
    reason: "Asks for an error where TensorFlow has an answer: it can take a trace.",
    specs: ["einsum test-tensorflow {} 2d matrix calculate trace: duplicate axes not implemented yet"],
  },
  {
    reason:
      "Expects a gradient that is not the one of its own forward pass: that leaves padding out of the average, the expected gradient divides by the whole window.",
    specs: ["avgPool test-tensorflow {} gradient x=[3,3,1] f=[3,3] s=1 p=explicit"],
  },
  {
    reason: "Expects padding to be ignored: windows of size 1 that lie on the padding are to hold the image.",
    specs: [
      "pool test-tensorflow {} max x=[2,2,3] f=[1,1] s=2 p=1 fractional outputs default rounding",
      "pool test-tensorflow {} avg x=[2,2,3] f=[1,1] s=2 p=1 fractional outputs default rounding",
    ],
  },
  {
    reason: "Gives the gradient of an image of 4x4 a size of 8x8. TensorFlow says that they do not fit.",
    specs: ["conv2dTranspose test-tensorflow {} input=8x8x8,output=4x4x8,f=8,s=1,inDepth=8,p=same vec4"],
  },
  {
    reason: "The last digit of a float32: 30144.1777 instead of 30144.1758.",
    specs: ["tan test-tensorflow {} numbers exceed float32 precision"],
  },
  {
    reason: "Two NaN are one value for this spec, and two for TensorFlow (as for IEEE 754).",
    specs: ["unique test-tensorflow {} 1d tensor with NaN and Infinity"],
  },
];
