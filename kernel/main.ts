/**
 * `node main.js <connection file>`: one kernel, two threads. The worker owns the sockets, signatures, heartbeat, history,
 * completion and the interrupt; this, the main thread, runs cells. The worker is started first, because loading ZeroMQ is
 * most of the way to the first reply.
 */
import { randomBytes } from "node:crypto";
import { writeSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { startCells } from "./cells/index.ts";
import { forgetPipes, makePipes, NativeMarks, openLog, planPipes, swapDescriptors } from "./cells/native-output.ts";
import { Post } from "./cells/post.ts";
import { preloadPackage } from "./cells/preload.ts";
import { kernelVariable } from "./wire/children.ts";
import { type Connection, readConnection } from "./wire/connection.ts";
import { createRing } from "./wire/ring.ts";
import { State, type WorkerStart } from "./wire/thread-messages.ts";

enableCompileCache?.();

function connectionOrExit(path: string | undefined): Connection {
  try {
    if (path === undefined) throw new Error("the path of a Jupyter connection file is missing");
    return readConnection(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.error(
      `gradbook kernel: ${reason}. Jupyter starts kernels by itself; to try this one use "jupyter console --kernel gradbook".`,
    );
    process.exit(2);
  }
}

const connection = connectionOrExit(process.argv[2]);
// Cells cannot use this one; see process-guard.ts.
const exit = process.exit.bind(process);

const packageRoot = fileURLToPath(new URL("../../", import.meta.url));
const kernelId = randomBytes(8).toString("hex");
process.env[kernelVariable] = kernelId;
const logDescriptor = openLog();
const log = (line: string) => logDescriptor !== undefined && writeSync(logDescriptor, `[gradbook] ${line}\n`);
const preload = preloadPackage(packageRoot, log);
const ringMemory = createRing();
const stateMemory = new SharedArrayBuffer(4 * State.words);
const state = new Int32Array(stateMemory);
const pipes = planPipes();
const start: WorkerStart = {
  connection,
  ring: ringMemory,
  state: stateMemory,
  ...(pipes ? { native: pipes } : {}),
  ...(logDescriptor === undefined ? {} : { logDescriptor }),
  kernelId,
  preloadNames: preload.names,
  packageRoot,
};
const worker = new Worker(new URL("./worker.js", import.meta.url), {
  workerData: start,
  name: "gradbook-io",
  resourceLimits: { stackSizeMb: 64 },
});
// A SIGINT before the I/O thread listens for it must not end the process.
process.on("SIGINT", () => {});
const made = pipes !== undefined && makePipes(pipes);
Atomics.store(state, State.pipes, made ? 1 : 2);
Atomics.notify(state, State.pipes);

const post = new Post(worker, ringMemory);
const marks = made && pipes ? new NativeMarks(post.ring, pipes) : undefined;
startCells({
  worker,
  post,
  state,
  marks,
  preload,
  packageRoot,
  onExit: () => {
    if (pipes) forgetPipes(pipes);
  },
});
worker.on("error", (error) => {
  // Without its sockets the kernel is dead to everybody; its parent starts another one.
  log(`the I/O thread failed: ${error.message}`);
  // A process may be copying the log line.
  setTimeout(() => exit(70), 500);
});

if (made && pipes) {
  // When the thread fails to load, its error comes as an event, for which this must not wait for ever.
  const isThere = Atomics.wait(state, State.workerAtBarrier, 0, 20_000) !== "timed-out";
  if (isThere) swapDescriptors(pipes);
  forgetPipes(pipes);
}
Atomics.store(state, State.go, 1);
Atomics.notify(state, State.go);
