/**
 * What every engine must be able to do, as a table of cases that need no test runner: `conformance.test.ts` runs it on each backend,
 * `tests/gpu/check.ts` on a graphics card. A new backend passes the same table.
 */
import assert from "node:assert/strict";
import { device, tf } from "../../../../lib/index.ts";

export type BackendName = "tensorflow" | "wasm" | "cpu";

export interface Case {
  /** What is promised: "rows are added to a column". */
  name: string;
  run(): void | Promise<void>;
  /** Backends that cannot do it, and why. */
  lacking?: Partial<Record<BackendName, string>>;
}

export type Values = number | boolean | string | readonly Values[];

/** A case whose result has these values (within the tolerance, which is relative to values above 1) and this dtype. */
export function gives(
  name: string,
  compute: () => tf.Tensor,
  expected: Values,
  options: { dtype?: tf.DataType; tolerance?: number; lacking?: Case["lacking"] } = {},
): Case {
  return {
    name,
    ...(options.lacking && { lacking: options.lacking }),
    run: () => {
      const actual = compute();
      if (options.dtype) assert.equal(actual.dtype, options.dtype, "dtype");
      close(actual, expected, options.tolerance);
    },
  };
}

/** A case whose code throws an error with all of these texts. */
export function refuses(name: string, work: () => unknown, ...texts: string[]): Case {
  return {
    name,
    run: () => {
      let message: string | undefined;
      try {
        work();
      } catch (error) {
        message = (error as Error).message;
      }
      assert.ok(message !== undefined, "nothing was thrown");
      // In capitals or not: TensorFlow's MatMul is TensorFlow.js's matMul.
      for (const text of texts)
        assert.ok(message.toLowerCase().includes(text.toLowerCase()), `the error says "${message}", without "${text}"`);
    },
  };
}

/** Whether products are rounded to TF32's 10 bits of mantissa, as on newer GPUs. */
const coarse = () => device().precision === "TF32";

export function close(actual: tf.Tensor, expected: Values, tolerance = 1e-5): void {
  assert.deepEqual(actual.shape, shapeOf(expected), "shape");
  const [got, wanted] = [actual.arraySync() as Values, expected].map((values) => [values].flat(10)) as Values[][];
  const bound = Math.max(tolerance, coarse() ? 3e-3 : 0);
  for (const [i, value] of wanted!.entries()) {
    const given = got![i]!;
    const same =
      typeof value === "number" && Number.isFinite(value)
        ? Math.abs(Number(given) - value) <= bound * Math.max(1, Math.abs(value))
        : Object.is(value, typeof value === "boolean" ? Boolean(given) : given);
    assert.ok(same, `value ${i} of ${wanted!.length} is ${given}, not ${value}`);
  }
}

function shapeOf(values: Values): number[] {
  return Array.isArray(values) ? [values.length, ...(values.length > 0 ? shapeOf(values[0]!) : [])] : [];
}

/** Numbers that look random and are the same everywhere: values in [-1, 1). */
export function numbers(shape: number[], seed = 1): tf.Tensor {
  let state = seed * 2654435761;
  const data = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
  return tf.tensor(data, shape);
}

/** Nested arrays of that shape, value by value from its indices. */
export function build(shape: readonly number[], value: (...indices: number[]) => number): Values {
  const at = (indices: number[]): Values =>
    indices.length === shape.length
      ? value(...indices)
      : Array.from({ length: shape[indices.length]! }, (_, index) => at([...indices, index]));
  return at([]);
}
