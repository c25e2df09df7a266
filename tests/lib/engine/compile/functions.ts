/** Functions of TensorFlow.js with inputs for them, to be run eagerly, as a graph and by XLA. */
import { tf } from "../../../../lib/index.ts";

type T = tf.Tensor;

export interface FunctionCase {
  name: string;
  inputs: () => T[];
  run: (...inputs: T[]) => T | T[];
  /** Inputs with a gradient that is compared too; absent: no gradient. */
  gradients?: boolean;
}

let seed = 1;

/** The same numbers in every run. */
export function numbers(shape: number[], low = -1, high = 1): T {
  return tf.randomUniform(shape, low, high, "float32", seed++);
}

export function integers(shape: number[], below: number): T {
  return tf.floor(tf.randomUniform(shape, 0, below - 1e-3, "float32", seed++)).cast("int32");
}

const cases: FunctionCase[] = [];

/** A function with a gradient. */
function smooth(name: string, inputs: () => T[], run: (...inputs: T[]) => T | T[]): void {
  cases.push({ name, inputs, run, gradients: true });
}

function plain(name: string, inputs: () => T[], run: (...inputs: T[]) => T | T[]): void {
  cases.push({ name, inputs, run });
}

const any = () => [numbers([3, 4], -2, 2)];
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

const two = () => [numbers([3, 4], 0.2, 2), numbers([3, 4], 0.2, 2)];
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

const cube = () => [numbers([2, 3, 4])];
const reductions: Record<string, (x: T) => T> = {
  "logSumExp, all": (x) => tf.logSumExp(x),
  "logSumExp, axis": (x) => tf.logSumExp(x, 1, true),
  "max, all": (x) => tf.max(x),
  "max, axis": (x) => tf.max(x, 2),
  "mean, all": (x) => tf.mean(x),
  "mean, axes": (x) => tf.mean(x, [0, 2], true),
  "min, axis": (x) => tf.min(x, 1),
  "prod, axis": (x) => tf.prod(x, 1),
  "sum, all": (x) => tf.sum(x),
  "sum, axes": (x) => tf.sum(x, [0, 1]),
  cumsum: (x) => tf.cumsum(x, 2),
  "cumsum, exclusive, reversed": (x) => tf.cumsum(x, 2, true, true),
  "norm, euclidean": (x) => tf.norm(x),
  "norm, 1": (x) => tf.norm(x, 1, 2),
  "norm, infinity": (x) => tf.norm(x, Number.POSITIVE_INFINITY, 1),
  "moments, variance": (x) => tf.moments(x, [0, 1]).variance,
};
for (const [name, f] of Object.entries(reductions)) smooth(name, cube, f);
plain(
  "all",
  () => [integers([3, 4], 2).cast("bool")],
  (x) => tf.all(x, 1),
);
plain(
  "any",
  () => [integers([3, 4], 2).cast("bool")],
  (x) => tf.any(x, 0),
);
plain("argMax", cube, (x) => tf.argMax(x, 2));
plain("argMin", cube, (x) => tf.argMin(x, 1));
plain("cumprod", cube, (x) => tf.cumprod(x, 1));
plain(
  "bincount",
  () => [integers([12], 5)],
  (x) => tf.bincount(x as tf.Tensor1D, [], 6),
);
plain(
  "denseBincount",
  () => [integers([3, 6], 4)],
  (x) => tf.denseBincount(x as tf.Tensor2D, [], 5),
);
plain(
  "confusionMatrix",
  () => [integers([9], 4), integers([9], 4)],
  (a, b) => tf.math.confusionMatrix(a as tf.Tensor1D, b as tf.Tensor1D, 4),
);
plain("topk", cube, (x) => {
  const { values, indices } = tf.topk(x, 2);
  return [values, indices];
});
plain(
  "lowerBound",
  () => [tf.tensor1d([1, 3, 5, 7]), tf.tensor1d([0, 3, 6])],
  (s, v) => tf.lowerBound(s as tf.Tensor1D, v as tf.Tensor1D),
);
plain(
  "upperBound",
  () => [tf.tensor1d([1, 3, 5, 7]), tf.tensor1d([0, 3, 6])],
  (s, v) => tf.upperBound(s as tf.Tensor1D, v as tf.Tensor1D),
);

