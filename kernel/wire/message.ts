/** Messages on the wire: frames, JSON and signatures (messaging spec 5.5, "Wire protocol"). */
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import type { KernelMessage } from "@jupyterlab/services";
import type { Connection } from "./connection.ts";
import { toJson } from "./json.ts";
import type { Content } from "./thread-messages.ts";

export const protocolVersion = "5.5";
const delimiter = "<IDS|MSG>";
const delimiterBytes = Buffer.from(delimiter);

/** A header as it is read: a client may send types that nobody knows. */
export type Header = Omit<KernelMessage.IHeader, "msg_type" | "session"> & { msg_type: string; session?: unknown };

export interface Message {
  identities: Buffer[];
  header: Header;
  parentHeader: Content;
  metadata: Content;
  content: Content;
  buffers: Buffer[];
}

export class Codec {
  readonly session = randomUUID();
  readonly #key: string;
  readonly #algorithm: string;
  #count = 0;

  constructor(connection: Pick<Connection, "key" | "signatureScheme">) {
    this.#key = connection.key;
    this.#algorithm = connection.signatureScheme;
  }

  newId(): string {
    return `${this.session}_${this.#count++}`;
  }

  /** Frames of a message from the kernel; content and metadata may be JSON already. */
  encode(
    identities: (Buffer | string)[],
    type: string,
    content: Content | string,
    parent: Header | undefined,
    metadata: Content | string = {},
    buffers: Uint8Array[] = [],
    id = this.newId(),
  ): (Buffer | string | Uint8Array)[] {
    const header = {
      msg_id: id,
      msg_type: type,
      session: this.session,
      username: "kernel",
      date: new Date().toISOString(),
      version: protocolVersion,
    };
    const parts = [header, parent ?? {}, metadata, content].map((part) =>
      Buffer.from(typeof part === "string" ? part : toJson(part)),
    );
    return [...identities, delimiter, this.#sign(parts), ...parts, ...buffers];
  }

  /** The message in frames from a client, or what is wrong with them. */
  decode(frames: Buffer[]): Message | string {
    const at = frames.findIndex((frame) => frame.equals(delimiterBytes));
    if (at < 0) return "no <IDS|MSG> delimiter";
    if (frames.length < at + 6) return `${frames.length - at - 1} frames after the delimiter instead of at least 5`;
    const parts = frames.slice(at + 2, at + 6);
    if (!this.#verify(frames[at + 1]!, parts)) return "wrong signature";
    const objects: Content[] = [];
    for (const [index, part] of parts.entries()) {
      const name = ["header", "parent header", "metadata", "content"][index];
      try {
        const value: unknown = JSON.parse(part.toString());
        if (typeof value !== "object" || value === null || Array.isArray(value)) return `${name} is not an object`;
        objects.push(value as Content);
      } catch {
        return `${name} is not JSON`;
      }
    }
    const [header, parentHeader, metadata, content] = objects as [Content, Content, Content, Content];
    if (typeof header["msg_type"] !== "string" || typeof header["msg_id"] !== "string")
      return "header without msg_type and msg_id";
    return {
      identities: frames.slice(0, at),
      header: header as Header,
      parentHeader,
      metadata,
      content,
      buffers: frames.slice(at + 6),
    };
  }

  #sign(parts: Buffer[]): string {
    if (this.#key === "") return "";
    const hmac = createHmac(this.#algorithm, this.#key);
    for (const part of parts) hmac.update(part);
    return hmac.digest("hex");
  }

  #verify(signature: Buffer, parts: Buffer[]): boolean {
    if (this.#key === "") return true;
    const expected = Buffer.from(this.#sign(parts));
    return signature.length === expected.length && timingSafeEqual(signature, expected);
  }
}
