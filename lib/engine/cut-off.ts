/**
 * A notebook's interrupt ends JavaScript without running `finally`: TensorFlow.js's engine is left inside whatever it was doing, records no
 * gradients any more and disposes nothing. Here that is noticed and put right before other code runs.
 */
import { MessageChannel, type MessagePort } from "node:worker_threads";
import * as tf from "@tensorflow/tfjs";

interface Engine {
  state: {
    scopeStack: object[];
    gradientDepth: number;
    kernelDepth: number;
    activeTape: { saved?: tf.Tensor[] }[] | null;
  };
  /** Everything synchronous that TensorFlow.js has to end runs through this: `tidy`, gradients, kernels. */
  scopedRun<T>(start: () => void, end: () => void, work: () => T): T;
  endScope(): void;
}

const repairs = new Set<() => void>();

/** Calls `repair` whenever work inside the engine was cut off. For state that a `finally` would have put back. */
export function whenCutOff(repair: () => void): void {
  repairs.add(repair);
}

const installedKey = Symbol.for("gradbook.cutOff");

/** Once for each TensorFlow.js; further calls do nothing. */
export function installCutOffRepair(): void {
  const engine = tf.engine() as unknown as Engine & { [installedKey]?: true };
  if (engine[installedKey]) return;
  engine[installedKey] = true;

  let depth = 0;
  let before = { scopes: 0, gradients: 0, kernels: 0 };
  const repair = () => {
    if (depth === 0) return;
    depth = 0;
    const { state } = engine;
    state.kernelDepth = before.kernels;
    state.gradientDepth = before.gradients;
    if (before.gradients === 0) {
      for (const { saved } of state.activeTape ?? []) tf.dispose(saved ?? []);
      state.activeTape = null;
    }
    while (state.scopeStack.length > before.scopes) engine.endScope();
    for (const other of repairs) other();
  };

  const { scopedRun } = engine;
  engine.scopedRun = function (start, end, work) {
    if (depth === 0) {
      const { scopeStack, gradientDepth, kernelDepth } = this.state;
      before = { scopes: scopeStack.length, gradients: gradientDepth, kernels: kernelDepth };
      atNextTurn(repair);
    }
    depth++;
    try {
      return scopedRun.call(this, start, end, work) as ReturnType<typeof work>;
    } finally {
      depth--;
    }
  };
}

let atEndOfTurn: (() => void) | undefined;
let port: MessagePort | undefined;
let rounds = 0;

/**
 * Calls `check` when the synchronous work of now has ended, one way or the other. By a message, because timers of an interrupted cell
 * never fire; at the second one, so that others who watch in this way come first. One message is under way at a time, however often this is called.
 */
function atNextTurn(check: () => void): void {
  if (atEndOfTurn) return;
  atEndOfTurn = check;
  rounds = 2;
  if (!port) {
    const { port1, port2 } = new MessageChannel();
    port = port1;
    port2.on("message", () => {
      if (--rounds > 0) return port1.postMessage(null);
      const call = atEndOfTurn!;
      atEndOfTurn = undefined;
      call();
    });
    // Watching does not keep the process alive.
    port1.unref();
    port2.unref();
  }
  port.postMessage(null);
}