smooth(
  "batchToSpaceND",
  () => [numbers([4, 2, 2, 1])],
  (x) =>
    tf.batchToSpaceND(
      x,
      [2, 2],
      [
        [0, 0],
        [0, 0],
      ],
    ),
);
smooth(
  "spaceToBatchND",
  () => [numbers([1, 4, 4, 2])],
  (x) =>
    tf.spaceToBatchND(
      x,
      [2, 2],
      [
        [0, 0],
        [0, 0],
      ],
    ),
);
smooth(
  "broadcastTo",
  () => [numbers([3, 1])],
  (x) => tf.broadcastTo(x, [2, 3, 4]),
);
smooth(
  "cast",
  () => [numbers([3, 4])],
  (x) => tf.cast(tf.cast(x, "float32"), "float32"),
);
plain("cast to int32 and bool", any, (x) => [tf.cast(x, "int32"), tf.cast(x, "bool")]);
smooth(
  "concat",
  () => [numbers([2, 3]), numbers([2, 4])],
  (a, b) => tf.concat([a, b], 1),
);
plain(
  "depthToSpace",
  () => [numbers([1, 2, 2, 8])],
  (x) => tf.depthToSpace(x as tf.Tensor4D, 2),
);
smooth("expandDims", any, (x) => tf.expandDims(x, 1));
smooth(
  "gather",
  () => [numbers([5, 3])],
  (x) =>
    tf.gather(
      x,
      tf.tensor2d(
        [
          [4, 0],
          [1, 4],
        ],
        [2, 2],
        "int32",
      ),
      0,
    ),
);
smooth(
  "gather along the last axis",
  () => [numbers([3, 5])],
  (x) => tf.gather(x, tf.tensor1d([0, 4, 4], "int32"), 1),
);
plain(
  "gather with computed indices",
  () => [numbers([5, 3]), integers([4], 5)],
  (x, i) => tf.gather(x, i),
);
plain(
  "gatherND",
  () => [numbers([3, 4])],
  (x) =>
    tf.gatherND(
      x,
      tf.tensor2d(
        [
          [0, 1],
          [2, 3],
          [0, 1],
        ],
        [3, 2],
        "int32",
      ),
    ),
);
smooth(
  "mirrorPad",
  () => [numbers([3, 4])],
  (x) =>
    tf.mul(
      2,
      tf.pad(x, [
        [1, 2],
        [0, 1],
      ]),
    ),
);
plain(
  "mirrorPad, reflected",
  () => [numbers([3, 4])],
  (x) =>
    tf.mirrorPad(
      x,
      [
        [1, 2],
        [2, 1],
      ],
      "reflect",
    ),
);
plain(
  "oneHot",
  () => [integers([6], 4)],
  (x) => tf.oneHot(x, 4, 0.9, 0.1),
);
smooth("reshape", any, (x) => tf.reshape(x, [2, 6]));
smooth("reverse", cube, (x) => tf.reverse(x, [0, 2]));
smooth("slice", cube, (x) => tf.slice(x, [0, 1, 1], [2, 1, 3]));
smooth(
  "split",
  () => [numbers([6, 2])],
  (x) => tf.split(x, [1, 2, 3], 0),
);
smooth(
  "squeeze",
  () => [numbers([1, 3, 1])],
  (x) => tf.squeeze(x),
);
smooth("stack", two, (a, b) => tf.stack([a, b], 1));
plain("stridedSlice", cube, (x) => tf.stridedSlice(x, [0, 2, 3], [2, 0, 0], [1, -1, -2]));
smooth(
  "tile",
  () => [numbers([2, 3])],
  (x) => tf.tile(x, [2, 2]),
);
smooth("transpose", cube, (x) => tf.transpose(x, [2, 0, 1]));
smooth("unstack", cube, (x) => tf.unstack(x, 1));
plain(
  "scatterND",
  () => [numbers([3, 2])],
  (x) => tf.scatterND(tf.tensor2d([[0], [3], [1]], [3, 1], "int32"), x, [5, 2]),
);
plain(
  "tensorScatterUpdate",
  () => [numbers([5, 2]), numbers([2, 2])],
  (x, u) => tf.tensorScatterUpdate(x, tf.tensor2d([[0], [3]], [2, 1], "int32"), u),
);
plain(
  "made from nothing",
  () => [numbers([2])],
  (x) => [
    tf.add(tf.linspace(0, 1, 2), x),
    tf.range(0, 6, 2),
    tf.fill([2, 2], 3),
    tf.eye(3),
    tf.ones([2, 2], "int32"),
    tf.zerosLike(x),
    tf.onesLike(x),
  ],
);
plain(
  "diag",
  () => [numbers([4])],
  (x) => tf.diag(x),
);
plain(
  "sparseToDense",
  () => [numbers([2])],
  (x) =>
    tf.sparseToDense(
      tf.tensor2d(
        [
          [0, 1],
          [2, 0],
        ],
        [2, 2],
        "int32",
      ),
      x as tf.Tensor1D,
      [3, 2],
      0.5,
    ),
);
plain(
  "meshgrid",
  () => [numbers([3]), numbers([2])],
  (a, b) => tf.meshgrid(a, b),
);
smooth(
  "unsortedSegmentSum",
  () => [numbers([5, 2])],
  (x) => tf.unsortedSegmentSum(x, tf.tensor1d([0, 2, 0, 1, 2], "int32"), 3),
);
smooth(
  "gradient through a gradient",
  () => [numbers([4])],
  (x) => tf.grad((y) => tf.sum(tf.pow(y, 3)))(x),
);

