import assert from "node:assert/strict";
import { tf } from "../../../../lib/index.ts";
import { type Case, close, gives, numbers, refuses } from "./cases.ts";

const nan = Number.NaN;
const infinity = Number.POSITIVE_INFINITY;
const int = (values: number[]) => tf.tensor1d(values, "int32");

export const creation: Case[] = [
  gives(
    "nested arrays become a tensor",
    () =>
      tf.tensor([
        [1, 2],
        [3, 4],
      ]),
    [
      [1, 2],
      [3, 4],
    ],
    { dtype: "float32" },
  ),
  gives(
    "a flat array and a shape become a tensor",
    () => tf.tensor([1, 2, 3, 4], [2, 2], "int32"),
    [
      [1, 2],
      [3, 4],
    ],
    {
      dtype: "int32",
    },
  ),
  gives("true and false become bool", () => tf.tensor([true, false]), [true, false], { dtype: "bool" }),
  gives("texts become strings", () => tf.tensor(["a", "ä€𝄞", ""]), ["a", "ä€𝄞", ""], { dtype: "string" }),
  gives("typed arrays keep their dtype", () => tf.tensor(new Int32Array([1, -2])), [1, -2], { dtype: "int32" }),
  gives("a scalar has no axes", () => tf.scalar(3.5), 3.5),
  gives(
    "zeros",
    () => tf.zeros([2, 2], "int32"),
    [
      [0, 0],
      [0, 0],
    ],
    { dtype: "int32" },
  ),
  gives("ones", () => tf.ones([3], "bool"), [true, true, true], { dtype: "bool" }),
  gives("fill", () => tf.fill([2, 2], 7), [
    [7, 7],
    [7, 7],
  ]),
  gives("onesLike and zerosLike keep the dtype", () => tf.onesLike(tf.zerosLike(int([4, 5]))), [1, 1], {
    dtype: "int32",
  }),
  gives("range counts up", () => tf.range(1, 8, 3), [1, 4, 7]),
  gives("range counts down", () => tf.range(3, 0, -1, "int32"), [3, 2, 1], { dtype: "int32" }),
  gives("linspace has both ends", () => tf.linspace(0, 1, 5), [0, 0.25, 0.5, 0.75, 1]),
  gives("eye", () => tf.eye(2, 3), [
    [1, 0, 0],
    [0, 1, 0],
  ]),
  gives("diag", () => tf.diag(tf.tensor1d([1, 2])), [
    [1, 0],
    [0, 2],
  ]),
  gives("oneHot, and nothing for an index outside", () => tf.oneHot(int([2, 0, 5]), 3), [
    [0, 0, 1],
    [1, 0, 0],
    [0, 0, 0],
  ]),
  {
    name: "a buffer becomes a tensor",
    run: () => {
      const buffer = tf.buffer([2, 2]);
      buffer.set(5, 1, 0);
      close(buffer.toTensor(), [
        [0, 0],
        [5, 0],
      ]);
    },
  },
  {
    name: "a tensor without values runs through ops",
    run: () => {
      const empty = tf.zeros([0, 3]);
      assert.deepEqual(empty.add(1).shape, [0, 3]);
      close(empty.sum(0), [0, 0, 0]);
      close(tf.concat([empty, tf.ones([1, 3])]), [[1, 1, 1]]);
    },
  },
  {
    name: "a tensor keeps its values until it is disposed, whatever runs meanwhile",
    run: () => {
      const kept = tf.range(0, 1000);
      for (let i = 0; i < 20; i++) tf.tidy(() => numbers([300, 300], i).square().sum());
      close(
        kept,
        Array.from({ length: 1000 }, (_, i) => i),
      );
      kept.dispose();
      assert.throws(() => kept.dataSync(), /disposed/);
    },
  },
  {
    name: "changing the array that was read does not change the tensor",
    lacking: { cpu: "there the array is the tensor's memory" },
    run: () => {
      const tensor = tf.tensor1d([1, 2, 3]).add(1);
      tensor.dataSync()[0] = 100;
      close(tensor.add(0), [2, 3, 4]);
    },
  },
  {
    name: "data() gives the same as dataSync()",
    run: async () => {
      const tensor = tf.tensor1d([1, 2, 3]).square();
      assert.deepEqual(Array.from(await tensor.data()), [1, 4, 9]);
    },
  },
  gives("a variable is assigned", () => {
    const variable = tf.variable(tf.tensor1d([1, 2]));
    variable.assign(variable.add(10));
    const value = variable.mul(1);
    variable.dispose();
    return value;
  }, [11, 12]),
  gives("complex numbers multiply", () => tf.real(tf.mul(tf.complex([1], [2]), tf.complex([3], [4]))), [-5], {
    lacking: { wasm: "TensorFlow.js's WebAssembly backend has no complex numbers" },
  }),
];

