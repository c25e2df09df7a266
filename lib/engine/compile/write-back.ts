/** Assigning what a compiled call computed: all variables or none, also when the user interrupts in between. */
import type * as tf from "@tensorflow/tfjs";
import { currentHost, type Host } from "../../host.ts";
import type { TraceableBackend } from "../tensorflow/trace-hooks.ts";

export interface Write {
  variable: tf.Variable;
  /** Of the new value, which the variable takes over. */
  id: number;
  /** The new value as a tensor, where one was made. */
  value?: tf.Tensor;
}

/** What is left to do of a call that has run. */
interface Pending {
  backend: TraceableBackend;
  writes: readonly Write[];
  next: number;
  after: () => void;
}

let pending: Pending | undefined;
let listeningTo: Host | undefined;

/** Writes the values and then calls `after`. */
export function writeAll(backend: TraceableBackend, writes: readonly Write[], after: () => void): void {
  listen();
  pending = { backend, writes, next: 0, after };
  finish();
}

/** An interrupt ends JavaScript anywhere, without `finally`; the host then tells us before other code runs. */
function listen(): void {
  const host = currentHost();
  if (host === listeningTo) return;
  listeningTo = host;
  host.onInterrupt(finish);
}

/** Can be cut off anywhere and called again: between taking a value over and counting it there is no call. */
function finish(): void {
  if (!pending) return;
  const { backend, writes, after } = pending;
  while (pending.next < writes.length) {
    write(backend, writes[pending.next]!);
    pending.next++;
  }
  pending = undefined;
  after();
}

function write(backend: TraceableBackend, item: Write): void {
  const { variable, id } = item;
  const record = backend.tensorMap.get(variable.dataId);
  if (record.refCount === 1 && record.values === null && !item.value) {
    backend.binding.moveInto(record.id, id);
    return;
  }
  // Somebody else holds the former value, or it was never uploaded.
  item.value ??= backend.concrete(id, variable.shape, variable.dtype) as tf.Tensor;
  if (variable.dataId !== item.value.dataId) variable.assign(item.value);
  item.value.dispose();
}
