/**
 * `LiveValues` over V8's inspector: a session of this thread that is connected to the main thread. V8 answers in the middle
 * of a busy loop and of `Atomics.wait`. It does not answer inside other long native calls (`execSync`): then the first
 * question gives up after `timeoutMs`, and all others at once until the main thread has answered again.
 * Nothing here needs `Runtime.enable`, which would make V8 keep every console message.
 */
import type { LiveValues, RemoteProperty, RemoteValue } from "./live-values.ts";

/** The part of `node:inspector`'s Session that is used. */
export interface InspectorSession {
  post(method: string, params: object, callback: (error: Error | null, result?: object) => void): void;
}

const objectGroup = "gradbook-language";
/** An object with more own enumerable keys is not described key by key. */
const manyKeys = 1000;
const keysShown = 500;

interface Evaluated {
  result: RemoteValue;
  exceptionDetails?: object;
}

interface Described {
  result: {
    name: string;
    enumerable: boolean;
    isOwn?: boolean;
    value?: RemoteValue;
    get?: RemoteValue;
    set?: RemoteValue;
    symbol?: RemoteValue;
  }[];
}

const countKeys = `function () {
  if (Array.isArray(this) || ArrayBuffer.isView(this) || this instanceof String) return 0;
  let count = 0;
  for (const key in this) if (++count > ${manyKeys}) break;
  return count;
}`;

/** Own keys (the first few hundred) and those of all prototypes, as [name, isOwn] pairs. */
const listKeys = `function () {
  const keys = [];
  let own = 0;
  for (const key in this) { keys.push([key, true]); if (++own >= ${keysShown}) break; }
  for (let holder = Object.getPrototypeOf(this), steps = 0; holder && steps < 20; holder = Object.getPrototypeOf(holder), steps++) {
    for (const key of Object.getOwnPropertyNames(holder)) keys.push([key, false]);
  }
  return keys;
}`;

export class InspectorValues implements LiveValues {
  readonly #session: InspectorSession;
  readonly #timeoutMs: number;
  /** Questions that have gone unanswered for longer than they may. */
  #overdue = 0;
  #holders = 0;
  #globals: string[] = Object.getOwnPropertyNames(globalThis);
  #refreshing: Promise<void> | undefined;
  #refreshAgain = false;

  constructor(session: InspectorSession, options: { timeoutMs?: number } = {}) {
    this.#session = session;
    this.#timeoutMs = options.timeoutMs ?? 60;
  }

  async evaluate(expression: string, options: { preview?: boolean } = {}): Promise<RemoteValue | undefined> {
    const answer = (await this.#ask("Runtime.evaluate", {
      expression,
      objectGroup,
      silent: true,
      throwOnSideEffect: true,
      generatePreview: options.preview === true,
      // V8 stops the evaluation itself, so that an endless getter does not hold up the cell.
      timeout: Math.max(1, this.#timeoutMs - 15),
    })) as Evaluated | undefined;
    return answer && !answer.exceptionDetails ? answer.result : undefined;
  }

  async properties(objectId: string): Promise<RemoteProperty[]> {
    const count = await this.callByValue(objectId, countKeys);
    if (typeof count === "number" && count > manyKeys) return this.#listedKeys(objectId);
    const answer = (await this.#ask("Runtime.getProperties", {
      objectId,
      ownProperties: false,
      nonIndexedPropertiesOnly: true,
    })) as Described | undefined;
    const found = (answer?.result ?? [])
      .filter((property) => !property.symbol)
      .map(({ name, enumerable, isOwn, value, get, set }) => ({
        name,
        enumerable,
        isOwn: isOwn === true,
        ...(value ? { value } : {}),
        isAccessor: get !== undefined || set !== undefined,
      }));
    // V8 lists nothing for a Proxy; its traps may be asked as long as they have no side effects.
    return found.length > 0 || count === undefined ? found : this.#listedKeys(objectId);
  }

  async #listedKeys(objectId: string): Promise<RemoteProperty[]> {
    const keys = (await this.callByValue(objectId, listKeys)) as [string, boolean][] | undefined;
    const seen = new Set<string>();
    return (keys ?? [])
      .filter(([name]) => !seen.has(name) && seen.add(name))
      .map(([name, isOwn]) => ({ name, enumerable: isOwn, isOwn, isAccessor: false }));
  }

  async callByValue(objectId: string, declaration: string): Promise<unknown> {
    const answer = (await this.#ask("Runtime.callFunctionOn", {
      objectId,
      functionDeclaration: declaration,
      silent: true,
      returnByValue: true,
      throwOnSideEffect: true,
    })) as Evaluated | undefined;
    return answer && !answer.exceptionDetails ? answer.result.value : undefined;
  }

  knownGlobals(): string[] {
    return this.#globals;
  }

  async globals(): Promise<string[]> {
    if (this.#overdue === 0) await this.#inTime((done) => void this.refreshGlobals().then(() => done(undefined)));
    return this.#globals;
  }

  hold(): () => void {
    this.#holders++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      if (--this.#holders === 0) this.#post("Runtime.releaseObjectGroup", { objectGroup }, () => {});
    };
  }

  /**
   * Brings `knownGlobals` up to date in the background, whenever the main thread next answers; call it after each cell.
   * The promise is for tests: it resolves when the names are there.
   */
  refreshGlobals(): Promise<void> {
    if (this.#refreshing) this.#refreshAgain = true;
    this.#refreshing ??= this.#readGlobals().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #readGlobals(): Promise<void> {
    do {
      this.#refreshAgain = false;
      const [lexical, properties] = await Promise.all([
        this.#send("Runtime.globalLexicalScopeNames", {}) as Promise<{ names?: string[] } | undefined>,
        this.#send("Runtime.evaluate", {
          expression: "Object.getOwnPropertyNames(globalThis)",
          silent: true,
          returnByValue: true,
          throwOnSideEffect: true,
        }) as Promise<Evaluated | undefined>,
      ]);
      const own = properties && !properties.exceptionDetails ? properties.result.value : undefined;
      if (Array.isArray(own)) this.#globals = [...new Set([...(lexical?.names ?? []), ...(own as string[])])];
    } while (this.#refreshAgain);
  }

  /** Asks, and gives up after a short time; at once while an earlier question has no answer. */
  async #ask(method: string, params: object): Promise<object | undefined> {
    return this.#overdue > 0 ? undefined : this.#inTime((done) => this.#post(method, params, done));
  }

  #inTime(work: (done: (result: object | undefined) => void) => void): Promise<object | undefined> {
    return new Promise((resolve) => {
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        this.#overdue++;
        resolve(undefined);
      }, this.#timeoutMs);
      work((result) => {
        clearTimeout(timer);
        if (isLate) this.#overdue--;
        resolve(result);
      });
    });
  }

  /** Resolves with the answer whenever it comes; undefined when the session refuses. */
  #send(method: string, params: object): Promise<object | undefined> {
    return new Promise((resolve) => this.#post(method, params, resolve));
  }

  #post(method: string, params: object, done: (result: object | undefined) => void): void {
    try {
      this.#session.post(method, params, (error, result) => done(error ? undefined : result));
    } catch {
      // The session is disconnected: the kernel is closing.
      done(undefined);
    }
  }
}
