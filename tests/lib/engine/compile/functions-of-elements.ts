/** Functions of TensorFlow.js element by element. */
import { tf } from "../../../../lib/index.ts";
import { any, integers, numbers, plain, smooth, type T, two } from "./function-table.ts";

const positive = () => [numbers([3, 4], 0.1, 2)];
const inside = () => [numbers([3, 4], -0.9, 0.9)];
const above1 = () => [numbers([3, 4], 1.1, 3)];

const unary: Record<string, { f: (x: T) => T; inputs?: () => T[]; flat?: true }> = {
  abs: { f: tf.abs },
  acos: { f: tf.acos, inputs: inside },
  acosh: { f: tf.acosh, inputs: above1 },
  asin: { f: tf.asin, inputs: inside },
  asinh: { f: tf.asinh },
  atan: { f: tf.atan },
  atanh: { f: tf.atanh, inputs: inside },
  ceil: { f: tf.ceil },
  cos: { f: tf.cos },
  cosh: { f: tf.cosh },
  elu: { f: tf.elu },
  erf: { f: tf.erf },
  exp: { f: tf.exp },
  expm1: { f: tf.expm1 },
  floor: { f: tf.floor },
  isFinite: { f: tf.isFinite, flat: true },
  isInf: { f: tf.isInf, flat: true },
  isNaN: { f: tf.isNaN, flat: true },
  leakyRelu: { f: (x) => tf.leakyRelu(x, 0.3) },
  log: { f: tf.log, inputs: positive },
  log1p: { f: tf.log1p, inputs: positive },
  logSigmoid: { f: tf.logSigmoid },
  logSoftmax: { f: (x) => tf.logSoftmax(x) },
  neg: { f: tf.neg },
  reciprocal: { f: tf.reciprocal, inputs: positive },
  relu: { f: tf.relu },
  relu6: { f: (x) => tf.relu6(tf.mul(x, 4)) },
  round: { f: tf.round },
  rsqrt: { f: tf.rsqrt, inputs: positive },
  selu: { f: tf.selu },
  sigmoid: { f: tf.sigmoid },
  sign: { f: tf.sign },
  sin: { f: tf.sin },
  sinh: { f: tf.sinh },
  softmax: { f: (x) => tf.softmax(x) },
  softplus: { f: tf.softplus },
  sqrt: { f: tf.sqrt, inputs: positive },
  square: { f: tf.square },
  step: { f: (x) => tf.step(x) },
  tan: { f: tf.tan, inputs: inside },
  tanh: { f: tf.tanh },
  clipByValue: { f: (x) => tf.clipByValue(x, -0.5, 0.7) },
};
for (const [name, { f, inputs = any, flat }] of Object.entries(unary)) (flat ? plain : smooth)(name, inputs, f);

const broadcast = () => [numbers([2, 3, 4], 0.2, 2), numbers([3, 1], 0.2, 2)];
const binary: Record<string, (a: T, b: T) => T> = {
  add: tf.add,
  atan2: tf.atan2,
  div: tf.div,
  divNoNan: tf.divNoNan,
  floorDiv: tf.floorDiv,
  maximum: tf.maximum,
  minimum: tf.minimum,
  mod: tf.mod,
  mul: tf.mul,
  pow: tf.pow,
  squaredDifference: tf.squaredDifference,
  sub: tf.sub,
};
// TensorFlow.js has no gradients for these: of comparisons inside, or of shapes that are broadcast.
const noGradient = [
  "divNoNan",
  "divNoNan, broadcast",
  "maximum, broadcast",
  "minimum, broadcast",
  "squaredDifference, broadcast",
];
for (const [name, f] of Object.entries(binary)) {
  for (const [title, inputs] of [
    [name, two],
    [`${name}, broadcast`, broadcast],
  ] as const)
    (noGradient.includes(title) ? plain : smooth)(title, inputs, f);
}
smooth("addN", two, (a, b) => tf.addN([a, b, a]));
smooth(
  "prelu",
  () => [numbers([3, 4]), numbers([4])],
  (x, alpha) => tf.prelu(x, alpha),
);
smooth(
  "integer division",
  () => [numbers([3, 4])],
  (x) => tf.mul(x, tf.div(tf.tensor1d([7, 8, 9, 10], "int32"), tf.tensor1d([2, 3, 4, 5], "int32"))),
);

const comparisons = { equal: tf.equal, greater: tf.greater, greaterEqual: tf.greaterEqual, less: tf.less };
const integerPair = () => [integers([4, 5], 3), integers([4, 5], 3)];
for (const [name, f] of Object.entries(comparisons)) plain(name, integerPair, f);
plain("lessEqual", integerPair, tf.lessEqual);
plain("notEqual", integerPair, tf.notEqual);
const flags = () => [integers([3, 4], 2).cast("bool"), integers([3, 4], 2).cast("bool")];
plain("logicalAnd", flags, (a, b) => tf.logicalAnd(a, b));
plain("logicalOr", flags, (a, b) => tf.logicalOr(a, b));
plain("logicalXor", flags, (a, b) => tf.logicalXor(a, b));
plain("logicalNot", flags, (a) => tf.logicalNot(a));
smooth("where", two, (a, b) => tf.where(tf.tensor1d([1, 0, 1, 0], "bool"), a, tf.mul(b, 2)));
