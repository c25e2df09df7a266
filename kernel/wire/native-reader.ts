/**
 * Reads what native code and children write to file descriptors 1 and 2, through the named pipes behind them. `readTo` reads
 * up to a mark at once; the mark is in the pipe before the ring says so, so that never waits.
 */
import { constants, openSync, readSync } from "node:fs";
import { Socket } from "node:net";

type Name = "stdout" | "stderr";

export class NativeReader {
  readonly #pipes: Record<Name, { descriptor: number; rest: Buffer }>;
  readonly #startsMark: Buffer;
  readonly #onBytes: (name: Name, bytes: Uint8Array) => void;
  readonly #buffer = Buffer.allocUnsafe(1 << 16);
  readonly #sockets: Socket[] = [];
  /** The last mark read from each pipe. */
  readonly #reached: Record<Name, number> = { stdout: 0, stderr: 0 };
  /** Bytes that an event brought and that nobody has looked at yet. */
  readonly #arrived: Record<Name, Buffer[]> = { stdout: [], stderr: [] };

  /** Opens the read ends; they do not block. */
  constructor(paths: Record<Name, string>, markerKey: string, onBytes: (name: Name, bytes: Uint8Array) => void) {
    const open = (path: string) => ({ descriptor: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), rest: Buffer.alloc(0) });
    this.#pipes = { stdout: open(paths.stdout), stderr: open(paths.stderr) };
    this.#startsMark = Buffer.from(`\0${markerKey}:`);
    this.#onBytes = onBytes;
  }

  /** Reads whatever comes, as it comes. `before` runs first: what JavaScript printed until then is shown before. */
  listen(before: () => void): void {
    for (const name of ["stdout", "stderr"] as const) {
      const socket = new Socket({ fd: this.#pipes[name].descriptor, readable: true, writable: false });
      socket.on("data", (bytes: Buffer) => {
        // What comes before may hold a mark that waits for these very bytes.
        this.#arrived[name].push(bytes);
        before();
        this.#takeArrived(name);
      });
      socket.on("error", () => socket.destroy());
      this.#sockets.push(socket);
    }
  }

  /** Reads both pipes up to mark `number`. */
  readTo(number: number): void {
    for (const name of ["stdout", "stderr"] as const) {
      this.#takeArrived(name);
      while (this.#reached[name] < number) {
        let length: number;
        try {
          length = readSync(this.#pipes[name].descriptor, this.#buffer);
        } catch {
          break;
        }
        if (length === 0) break;
        this.#take(name, Buffer.from(this.#buffer.subarray(0, length)));
      }
    }
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #takeArrived(name: Name): void {
    for (const bytes of this.#arrived[name].splice(0)) this.#take(name, bytes);
  }

  /** Hands on bytes without the marks among them. */
  #take(name: Name, bytes: Buffer): void {
    const pipe = this.#pipes[name];
    let data = pipe.rest.length > 0 ? Buffer.concat([pipe.rest, bytes]) : bytes;
    pipe.rest = Buffer.alloc(0);
    for (;;) {
      const at = data.indexOf(0);
      if (at < 0) break;
      const candidate = data.subarray(at, at + this.#startsMark.length);
      if (!candidate.equals(this.#startsMark.subarray(0, candidate.length))) {
        // A zero byte of somebody else's.
        this.#emit(name, data.subarray(0, at + 1));
        data = data.subarray(at + 1);
        continue;
      }
      const end = data.indexOf(0, at + 1);
      if (end < 0) {
        this.#emit(name, data.subarray(0, at));
        pipe.rest = Buffer.from(data.subarray(at));
        return;
      }
      this.#emit(name, data.subarray(0, at));
      this.#reached[name] = Number(data.subarray(at + this.#startsMark.length, end).toString());
      data = data.subarray(end + 1);
    }
    this.#emit(name, data);
  }

  #emit(name: Name, bytes: Uint8Array): void {
    if (bytes.length > 0) this.#onBytes(name, bytes);
  }
}