const a = () => tf.tensor1d([7, -7, 2.5, 0]);
const b = () => tf.tensor1d([2, 2, -0.5, 3]);

export const arithmetic: Case[] = [
  gives("add", () => tf.add(a(), b()), [9, -5, 2, 3]),
  gives("sub", () => tf.sub(a(), b()), [5, -9, 3, -3]),
  gives("mul", () => tf.mul(a(), b()), [14, -14, -1.25, 0]),
  gives("div", () => tf.div(a(), b()), [3.5, -3.5, -5, 0]),
  gives("div by zero is infinite or NaN", () => tf.div([1, -1, 0], [0, 0, 0]), [infinity, -infinity, nan]),
  gives("divNoNan", () => tf.divNoNan([1, 4], [0, 2]), [0, 2]),
  gives("floorDiv goes down", () => tf.floorDiv(a(), b()), [3, -4, -5, 0]),
  gives("mod takes the sign of the divisor", () => tf.mod(int([7, -7, 7]), int([3, 3, -3])), [1, 2, -2], {
    dtype: "int32",
  }),
  gives("pow", () => tf.pow([2, 9, -2], [10, 0.5, 3]), [1024, 3, -8]),
  gives("maximum", () => tf.maximum(a(), b()), [7, 2, 2.5, 3]),
  gives("minimum", () => tf.minimum(a(), b()), [2, -7, -0.5, 0]),
  gives("squaredDifference", () => tf.squaredDifference([1, 5], [3, 2]), [4, 9]),
  gives("atan2", () => tf.atan2([1, -1], [-1, 0]), [(3 * Math.PI) / 4, -Math.PI / 2]),
  gives("addN", () => tf.addN([tf.tensor1d([1, 2]), tf.tensor1d([10, 20]), tf.tensor1d([100, 200])]), [111, 222]),
  gives("neg", () => tf.neg([1, -2]), [-1, 2]),
  gives("abs", () => tf.abs([-1.5, 2]), [1.5, 2]),
  gives("sign", () => tf.sign([-3, 0, 3]), [-1, 0, 1]),
  gives("round goes to the even neighbour", () => tf.round([0.5, 1.5, 2.4, -2.6]), [0, 2, 2, -3]),
  gives("floor and ceil", () => tf.stack([tf.floor([-1.5, 1.5]), tf.ceil([-1.5, 1.5])]), [
    [-2, 1],
    [-1, 2],
  ]),
  gives("sqrt and rsqrt", () => tf.stack([tf.sqrt([4, 2]), tf.rsqrt([4, 2])]), [
    [2, Math.SQRT2],
    [0.5, Math.SQRT1_2],
  ]),
  gives("square and reciprocal", () => tf.stack([tf.square([3, -2]), tf.reciprocal([4, -2])]), [
    [9, 4],
    [0.25, -0.5],
  ]),
  gives("exp and expm1", () => tf.stack([tf.exp([0, 1]), tf.expm1([0, 1e-5])]), [
    [1, Math.E],
    [0, Math.expm1(1e-5)],
  ]),
  gives("log and log1p", () => tf.stack([tf.log([1, Math.E]), tf.log1p([0, 1e-5])]), [
    [0, 1],
    [0, Math.log1p(1e-5)],
  ]),
  gives("sin, cos, tan", () => tf.stack([tf.sin([1]), tf.cos([1]), tf.tan([1])]), [
    [Math.sin(1)],
    [Math.cos(1)],
    [Math.tan(1)],
  ]),
  gives("asin, acos, atan", () => tf.stack([tf.asin([0.5]), tf.acos([0.5]), tf.atan([0.5])]), [
    [Math.asin(0.5)],
    [Math.acos(0.5)],
    [Math.atan(0.5)],
  ]),
  gives("sinh, cosh, tanh", () => tf.stack([tf.sinh([1]), tf.cosh([1]), tf.tanh([1])]), [
    [Math.sinh(1)],
    [Math.cosh(1)],
    [Math.tanh(1)],
  ]),
  gives("asinh, acosh, atanh", () => tf.stack([tf.asinh([2]), tf.acosh([2]), tf.atanh([0.5])]), [
    [Math.asinh(2)],
    [Math.acosh(2)],
    [Math.atanh(0.5)],
  ]),
  gives("erf", () => tf.erf([0, 0.5, -1]), [0, 0.5204999, -0.8427008]),
  gives("clipByValue", () => tf.clipByValue([-5, 0.5, 5], -1, 1), [-1, 0.5, 1]),
  gives("step", () => tf.step([-1, 2], 0.5), [0.5, 1]),
  gives(
    "isNaN, isInf, isFinite",
    () => tf.stack([tf.isNaN([nan, infinity, 1]), tf.isInf([nan, infinity, 1]), tf.isFinite([nan, infinity, 1])]),
    [
      [true, false, false],
      [false, true, false],
      [false, false, true],
    ],
    { dtype: "bool" },
  ),
  gives("NaN goes through", () => tf.add([nan, 1], 1), [nan, 2]),
  gives("int32 wraps at its end", () => tf.add(int([2147483647]), int([1])), [-2147483648], { dtype: "int32" }),
];

