/**
 * The wall around user code. `Runtime.terminateExecution`, sent by the I/O thread, unwinds JavaScript to the innermost
 * `Runtime.evaluate`; calling user code from one of our own makes that the place where an interrupt stops, instead of the
 * event loop of the process.
 */
import { Session } from "node:inspector";

export type Outcome<Value> = { value: Value } | { error: unknown } | "terminated";

export class Boundary {
  readonly #session = new Session();
  #enter: (() => void) | undefined;

  constructor() {
    this.#session.connect();
  }

  /** What the evaluated expression `__gradbook__.enter()` calls. */
  readonly enter = (): void => this.#enter?.();

  /** Calls `fn` and says how it ended; never throws. */
  run<Value>(fn: () => Value): Outcome<Value> {
    let outcome: Outcome<Value> = "terminated";
    const outer = this.#enter;
    this.#enter = () => {
      try {
        outcome = { value: fn() };
      } catch (error) {
        outcome = { error };
      }
    };
    try {
      this.#session.post("Runtime.evaluate", { expression: "__gradbook__.enter()" });
    } finally {
      this.#enter = outer;
    }
    return outcome;
  }

  close(): void {
    this.#session.disconnect();
  }
}
