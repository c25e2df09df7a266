/** The names that a notebook has without an import, as types: `display`, `clearOutput`, `prompt`, `kernel`, `$`. */
import type { HostComm, HostCommMessage } from "../lib/host.ts";
import type { TimingApi } from "./commands/timing.ts";
import type { Display, DisplaySystem, Shell } from "./display/index.ts";

export type Comm = HostComm;
export type CommMessage = HostCommMessage;
/** Called when the front end opens a comm. */
export type CommOpener = (comm: Comm, opening: CommMessage) => void;
export type CommBuffers = (ArrayBuffer | ArrayBufferView)[];

export interface KernelApi extends TimingApi {
  /** Comms: channels between code here and code in the front end (messaging spec, "Custom messages"). */
  comm: {
    /** Says what happens when the front end opens a comm to `target`. Registering again replaces the former opener. */
    register(target: string, opener: CommOpener): void;
    unregister(target: string): void;
    /** Opens a comm to a target that the front end knows. */
    open(target: string, data?: unknown, options?: { metadata?: Record<string, unknown>; buffers?: CommBuffers }): Comm;
  };
  /** Shows a text in the front end's pager; in a terminal prints it. */
  page(text: unknown, start?: number): void;
  /**
   * Calls `listener` when the user interrupts; the cell then ends by itself, or by a second interrupt. Returns the function
   * that takes the listener away; it goes away by itself when its cell ends.
   */
  onInterrupt(listener: () => void): () => void;
}

export interface NotebookApi {
  display: Display;
  clearOutput: DisplaySystem["clearOutput"];
  /** Asks whoever runs the code. @throws Error where nobody can be asked */
  prompt(text?: string, options?: { password?: boolean }): Promise<string>;
  kernel: KernelApi;
  $: Shell;
}
