/** The kernel's `Host`: the library's displays, comms and interrupts become protocol messages. */
import { randomUUID } from "node:crypto";
import type { Host, HostComm, MimeBundle, Shown } from "../../lib/host.ts";
import type { OutputChannel } from "../display/channel.ts";
import { State } from "../wire/thread-messages.ts";
import type { Comms } from "./comms.ts";
import { type CellContext, currentContext } from "./context.ts";

// Taken before any cell can change it.
const { store } = Atomics;

export class KernelHost implements Host {
  readonly #channel: OutputChannel;
  readonly #comms: Comms;
  readonly #state: Int32Array;
  readonly #listeners = new Set<{ listener: () => void; context: CellContext }>();
  readonly #cutOffListeners = new Set<() => void>();

  /** @param state shared words in which the I/O thread sees that somebody wants to hear of an interrupt */
  constructor(channel: OutputChannel, comms: Comms, state: Int32Array) {
    this.#channel = channel;
    this.#comms = comms;
    this.#state = state;
  }

  show(bundle: MimeBundle): Shown {
    const displayId = randomUUID();
    let cleared = false;
    this.#channel.display({ data: bundle, metadata: {}, displayId });
    return {
      update: (next) => {
        if (!cleared) this.#channel.update({ data: next, metadata: {}, displayId });
      },
      clear: () => {
        if (cleared) return;
        cleared = true;
        this.#channel.update({ data: { "text/plain": "" }, metadata: {}, displayId });
      },
    };
  }

  openComm(target: string, data?: unknown): HostComm {
    return this.#comms.open(target, data);
  }

  onInterrupt(listener: () => void): () => void {
    const entry = { listener, context: currentContext() };
    this.#listeners.add(entry);
    this.#count();
    return () => {
      this.#listeners.delete(entry);
      this.#count();
    };
  }

  onCutOff(listener: () => void): () => void {
    this.#cutOffListeners.add(listener);
    return () => void this.#cutOffListeners.delete(listener);
  }

  /** A cell has been stopped. What a listener throws must not keep its reply. */
  cutOff(): void {
    for (const listener of this.#cutOffListeners) {
      try {
        listener();
      } catch (error) {
        this.#channel.write("stderr", `${String(error)}\n`);
      }
    }
  }

  log(line: string): void {
    this.#channel.write("stdout", `${line}\n`);
  }

  now(): number {
    return performance.now();
  }

  /** Tells the listeners of a cell; false when it has none, so that the cell has to be stopped. Each is told once. */
  interrupt(context: CellContext): boolean {
    const own = [...this.#listeners].filter((entry) => entry.context === context);
    for (const entry of own) {
      this.#listeners.delete(entry);
      entry.listener();
    }
    this.#count();
    return own.length > 0;
  }

  /** What a cell that has ended left behind. */
  forget(context: number): void {
    for (const entry of this.#listeners) if (entry.context.id === context) this.#listeners.delete(entry);
    this.#count();
  }

  #count(): void {
    store(this.#state, State.interruptListeners, this.#listeners.size);
  }
}
