/** Where a compiled call writes the variables it assigns. */
import type * as tf from "@tensorflow/tfjs";
import type { TraceableBackend } from "../tensorflow/trace-hooks.ts";

/**
 * The ids of variables, for `Binding.runFunction` to write into. A variable whose values others hold too gets a place of its
 * own first, which changes nothing that can be seen.
 */
export function placesOf(backend: TraceableBackend, variables: readonly tf.Variable[]): Int32Array {
  return Int32Array.from(variables, (variable) => {
    const id = backend.idOf(variable);
    if (backend.tensorMap.get(variable.dataId).refCount === 1) return id;
    separate(backend, variable);
    return backend.idOf(variable);
  });
}

/** Gives a variable whose values are shared with other tensors an id of its own. */
export function separate(backend: TraceableBackend, variable: tf.Variable): void {
  const id = backend.binding.copyTensor(backend.idOf(variable));
  const copy = backend.concrete(id, variable.shape, variable.dtype) as tf.Tensor;
  variable.assign(copy);
  copy.dispose();
}
