/** What runs the tensors of this process, in words and numbers, and the choice of the device that runs an op. */
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import * as tf from "@tensorflow/tfjs";
import { escapeXml } from "./heat-map.ts";
import { readSettings } from "./runtime/settings.ts";
import type { Binding } from "./tensorflow/binding.ts";

/** What only the start of the engine knows. */
export interface EngineFacts {
  /** Whether `compile` makes XLA programs unless told otherwise. */
  xla?: boolean;
  /** Whether float32 matmuls and convolutions may use TF32 (on GPUs that have it). */
  tensorFloat32?: boolean;
  /** Why the TensorFlow runtime does not run, and how to get it; one or two sentences. */
  missing?: string;
}

let facts: EngineFacts = {};

/** Adds to what `device()` tells. */
export function tellDevice(more: EngineFacts): void {
  facts = { ...facts, ...more };
}

export interface DeviceMemory {
  /** Bytes of all tensors alive. */
  readonly bytes: number;
  /** The largest `bytes` has been since the start or `device.resetPeak()`; undefined where the backend does not say. */
  readonly peakBytes: number | undefined;
  /** Above so many bytes a new tensor is refused; 0 for no limit of our own. */
  readonly limitBytes: number;
  /** Tensors the backend holds, those inside compiled functions included. */
  readonly tensors: number;
  /** Tensors that TensorFlow.js counts (`tf.memory().numTensors`): those that share values count each. */
  readonly jsTensors: number;
  /** Resident memory of the process. */
  readonly residentBytes: number;
}

/** One processor or graphics card that TensorFlow can use. */
export interface DeviceInfo {
  /** Such as `CPU:0` or `GPU:1`: what `device.use` takes. */
  readonly name: string;
  readonly type: "CPU" | "GPU" | (string & {});
  /** Its maker's name, where known: `NVIDIA H100 80GB HBM3`. */
  readonly model: string | undefined;
  /** Bytes of its own memory; 0 where TensorFlow does not say. */
  readonly memoryBytes: number;
}

/** What runs the tensors of this process, as it was when asked. Shows itself. */
export class Device {
  /** Name of the backend as TensorFlow.js knows it: `tensorflow`, `wasm` or `cpu`. */
  readonly backend: string = tf.getBackend();
  /** Version of the TensorFlow library; undefined on other backends. */
  readonly tensorflow: string | undefined = nativeBinding()?.TF_Version;
  /** Version of TensorFlow.js. */
  readonly tensorflowjs: string = tf.version.tfjs;
  /** All devices; the first GPU, or else the first CPU, runs what nobody places. */
  readonly devices: readonly DeviceInfo[] = listDevices();
  /** Processors this process may use. TensorFlow computes on all of them, WebAssembly and JavaScript on one. */
  readonly processors: number = availableParallelism();
  /** Whether a WebAssembly backend computes with SIMD instructions. */
  readonly simd: boolean = this.backend === "wasm" && tf.env().getBool("WASM_HAS_SIMD_SUPPORT");
  /** Whether `compile` makes XLA programs. */
  readonly xla: boolean = this.tensorflow !== undefined && facts.xla !== false;
  /** How exact float32 matmuls and convolutions are: TF32 has a mantissa of 10 bits (on GPUs that have it). */
  readonly precision: "float32" | "TF32" = this.#onGpu && facts.tensorFloat32 !== false ? "TF32" : "float32";
  readonly memory: DeviceMemory = readMemory();
  /** On other backends: why TensorFlow does not run, and how to get it. */
  readonly missing: string | undefined = this.tensorflow === undefined ? facts.missing : undefined;

