/**
 * A notebook's interrupt ends JavaScript without running `finally`: TensorFlow.js's engine is left inside whatever it was doing, records no
 * gradients any more and disposes nothing. The host says when that has happened, and here it is put right.
 */
import * as tf from "@tensorflow/tfjs";
import { currentHost } from "../host.ts";

interface Engine {
  state: {
    scopeStack: { name: string }[];
    activeScope: object | null;
    gradientDepth: number;
    kernelDepth: number;
    activeTape: { saved?: tf.Tensor[] }[] | null;
  };
  /** What TensorFlow.js has to end it runs through this: `tidy`, gradients, kernels. */
  scopedRun<T>(start: () => void, end: () => void, work: () => T): T;
  endScope(): void;
}

const repairs = new Set<() => void>();

/** Calls `repair` whenever a cell was cut off, perhaps inside the engine. For state that a `finally` would have put back. */
export function whenCutOff(repair: () => void): void {
  repairs.add(repair);
}

/** Puts everything right. No other code runs then: whatever TensorFlow.js is inside of will never end by itself. */
export function repairCutOff(): void {
  for (const repair of repairs) repair();
}

const installedKey = Symbol.for("gradbook.cutOff");

/** Once for each TensorFlow.js; further calls do nothing. */
export function installCutOffRepair(): void {
  const engine = tf.engine() as unknown as Engine & { [installedKey]?: true };
  if (engine[installedKey]) return;
  engine[installedKey] = true;

  let depth = 0;
  /** Scopes that were open before the outermost work: a program's own, begun by `tf.engine().startScope()`. */
  let scopesBefore = 0;

  const { scopedRun } = engine;
  engine.scopedRun = function (start, end, work) {
    if (depth === 0) scopesBefore = withoutOps(this.state.scopeStack, this.state.scopeStack.length);
    depth++;
    try {
      return scopedRun.call(this, start, end, work) as ReturnType<typeof work>;
    } finally {
      depth--;
    }
  };

  // After the others, which know better what is theirs.
  whenCutOff(() => {
    const { state } = engine;
    const keep = depth > 0 ? scopesBefore : withoutOps(state.scopeStack, state.scopeStack.length);
    if (depth === 0 && keep === state.scopeStack.length) return;
    depth = 0;
    state.kernelDepth = 0;
    state.gradientDepth = 0;
    const tape = state.activeTape ?? [];
    state.activeTape = null;
    for (const { saved } of tape) attempt(() => tf.dispose(saved ?? []));
    while (state.scopeStack.length > keep) {
      const open = state.scopeStack.length;
      attempt(() => engine.endScope());
      if (state.scopeStack.length === open) state.scopeStack.pop();
    }
    state.activeScope = state.scopeStack.at(-1) ?? null;
  });
  currentHost().onCutOff(repairCutOff);
}

/** A disposal that was cut off in the middle may not bear to be done again. What it leaves, the garbage collector finds. */
function attempt(work: () => void): void {
  try {
    work();
  } catch {}
}

/** How many scopes there are without those that an op opens around its own work. */
function withoutOps(scopes: readonly { name: string }[], count: number): number {
  let rest = count;
  while (rest > 0 && scopes[rest - 1]!.name.endsWith("__op")) rest--;
  return rest;
}