for (const [ta, tb] of [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const) {
  smooth(
    `matMul${ta ? ", left transposed" : ""}${tb ? ", right transposed" : ""}`,
    () => [numbers(ta ? [3, 5] : [5, 3]), numbers(tb ? [4, 3] : [3, 4])],
    (a, b) => tf.matMul(a, b, ta, tb),
  );
  smooth(
    `batched matMul${ta ? ", left transposed" : ""}${tb ? ", right transposed" : ""}`,
    () => [numbers(ta ? [2, 3, 5] : [2, 5, 3]), numbers(tb ? [2, 4, 3] : [2, 3, 4])],
    (a, b) => tf.matMul(a, b, ta, tb),
  );
}
smooth(
  "dot",
  () => [numbers([5]), numbers([5])],
  (a, b) => tf.dot(a, b),
);
smooth(
  "outerProduct",
  () => [numbers([3]), numbers([4])],
  (a, b) => tf.outerProduct(a as tf.Tensor1D, b as tf.Tensor1D),
);
plain(
  "einsum",
  () => [numbers([2, 3, 4]), numbers([2, 4, 5])],
  (a, b) => tf.einsum("bij,bjk->bik", a, b),
);
smooth(
  "fused matMul",
  () => [numbers([3, 4]), numbers([4, 5]), numbers([5])],
  (a, b, bias) => tf.fused.matMul({ a: a as tf.Tensor2D, b: b as tf.Tensor2D, bias, activation: "relu" }),
);

const image = () => [numbers([2, 6, 6, 3]), numbers([3, 3, 3, 4])];
const as4 = (x: T) => x as tf.Tensor4D;
smooth(
  "conv1d",
  () => [numbers([2, 8, 3]), numbers([3, 3, 4])],
  (x, w) => tf.conv1d(x as tf.Tensor3D, w as tf.Tensor3D, 1, "same"),
);
smooth("conv2d, same", image, (x, w) => tf.conv2d(as4(x), as4(w), 1, "same"));
smooth("conv2d, valid, strides", image, (x, w) => tf.conv2d(as4(x), as4(w), 2, "valid"));
plain("conv2d, dilated", image, (x, w) => tf.conv2d(as4(x), as4(w), 1, "same", "NHWC", 2));
smooth("conv2d, explicit padding", image, (x, w) => tf.conv2d(as4(x), as4(w), 1, 1));
smooth(
  "conv2dTranspose",
  () => [numbers([2, 3, 3, 4]), numbers([3, 3, 5, 4])],
  (x, w) => tf.conv2dTranspose(as4(x), as4(w), [2, 6, 6, 5], 2, "same"),
);
smooth(
  "depthwiseConv2d",
  () => [numbers([2, 6, 6, 3]), numbers([3, 3, 3, 2])],
  (x, w) => tf.depthwiseConv2d(as4(x), as4(w), 1, "same"),
);
smooth(
  "separableConv2d",
  () => [numbers([2, 6, 6, 3]), numbers([3, 3, 3, 2]), numbers([1, 1, 6, 4])],
  (x, d, p) => tf.separableConv2d(as4(x), as4(d), as4(p), 1, "same"),
);
smooth(
  "fused conv2d",
  () => [...image(), numbers([4])],
  (x, filter, bias) =>
    tf.fused.conv2d({ x: as4(x), filter: as4(filter), strides: 1, pad: "same", bias, activation: "relu" }),
);
smooth(
  "conv3d",
  () => [numbers([1, 4, 4, 4, 2]), numbers([2, 2, 2, 2, 3])],
  (x, w) => tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, 1, "same"),
);
smooth(
  "avgPool",
  () => [numbers([2, 6, 6, 3])],
  (x) => tf.avgPool(as4(x), 3, 2, "same"),
);
smooth(
  "maxPool",
  () => [numbers([2, 6, 6, 3])],
  (x) => tf.maxPool(as4(x), 2, 2, "valid"),
);
smooth(
  "avgPool3d",
  () => [numbers([1, 4, 4, 4, 2])],
  (x) => tf.avgPool3d(x as tf.Tensor5D, 2, 2, "same"),
);
smooth(
  "maxPool3d",
  () => [numbers([1, 4, 4, 4, 2])],
  (x) => tf.maxPool3d(x as tf.Tensor5D, 2, 2, "same"),
);
plain(
  "maxPoolWithArgmax",
  () => [numbers([1, 4, 4, 2])],
  (x) => {
    const { result, indexes } = tf.maxPoolWithArgmax(as4(x), 2, 2, "same", true);
    return [result!, indexes!];
  },
);
smooth(
  "dilation2d",
  () => [numbers([1, 5, 5, 2]), numbers([2, 2, 2])],
  (x, w) => tf.dilation2d(as4(x), w as tf.Tensor3D, 1, "same"),
);
smooth(
  "batchNorm, given statistics",
  () => [numbers([2, 3, 3, 4]), numbers([4]), numbers([4], 0.5, 2), numbers([4]), numbers([4])],
  (x, mean, variance, offset, scale) =>
    tf.batchNorm(
      as4(x),
      mean as tf.Tensor1D,
      variance as tf.Tensor1D,
      offset as tf.Tensor1D,
      scale as tf.Tensor1D,
      1e-3,
    ),
);
smooth(
  "batchNorm, batch statistics",
  () => [numbers([8, 4])],
  (x) => {
    const { mean, variance } = tf.moments(x, 0);
    return tf.batchNorm(
      x as tf.Tensor2D,
      mean as tf.Tensor1D,
      variance as tf.Tensor1D,
      tf.zeros([4]),
      tf.ones([4]),
      1e-3,
    );
  },
);
smooth(
  "localResponseNormalization",
  () => [numbers([1, 3, 3, 8])],
  (x) => tf.localResponseNormalization(as4(x), 2),
);