  get #onGpu(): boolean {
    return this.devices.some(({ type }) => type === "GPU");
  }

  /** One line: what computes, on what, and whether it is compiled. */
  toString(): string {
    if (this.tensorflow === undefined) {
      const titles: Record<string, string> = { wasm: "WebAssembly", cpu: "plain JavaScript (slow)" };
      const title = titles[this.backend] ?? this.backend;
      const how = this.simd ? `${title} with SIMD` : title;
      return [`TensorFlow.js ${this.tensorflowjs}`, how, `1 thread of ${this.processors} processors`].join(" · ");
    }
    const [major, minor] = this.tensorflow.split(".");
    return [`TensorFlow ${major}.${minor}`, this.#hardware(), `XLA ${this.xla ? "on" : "off"}`].join(" · ");
  }

  /** `CPU x2`, or `H100 80 GB, 1.2 GB used`, or `2 x A100 40 GB, 1.2 GB used`. */
  #hardware(): string {
    const gpus = this.devices.filter(({ type }) => type === "GPU");
    if (gpus.length === 0) return `CPU x${this.processors}`;
    const { model = "GPU", memoryBytes } = gpus[0]!;
    const name = model.replace(/^(NVIDIA|Tesla|GeForce)\s+/g, "").replace(/[\s-]*\d+\s*GB.*$/, "");
    const size = memoryBytes > 0 ? ` ${Math.round(memoryBytes / 2 ** 30)} GB` : "";
    const count = gpus.length > 1 ? `${gpus.length} x ` : "";
    return `${count}${name}${size}, ${readableBytes(this.memory.bytes)} used`;
  }

  /** What follows the first line. */
  #details(): string[] {
    const { bytes, peakBytes, limitBytes, jsTensors, residentBytes } = this.memory;
    const tensors = `${jsTensors.toLocaleString("en")} tensor${jsTensors === 1 ? "" : "s"}, ${readableBytes(bytes)}`;
    const parts = [
      tensors,
      ...(peakBytes === undefined ? [] : [`peak ${readableBytes(peakBytes)}`]),
      ...(limitBytes > 0 ? [`limit ${readableBytes(limitBytes)}`] : []),
      `process ${readableBytes(residentBytes)}`,
    ];
    if (this.tensorflow !== undefined) parts.push(this.precision, `TensorFlow.js ${this.tensorflowjs}`);
    return [parts.join(" · "), ...(this.missing ? [this.missing] : [])];
  }

  [Symbol.for("Jupyter.display")](): Record<string, string> {
    const [head, details] = [this.toString(), this.#details()];
    const small = details.map((line) => `<br><small>${escapeXml(line)}</small>`).join("");
    return {
      "text/plain": [head, ...details].join("\n"),
      "text/html": `<div><b>${escapeXml(head)}</b>${small}</div>`,
    };
  }
}

/**
 * What runs the tensors, as it is now.
 * @throws Error before the engine has started
 */
export function device(): Device {
  requireStarted();
  return new Device();
}

device.use = use;
device.resetPeak = resetPeak;

let placedOn = "";

/**
 * Runs `work` with its ops on the device of that name (`CPU:0`, `GPU:1`, ... as `device().devices` lists them) and returns
 * what it returns. Tensors made elsewhere are copied to it when an op needs them. Calls may nest; the innermost decides.
 * @throws Error for an unknown name, and when `work` returns a promise: its later ops would run elsewhere
 */
function use<T>(name: string, work: () => T): T {
  requireStarted();
  const binding = nativeBinding();
  const known = listDevices().map((info) => info.name);
  const short = shortDeviceName(name);
  if (!known.includes(short)) {
    const more =
      short.startsWith("CPU:") && binding ? " GRADBOOK_VIRTUAL_CPUS=2, set before the start, makes a second CPU." : "";
    throw new Error(`There is no device "${name}". Here are: ${known.join(", ")}.${more}`);
  }
  const before = placedOn;
  const place = (to: string) => {
    binding?.setDevice(to && fullName(binding, to));
    placedOn = to;
  };
  place(short);
  try {
    const result = work();
    if (result instanceof Promise)
      throw new Error(
        `device.use("${name}", ...) was given a function that returns a promise: what runs after its first await would be on another device. Await first, and give it synchronous code.`,
      );
    return result;
  } finally {
    place(before);
  }
}

