/** A tensor that left its trace is disposed; its methods should say that rather than "disposed". */
import * as tf from "@tensorflow/tfjs";
import { isTracer, refuseTracer } from "../tensorflow/trace-hooks.ts";

const installedKey = Symbol.for("gradbook.leaks");

/** Once for each TensorFlow.js; further calls do nothing. */
export function installLeakErrors(): void {
  const prototype = tf.Tensor.prototype as unknown as { throwIfDisposed(): void; [installedKey]?: true };
  if (prototype[installedKey]) return;
  const { throwIfDisposed } = prototype;
  Object.defineProperty(prototype, installedKey, { value: true });
  prototype.throwIfDisposed = function (this: tf.Tensor & { throwIfDisposed(): void }) {
    if (this.isDisposed && isTracer(this.dataId)) refuseTracer(this.dataId);
    throwIfDisposed.call(this);
  };
}
