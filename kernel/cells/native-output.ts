/**
 * Output that does not pass through JavaScript: native code's printf and children that inherit our streams. File descriptors
 * 1 and 2 are swapped for named pipes whose other ends the I/O thread reads. Order with what JavaScript prints is kept by
 * marks: the same number is written to both pipes and to the ring after anything that may have written natively, and the I/O
 * thread reads the pipes up to it before it goes on with the ring.
 */
import { spawn, spawnSync } from "node:child_process";
import fs, { openSync, rmSync } from "node:fs";
import { createRequire, syncBuiltinESMExports } from "node:module";
import { RecordKind, type RingWriter } from "../wire/ring.ts";
import type { NativePipes } from "./pipe-names.ts";

// Taken before they are watched: the marks themselves are no native output, and the swap does close.
const writeUnwatched = fs.writeSync;
const closeUnwatched = fs.closeSync;

/** Makes the two pipes; false when the system refuses. */
export function makePipes(pipes: NativePipes): boolean {
  return spawnSync("mkfifo", ["-m", "600", pipes.stdout, pipes.stderr], { stdio: "ignore" }).status === 0;
}

/** Takes the names away; the open pipes stay. */
export function forgetPipes(pipes: NativePipes): void {
  rmSync(pipes.folder, { recursive: true, force: true });
}

/** Where the log went before: file descriptor 2 opened once more, or, where it is a socket, a process that copies to it. */
export function openLog(): number | undefined {
  try {
    return openSync("/dev/fd/2", "a");
  } catch {
    // It ends with its pipe, and not before, because the last line matters most.
    const copier = spawn("/bin/sh", ["-c", "trap '' INT TERM; exec cat"], { stdio: ["pipe", 2, "ignore"] });
    copier.on("error", () => undefined);
    copier.unref();
    const pipe = copier.stdin as (typeof copier)["stdin"] & { _handle?: { fd: number } };
    return pipe._handle?.fd;
  }
}

/**
 * Puts the pipes under descriptors 1 and 2. There is no dup2 in Node; but a file that is opened gets the lowest free number,
 * so nothing else in the process may open one meanwhile: the I/O thread, which has the read ends open, waits at its barrier.
 */
export function swapDescriptors(pipes: NativePipes): void {
  closeUnwatched(1);
  const first = openSync(pipes.stdout, "w");
  closeUnwatched(2);
  const second = openSync(pipes.stderr, "w");
  if (first !== 1 || second !== 2)
    throw new Error(`the pipes got descriptors ${first} and ${second} instead of 1 and 2`);
}

export class NativeMarks {
  readonly #ring: RingWriter;
  readonly #key: string;
  #number = 0;

  constructor(ring: RingWriter, pipes: NativePipes) {
    this.#ring = ring;
    this.#key = pipes.markerKey;
  }

  /** True once native code has been loaded or a child started: only they write without our knowing. */
  needed = false;

  /** What was written natively before this call is shown before what JavaScript prints after it. */
  mark(): void {
    this.#number = (this.#number + 1) & 0x3fffffff;
    const text = `\0${this.#key}:${this.#number}\0`;
    try {
      writeUnwatched(1, text);
      writeUnwatched(2, text);
    } catch {
      // A cell closed the descriptor; there is nothing native to wait for.
      return;
    }
    this.#ring.mark(RecordKind.nativeMark, this.#number);
  }
}

/**
 * Marks after each call that lets something else write to our descriptors synchronously, and reports children.
 * @param onChild told of each asynchronous child when it starts and when it has ended
 */
export function watchNativeWriters(
  marks: NativeMarks | undefined,
  onChild: (pid: number, running: boolean) => void,
): void {
  const require = createRequire(import.meta.url);
  const childProcess = require("node:child_process") as typeof import("node:child_process");
  const after = (owner: object, name: string, concerns: (args: unknown[]) => boolean = () => true) => {
    const holder = owner as Record<string, (...args: unknown[]) => unknown>;
    const original = holder[name]!;
    holder[name] = {
      [name](this: unknown, ...args: unknown[]) {
        try {
          return original.apply(this, args);
        } finally {
          if (concerns(args)) marks?.mark();
        }
      },
    }[name]!;
  };
  for (const name of ["spawnSync", "execSync", "execFileSync"]) after(childProcess, name);
  const ours = ([fd]: unknown[]) => fd === 1 || fd === 2;
  for (const name of ["writeSync", "writevSync"]) after(fs, name, ours);
  after(fs, "writeFileSync", ours);

  // Closing one of them would give its number, and our marks, to the next file that is opened.
  for (const name of ["closeSync", "close"] as const) {
    const close = fs[name] as (fd: number, done?: (error: null) => void) => void;
    Object.assign(fs, {
      [name]: (fd: number, done?: (error: null) => void) => {
        if (fd !== 1 && fd !== 2) return close(fd, done);
        if (done) process.nextTick(done, null);
      },
    });
  }

  const load = process.dlopen;
  process.dlopen = (...args: Parameters<typeof load>) => {
    if (marks) marks.needed = true;
    return load.apply(process, args);
  };

  const prototype = childProcess.ChildProcess.prototype as unknown as {
    spawn(this: import("node:child_process").ChildProcess, options: unknown): unknown;
  };
  const spawn = prototype.spawn;
  prototype.spawn = function (options) {
    const result = spawn.call(this, options);
    const { pid } = this;
    if (marks) marks.needed = true;
    if (pid !== undefined) {
      onChild(pid, true);
      this.once("exit", () => {
        marks?.mark();
        onChild(pid, false);
      });
    }
    return result;
  };
  syncBuiltinESMExports();
}
