/**
 * The host for a terminal or a pipe: nothing on the screen can be changed once it is printed, so a display that is
 * updated a thousand times becomes a few lines, of which the last is always the newest.
 */
import type { Host, HostComm, MimeBundle, Shown } from "./host.ts";

export interface ConsoleHostOptions {
  /** Writes text that ends with a newline. Default: `process.stdout`. */
  write?: (text: string) => void;
  /** Shortest time between two printed updates of one display, in milliseconds. */
  updateInterval?: number;
  /** Where SIGINT and exit come from. Default: `process`. */
  signals?: Pick<NodeJS.EventEmitter, "on" | "off">;
  /** Ends the process on a second Ctrl-C. Default: raises SIGINT again with Node's own handling back in force. */
  endProcess?: () => void;
}

/** Two Ctrl-C closer than this (milliseconds) end the process. */
const secondInterrupt = 1000;

/**
 * A host that prints. `show` prints `text/plain` at once; `update` prints at most one line every `updateInterval`,
 * only when the text changed, and the newest text at `clear` and at exit.
 */
export function createConsoleHost(options: ConsoleHostOptions = {}): Host {
  const write = options.write ?? ((text: string) => void process.stdout.write(text));
  const interval = options.updateInterval ?? 3000;
  const signals = options.signals ?? process;
  const now = () => performance.now();
  const printLine = (text: string) => write(text.endsWith("\n") ? text : `${text}\n`);

  /** Displays with text that is not printed yet. */
  const waiting = new Set<SparseLines>();
  const flushAll = () => {
    for (const display of [...waiting]) display.flush();
  };
  const setWaiting = (display: SparseLines, isWaiting: boolean) => {
    const before = waiting.size;
    if (isWaiting) waiting.add(display);
    else waiting.delete(display);
    if (before === 0 && waiting.size > 0) signals.on("exit", flushAll);
    if (before > 0 && waiting.size === 0) signals.off("exit", flushAll);
  };

  const interrupts = createInterrupts(signals, now, () => {
    flushAll();
    if (options.endProcess) options.endProcess();
    else process.kill(process.pid, "SIGINT");
  });

  return {
    show: (bundle) => new SparseLines(plainText(bundle), { printLine, interval, now, setWaiting }),
    openComm: (target) => createSilentComm(target),
    onInterrupt: interrupts.listen,
    onCutOff: () => () => {},
    log: printLine,
    now,
  };
}

interface Printing {
  printLine(text: string): void;
  interval: number;
  now(): number;
  setWaiting(display: SparseLines, isWaiting: boolean): void;
}

/** One display as lines: what was printed last, and what waits to be printed. */
class SparseLines implements Shown {
  readonly #printing: Printing;
  #printed: string;
  #printedAt: number;
  #pending: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #cleared = false;

  constructor(text: string, printing: Printing) {
    this.#printing = printing;
    this.#printed = text;
    this.#printedAt = printing.now();
    printing.printLine(text);
  }

  update(bundle: MimeBundle): void {
    if (this.#cleared) return;
    const text = plainText(bundle);
    this.#pending = text === this.#printed ? undefined : text;
    if (this.#pending === undefined) {
      this.#settle();
      return;
    }
    const wait = this.#printedAt + this.#printing.interval - this.#printing.now();
    // A loop that never yields gets no timer, so the clock is looked at here as well.
    if (wait <= 0) {
      this.flush();
      return;
    }
    this.#printing.setWaiting(this, true);
    this.#timer ??= setTimeout(() => this.flush(), wait).unref();
  }

  clear(): void {
    this.flush();
    this.#cleared = true;
  }

  /** Prints what waits, if anything does. */
  flush(): void {
    const text = this.#pending;
    this.#settle();
    if (text === undefined) return;
    this.#printed = text;
    this.#printedAt = this.#printing.now();
    this.#printing.printLine(text);
  }

  #settle(): void {
    this.#pending = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#printing.setWaiting(this, false);
  }
}

/** Listeners for Ctrl-C. Node's own handling (the process ends) is in force whenever there are none. */
function createInterrupts(signals: Pick<NodeJS.EventEmitter, "on" | "off">, now: () => number, end: () => void) {
  const listeners = new Set<{ call: () => void }>();
  let last = Number.NEGATIVE_INFINITY;

  const handle = () => {
    const time = now();
    if (time - last < secondInterrupt) {
      signals.off("SIGINT", handle);
      end();
      return;
    }
    last = time;
    const errors: unknown[] = [];
    for (const listener of [...listeners]) {
      try {
        listener.call();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  };

  const listen = (call: () => void) => {
    const listener = { call };
    if (listeners.size === 0) signals.on("SIGINT", handle);
    listeners.add(listener);
    return () => {
      if (listeners.delete(listener) && listeners.size === 0) signals.off("SIGINT", handle);
    };
  };
  return { listen };
}

/** A comm with nobody at the other end: it keeps the rules of a real one and never answers. */
function createSilentComm(target: string): HostComm {
  let closed = false;
  return {
    id: crypto.randomUUID(),
    target,
    send() {
      if (closed) throw new Error(`The comm "${target}" is closed: nothing can be sent on it. Open a new one.`);
    },
    onMessage() {},
    onClose() {},
    close() {
      closed = true;
    },
  };
}

function plainText(bundle: MimeBundle): string {
  const text = bundle["text/plain"];
  if (typeof text === "string") return text;
  if (Array.isArray(text)) return text.join("");
  return `[${Object.keys(bundle).join(", ") || "nothing to show"}]`;
}
