/**
 * The one interface through which the library reaches whoever runs it: a notebook kernel, a terminal, a test.
 * The library never imports the kernel; a kernel installs its own implementation under `Symbol.for("gradbook.host")`
 * before user code runs, and without one the console implementation serves.
 */
import { createConsoleHost } from "./host-console.ts";

/** MIME type to content, as in Jupyter's display_data. Always give `text/plain`: it is what a terminal shows. */
export type MimeBundle = Record<string, unknown>;

/** Something on the screen that can be changed or taken away. Both calls after `clear` do nothing. */
export interface Shown {
  /** Replaces what is shown, in place. */
  update(bundle: MimeBundle): void;
  /** Takes it off the screen. */
  clear(): void;
}

/** A message on a comm: JSON `data` and binary `buffers` beside it. */
export interface HostCommMessage {
  data: unknown;
  metadata: Record<string, unknown>;
  buffers: Uint8Array[];
}

/** One open comm channel to a front end. `send` after `close` throws. */
export interface HostComm {
  readonly id: string;
  readonly target: string;
  send(
    data: unknown,
    options?: { metadata?: Record<string, unknown>; buffers?: (ArrayBuffer | ArrayBufferView)[] },
  ): void;
  onMessage(listener: (message: HostCommMessage) => void): void;
  onClose(listener: (message: HostCommMessage) => void): void;
  close(data?: unknown): void;
}

export interface Host {
  /** Shows a bundle and returns a handle that updates it in place. */
  show(bundle: MimeBundle): Shown;
  /** Opens a comm to the front end; where there is none, messages go nowhere and the comm never answers. */
  openComm(target: string, data?: unknown): HostComm;
  /**
   * Calls `listener` when the user asks the running work to stop. Returns the function that takes the listener away.
   * An interrupt reaches code that yields to the event loop; a listener runs before the next timer or message.
   */
  onInterrupt(listener: () => void): () => void;
  /**
   * Calls `listener` after running code was stopped in the middle, without its `finally` blocks, and before other code of the
   * user's runs: the time to put right what such a block would have. Where nothing stops code in this way, it is never called.
   * Returns the function that takes the listener away.
   */
  onCutOff(listener: () => void): () => void;
  /** One line for people, without a handle. */
  log(line: string): void;
  /** Milliseconds from an arbitrary start, never going back. */
  now(): number;
}

const hostKey = Symbol.for("gradbook.host");

/** The host in force: the one a kernel installed, or else the console. */
export function currentHost(): Host {
  const holder = globalThis as { [hostKey]?: Host };
  holder[hostKey] ??= createConsoleHost();
  return holder[hostKey];
}

/** Installs `host` for everything in this process and returns a function that puts the former one back. */
export function installHost(host: Host): () => void {
  const holder = globalThis as { [hostKey]?: Host };
  const former = holder[hostKey];
  holder[hostKey] = host;
  return () => {
    if (former) holder[hostKey] = former;
    else delete holder[hostKey];
  };
}
