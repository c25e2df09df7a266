/**
 * Reads what native code and children write to file descriptors 1 and 2, through the named pipes behind them. `readTo` reads
 * up to a mark at once; the mark is in the pipe before the ring says so, so that never waits.
 */
import { constants, openSync, readSync } from "node:fs";
import { Socket } from "node:net";

type Name = "stdout" | "stderr";

interface Pipe {
  descriptor: number;
  /** Bytes that have been read and not been shown. */
  waiting: Buffer;
  /** The last mark that was crossed. */
  reached: number;
}

export class NativeReader {
  readonly #pipes: Record<Name, Pipe>;
  readonly #startsMark: Buffer;
  readonly #onBytes: (name: Name, bytes: Uint8Array) => void;
  readonly #buffer = Buffer.allocUnsafe(1 << 16);
  readonly #sockets: Socket[] = [];

  /** Opens the read ends; they do not block. */
  constructor(paths: Record<Name, string>, markerKey: string, onBytes: (name: Name, bytes: Uint8Array) => void) {
    const open = (path: string): Pipe => ({
      descriptor: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
      waiting: Buffer.alloc(0),
      reached: 0,
    });
    this.#pipes = { stdout: open(paths.stdout), stderr: open(paths.stderr) };
    this.#startsMark = Buffer.from(`\0${markerKey}:`);
    this.#onBytes = onBytes;
  }

  /** Descriptors of the read ends that are open: a closed number may be anybody's by now. */
  get descriptors(): number[] {
    const isOpen = this.#sockets.length > 0 && this.#sockets.every((socket) => !socket.destroyed);
    return isOpen ? [this.#pipes.stdout.descriptor, this.#pipes.stderr.descriptor] : [];
  }

  /** Reads whatever comes, as it comes. `onArrival` is to show what JavaScript printed until then, and to call `showRest`. */
  listen(onArrival: () => void): void {
    for (const name of ["stdout", "stderr"] as const) {
      const socket = new Socket({ fd: this.#pipes[name].descriptor, readable: true, writable: false });
      socket.on("data", (bytes: Buffer) => {
        this.#arrived(name, bytes);
        onArrival();
      });
      socket.on("error", () => socket.destroy());
      this.#sockets.push(socket);
    }
  }

  /** Shows what has come and belongs behind everything that the ring holds. */
  showRest(): void {
    this.#show("stdout");
    this.#show("stderr");
  }

  /** Shows what was written before mark `number` in both pipes. */
  readTo(number: number): void {
    for (const name of ["stdout", "stderr"] as const) {
      const pipe = this.#pipes[name];
      if (pipe.reached >= number) continue;
      this.#show(name, number);
      while (pipe.reached < number) {
        let length: number;
        try {
          length = readSync(pipe.descriptor, this.#buffer);
        } catch {
          break;
        }
        if (length === 0) break;
        this.#arrived(name, this.#buffer.subarray(0, length));
        this.#show(name, number);
      }
    }
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #arrived(name: Name, bytes: Uint8Array): void {
    const pipe = this.#pipes[name];
    pipe.waiting = Buffer.concat([pipe.waiting, bytes]);
  }

  /** Hands on bytes up to mark `until`, or else up to the first mark that the ring has not asked for yet. */
  #show(name: Name, until = 0): void {
    const pipe = this.#pipes[name];
    for (;;) {
      const data = pipe.waiting;
      const at = data.indexOf(0);
      if (at < 0) break;
      const candidate = data.subarray(at, at + this.#startsMark.length);
      if (!candidate.equals(this.#startsMark.subarray(0, candidate.length))) {
        // A zero byte of somebody else's.
        this.#emit(name, at + 1);
        continue;
      }
      this.#emit(name, at);
      const end = pipe.waiting.indexOf(0, 1);
      if (end < 0) return;
      const number = Number(pipe.waiting.subarray(this.#startsMark.length, end).toString());
      if (number > until) return;
      pipe.reached = number;
      pipe.waiting = pipe.waiting.subarray(end + 1);
      if (number === until) return;
    }
    this.#emit(name, pipe.waiting.length);
  }

  #emit(name: Name, length: number): void {
    if (length === 0) return;
    const pipe = this.#pipes[name];
    const bytes = pipe.waiting.subarray(0, length);
    pipe.waiting = pipe.waiting.subarray(length);
    this.#onBytes(name, bytes);
  }
}
