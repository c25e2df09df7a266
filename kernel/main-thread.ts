/** The main thread of a kernel process, from its first breath to where it waits for cells. */
import { writeSync } from "node:fs";
import type { Worker } from "node:worker_threads";
import { startCells } from "./cells/index.ts";
import { forgetPipes, makePipes, NativeMarks, openLog, swapDescriptors } from "./cells/native-output.ts";
import { Post } from "./cells/post.ts";
import { preloadPackage } from "./cells/preload.ts";
import { kernelVariable } from "./wire/children.ts";
import { State, type WorkerGo, type WorkerStart } from "./wire/thread-messages.ts";

export function startMainThread(worker: Worker, start: WorkerStart): void {
  // Cells cannot use this one; see process-guard.ts.
  const exit = process.exit.bind(process);
  process.env[kernelVariable] = start.kernelId;
  const state = new Int32Array(start.state);
  const logDescriptor = openLog();
  const log = (line: string) => {
    if (logDescriptor !== undefined) writeSync(logDescriptor, `[gradbook] ${line}\n`);
  };
  worker.on("error", (error) => {
    // Without its sockets the kernel is dead to everybody; its parent starts another one.
    log(`the I/O thread failed: ${error.message}`);
    // A process may be copying the log line.
    setTimeout(() => exit(70), 500);
  });

  try {
    getReady({ worker, start, state, log, logDescriptor });
  } catch (error) {
    // By now an error that nobody catches would be taken for a cell's.
    log(`could not start: ${error instanceof Error ? error.stack : String(error)}`);
    exit(70);
  }
}

interface Parts {
  worker: Worker;
  start: WorkerStart;
  state: Int32Array;
  log(line: string): void;
  logDescriptor: number | undefined;
}

function getReady({ worker, start, state, log, logDescriptor }: Parts): void {
  const { packageRoot, native: pipes } = start;
  const made = pipes !== undefined && makePipes(pipes);
  Atomics.store(state, State.pipes, made ? 1 : 2);
  Atomics.notify(state, State.pipes);
  const preload = preloadPackage(packageRoot, log);
  const post = new Post(worker, start.ring, state);
  startCells({
    worker,
    post,
    state,
    marks: made ? new NativeMarks(post.ring, pipes) : undefined,
    preload,
    packageRoot,
    onExit: () => pipes && forgetPipes(pipes),
  });
  const go: WorkerGo = { preloadNames: preload.names, logDescriptor };
  worker.postMessage(go);

  if (made) {
    // When the thread fails to load, its error comes as an event, for which this must not wait for ever.
    const isThere = Atomics.wait(state, State.workerAtBarrier, 0, 20_000) !== "timed-out";
    if (isThere) swapDescriptors(pipes);
    forgetPipes(pipes);
  }
  Atomics.store(state, State.go, 1);
  Atomics.notify(state, State.go);
}
