/**
 * `node main.js <connection file>`: one kernel, two threads. The worker owns the sockets, signatures, heartbeat, history,
 * completion and the interrupt; this, the main thread, runs cells. The worker is started first, because loading ZeroMQ is
 * most of the way to the first reply.
 */
import { existsSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { startCells } from "./cells/index.ts";
import { forgetPipes, makePipes, NativeMarks, openLog, planPipes, swapDescriptors } from "./cells/native-output.ts";
import { preloadPackage } from "./cells/start.ts";
import { createRing, RingWriter } from "./wire/ring.ts";
import { State, type WorkerStart } from "./wire/thread-messages.ts";

enableCompileCache?.();

const connectionFile = process.argv[2];
if (connectionFile === undefined || !existsSync(connectionFile)) {
  console.error(`gradbook kernel: expected the path of a Jupyter connection file, got ${connectionFile ?? "nothing"}. Jupyter gives it; to try the kernel use "jupyter console --kernel gradbook".`);
  process.exit(2);
}

const packageRoot = fileURLToPath(new URL("../../", import.meta.url));
const preload = preloadPackage(packageRoot);
const ringMemory = createRing();
const stateMemory = new SharedArrayBuffer(4 * State.words);
const state = new Int32Array(stateMemory);
const pipes = planPipes();
const logDescriptor = openLog();
const start: WorkerStart = {
  connectionFile,
  ring: ringMemory,
  state: stateMemory,
  ...(pipes ? { native: pipes } : {}),
  ...(logDescriptor === undefined ? {} : { logDescriptor }),
  preloadNames: preload.names,
  packageRoot,
};
const worker = new Worker(new URL("./worker.js", import.meta.url), { workerData: start, name: "gradbook-io" });
// A SIGINT before the I/O thread listens for it must not end the process.
process.on("SIGINT", () => {});
const made = pipes !== undefined && makePipes(pipes);
Atomics.store(state, State.pipes, made ? 1 : 2);
Atomics.notify(state, State.pipes);

let ring: RingWriter;
const wake = () => worker.postMessage({ type: "wake", ring: ring.position });
ring = new RingWriter(ringMemory, wake);
const marks = made && pipes ? new NativeMarks(ring, pipes) : undefined;
startCells({
  worker,
  ring,
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
  process.stderr.write(`gradbook kernel: the I/O thread failed: ${error.stack}\n`);
  process.kill(process.pid, "SIGKILL");
});

if (made && pipes) {
  while (Atomics.load(state, State.workerAtBarrier) === 0) Atomics.wait(state, State.workerAtBarrier, 0, 100);
  swapDescriptors(pipes);
  forgetPipes(pipes);
}
Atomics.store(state, State.go, 1);
Atomics.notify(state, State.go);
