/**
 * What the two threads say to each other. Text that cells print does not go this way but through the ring (ring.ts);
 * every message from the main thread therefore has a number, which also stands in the ring, and the I/O thread acts on
 * the message when it has shown the text before that place and none after it. `context` names the request that caused
 * something: an execution or a comm message.
 */

import type { CellPositions } from "./cell-positions.ts";
import type { Connection } from "./connection.ts";

/** JSON content of a protocol message. */
export type Content = Record<string, unknown>;

export interface ExecuteOrder {
  type: "execute";
  context: number;
  /** JavaScript of a script whose completion value (or, when `isAsync`, resolved one-element array) is the result. */
  js: string;
  isAsync: boolean;
  hasResult: boolean;
  positions: CellPositions;
  /** Shown in tracebacks: `Cell [3]`. */
  label: string;
  /** Preloaded names that the cell mentions and that may need asynchronous start-up. */
  mentions: string[];
  silent: boolean;
  allowStdin: boolean;
  executionCount: number;
  /** Compiled user_expressions by name, or why one could not be compiled. */
  userExpressions: Record<string, { js: string; isAsync: boolean } | { error: CellFailure }>;
}

export interface CommOrder {
  type: "comm";
  context: number;
  messageType: "comm_open" | "comm_msg" | "comm_close";
  /** JSON: what is nested deeply cannot be cloned from thread to thread. */
  content: string;
  metadata: string;
  buffers: Uint8Array[];
}

export type ToMain =
  | ExecuteOrder
  | CommOrder
  | { type: "interrupt"; number: number }
  | { type: "check"; context: number; comm: number }
  | { type: "input_reply"; request: number; value: string }
  | { type: "exit"; code: number };

/** An error as `error` messages and error replies carry it. */
export interface CellFailure {
  ename: string;
  evalue: string;
  traceback: string[];
}

export type ExecuteOutcome =
  | { status: "ok"; payload: Content[]; userExpressions: Content; output?: string }
  | ({ status: "error" } & CellFailure);

export type FromMain = { number: number } & (
  | { type: "wake" }
  | {
      type: "publish";
      context: number;
      messageType: string;
      /** JSON, as it goes on the wire. */
      content: string;
      metadata?: string;
      buffers?: Uint8Array[];
    }
  | { type: "done"; context: number; outcome: ExecuteOutcome }
  | { type: "comm_done"; context: number }
  | { type: "input_request"; context: number; request: number; prompt: string; password: boolean }
  | { type: "comms"; open: [id: string, target: string][] }
  | { type: "child"; pid: number; context: number; running: boolean }
);

/** What the main thread hands the I/O thread when it starts it. */
export interface WorkerStart {
  connection: Connection;
  ring: SharedArrayBuffer;
  state: SharedArrayBuffer;
  /** Named pipes for file descriptors 1 and 2; absent where native output is not captured. */
  native: { folder: string; stdout: string; stderr: string; markerKey: string } | undefined;
  /** Value of the environment variable by which children are known. */
  kernelId: string;
  packageRoot: string;
}

/** What the main thread tells the I/O thread when it lets it go on. */
export interface WorkerGo {
  preloadNames: string[];
  /** Descriptor on which log lines are written. */
  logDescriptor: number | undefined;
}

/** Slots of the shared state words. */
export const State = {
  /** Listeners that want to hear of an interrupt before the cell is stopped. */
  interruptListeners: 0,
  /** 1 when the I/O thread has loaded and waits for `go`. */
  workerAtBarrier: 1,
  /** 1 when the main thread has swapped its file descriptors. */
  go: 2,
  /** 1 when the named pipes exist, 2 when there will be none. */
  pipes: 3,
  /** Interrupts asked for, and the last one that the main thread has acted on. */
  interruptsSent: 4,
  interruptsSeen: 5,
  /** Number of the last message from the main thread that the I/O thread has acted on. */
  messagesActed: 6,
  words: 8,
} as const;
