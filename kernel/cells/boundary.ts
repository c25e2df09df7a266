/**
 * The wall around user code. `Runtime.terminateExecution`, sent by the I/O thread, unwinds JavaScript to the innermost
 * `Runtime.evaluate`; calling user code from one of our own makes that the place where an interrupt stops, instead of the
 * event loop of the process.
 */
import { Session } from "node:inspector";

export type Outcome<Value> = { value: Value } | { error: unknown } | "terminated";

const enterKey = Symbol.for("gradbook.enter");

export class Boundary {
  readonly #session = new Session();

  constructor() {
    this.#session.connect();
  }

  /** Calls `fn` and says how it ended; never throws. */
  run<Value>(fn: () => Value): Outcome<Value> {
    let outcome: Outcome<Value> = "terminated";
    const enter = () => {
      try {
        outcome = { value: fn() };
      } catch (error) {
        outcome = { error };
      }
    };
    const holder = globalThis as { [enterKey]?: (() => void) | undefined };
    const outer = holder[enterKey];
    holder[enterKey] = enter;
    try {
      this.#session.post("Runtime.evaluate", { expression: 'globalThis[Symbol.for("gradbook.enter")]()' });
    } finally {
      holder[enterKey] = outer;
    }
    return outcome;
  }

  close(): void {
    this.#session.disconnect();
  }
}
