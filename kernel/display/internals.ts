/**
 * The two things JavaScript hides that a reader wants to see: what is behind a proxy and how far a promise has come.
 * Only V8's inspector answers without running a trap or touching a rejection ("unhandled" must stay unhandled), so a
 * session on this thread is opened for the question and closed again (about 0.3 ms).
 */
import type { Session } from "node:inspector";

export type ProxyState = { revoked: true } | { revoked: false; target: object } | undefined;
export type PromiseState =
  | { state: "pending" }
  | { state: "fulfilled"; result: unknown }
  | { state: "rejected"; result: unknown }
  | undefined;

/** What a proxy stands for; undefined where there is no inspector to ask. */
export function proxyState(proxy: object): ProxyState {
  const slots = internalSlots(proxy, ["[[IsRevoked]]", "[[Target]]"]);
  if (!slots) return undefined;
  const target = slots.get("[[Target]]");
  if (slots.get("[[IsRevoked]]") === true || target === null) return { revoked: true };
  return typeof target === "object" || typeof target === "function"
    ? { revoked: false, target: target as object }
    : undefined;
}

/** How far a promise has come and what it came to; undefined where there is no inspector to ask. */
export function promiseState(promise: object): PromiseState {
  const slots = internalSlots(promise, ["[[PromiseState]]", "[[PromiseResult]]"]);
  const state = slots?.get("[[PromiseState]]");
  if (state === "pending") return { state };
  if (state === "fulfilled" || state === "rejected") return { state, result: slots?.get("[[PromiseResult]]") };
  return undefined;
}

interface RemoteObject {
  objectId?: string;
  value?: unknown;
  unserializableValue?: string;
  subtype?: string;
}

const crossing = Symbol.for("gradbook.display.crossing");
const crossingExpression = `globalThis[Symbol.for("${crossing.description}")]`;

function internalSlots(value: object, names: string[]): Map<string, unknown> | undefined {
  const inspector = process.getBuiltinModule("node:inspector");
  if (!inspector) return undefined;
  const session = new inspector.Session();
  const shared = globalThis as { [crossing]?: unknown };
  const found = new Map<string, unknown>();
  try {
    session.connect();
    shared[crossing] = value;
    const self = ask<{ result: RemoteObject }>(session, "Runtime.evaluate", {
      expression: crossingExpression,
      silent: true,
    });
    const answer = ask<{ internalProperties?: { name: string; value?: RemoteObject }[] }>(
      session,
      "Runtime.getProperties",
      {
        objectId: self?.result.objectId,
        ownProperties: true,
      },
    );
    for (const slot of answer?.internalProperties ?? []) {
      if (!slot.value || !names.includes(slot.name)) continue;
      // A remote object comes home by being left where both sides can see it.
      const remote = slot.value;
      const home = remote.objectId
        ? {
            objectId: remote.objectId,
            functionDeclaration: `function () { "use strict"; ${crossingExpression} = this }`,
          }
        : remote.unserializableValue
          ? undefined
          : null;
      if (home) {
        ask(session, "Runtime.callFunctionOn", { ...home, silent: true });
        found.set(slot.name, shared[crossing]);
      } else if (home === undefined) found.set(slot.name, fromUnserializable(remote.unserializableValue ?? ""));
      else found.set(slot.name, remote.subtype === "null" ? null : remote.value);
    }
    return found;
  } catch {
    return undefined;
  } finally {
    delete shared[crossing];
    session.disconnect();
  }
}

/** On the same thread a session answers before `post` returns. */
function ask<T>(session: Session, method: string, params: object): T | undefined {
  let answer: T | undefined;
  (
    session.post as (method: string, params: object, callback: (error: Error | null, result?: object) => void) => void
  ).call(session, method, params, (error, result) => {
    if (!error) answer = result as T;
  });
  return answer;
}

/** Numbers that JSON cannot carry, and bigints, as the protocol spells them. */
function fromUnserializable(text: string): unknown {
  if (text.endsWith("n")) return BigInt(text.slice(0, -1));
  return Number(text);
}
