/** Projective transformations of images. */
import * as tf from "@tensorflow/tfjs";
import { type Inputs, type Kernel, kernel, type Ops, text, type } from "./op.ts";

interface Projection {
  interpolation: string;
  fillMode: string;
  fillValue: number;
  /** Height and width of the result. */
  outputShape: readonly number[];
}

/** `transforms` has shape `[1 or batch, 8]`: each maps a point of the result to a point of the image. */
function project(ops: Ops, images: tf.TensorInfo, transforms: tf.TensorInfo, options: Projection): tf.Tensor {
  const inputs = [images, transforms, ops.ints(options.outputShape), tf.scalar(options.fillValue)];
  return ops.one("ImageProjectiveTransformV3", inputs, {
    dtype: type(images.dtype),
    interpolation: text(options.interpolation.toUpperCase()),
    fill_mode: text(options.fillMode.toUpperCase()),
  });
}

const rotate = kernel<Inputs<"image">, tf.RotateWithOffsetAttrs>(
  "RotateWithOffset",
  (ops, { image }, { radians, fillValue, center }) => {
    const [, height, width, channels] = image.shape as [number, number, number, number];
    const [x, y] = tf.backend_util.getImageCenter(center, height, width);
    const [sin, cos] = [Math.sin(radians), Math.cos(radians)];
    const turn = [cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y, 0, 0];
    const transforms = tf.tensor2d(turn, [1, 8]);
    const options = { interpolation: "nearest", fillMode: "constant", fillValue: 0, outputShape: [height, width] };
    if (typeof fillValue === "number") return project(ops, image, transforms, { ...options, fillValue });
    // A colour: its channels go where a turned image of zeros shows what lies outside. Alpha there is opaque.
    const outside = project(ops, tf.zeros([1, height, width, 1]), transforms, { ...options, fillValue: 1 });
    const colour = tf.tensor1d([...fillValue, 255].slice(0, channels));
    const turned = project(ops, image, transforms, options);
    return ops.binary("AddV2", turned, ops.binary("Mul", outside, colour));
  },
);

export const imageKernels: Kernel[] = [
  kernel<Inputs<"image" | "transforms">, tf.TransformAttrs>("Transform", (ops, { image, transforms }, attributes) => {
    const outputShape = attributes.outputShape ?? image.shape.slice(1, 3);
    return project(ops, image, transforms, { ...attributes, outputShape });
  }),
  rotate,
];
