/** Values that need not be written into a graph one by one. */
import type { BindingValues } from "../tensorflow/binding.ts";

/** Whether these are many numbers and all the same, to the bit. */
export function isUniform(values: BindingValues): boolean {
  if (values.length < 256 || !(values instanceof Float32Array || values instanceof Int32Array)) return false;
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 1; i < bits.length; i++) if (bits[i] !== bits[0]) return false;
  return true;
}
