/**
 * What completion and inspection may ask of the running program. The I/O thread implements it with an inspector session
 * on the main thread, so that answers come even while a cell loops; every call gives up after a short time.
 */

/** A remote value, as V8's inspector describes it (Chrome DevTools Protocol, Runtime.RemoteObject). */
export interface RemoteValue {
  type: string;
  subtype?: string;
  className?: string;
  value?: unknown;
  description?: string;
  objectId?: string;
  preview?: RemotePreview;
}

/** A few properties or entries of a value, as V8 abbreviates them (Runtime.ObjectPreview). */
export interface RemotePreview {
  type: string;
  subtype?: string;
  description?: string;
  overflow: boolean;
  properties: { name: string; type: string; subtype?: string; value?: string }[];
  entries?: { key?: RemotePreview; value: RemotePreview }[];
}

export interface RemoteProperty {
  name: string;
  enumerable: boolean;
  /** Own property of the value (false: inherited). */
  isOwn: boolean;
  /** Absent for accessors, which are never called. */
  value?: RemoteValue;
  isAccessor: boolean;
}

export interface LiveValues {
  /** Evaluates without side effects (`throwOnSideEffect`); undefined when it throws, would have side effects, or does not answer in time. */
  evaluate(expression: string, options?: { preview?: boolean }): Promise<RemoteValue | undefined>;
  /**
   * Properties along the prototype chain, nearest first, without symbols and array indices; of an object with thousands of
   * keys only the first few hundred own ones. Empty when there is no answer in time.
   */
  properties(objectId: string): Promise<RemoteProperty[]>;
  /** Calls a function declaration (`function () {...}`) with `this` bound to the object, without side effects, by value. */
  callByValue(objectId: string, declaration: string): Promise<unknown>;
  /** Names on the global object and in the global lexical scope as last seen; needs no answer from the main thread. */
  knownGlobals(): string[];
  /** The same as they are now, or as last seen when there is no answer in time. */
  globals(): Promise<string[]>;
  /** Keeps the objects that answers name alive until the returned function is called; nested calls are counted. */
  hold(): () => void;
}
