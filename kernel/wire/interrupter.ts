/**
 * Brings an interrupt to the main thread. A message is enough where it waits; where it computes, V8 is told to terminate what
 * runs, again and again until the main thread has seen it, because a native call in between notices nothing.
 */
import { Session } from "node:inspector";
import { Worker } from "node:worker_threads";
import { State } from "./thread-messages.ts";

const patience = 8;
const again = 60;
const checkAgain = 150;
/** Somebody on the main thread wants to end by himself and gets this long to hear of it. */
const grace = 3000;

export class Interrupter {
  readonly #state: Int32Array;
  readonly #send: (number: number) => void;
  readonly #interruptChildren: () => void;
  readonly #check: () => void;
  #session: Session | undefined;
  #timer: NodeJS.Timeout | undefined;
  #signals: Worker | undefined;

  /** @param check asks the main thread whether it still knows of what it runs, which a termination may have cut short */
  constructor(state: Int32Array, send: (number: number) => void, interruptChildren: () => void, check: () => void) {
    this.#state = state;
    this.#send = send;
    this.#interruptChildren = interruptChildren;
    this.#check = check;
  }

  interrupt(): void {
    const number = Atomics.add(this.#state, State.interruptsSent, 1) + 1;
    this.#send(number);
    const wait = Atomics.load(this.#state, State.interruptListeners) > 0 ? grace : patience;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#insist(number), wait);
    this.#interruptChildren();
  }

  /** The inspector session on the main thread; also completion asks through it. */
  session(): Session {
    if (!this.#session) {
      this.#session = new Session();
      this.#session.connectToMainThread();
    }
    return this.#session;
  }

  #insist(number: number): void {
    if (Atomics.load(this.#state, State.interruptsSeen) >= number) return;
    this.session().post("Runtime.terminateExecution");
    this.#check();
    setTimeout(this.#check, checkAgain);
    this.#timer = setTimeout(() => this.#insist(number), again);
  }

  /**
   * Listens for SIGINT. A handler in JavaScript runs only once the main thread is free, and worker threads get none; but a
   * script run with `breakOnSigint` is interrupted in any thread, so a thread that does nothing else waits in one. The outer
   * script stays registered while the inner one starts again, so that no signal falls in between.
   */
  listenForSignals(): void {
    if (this.#signals) return;
    this.#signals = new Worker(sigintThread, {
      eval: true,
      name: "gradbook-sigint",
      resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 },
    });
    this.#signals.on("message", () => this.interrupt());
    this.#signals.on("error", () => undefined);
    this.#signals.unref();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#session?.disconnect();
  }
}

const sigintThread = `{
const { parentPort } = require("node:worker_threads");
const vm = require("node:vm");
const word = new Int32Array(new SharedArrayBuffer(4));
const options = { breakOnSigint: true };
const inner = new vm.Script("gradbookWait()");
const outer = new vm.Script("for (;;) gradbookListen()");
// Anything but the signal ends the thread with an error instead of a busy loop.
const untilSignal = (script) => {
  try {
    script.runInThisContext(options);
  } catch (error) {
    if (error.code !== "ERR_SCRIPT_EXECUTION_INTERRUPTED") throw error;
    parentPort.postMessage(0);
  }
};
globalThis.gradbookWait = () => Atomics.wait(word, 0, 0);
globalThis.gradbookListen = () => untilSignal(inner);
for (;;) untilSignal(outer);
}`;
