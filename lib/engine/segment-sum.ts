/** Sums of rows by segment: the gradient of embeddings and of `tf.gather` on the backends without TensorFlow. */
import * as tf from "@tensorflow/tfjs";

/** What the backends `cpu` and `wasm` have in common. */
interface ReadableBackend {
  readSync(dataId: object): Float32Array | Int32Array | Uint8Array;
  write(values: Float32Array | Int32Array, shape: number[], dtype: tf.DataType): object;
}

/**
 * Registers `UnsortedSegmentSum` in time proportional to the input. TensorFlow.js's own walks through the whole input once for each
 * segment: a vocabulary of 10,000 took minutes a step. Ids outside of the segments are left out, as TensorFlow has it.
 */
export function installSegmentSum(backendName: string): void {
  if (tf.getKernel("UnsortedSegmentSum", backendName)) tf.unregisterKernel("UnsortedSegmentSum", backendName);
  tf.registerKernel({
    kernelName: "UnsortedSegmentSum",
    backendName,
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { x, segmentIds } = inputs as { x: tf.TensorInfo; segmentIds: tf.TensorInfo };
      const { numSegments } = attrs as { numSegments: number };
      const { readSync, write } = backend as ReadableBackend;
      const ids = readSync.call(backend, segmentIds.dataId);
      const values = readSync.call(backend, x.dataId);
      const shape = [numSegments, ...x.shape.slice(segmentIds.shape.length)];
      const width = tf.util.sizeFromShape(shape.slice(1));
      const sums = new (x.dtype === "float32" ? Float32Array : Int32Array)(numSegments * width);
      for (let row = 0; row < ids.length; row++) {
        const segment = ids[row]!;
        if (segment < 0 || segment >= numSegments) continue;
        for (let i = 0; i < width; i++) sums[segment * width + i]! += values[row * width + i]!;
      }
      const dtype = x.dtype === "bool" ? "int32" : x.dtype;
      return { dataId: write.call(backend, sums, shape, dtype), shape, dtype };
    },
  });
}