const picture = () => [numbers([1, 4, 4, 3], 0, 1)];
smooth("resizeBilinear", picture, (x) => tf.image.resizeBilinear(as4(x), [7, 5]));
plain("resizeBilinear, aligned corners", picture, (x) => tf.image.resizeBilinear(as4(x), [7, 5], true));
smooth("resizeNearestNeighbor", picture, (x) => tf.image.resizeNearestNeighbor(as4(x), [8, 8]));
plain("flipLeftRight", picture, (x) => tf.image.flipLeftRight(as4(x)));
plain(
  "grayscaleToRGB",
  () => [numbers([1, 4, 4, 1])],
  (x) => tf.image.grayscaleToRGB(as4(x)),
);
plain("cropAndResize", picture, (x) =>
  tf.image.cropAndResize(as4(x), tf.tensor2d([[0.1, 0.1, 0.8, 0.9]]), tf.tensor1d([0], "int32"), [3, 3]),
);
plain("transform", picture, (x) => tf.image.transform(as4(x), tf.tensor2d([[1, 0.1, 0, 0, 1, 0.5, 0, 0]])));

const labels = () => [numbers([5, 3], 0.1, 0.9), numbers([5, 3], 0.1, 0.9)];
const losses: Record<string, (y: T, p: T) => T> = {
  absoluteDifference: (y, p) => tf.losses.absoluteDifference(y, p),
  cosineDistance: (y, p) => tf.losses.cosineDistance(y, p, 1),
  hingeLoss: (y, p) => tf.losses.hingeLoss(tf.round(y), p),
  huberLoss: (y, p) => tf.losses.huberLoss(y, p),
  logLoss: (y, p) => tf.losses.logLoss(y, p),
  meanSquaredError: (y, p) => tf.losses.meanSquaredError(y, p),
  sigmoidCrossEntropy: (y, p) => tf.losses.sigmoidCrossEntropy(y, p),
  computeWeightedLoss: (y, p) =>
    tf.losses.computeWeightedLoss(tf.square(p), tf.add(y, 0.1), tf.Reduction.SUM_BY_NONZERO_WEIGHTS),
};
for (const [name, f] of Object.entries(losses)) {
  cases.push({
    name,
    inputs: labels,
    run: (y, p) => f(y!, p!),
    gradients: !["hingeLoss", "computeWeightedLoss"].includes(name),
  });
}
smooth(
  "softmaxCrossEntropy",
  () => [numbers([5, 3])],
  (p) => tf.losses.softmaxCrossEntropy(tf.oneHot(tf.tensor1d([0, 2, 1, 1, 0], "int32"), 3), p),
);