/** Starts `device().memory.peakBytes` again from what is in use now. */
function resetPeak(): void {
  nativeBinding()?.resetPeak();
}

function requireStarted(): void {
  if (!tf.getBackend()) throw new Error("The engine has not started yet. Call `await ready()` first.");
}

/** The native binding while its backend is the one in use. */
export function nativeBinding(): Binding | undefined {
  if (tf.getBackend() !== "tensorflow") return undefined;
  return (tf.backend() as unknown as { binding: Binding }).binding;
}

/** `CPU:0` of `/job:localhost/replica:0/task:0/device:CPU:0`. */
export function shortDeviceName(fullName: string): string {
  return fullName
    .slice(fullName.lastIndexOf("/") + 1)
    .replace(/^device:/, "")
    .toUpperCase();
}

function fullName(binding: Binding, short: string): string {
  return binding.devices().find(({ name }) => shortDeviceName(name) === short)!.name;
}

function listDevices(): DeviceInfo[] {
  const binding = nativeBinding();
  if (!binding) return [{ name: "CPU:0", type: "CPU", model: undefined, memoryBytes: 0 }];
  return binding.devices().map(({ name, type, memoryBytes }) => {
    const short = shortDeviceName(name);
    const card = type === "GPU" ? graphicsCards()[Number(short.split(":")[1])] : undefined;
    return { name: short, type, model: card?.model, memoryBytes: card?.memoryBytes ?? memoryBytes };
  });
}

interface GraphicsCard {
  model: string;
  memoryBytes: number;
}

let cards: GraphicsCard[] | undefined;

/** Names and memory of the graphics cards that TensorFlow uses, in its order, from NVIDIA's own tool; asked once. */
function graphicsCards(): GraphicsCard[] {
  if (cards) return cards;
  const visible = parseGraphicsCards(
    spawnSync("nvidia-smi", ["--query-gpu=index,uuid,name,memory.total", "--format=csv,noheader,nounits"], {
      encoding: "utf8",
      timeout: 5000,
    }).stdout ?? "",
    process.env["CUDA_VISIBLE_DEVICES"],
  );
  const { devices } = readSettings();
  cards = typeof devices === "string" ? visible : devices.flatMap((number) => visible[number] ?? []);
  return cards;
}

/** `table` as nvidia-smi prints it (index, uuid, name, MiB), in the order that `visible` (CUDA_VISIBLE_DEVICES) gives. */
export function parseGraphicsCards(table: string, visible?: string): GraphicsCard[] {
  const all = table.split("\n").flatMap((line) => {
    const [index, uuid, model, mebibytes] = line.split(",").map((field) => field.trim());
    return model && mebibytes ? [{ index, uuid, model, memoryBytes: Number(mebibytes) * 2 ** 20 || 0 }] : [];
  });
  const chosen =
    visible === undefined
      ? all
      : visible
          .split(",")
          .flatMap((name) => all.filter(({ index, uuid }) => index === name.trim() || uuid?.startsWith(name.trim())));
  return chosen.map(({ model, memoryBytes }) => ({ model, memoryBytes }));
}

function readMemory(): DeviceMemory {
  const { numBytes, numTensors, numDataBuffers } = tf.memory();
  const native = nativeBinding()?.memory();
  return {
    bytes: native?.bytes ?? numBytes,
    peakBytes: native?.peakBytes,
    limitBytes: native?.limitBytes ?? 0,
    tensors: native?.tensors ?? numDataBuffers,
    jsTensors: numTensors,
    residentBytes: process.memoryUsage.rss(),
  };
}

/** Three significant digits, decimal units: `1.2 GB`. */
function readableBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let [value, unit] = [bytes, 0];
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
