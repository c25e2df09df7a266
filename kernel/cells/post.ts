/** How the main thread reaches the I/O thread: every message has its place among what is printed. */
import type { Worker } from "node:worker_threads";
import { toJson } from "../wire/json.ts";
import { RecordKind, RingWriter } from "../wire/ring.ts";
import type { Content, FromMain } from "../wire/thread-messages.ts";
import { State } from "../wire/thread-messages.ts";
import { currentContext } from "./context.ts";

/** Messages that the I/O thread may be behind. */
const mostAhead = 256;
// Taken before any cell can change them.
const { load, wait } = Atomics;

/** Omit over each member of a union. */
type WithoutNumber<Message> = Message extends unknown ? Omit<Message, "number"> : never;

export class Post {
  readonly #worker: Worker;
  /** Where text goes. */
  readonly ring: RingWriter;
  readonly #state: Int32Array;
  #number = 0;

  /** @param state the shared words, in which the I/O thread says how far it has come */
  constructor(worker: Worker, memory: SharedArrayBuffer, state: Int32Array) {
    this.#worker = worker;
    this.#state = state;
    this.ring = new RingWriter(memory, () => worker.postMessage({ type: "wake", number: this.#number }));
  }

  send(message: WithoutNumber<FromMain>): void {
    // A flood of displays waits for its readers, as a flood of text does.
    for (;;) {
      const acted = load(this.#state, State.messagesActed);
      if (this.#number - acted < mostAhead) break;
      wait(this.#state, State.messagesActed, acted, 1000);
    }
    const number = this.#number + 1;
    this.ring.mark(RecordKind.messageMark, number);
    this.#number = number;
    this.#worker.postMessage({ ...message, number });
  }

  /**
   * Publishes on iopub with the cell that speaks (or `context`) as parent.
   * @throws TypeError for content that JSON cannot hold (cycles, bigint)
   */
  publish(
    messageType: string,
    content: Content,
    more: { metadata?: Content; buffers?: Uint8Array[]; context?: number } = {},
  ): void {
    const context = more.context ?? currentContext().id;
    this.send({
      type: "publish",
      context,
      messageType,
      content: toJson(content),
      ...(more.metadata ? { metadata: toJson(more.metadata) } : {}),
      ...(more.buffers ? { buffers: more.buffers } : {}),
    });
  }
}
