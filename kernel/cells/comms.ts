/**
 * Comms (messaging spec, "Custom messages"): channels between code here and code in the front end, opened from either side.
 */
import { randomUUID } from "node:crypto";
import type { Comm, CommBuffers, CommMessage, CommOpener } from "../notebook-api.ts";
import type { CommOrder, Content } from "../wire/thread-messages.ts";
import type { Post } from "./post.ts";

type Listener = (message: CommMessage) => void;

class OpenComm implements Comm {
  readonly id: string;
  readonly target: string;
  readonly messageListeners: Listener[] = [];
  readonly closeListeners: Listener[] = [];
  closed = false;
  readonly #comms: Comms;

  constructor(comms: Comms, id: string, target: string) {
    this.#comms = comms;
    this.id = id;
    this.target = target;
  }

  send(data: unknown, options: { metadata?: Record<string, unknown>; buffers?: CommBuffers } = {}): void {
    if (this.closed)
      throw new Error(
        `The comm ${this.id} ("${this.target}") is closed; nothing can be sent on it. Open a new one with kernel.comm.open("${this.target}").`,
      );
    this.#comms.publish("comm_msg", { comm_id: this.id, data: data ?? {} }, options);
  }

  onMessage(listener: Listener): void {
    this.messageListeners.push(listener);
  }

  onClose(listener: Listener): void {
    this.closeListeners.push(listener);
  }

  close(data: unknown = {}): void {
    if (this.closed) return;
    this.closed = true;
    this.#comms.forget(this.id);
    this.#comms.publish("comm_close", { comm_id: this.id, data }, {});
  }
}

export class Comms {
  readonly #post: Post;
  readonly #open = new Map<string, OpenComm>();
  readonly #targets = new Map<string, CommOpener>();

  constructor(post: Post) {
    this.#post = post;
  }

  /** Says what happens when the front end opens a comm to `target`. Registering again replaces the former opener. */
  register(target: string, opener: CommOpener): void {
    if (typeof target !== "string" || typeof opener !== "function")
      throw new TypeError("kernel.comm.register takes a target name and a function (comm, opening) => void");
    this.#targets.set(target, opener);
  }

  unregister(target: string): void {
    this.#targets.delete(target);
  }

  /** Opens a comm to the front end. */
  open(
    target: string,
    data: unknown = {},
    options: { metadata?: Record<string, unknown>; buffers?: CommBuffers } = {},
  ): Comm {
    if (typeof target !== "string")
      throw new TypeError("kernel.comm.open takes the name of a target that the front end knows");
    const comm = new OpenComm(this, randomUUID(), target);
    this.#open.set(comm.id, comm);
    this.#report();
    this.publish("comm_open", { comm_id: comm.id, target_name: target, data }, options);
    return comm;
  }

  /** A comm message from the front end. Errors of listeners are thrown to the caller, after all of them were called. */
  receive(order: CommOrder): void {
    const content = JSON.parse(order.content) as Content;
    const id = String(content["comm_id"]);
    const message: CommMessage = {
      data: content["data"] ?? {},
      metadata: JSON.parse(order.metadata) as Content,
      buffers: order.buffers,
    };
    if (order.messageType === "comm_open") return this.#opened(id, String(content["target_name"]), message);
    const comm = this.#open.get(id);
    if (!comm) return;
    if (order.messageType === "comm_close") {
      comm.closed = true;
      this.forget(id);
    }
    callAll(order.messageType === "comm_close" ? comm.closeListeners : comm.messageListeners, message);
  }

  publish(
    type: string,
    content: Content,
    options: { metadata?: Record<string, unknown>; buffers?: CommBuffers },
  ): void {
    this.#post.publish(type, content, {
      ...(options.metadata ? { metadata: options.metadata } : {}),
      ...(options.buffers ? { buffers: options.buffers.map(bytesOf) } : {}),
    });
  }

  forget(id: string): void {
    this.#open.delete(id);
    this.#report();
  }

  #opened(id: string, target: string, opening: CommMessage): void {
    const opener = this.#targets.get(target);
    if (!opener) return this.publish("comm_close", { comm_id: id, data: {} }, {});
    const comm = new OpenComm(this, id, target);
    this.#open.set(id, comm);
    this.#report();
    try {
      opener(comm, opening);
    } catch (error) {
      comm.close();
      throw error;
    }
  }

  #report(): void {
    this.#post.send({ type: "comms", open: [...this.#open.values()].map((comm) => [comm.id, comm.target]) });
  }
}

function callAll(listeners: Listener[], message: CommMessage): void {
  let failed: { error: unknown } | undefined;
  for (const listener of [...listeners]) {
    try {
      listener(message);
    } catch (error) {
      failed ??= { error };
    }
  }
  if (failed) throw failed.error;
}

function bytesOf(buffer: ArrayBuffer | ArrayBufferView): Uint8Array {
  // Copied, because the sender may go on writing into its memory.
  return ArrayBuffer.isView(buffer)
    ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength).slice()
    : new Uint8Array(buffer).slice();
}
