/**
 * What cells print crosses the threads in a ring of shared memory, because a message for every line would cost ten times as
 * much, and because a full ring makes a flood wait for its reader instead of filling memory. One writer (the main thread),
 * one reader (the I/O thread). A record is published by moving `written` after its bytes are in place, so a writer that is
 * terminated half-way leaves no half record.
 *
 * Record: u32 payload length | u32 kind | i32 context | payload, padded to 4 bytes.
 */
// Taken before any cell can change them.
const { load, store, exchange, wait, notify } = Atomics;

const headerBytes = 12;
const control = { written: 0, read: 1, signalled: 2 } as const;
const controlBytes = 16;

/**
 * Kinds of record: the two streams; "read native output up to this number first"; and the place of the message with this
 * number, which goes another way and must be acted on between what is printed before it and after it.
 */
export const RecordKind = { stdout: 1, stderr: 2, nativeMark: 3, messageMark: 4 } as const;

const ringBytes = 1 << 19;

export function createRing(): SharedArrayBuffer {
  return new SharedArrayBuffer(controlBytes + ringBytes);
}

/** Positions count bytes since the start and wrap as 32-bit integers do; differences of positions are always right. */
export class RingWriter {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #encoder = new TextEncoder();
  readonly #wake: () => void;
  #written = 0;

  /** @param wake called when the reader has to be told that there is something to read */
  constructor(memory: SharedArrayBuffer, wake: () => void) {
    this.#words = new Int32Array(memory, 0, controlBytes / 4);
    this.#bytes = new Uint8Array(memory, controlBytes);
    this.#view = new DataView(memory, controlBytes);
    this.#wake = wake;
  }

  /** Writes text; unpaired surrogates become U+FFFD. Waits while the ring is full. */
  text(kind: number, context: number, text: string): void {
    let rest = text;
    // A UTF-16 unit takes at most three bytes, so a slice of this many always fits into half the ring.
    const most = ringBytes >> 3;
    while (rest.length > most) {
      let cut = most;
      const unit = rest.charCodeAt(cut - 1);
      if (unit >= 0xd800 && unit <= 0xdbff) cut--;
      this.#textRecord(kind, context, rest.slice(0, cut));
      rest = rest.slice(cut);
    }
    if (rest.length > 0) this.#textRecord(kind, context, rest);
  }

  /** Writes bytes as they are. Waits while the ring is full. */
  bytes(kind: number, context: number, bytes: Uint8Array): void {
    const most = ringBytes >> 2;
    for (let at = 0; at < bytes.length; at += most) {
      const part = bytes.subarray(at, at + most);
      const start = this.#reserve(headerBytes + part.length + 3);
      this.#copyIn(start + headerBytes, part);
      this.#publish(start, kind, context, part.length);
    }
  }

  /** A record without text: a native mark or a message mark. */
  mark(kind: number, number: number): void {
    const start = this.#reserve(headerBytes);
    this.#publish(start, kind, number, 0);
  }

  #textRecord(kind: number, context: number, text: string): void {
    const start = this.#reserve(headerBytes + text.length * 3 + 3);
    const from = ((start + headerBytes) >>> 0) % ringBytes;
    if (from + text.length * 3 <= ringBytes) {
      const { written } = this.#encoder.encodeInto(text, this.#bytes.subarray(from, from + text.length * 3));
      this.#publish(start, kind, context, written);
    } else {
      const encoded = this.#encoder.encode(text);
      this.#copyIn(start + headerBytes, encoded);
      this.#publish(start, kind, context, encoded.length);
    }
  }

  /** Waits for room and returns where the record starts. */
  #reserve(size: number): number {
    for (;;) {
      const read = load(this.#words, control.read);
      if (((this.#written - read) | 0) + size <= ringBytes) return this.#written;
      this.#signal();
      wait(this.#words, control.read, read, 1000);
    }
  }

  #copyIn(start: number, bytes: Uint8Array): void {
    const from = (start >>> 0) % ringBytes;
    const first = Math.min(bytes.length, ringBytes - from);
    this.#bytes.set(first === bytes.length ? bytes : bytes.subarray(0, first), from);
    if (first < bytes.length) this.#bytes.set(bytes.subarray(first), 0);
  }

  #publish(start: number, kind: number, context: number, length: number): void {
    // Records are padded to four bytes and the ring's size is a multiple of four, so a word never wraps.
    const at = (offset: number) => ((start + offset) >>> 0) % ringBytes;
    this.#view.setUint32(at(0), length);
    this.#view.setUint32(at(4), kind);
    this.#view.setInt32(at(8), context);
    const next = (start + headerBytes + ((length + 3) & ~3)) | 0;
    // Both lines or neither matter to the next record; the shared word is the one that publishes.
    this.#written = next;
    store(this.#words, control.written, next);
    this.#signal();
  }

  #signal(): void {
    if (exchange(this.#words, control.signalled, 1) === 0) this.#wake();
  }
}

export interface RingRecord {
  kind: number;
  context: number;
  payload: Uint8Array;
}

export class RingReader {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #read = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory, 0, controlBytes / 4);
    this.#bytes = new Uint8Array(memory, controlBytes);
    this.#view = new DataView(memory, controlBytes);
  }

  /** The number of the message mark that comes next, or undefined when something else or nothing does. */
  nextMessageMark(): number | undefined {
    if (load(this.#words, control.written) === this.#read) return undefined;
    const at = (offset: number) => ((this.#read + offset) >>> 0) % ringBytes;
    return this.#view.getUint32(at(4)) === RecordKind.messageMark ? this.#view.getInt32(at(8)) : undefined;
  }

  /** The next record, or undefined when there is none. The payload is a copy. */
  next(): RingRecord | undefined {
    if (load(this.#words, control.written) === this.#read) return undefined;
    const at = (offset: number) => ((this.#read + offset) >>> 0) % ringBytes;
    const length = this.#view.getUint32(at(0));
    const kind = this.#view.getUint32(at(4));
    const context = this.#view.getInt32(at(8));
    const payload = new Uint8Array(length);
    const from = at(headerBytes);
    const first = Math.min(length, ringBytes - from);
    payload.set(this.#bytes.subarray(from, from + first));
    if (first < length) payload.set(this.#bytes.subarray(0, length - first), first);
    this.#read = (this.#read + headerBytes + ((length + 3) & ~3)) | 0;
    store(this.#words, control.read, this.#read);
    notify(this.#words, control.read);
    return { kind, context, payload };
  }

  /** Asks to be woken for the next record; false when one has come meanwhile, so that the reader goes on. */
  rest(): boolean {
    store(this.#words, control.signalled, 0);
    return load(this.#words, control.written) === this.#read;
  }
}
