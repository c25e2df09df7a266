/**
 * `process.stdout`, `process.stderr` and `console` of the main thread write to the ring, with the cell that speaks. The
 * console is one of our own: Node's also hands every call to the inspector, which keeps a thousand of them with their values.
 */
import { Console } from "node:console";
import { Writable } from "node:stream";
import { RecordKind, type RingWriter } from "../wire/ring.ts";
import { currentContext } from "./context.ts";

class RingStream extends Writable {
  readonly fd: number;
  readonly isTTY = false;
  readonly #ring: RingWriter;
  readonly #kind: number;

  constructor(ring: RingWriter, fd: 1 | 2) {
    super({ decodeStrings: false });
    this.fd = fd;
    this.#ring = ring;
    this.#kind = fd === 1 ? RecordKind.stdout : RecordKind.stderr;
  }

  /** Straight to the ring: what is written synchronously must be there before the next line of the cell runs. */
  override write(chunk: unknown, encodingOrDone?: unknown, done?: unknown): boolean {
    const { id } = currentContext();
    if (typeof chunk === "string") {
      const encoding = typeof encodingOrDone === "string" ? (encodingOrDone as BufferEncoding) : "utf8";
      if (/^utf-?8$/i.test(encoding)) this.#ring.text(this.#kind, id, chunk);
      else this.#ring.bytes(this.#kind, id, Buffer.from(chunk, encoding));
    } else if (ArrayBuffer.isView(chunk)) {
      this.#ring.bytes(this.#kind, id, new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    } else {
      const shown = chunk === null ? "null" : typeof chunk;
      throw new TypeError(`process.${this.fd === 1 ? "stdout" : "stderr"}.write takes a string or bytes, not ${shown}`);
    }
    const callback = typeof encodingOrDone === "function" ? encodingOrDone : done;
    if (typeof callback === "function") process.nextTick(callback as () => void);
    return true;
  }

  override _write(chunk: unknown, encoding: BufferEncoding, done: () => void): void {
    this.write(chunk, encoding);
    done();
  }

  /** Ending the stream would silence the notebook; Node refuses it for the real one too. */
  override end(): this {
    return this;
  }
}

export function installStreams(ring: RingWriter): void {
  const stdout = new RingStream(ring, 1);
  const stderr = new RingStream(ring, 2);
  const define = (name: string, value: unknown) =>
    Object.defineProperty(process, name, { value, configurable: true, enumerable: true, writable: true });
  define("stdout", stdout);
  define("stderr", stderr);
  const own = new Console({ stdout, stderr, ignoreErrors: false, colorMode: false });
  const former = globalThis.console;
  for (const key of Object.getOwnPropertyNames(former)) {
    // profile, timeStamp and their kin exist only for the inspector.
    if (!(key in own)) Object.defineProperty(own, key, Object.getOwnPropertyDescriptor(former, key)!);
  }
  Object.defineProperty(globalThis, "console", { value: own, configurable: true, writable: true, enumerable: false });
}
