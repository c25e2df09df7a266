/**
 * iopub: messages with their parent, and streams. Text of one cell and stream is gathered for some milliseconds, or until
 * something else has to come after it, so that a flood becomes few messages and loses nothing.
 */
import { TextDecoder } from "node:util";
import type { Codec, Header } from "./message.ts";
import type { Sockets } from "./sockets.ts";
import type { Content } from "./thread-messages.ts";

const gatherMilliseconds = 10;
const mostBytes = 1 << 17;

interface Gathered {
  context: number;
  name: "stdout" | "stderr";
  parts: string[];
  size: number;
}

export class Publisher {
  readonly #sockets: Sockets;
  readonly #codec: Codec;
  readonly #parentOf: (context: number) => Header | undefined;
  readonly #decoders = new Map<string, TextDecoder>();
  #gathered: Gathered | undefined;
  #timer: NodeJS.Timeout | undefined;
  #flushedAt = 0;

  constructor(sockets: Sockets, codec: Codec, parentOf: (context: number) => Header | undefined) {
    this.#sockets = sockets;
    this.#codec = codec;
    this.#parentOf = parentOf;
  }

  /** Publishes with `parent` after everything that came before. */
  publish(
    type: string,
    content: Content | string,
    parent: Header | undefined,
    metadata?: Content | string,
    buffers?: Uint8Array[],
  ): void {
    this.flush();
    this.#sockets.publish(this.#codec.encode([type], type, content, parent, metadata, buffers));
  }

  publishFor(
    context: number,
    type: string,
    content: Content | string,
    metadata?: Content | string,
    buffers?: Uint8Array[],
  ): void {
    this.publish(type, content, this.#parentOf(context), metadata, buffers);
  }

  status(state: "starting" | "busy" | "idle", parent: Header | undefined): void {
    this.publish("status", { execution_state: state }, parent);
  }

  /** Stream bytes of a context: UTF-8, which may be cut anywhere. */
  stream(context: number, name: "stdout" | "stderr", bytes: Uint8Array): void {
    const key = `${context} ${name}`;
    let decoder = this.#decoders.get(key);
    if (!decoder) {
      decoder = new TextDecoder();
      this.#decoders.set(key, decoder);
    }
    const text = decoder.decode(bytes, { stream: true });
    if (text === "") return;
    const gathered = this.#gathered;
    if (gathered && gathered.context === context && gathered.name === name && gathered.size < mostBytes) {
      gathered.parts.push(text);
      gathered.size += text.length;
      return;
    }
    this.flush();
    this.#gathered = { context, name, parts: [text], size: text.length };
    // The first text after a pause goes out at once.
    const since = performance.now() - this.#flushedAt;
    this.#timer = setTimeout(() => this.flush(), since > gatherMilliseconds ? 0 : gatherMilliseconds);
  }

  /** A cell has ended: half a character that it wrote will never be whole. */
  endStreams(context: number): void {
    for (const name of ["stdout", "stderr"] as const) {
      const decoder = this.#decoders.get(`${context} ${name}`);
      if (!decoder) continue;
      this.#decoders.delete(`${context} ${name}`);
      const rest = decoder.decode();
      if (rest !== "") this.publishFor(context, "stream", { name, text: rest });
    }
  }

  flush(): void {
    const gathered = this.#gathered;
    if (!gathered) return;
    this.#gathered = undefined;
    clearTimeout(this.#timer);
    this.#flushedAt = performance.now();
    const content = { name: gathered.name, text: gathered.parts.join("") };
    this.#sockets.publish(this.#codec.encode(["stream"], "stream", content, this.#parentOf(gathered.context)));
  }
}
