/** The table of functions that are run eagerly, as a graph and by XLA, and reproducible inputs for them. Other files fill it. */
import { tf } from "../../../../lib/index.ts";

export type T = tf.Tensor;

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

export const cases: FunctionCase[] = [];

/** A function with a gradient. */
export function smooth(name: string, inputs: () => T[], run: (...inputs: T[]) => T | T[]): void {
  cases.push({ name, inputs, run, gradients: true });
}

export function plain(name: string, inputs: () => T[], run: (...inputs: T[]) => T | T[]): void {
  cases.push({ name, inputs, run });
}

export const any = () => [numbers([3, 4], -2, 2)];
export const two = () => [numbers([3, 4], 0.2, 2), numbers([3, 4], 0.2, 2)];
