/**
 * `node main.js <connection file>`: one kernel, two threads. The I/O thread is started before anything else is loaded,
 * because its way to the first reply is the longer one; meanwhile this thread gets ready for cells.
 */
import { randomBytes } from "node:crypto";
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { planPipes } from "./cells/pipe-names.ts";
import { type Connection, readConnection } from "./wire/connection.ts";
import { createRing } from "./wire/ring.ts";
import { State, type WorkerStart } from "./wire/thread-messages.ts";

const start: WorkerStart = {
  connection: connectionOrExit(process.argv[2]),
  ring: createRing(),
  state: new SharedArrayBuffer(4 * State.words),
  kernelId: randomBytes(8).toString("hex"),
  packageRoot: fileURLToPath(new URL("../../", import.meta.url)),
  native: planPipes(),
};
const worker = new Worker(new URL("./worker.js", import.meta.url), {
  workerData: start,
  name: "gradbook-io",
  // The parser recurses as deep as code nests; see isTooDeep in language/parser.ts.
  resourceLimits: { stackSizeMb: 64 },
});
// A SIGINT before the I/O thread listens for it must not end the process.
process.on("SIGINT", () => {});
enableCompileCache();
const { startMainThread } = await import("./main-thread.ts");
startMainThread(worker, start);

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