export const activations: Case[] = [
  gives("relu", () => tf.relu([-1, 0, 2]), [0, 0, 2]),
  gives("relu6", () => tf.relu6([-1, 3, 9]), [0, 3, 6]),
  gives("leakyRelu", () => tf.leakyRelu([-10, 10], 0.1), [-1, 10]),
  gives("prelu", () => tf.prelu([-10, 10], [0.5, 0.5]), [-5, 10]),
  gives("elu", () => tf.elu([-1, 1]), [Math.expm1(-1), 1]),
  gives("selu", () => tf.selu([-1, 1]), [-1.1113307, 1.050701]),
  gives("sigmoid does not overflow", () => tf.sigmoid([0, 200, -200]), [0.5, 1, 0]),
  gives("softplus", () => tf.softplus([0, 30]), [Math.LN2, 30]),
  gives("logSigmoid", () => tf.logSigmoid([0, -100]), [-Math.LN2, -100]),
  gives("tanh saturates", () => tf.tanh([100, -100]), [1, -1]),
];

export const logic: Case[] = [
  gives(
    "greater and less",
    () => tf.stack([tf.greater([1, 2, 3], 2), tf.less([1, 2, 3], 2)]),
    [
      [false, false, true],
      [true, false, false],
    ],
    { dtype: "bool" },
  ),
  gives("greaterEqual and lessEqual", () => tf.stack([tf.greaterEqual([1, 2, 3], 2), tf.lessEqual([1, 2, 3], 2)]), [
    [false, true, true],
    [true, true, false],
  ]),
  gives("equal and notEqual", () => tf.stack([tf.equal([1, 2], [1, 3]), tf.notEqual([1, 2], [1, 3])]), [
    [true, false],
    [false, true],
  ]),
  gives("and, or, xor", () => {
    const [p, q] = [tf.tensor1d([true, true, false]), tf.tensor1d([true, false, false])];
    return tf.stack([tf.logicalAnd(p, q), tf.logicalOr(p, q), tf.logicalXor(p, q)]);
  }, [
    [true, false, false],
    [true, true, false],
    [false, true, false],
  ]),
  gives("not", () => tf.logicalNot(tf.tensor1d([true, false])), [false, true]),
  gives("where", () => tf.where(tf.tensor1d([true, false]), tf.tensor1d([1, 2]), tf.tensor1d([3, 4])), [1, 4]),
  gives(
    "where spreads its condition",
    () => tf.where(tf.tensor2d([[1], [0]], [2, 1], "bool"), tf.ones([2, 2]), tf.zeros([2, 2])),
    [
      [1, 1],
      [0, 0],
    ],
  ),
];

