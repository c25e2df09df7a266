/**
 * Which backend runs TensorFlow.js: TensorFlow's own runtime, or else WebAssembly, or else plain JavaScript; and how the last two are
 * started without noise, downloads or left-over process listeners.
 */
import { createRequire } from "node:module";
import { dirname, join, sep } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { currentHost } from "../host.ts";
import { lendCpuKernels } from "./cpu-kernels.ts";
import { tellDevice } from "./device.ts";
import { installLosses } from "./losses/index.ts";
import { ownWasmMemory } from "./memory.ts";
import { installRecurrent } from "./recurrent/index.ts";
import { installSegmentSum } from "./segment-sum.ts";
import { startTensorFlow } from "./tensorflow/start.ts";
import { installWasmProducts } from "./wasm-products.ts";

// At load, so that `await tf.ready()` alone starts the same backend in the same way.
configureWasm();
configureCpu();
lendCpuKernels("wasm");
installWasmProducts();
for (const name of ["wasm", "cpu"]) installSegmentSum(name);

let starting: Promise<void> | undefined;
let wasmError: unknown;

/**
 * Starts TensorFlow's runtime. Where it is not to be had, `device()` and `compile` say why, and the WebAssembly backend starts, or
 * TensorFlow.js's plain JavaScript one (`cpu`) with one log line. The first call decides; later calls wait for it.
 */
export function startEngine(): Promise<void> {
  starting ??= start();
  return starting;
}

async function start(): Promise<void> {
  const missing = startTensorFlow();
  if (missing === undefined) {
    installRecurrent();
    installLosses();
    return;
  }
  tellDevice({ missing });
  if (await quietly(() => tf.setBackend("wasm"))) return;
  // A missing or broken .wasm file rejects with a bare object that gives advice to owners of web servers.
  const reason =
    wasmError instanceof Error ? firstLine(wasmError.message) : "its .wasm file failed to load, see stderr";
  currentHost().log(
    `The WebAssembly backend of TensorFlow.js did not start: ${reason}. Running on plain JavaScript: same results, many times slower.`,
  );
  await tf.setBackend("cpu");
}

function configureWasm(): void {
  const packageFolder = dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm/package.json"));
  setWasmPaths(join(packageFolder, "dist") + sep);
  // The threaded build wants browser workers, which Node does not have.
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  wrapFactory("wasm", 2, async (factory) => {
    const before = fatalListeners();
    try {
      const backend = await factory();
      ownWasmMemory(backend);
      return backend;
    } catch (error) {
      wasmError = error;
      throw error;
    } finally {
      dropEmscriptenListeners(before);
    }
  });
}

function configureCpu(): void {
  wrapFactory("cpu", 1, (factory) => {
    const backend = factory();
    // Its first write prints a banner about tfjs-node, unless it believes that it was used before.
    (backend as unknown as { firstUse: boolean }).firstUse = false;
    return backend;
  });
}

type Factory = ReturnType<typeof tf.findBackendFactory>;

/** Registers the backend again, started by `start`. Does nothing where this file was loaded twice and it already runs. */
function wrapFactory(name: string, priority: number, start: (factory: Factory) => ReturnType<Factory>): void {
  const factory = tf.findBackendFactory(name);
  if (tf.getBackend() === name) return;
  tf.removeBackend(name);
  tf.registerBackend(name, () => start(factory), priority);
}

/** TensorFlow.js prints the stack of a backend that does not start; its production flag keeps that to itself. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const before = tf.env().getBool("PROD");
  tf.env().set("PROD", true);
  try {
    return await work();
  } finally {
    tf.env().set("PROD", before);
  }
}

const fatalEvents = ["uncaughtException", "unhandledRejection"] as const;
type Listener = (...args: unknown[]) => void;

function fatalListeners(): Set<Listener> {
  return new Set(fatalEvents.flatMap((event) => process.listeners(event as never) as Listener[]));
}

/**
 * Emscripten's start-up code makes every unhandled rejection and uncaught exception of the process fatal. A kernel
 * reports them on the cell and goes on, so these listeners go: those that came meanwhile and read as Emscripten's.
 */
function dropEmscriptenListeners(before: Set<Listener>): void {
  for (const event of fatalEvents) {
    for (const listener of process.listeners(event as never) as Listener[]) {
      const source = listener.toString();
      if (!before.has(listener) && /ExitStatus|\{\s*throw reason;?\s*\}/.test(source)) process.off(event, listener);
    }
  }
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]!;
}
