/** How the main thread reaches the I/O thread: every message has its place among what is printed. */
import type { Worker } from "node:worker_threads";
import { RecordKind, RingWriter } from "../wire/ring.ts";
import type { Content, FromMain } from "../wire/thread-messages.ts";
import { currentContext } from "./context.ts";

/** Omit over each member of a union. */
type WithoutNumber<Message> = Message extends unknown ? Omit<Message, "number"> : never;

export class Post {
  readonly #worker: Worker;
  /** Where text goes. */
  readonly ring: RingWriter;
  #number = 0;

  constructor(worker: Worker, memory: SharedArrayBuffer) {
    this.#worker = worker;
    this.ring = new RingWriter(memory, () => worker.postMessage({ type: "wake", number: this.#number }));
  }

  send(message: WithoutNumber<FromMain>): void {
    const number = this.#number + 1;
    this.ring.mark(RecordKind.messageMark, number);
    this.#number = number;
    this.#worker.postMessage({ ...message, number });
  }

  /** Publishes on iopub with the cell that speaks (or `context`) as parent. Content must be JSON. */
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
      content: cloneable(content),
      ...(more.metadata ? { metadata: cloneable(more.metadata) } : {}),
      ...(more.buffers ? { buffers: more.buffers } : {}),
    });
  }
}

/**
 * What crosses to the I/O thread must be plain data. JSON also calls toJSON and drops functions, as the wire would.
 * @throws TypeError for what JSON cannot hold (cycles, bigint)
 */
function cloneable(content: Content): Content {
  for (const value of Object.values(content)) {
    if (typeof value === "object" && value !== null) return JSON.parse(JSON.stringify(content)) as Content;
  }
  return content;
}
