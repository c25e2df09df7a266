/**
 * Where display code sends what it has to say. The kernel's implementation puts it on the wire with the parent of the
 * cell that is speaking; the console's prints the text part. Nothing in `display/` knows of sockets or threads.
 */
import type { MimeBundle } from "../../lib/host.ts";

export interface DisplayContent {
  data: MimeBundle;
  metadata: Record<string, unknown>;
  /** Names the display so that `update` reaches it. */
  displayId?: string;
}

export interface OutputChannel {
  /** False where nothing can be changed once it is shown (a terminal, a pipe): progress then prints sparse lines. */
  readonly updatable: boolean;
  /** Sends `display_data`. */
  display(content: DisplayContent): void;
  /** Sends `update_display_data` for a display that was sent with the same `displayId`. */
  update(content: DisplayContent & { displayId: string }): void;
  /** Sends `clear_output` for the cell that is speaking. */
  clear(wait: boolean): void;
  /** Writes to the cell's stream, in order with everything else the cell prints. */
  write(name: "stdout" | "stderr", text: string): void;
}