plain(
  "bandPart",
  () => [numbers([4, 4])],
  (x) => tf.linalg.bandPart(x, 1, 0),
);
plain(
  "gramSchmidt",
  () => [numbers([3, 4])],
  (x) => tf.linalg.gramSchmidt(x as tf.Tensor2D),
);
plain(
  "qr",
  () => [numbers([3, 3])],
  (x) => tf.linalg.qr(x),
);
plain(
  "windows and frames",
  () => [numbers([16])],
  (x) => [tf.signal.hammingWindow(8), tf.signal.hannWindow(8), tf.signal.frame(x as tf.Tensor1D, 4, 2)],
);
plain(
  "complex parts",
  () => [numbers([4]), numbers([4])],
  (a, b) => {
    const z = tf.complex(a, b);
    return [tf.real(z), tf.imag(z), tf.abs(z)];
  },
);
plain(
  "fft and back",
  () => [numbers([8]), numbers([8])],
  (a, b) => {
    const z = tf.spectral.fft(tf.complex(a, b));
    return [tf.real(z), tf.imag(z), tf.real(tf.spectral.ifft(z))];
  },
);
plain(
  "rfft and back",
  () => [numbers([8])],
  (x) => {
    const z = tf.spectral.rfft(x);
    return [tf.real(z), tf.imag(z), tf.spectral.irfft(z)];
  },
);
smooth(
  "basicLSTMCell",
  () => [numbers([7, 12]), numbers([12]), numbers([2, 4]), numbers([2, 3]), numbers([2, 3])],
  (kernel, bias, x, c, h) =>
    tf.basicLSTMCell(
      tf.scalar(1),
      kernel as tf.Tensor2D,
      bias as tf.Tensor1D,
      x as tf.Tensor2D,
      c as tf.Tensor2D,
      h as tf.Tensor2D,
    ),
);
plain("movingAverage", two, (a, b) => tf.movingAverage(a, b, 0.9, 3));
plain(
  "seeded draws",
  () => [numbers([1])],
  (x) => [
    tf.add(x, tf.randomUniform([5], 0, 1, "float32", 3)),
    tf.randomNormal([5], 0, 1, "float32", 4),
    tf.truncatedNormal([5], 0, 1, "float32", 5),
    tf.randomGamma([5], 2, 1, "float32", 6),
    tf.dropout(tf.ones([12]), 0.5, undefined, 7),
  ],
);
plain(
  "strings",
  () => [tf.tensor1d(["a", "bc", "def"])],
  (x) => [tf.reshape(x, [3, 1]), tf.tile(x, [2])],
);

export const functionCases: readonly FunctionCase[] = cases;
