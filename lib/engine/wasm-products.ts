/** Matrix products on WebAssembly by its fast routine, which knows neither transposed operands nor batches. */
import * as tf from "@tensorflow/tfjs";

interface Attributes {
  transposeA: boolean;
  transposeB: boolean;
}

/** Multiplications in one product of a batch above which the routine earns what it costs to set up. */
const worthSplitting = 2 ** 23;

/**
 * Replaces `BatchMatMul` of backend `wasm`: transposed operands are copied first, and large matrices of a batch are multiplied one by
 * one. The backend itself takes a plain loop for both: 1,040 ms for the gradient of 1,024 x 1,024 weights, 30 ms this way.
 */
export function installWasmProducts(): void {
  const own = tf.getKernel("BatchMatMul", "wasm");
  if (!own || installed.has(own.kernelFunc)) return;
  const kernelFunc: tf.KernelFunc = (params) => {
    const { a, b } = params.inputs as { a: tf.Tensor; b: tf.Tensor };
    const { transposeA, transposeB } = params.attrs as unknown as Attributes;
    const batch = a.shape.slice(0, -2);
    const count = tf.util.sizeFromShape(batch);
    const isBatch = count > 1 || b.rank > a.rank || tf.util.sizeFromShape(b.shape.slice(0, -2)) > 1;
    const work = (a.size / count) * b.shape.at(transposeB ? -2 : -1)!;
    const splits = work >= worthSplitting && tf.util.arraysEqual(batch, b.shape.slice(0, -2));
    if (isBatch ? !splits : !transposeA && !transposeB) return own.kernelFunc(params);
    const multiply = (a: tf.Tensor, b: tf.Tensor) => {
      const attrs = { transposeA: false, transposeB: false };
      return tf
        .engine()
        .makeTensorFromTensorInfo(own.kernelFunc({ ...params, inputs: { a, b }, attrs }) as tf.TensorInfo);
    };
    return tf.tidy(() => {
      const left = transposeA ? lastTwoSwapped(a) : a;
      const right = transposeB ? lastTwoSwapped(b) : b;
      if (!isBatch) return multiply(left, right);
      const matrices = (x: tf.Tensor) => tf.unstack(x.reshape([count, ...x.shape.slice(-2)]));
      const rights = matrices(right);
      const products = tf.stack(matrices(left).map((each, at) => multiply(each, rights[at]!)));
      return products.reshape([...batch, ...products.shape.slice(1)]);
    });
  };
  installed.add(kernelFunc);
  tf.unregisterKernel("BatchMatMul", "wasm");
  tf.registerKernel({ ...own, kernelFunc });
}

/** Where this file was loaded twice, the second time finds the first one's kernel. */
const installedKey = Symbol.for("gradbook.wasmProducts");
const holder = globalThis as { [installedKey]?: WeakSet<tf.KernelFunc> };
holder[installedKey] ??= new WeakSet();
const installed = holder[installedKey];

function lastTwoSwapped(x: tf.Tensor): tf.Tensor {
  const order = x.shape.map((_, axis) => axis);
  return tf.transpose(x, [...order.slice(0, -2), order.at(-1)!, order.at(-2)!]);
}
