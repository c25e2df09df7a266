/**
 * Timers of an interrupted cell must not fire: they are how a loop of `await sleep(...)` goes on. The timer functions are
 * wrapped so that each timer is known with its cell, and a stopped cell can start no new one.
 */
import { createRequire, syncBuiltinESMExports } from "node:module";
import { promisify } from "node:util";
import { type CellContext, currentContext } from "./context.ts";

const timers = createRequire(import.meta.url)("node:timers") as typeof import("node:timers");
const timersPromises = createRequire(import.meta.url)("node:timers/promises") as typeof import("node:timers/promises");

type Timer = NodeJS.Timeout | NodeJS.Immediate;

// Weak, so that a timer that has fired and is forgotten by its cell is forgotten here too.
const started = new WeakMap<CellContext, Set<WeakRef<Timer>>>();
const contexts = new Set<WeakRef<CellContext>>();

const original = {
  setTimeout: globalThis.setTimeout,
  setInterval: globalThis.setInterval,
  setImmediate: globalThis.setImmediate,
  clearTimeout: globalThis.clearTimeout,
  clearImmediate: globalThis.clearImmediate,
};

function remember<Started extends Timer>(timer: Started): Started {
  const context = currentContext();
  if (context.stopped) {
    forget(timer);
    return timer;
  }
  let own = started.get(context);
  if (!own) {
    own = new Set();
    started.set(context, own);
    if (contexts.size % 256 === 255)
      for (const reference of contexts) if (!reference.deref()) contexts.delete(reference);
    contexts.add(new WeakRef(context));
  }
  if (own.size > 256 && own.size % 256 === 0)
    for (const reference of own) if (finished(reference.deref())) own.delete(reference);
  own.add(new WeakRef(timer));
  return timer;
}

function finished(timer: Timer | undefined): boolean {
  return timer === undefined || (timer as { _destroyed?: boolean })._destroyed === true;
}

function forget(timer: Timer): void {
  if ("close" in timer) original.clearTimeout(timer);
  else original.clearImmediate(timer);
}

export function installTimers(): void {
  const wrap = <Fn extends (...args: never[]) => Timer>(name: string, fn: Fn): Fn => {
    const wrapped = { [name]: (...args: Parameters<Fn>) => remember(fn(...args)) }[name] as unknown as Fn;
    const custom = (fn as { [promisify.custom]?: unknown })[promisify.custom];
    if (custom) Object.defineProperty(wrapped, promisify.custom, { get: () => promised[name], configurable: true });
    return wrapped;
  };
  // The promise forms go through the wrapped ones too: a stopped cell's sleep never ends.
  const promised: Record<string, unknown> = {
    setTimeout: <Value>(delay?: number, value?: Value, options?: { signal?: AbortSignal; ref?: boolean }) =>
      sleep((done) => globalThis.setTimeout(done, delay), value, options),
    setImmediate: <Value>(value?: Value, options?: { signal?: AbortSignal; ref?: boolean }) =>
      sleep((done) => globalThis.setImmediate(done), value, options),
  };
  for (const name of ["setTimeout", "setInterval", "setImmediate"] as const) {
    const wrapped = wrap(name, original[name] as unknown as (...args: never[]) => Timer);
    Object.assign(globalThis, { [name]: wrapped });
    Object.assign(timers, { [name]: wrapped });
  }
  Object.assign(timersPromises, { setTimeout: promised["setTimeout"], setImmediate: promised["setImmediate"] });
  syncBuiltinESMExports();
}

function sleep<Value>(
  start: (done: () => void) => Timer,
  value: Value,
  options: { signal?: AbortSignal; ref?: boolean } = {},
): Promise<Value> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    const abort = () => {
      forget(timer);
      reject(new DOMException("The operation was aborted", { name: "AbortError", cause: signal?.reason }));
    };
    const timer = start(() => {
      signal?.removeEventListener("abort", abort);
      resolve(value);
    });
    if (options.ref === false) timer.unref();
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
  });
}

/** Clears the timers that code of `context` started; without one, those of every cell. */
export function clearTimers(context?: CellContext): void {
  const all = context ? [context] : [...contexts].map((reference) => reference.deref());
  for (const one of all) {
    if (!one) continue;
    for (const reference of started.get(one) ?? []) {
      const timer = reference.deref();
      if (timer) forget(timer);
    }
    started.delete(one);
  }
}
