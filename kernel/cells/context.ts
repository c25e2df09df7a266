/**
 * Who is speaking: every execution and every comm message has a context that follows its asynchronous work, so that output
 * that comes late still goes to the cell that caused it.
 */
import { AsyncLocalStorage } from "node:async_hooks";

export interface CellContext {
  readonly id: number;
  /** True once the user has interrupted it: its timers no longer fire and its errors are not reported. */
  stopped: boolean;
  readonly allowStdin: boolean;
}

const storage = new AsyncLocalStorage<CellContext>();

/** What speaks when nobody is known to: the last request. */
let last: CellContext = { id: 0, stopped: false, allowStdin: false };

export function runInContext<Result>(context: CellContext, fn: () => Result): Result {
  last = context;
  return storage.run(context, fn);
}

export function currentContext(): CellContext {
  return storage.getStore() ?? last;
}
