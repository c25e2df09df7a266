/**
 * One pass over a tensor's values: their minimum, mean and maximum, the few values that are printed, and the block means of the heat map.
 * Big tensors are read in pieces, so that looking at one takes a few megabytes and not a second copy of it; with TensorFlow's
 * runtime, very big ones are summarised by its ops (16 million values on two processors: 0.1 s for 0.5 s).
 */
import * as tf from "@tensorflow/tfjs";
import { nativeBinding } from "./device.ts";
import { BlockMeans } from "./heat-map.ts";

/** Values read at once. */
const pieceSize = 1 << 20;
/** From so many on it is quicker to compute where the tensor is. */
const worthComputing = 1 << 22;

export interface Summary {
  /** Of the finite values; undefined when there are none. */
  readonly range: { min: number; mean: number; max: number } | undefined;
  /** Values that are NaN or infinite. */
  readonly notFinite: number;
  /** The values at the offsets that were asked for, in their order. */
  readonly picked: number[];
  readonly blocks: BlockMeans;
}

/**
 * Reads a real-valued tensor (float32, int32 or bool) and leaves no tensor behind.
 * @param offsets positions in row-major order whose values are wanted, ascending
 */
export function summarise(tensor: tf.Tensor, offsets: readonly number[]): Summary {
  const computed = tensor.size >= worthComputing && tensor.dtype === "float32" && nativeBinding();
  return (computed && computeSummary(tensor, offsets)) || readSummary(tensor, offsets);
}

export function readSummary(tensor: tf.Tensor, offsets: readonly number[]): Summary {
  const blocks = new BlockMeans(tensor.shape);
  const picked: number[] = [];
  const range = new Range();
  let start = 0;
  for (const values of piecesOf(tensor)) {
    range.add(values);
    while (picked.length < offsets.length && offsets[picked.length]! < start + values.length)
      picked.push(values[offsets[picked.length]! - start]!);
    blocks.add(values);
    start += values.length;
  }
  return { range: range.result(), notFinite: tensor.size - range.count, picked, blocks };
}

/** Of the finite values. */
class Range {
  count = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #sum = 0;

  add(values: Numbers): void {
    // Locals, because this loop runs a million times for each piece.
    let min = this.#min;
    let max = this.#max;
    let sum = 0;
    let count = 0;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (value - value !== 0) continue;
      if (value < min) min = value;
      if (value > max) max = value;
      sum += value;
      count++;
    }
    this.#min = min;
    this.#max = max;
    this.#sum += sum;
    this.count += count;
  }

  result(): Summary["range"] {
    return this.count === 0 ? undefined : { min: this.#min, mean: this.#sum / this.count, max: this.#max };
  }
}

type Numbers = Float32Array | Int32Array | Uint8Array;

function* piecesOf(tensor: tf.Tensor): Generator<Numbers> {
  if (tensor.size <= pieceSize) {
    yield tensor.dataSync() as Numbers;
    return;
  }
  for (let from = 0; from < tensor.size; from += pieceSize) {
    const piece = tf.tidy(() =>
      tf.slice1d(tensor.reshape([-1]) as tf.Tensor1D, from, Math.min(pieceSize, tensor.size - from)),
    );
    try {
      yield piece.dataSync() as Numbers;
    } finally {
      piece.dispose();
    }
  }
}

/** By ops, without a copy of the tensor; undefined when some value is not finite, because ops cannot pass those over. */
export function computeSummary(tensor: tf.Tensor, offsets: readonly number[]): Summary | undefined {
  return inScope(() => {
    const [min, max, mean] = tf.stack([tensor.min(), tensor.max(), tensor.mean()]).dataSync() as Float32Array;
    if (![min, max, mean].every(Number.isFinite)) return undefined;
    const places = tf.tensor1d(offsets as number[], "int32");
    const picked = Array.from(tf.gather(tensor.reshape([-1]), places).dataSync());
    const blocks = new BlockMeans(tensor.shape);
    const matrices = tensor.reshape([-1, tensor.shape.at(-2) ?? 1, tensor.shape.at(-1)!]);
    for (const index of blocks.panels.keys()) blocks.setMeans(index, meansOf(matrices, index, blocks));
    return { range: { min: min!, mean: mean!, max: max! }, notFinite: 0, picked, blocks };
  });
}

/** Means over blocks of rows, and of those over blocks of columns. */
function meansOf(matrices: tf.Tensor, index: number, blocks: BlockMeans): Float32Array {
  return inScope(() => {
    const columns = matrices.shape[2]!;
    const rows = Array.from({ length: blocks.rows }, (_, row) => {
      const [from, count] = blocks.rowsOf(row);
      return tf.slice(matrices, [index, from, 0], [1, count, columns]).mean([0, 1]);
    });
    const thin = tf.stack(rows);
    const cells = Array.from({ length: blocks.columns }, (_, column) => {
      const [from, count] = blocks.columnsOf(column);
      return tf.slice(thin, [0, from], [blocks.rows, count]).mean(1);
    });
    return tf.stack(cells, 1).dataSync() as Float32Array;
  });
}

/** `tf.tidy` for a result that is no tensor. */
function inScope<T>(work: () => T): T {
  tf.engine().startScope();
  try {
    return work();
  } finally {
    tf.engine().endScope();
  }
}
