/** Functions of TensorFlow.js on images and windows, losses, random numbers, strings. */
import { tf } from "../../../../lib/index.ts";
import { cases, numbers, plain, smooth, type T, two } from "./function-table.ts";

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
