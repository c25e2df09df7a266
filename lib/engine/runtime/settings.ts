/**
 * The engine's settings, read from the environment, and the `ConfigProto` that TensorFlow's context starts with.
 *
 *   GRADBOOK_DEVICES        "cpu", or the GPUs to use by number, such as "0" or "0,1" (default: all)
 *   GRADBOOK_TF32           1 or 0: whether float32 products may use TF32 on a GPU (default: 1, as TensorFlow)
 *   GRADBOOK_THREADS        threads within an op, or "within,between" (default: what the processors or the container allow)
 *   GRADBOOK_VIRTUAL_CPUS   so many CPU devices instead of one, to try code for several devices
 *   GRADBOOK_MEMORY_LIMIT   bytes all tensors may hold: "6GB", "500MB", "50%", "none" (default: 90 % of the machine's or container's memory)
 */
import { availableParallelism, cpus, totalmem } from "node:os";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

export interface EngineSettings {
  /** Numbers of the GPUs to use, or all of them; `cpu` for none. */
  devices: "all" | "cpu" | readonly number[];
  tensorFloat32: boolean;
  virtualCpus: number;
  /** Threads within one op and for ops side by side; 0 leaves it to TensorFlow. */
  threads: { within: number; between: number };
  /** 0 for no limit. */
  memoryLimitBytes: number;
}

/** What the defaults depend on. */
export interface MachineSize {
  /** Memory this process may use, in bytes: the machine's, or less in a container. */
  memoryBytes: number;
  /** Processors that are there, and how many of them this process may use. */
  processors: number;
  parallelism: number;
}

/** Throws an Error that names the variable, what it holds and what it may hold. */
export function readSettings(env: NodeJS.ProcessEnv = process.env, machine = thisMachine()): EngineSettings {
  return {
    devices: readDevices(env["GRADBOOK_DEVICES"]),
    tensorFloat32: readSwitch("GRADBOOK_TF32", env["GRADBOOK_TF32"]) ?? true,
    virtualCpus: readCount("GRADBOOK_VIRTUAL_CPUS", env["GRADBOOK_VIRTUAL_CPUS"]) ?? 1,
    threads: readThreads(env["GRADBOOK_THREADS"], machine),
    memoryLimitBytes: readMemoryLimit(env["GRADBOOK_MEMORY_LIMIT"], machine.memoryBytes),
  };
}

/**
 * A serialised `tensorflow.ConfigProto`.
 * https://github.com/tensorflow/tensorflow/blob/v2.21.0/tensorflow/core/protobuf/config.proto
 */
export function configProto(settings: EngineSettings): Uint8Array {
  const config = new BinaryWriter();
  // map<string, int32> device_count = 1
  const countOf = (device: string, count: number) =>
    config
      .tag(1, WireType.LengthDelimited)
      .fork()
      .tag(1, WireType.LengthDelimited)
      .string(device)
      .tag(2, WireType.Varint)
      .int32(count)
      .join();
  if (settings.virtualCpus > 1) countOf("CPU", settings.virtualCpus);
  if (settings.devices === "cpu") countOf("GPU", 0);
  // int32 intra_op_parallelism_threads = 2, int32 inter_op_parallelism_threads = 5
  if (settings.threads.within > 0) config.tag(2, WireType.Varint).int32(settings.threads.within);
  if (settings.threads.between > 0) config.tag(5, WireType.Varint).int32(settings.threads.between);
  // GPUOptions gpu_options = 6 { bool allow_growth = 4, string visible_device_list = 5 }
  config.tag(6, WireType.LengthDelimited).fork().tag(4, WireType.Varint).bool(true);
  if (typeof settings.devices !== "string") config.tag(5, WireType.LengthDelimited).string(settings.devices.join(","));
  config.join();
  // bool allow_soft_placement = 7: an op without a GPU kernel runs on the processor.
  config.tag(7, WireType.Varint).bool(true);
  return config.finish();
}

function thisMachine(): MachineSize {
  // In a container without a limit this is 0 or far above what is there.
  const constrained = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return {
    memoryBytes: Math.min(totalmem(), constrained),
    processors: cpus().length,
    parallelism: availableParallelism(),
  };
}

function readDevices(text: string | undefined): EngineSettings["devices"] {
  if (!text || text === "all") return "all";
  if (text.toLowerCase() === "cpu") return "cpu";
  const numbers = text.split(",").map((part) => part.trim());
  if (numbers.every((part) => /^\d{1,3}$/.test(part)) && new Set(numbers).size === numbers.length) {
    return numbers.map(Number);
  }
  throw wrong("GRADBOOK_DEVICES", text, '"cpu", "all", or the numbers of GPUs, each once, such as "0" or "0,1"');
}

function readSwitch(name: string, text: string | undefined): boolean | undefined {
  if (!text) return undefined;
  if (text === "1" || text === "0") return text === "1";
  throw wrong(name, text, "1 or 0");
}

function readCount(name: string, text: string | undefined): number | undefined {
  if (!text) return undefined;
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw wrong(name, text, "a whole number from 1 to 999");
}

function readThreads(text: string | undefined, machine: MachineSize): EngineSettings["threads"] {
  if (text) {
    const match = /^([1-9]\d{0,2})(?:,([1-9]\d{0,2}))?$/.exec(text.replaceAll(" ", ""));
    if (!match) throw wrong("GRADBOOK_THREADS", text, 'a whole number from 1 to 999, or two such as "4,2"');
    const within = Number(match[1]);
    return { within, between: Number(match[2] ?? within) };
  }
  // TensorFlow counts processors and does not see that a container may use fewer of them.
  const allowed = machine.parallelism < machine.processors ? machine.parallelism : 0;
  return { within: allowed, between: allowed };
}

const units: Record<string, number> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

function readMemoryLimit(text: string | undefined, memoryBytes: number): number {
  if (!text) return Math.floor(0.9 * memoryBytes);
  const lower = text.trim().toLowerCase();
  if (lower === "none" || lower === "0") return 0;
  const match = /^(\d+(?:\.\d+)?)\s*(%|[kmgt]?i?b?)$/.exec(lower);
  const amount = Number(match?.[1]);
  const unit = match?.[2] ?? "";
  if (match && unit === "%" && amount > 0 && amount <= 100) return Math.floor((amount / 100) * memoryBytes);
  const scale = units[unit] ?? units[`${unit}b`];
  if (match && scale !== undefined && amount * scale >= 1) return Math.floor(amount * scale);
  throw wrong("GRADBOOK_MEMORY_LIMIT", text, 'an amount such as "6GB", "500MB" or "50%", or "none"');
}

function wrong(name: string, text: string, expected: string): Error {
  return new Error(`The environment variable ${name} is "${text}"; it takes ${expected}.`);
}