const row = () => tf.tensor1d([1, 2, 3]);
const column = () => tf.tensor2d([[10], [20]]);

export const broadcasting: Case[] = [
  gives("a row and a column", () => tf.add(row(), column()), [
    [11, 12, 13],
    [21, 22, 23],
  ]),
  gives("a scalar and a matrix", () => tf.sub(1, tf.ones([2, 2])), [
    [0, 0],
    [0, 0],
  ]),
  gives("a number in JavaScript", () => row().mul(2), [2, 4, 6]),
  gives("three axes", () => tf.mul(tf.ones([2, 1, 2]), tf.reshape([1, 2], [2, 1])), [
    [
      [1, 1],
      [2, 2],
    ],
    [
      [1, 1],
      [2, 2],
    ],
  ]),
  gives("broadcastTo", () => tf.broadcastTo(row(), [2, 3]), [
    [1, 2, 3],
    [1, 2, 3],
  ]),
  gives(
    "the gradient of what was spread is summed",
    () => tf.grad((x) => tf.mul(x, tf.ones([4, 3])).sum())(row()),
    [4, 4, 4],
  ),
  gives("comparisons spread too", () => tf.greater(column(), [15, 5]), [
    [false, true],
    [true, true],
  ]),
];

export const dtypes: Case[] = [
  gives("int32 and float32 make float32", () => tf.add(int([1]), [0.5]), [1.5], { dtype: "float32" }),
  gives("bool and int32 make int32", () => tf.add(tf.tensor1d([true, false]), int([1, 1])), [2, 1], { dtype: "int32" }),
  gives("int32 divided by int32 is int32, rounded down", () => tf.div(int([7, -7]), int([2, 2])), [3, -4], {
    dtype: "int32",
  }),
  gives("a cast to int32 cuts", () => tf.cast([1.9, -1.9], "int32"), [1, -1], { dtype: "int32" }),
  gives("a cast to bool is true but for zero", () => tf.cast([0, 0.5, -1], "bool"), [false, true, true], {
    dtype: "bool",
  }),
  gives("a cast of bool to float32", () => tf.cast(tf.tensor1d([true, false]), "float32"), [1, 0], {
    dtype: "float32",
  }),
  gives("the sum of bool counts", () => tf.tensor1d([true, true, false]).sum(), 2, { dtype: "int32" }),
  gives("the sum of int32 is exact", () => int([16777217, 16777217]).sum(), 33554434, { dtype: "int32" }),
  gives("the mean of int32 is float32", () => int([1, 2]).mean(), 1.5, { dtype: "float32" }),
  gives("argMax is int32", () => tf.argMax([1, 5, 2]), 1, { dtype: "int32" }),
  refuses("sqrt of int32 is refused with both dtypes", () => tf.sqrt(int([9])), "float32", "int32"),
  gives("abs of int32 is int32", () => tf.abs(int([-5])), [5], { dtype: "int32" }),
  gives(
    "a matrix product is float32",
    () => tf.matMul(tf.ones([2, 2]), tf.ones([2, 2])),
    [
      [2, 2],
      [2, 2],
    ],
    { dtype: "float32" },
  ),
];
