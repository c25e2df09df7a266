/**
 * The I/O thread: opens the sockets that the connection file names and wires the parts together. What is not needed
 * for the first reply starts after it.
 */

import { readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { CellCompiler } from "./cells/compiler.ts";
import { InspectorValues } from "./language/index.ts";
import { Kernel } from "./requests/index.ts";
import {
  Children,
  Codec,
  type FromMain,
  History,
  Interrupter,
  NativeReader,
  Publisher,
  RingPump,
  Sockets,
  State,
  socketFiles,
  type ToMain,
  type WorkerGo,
  type WorkerStart,
} from "./wire/index.ts";

const start = workerData as WorkerStart;
const main = parentPort!;
const state = new Int32Array(start.state);

function log(line: string): void {
  try {
    if (logDescriptor !== undefined) writeSync(logDescriptor, `[gradbook] ${line.slice(0, 1000)}\n`);
  } catch {
    // A log that nobody can write to is no reason to stop.
  }
}

// Pipes are opened, and file descriptors 1 and 2 swapped for them by the main thread, while this one opens nothing.
Atomics.wait(state, State.pipes, 0);
const native =
  start.native && Atomics.load(state, State.pipes) === 1
    ? new NativeReader(start.native, start.native.markerKey, (name, bytes) =>
        kernel.publisher.stream(kernel.runningContext ?? lastContext, name, bytes),
      )
    : undefined;
let lastContext = 0;
Atomics.store(state, State.workerAtBarrier, 1);
Atomics.notify(state, State.workerAtBarrier);
Atomics.wait(state, State.go, 0);
const { preloadNames, logDescriptor } = receiveMessageOnPort(main)!.message as WorkerGo;

const send = (order: ToMain) => main.postMessage(order);
const { connection } = start;
const codec = new Codec(connection);
const sockets = new Sockets(log);
const children = new Children(start.kernelId);
const history = new History({ onWarning: log });
const interrupter = new Interrupter(
  state,
  (number) => send({ type: "interrupt", number }),
  () => children.interrupt(kernel.runningContext ?? 0),
  () => kernel.check(),
);
let values: InspectorValues | undefined;
const languageValues = () => (values ??= new InspectorValues(interrupter.session()));
const { version } = JSON.parse(readFileSync(join(start.packageRoot, "package.json"), "utf8")) as { version: string };

const compiler = new CellCompiler(preloadNames, ["display", "clearOutput", "prompt", "kernel", "$", "require"]);
const kernel = new Kernel(
  {
    sockets,
    codec,
    compiler,
    history,
    values: languageValues,
    send,
    interrupt: () => interrupter.interrupt(),
    noteChild: (pid, context, running) => children.note(pid, context, running),
    shutdown: () => void shutdown(0),
    acted: (number) => {
      Atomics.store(state, State.messagesActed, number);
      Atomics.notify(state, State.messagesActed);
    },
    log,
    version,
  },
  (parentOf) => new Publisher(sockets, codec, parentOf),
);

const pump = new RingPump(start.ring, kernel.publisher, native, () => sockets.backlog);
kernel.connect(pump);
native?.listen(() => pump.wake());
main.on("message", (message: FromMain) => {
  kernel.fromMain(message);
  if (message.type !== "done") return;
  lastContext = message.context;
  // Not between cells that follow each other closely.
  clearTimeout(refresh);
  refresh = setTimeout(() => languageValues().refreshGlobals(), 100);
});

let refresh: NodeJS.Timeout | undefined;
let started = false;
/** After the first request: the parser, the signal thread, the guard of children, and a first look at the names there are. */
function startRest(): void {
  if (started) return;
  started = true;
  setTimeout(() => {
    if (ending) return;
    compiler.warmUp();
    children.watch(native?.descriptors, logDescriptor);
    interrupter.listenForSignals();
    languageValues().refreshGlobals();
  }, 1);
}

let ending = false;
let parentWatch: NodeJS.Timeout | undefined;
try {
  await sockets.bind(connection);
  serve();
} catch (error) {
  log(`cannot open the sockets of the connection file: ${error instanceof Error ? error.message : String(error)}`);
  await shutdown(70);
}

function serve(): void {
  sockets.listen(
    (channel, frames) => {
      kernel.receive(channel, frames);
      startRest();
    },
    (topic) => kernel.subscribed(topic),
  );
  kernel.publisher.status("starting", undefined);
  const parent = process.ppid;
  parentWatch = setInterval(() => {
    if (process.ppid === parent) return;
    log("the process that started this kernel is gone; ending");
    void shutdown(0);
  }, 500);
}

async function shutdown(code: number): Promise<void> {
  if (ending) return;
  ending = true;
  clearInterval(parentWatch);
  // A main thread that is busy for good cannot end the process itself.
  setTimeout(() => process.kill(process.pid, "SIGKILL"), 1500);
  history.close();
  await sockets.close();
  for (const file of socketFiles(connection)) rmSync(file, { force: true });
  children.end();
  native?.close();
  const busy = kernel.runningContext !== undefined;
  if (busy) interrupter.interrupt();
  setTimeout(
    () => {
      interrupter.close();
      send({ type: "exit", code });
    },
    busy ? 150 : 0,
  );
}
