import { expect, test } from "vitest";
import { configProto, readSettings } from "../../../../lib/engine/runtime/settings.ts";

const machine = { memoryBytes: 10e9, processors: 8, parallelism: 8 };
const read = (env: Record<string, string> = {}) => readSettings(env, machine);
const bytes = (env: Record<string, string> = {}) => Buffer.from(configProto(read(env))).toString("hex");

test("without variables: all devices, TF32 as TensorFlow has it, its own threads, 90 % of the memory", () => {
  expect(read()).toEqual({
    devices: "all",
    tensorFloat32: true,
    virtualCpus: 1,
    threads: { within: 0, between: 0 },
    memoryLimitBytes: 9e9,
  });
});

// Expected: ConfigProto of TensorFlow 2.21 in Python, SerializeToString(deterministic=True).hex().
test.each([
  ["memory grows on demand and ops without a GPU kernel run on the processor", {}, "320220013801"],
  [
    "virtual CPUs, threads and the device list",
    { GRADBOOK_VIRTUAL_CPUS: "3", GRADBOOK_THREADS: "4,2", GRADBOOK_DEVICES: "0,1" },
    "0a070a03435055100310042802320720012a03302c313801",
  ],
  ["no GPU", { GRADBOOK_DEVICES: "cpu" }, "0a070a034750551000320220013801"],
  ["numbers of two bytes", { GRADBOOK_THREADS: "300" }, "10ac0228ac02320220013801"],
])("the configuration is byte for byte TensorFlow's own: %s", (_what, env, expected) => {
  expect(bytes(env as Record<string, string>)).toBe(expected);
});

test("a container that may use fewer processors gets as many threads", () => {
  const limited = { ...machine, parallelism: 2 };
  expect(readSettings({}, limited).threads).toEqual({ within: 2, between: 2 });
  expect(readSettings({ GRADBOOK_THREADS: "6" }, limited).threads).toEqual({ within: 6, between: 6 });
});

test.each([
  ["6GB", 6e9],
  ["1.5 gib", 1.5 * 2 ** 30],
  ["500M", 5e8],
  ["123456", 123456],
  ["50%", 5e9],
  ["none", 0],
  ["0", 0],
])("a memory limit of %s is %d bytes", (text, limit) => {
  expect(read({ GRADBOOK_MEMORY_LIMIT: text }).memoryLimitBytes).toBe(limit);
});

test("TF32 can be switched off and on", () => {
  expect(read({ GRADBOOK_TF32: "0" }).tensorFloat32).toBe(false);
  expect(read({ GRADBOOK_TF32: "1" }).tensorFloat32).toBe(true);
});

test.each([
  ["GRADBOOK_DEVICES", "gpu"],
  ["GRADBOOK_DEVICES", "0,0"],
  ["GRADBOOK_DEVICES", "-1"],
  ["GRADBOOK_TF32", "yes"],
  ["GRADBOOK_VIRTUAL_CPUS", "0"],
  ["GRADBOOK_VIRTUAL_CPUS", "2.5"],
  ["GRADBOOK_THREADS", "four"],
  ["GRADBOOK_THREADS", "1,2,3"],
  ["GRADBOOK_MEMORY_LIMIT", "lots"],
  ["GRADBOOK_MEMORY_LIMIT", "120%"],
  ["GRADBOOK_MEMORY_LIMIT", "-1GB"],
])("%s=%s is refused with what it may be", (name, value) => {
  const pattern = new RegExp(
    `^The environment variable ${name} is "${value.replace(/[.*]/g, "\\$&")}"; it takes .+\\.$`,
  );
  expect(() => read({ [name]: value })).toThrow(pattern);
});
