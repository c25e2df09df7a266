/** What `device()` tells, and where ops run. */
import { beforeEach, describe, expect, test } from "vitest";
import { parseGraphicsCards } from "../../../lib/engine/device.ts";
import { device, tf } from "../../../lib/index.ts";
import { backends, useBackend } from "./backends.ts";
import { runNode } from "./run-node.ts";

function shown(value: object): { "text/plain": string; "text/html": string } {
  return (value as Record<symbol, () => never>)[Symbol.for("Jupyter.display")]!.call(value);
}

describe.each(backends)("on %s", (backend) => {
  beforeEach(() => useBackend(backend));

  test("its fields say backend, versions, devices and memory", () => {
    using tensor = tf.zeros([1000, 1000]).add(1);
    const now = device();
    expect(now.backend).toBe(backend);
    expect(now.tensorflowjs).toBe(tf.version.tfjs);
    expect(now.devices[0]).toMatchObject({ name: "CPU:0", type: "CPU" });
    expect(now.processors).toBeGreaterThan(0);
    expect(now.precision).toBe("float32");
    expect(now.memory.bytes).toBeGreaterThanOrEqual(tensor.size * 4);
    expect(now.memory.jsTensors).toBe(tf.memory().numTensors);
    expect(now.memory.tensors).toBeGreaterThan(0);
    expect(now.memory.residentBytes).toBeGreaterThan(1e7);
  });

  test("it shows itself in a few lines of text and HTML", () => {
    const { "text/plain": text, "text/html": html } = shown(device());
    expect(text.split("\n")[0]).toBe(String(device()));
    expect(text).toMatch(/\d+ tensors?, [\d.]+ (B|kB|MB|GB)/);
    expect(html).toContain(`<b>${String(device())}</b>`);
  });

  test("a device that is not there is an error that lists those that are", () => {
    expect(() => device.use("GPU:7", () => tf.ones([1]))).toThrow('There is no device "GPU:7". Here are: CPU:0.');
  });

  test("use runs its function, on the device and with its result", () => {
    using sum = device.use("CPU:0", () => tf.add(1, 2));
    expect(sum.dataSync()[0]).toBe(3);
    expect(() => device.use("CPU:0", async () => 1)).toThrow("promise");
  });
});

describe.runIf(backends.includes("tensorflow"))("TensorFlow's memory", () => {
  beforeEach(() => useBackend("tensorflow"));

  test("bytes go up and down with a tensor, and the peak stays", () => {
    device.resetPeak();
    const before = device().memory;
    const tensor = tf.zeros([1000, 1000]).add(1);
    const during = device().memory;
    tensor.dispose();
    const after = device().memory;
    expect(during.bytes - before.bytes).toBeGreaterThanOrEqual(4e6);
    expect(during.bytes - after.bytes).toBe(4e6);
    expect(after.peakBytes).toBeGreaterThanOrEqual(during.bytes);
    expect(during.limitBytes).toBeGreaterThan(0);
  });
});

test("without TensorFlow it says what is missing and how to get it", async () => {
  const source = `
    import { device, ready } from "./lib/index.ts";
    await ready();
    process.stdout.write(device()[Symbol.for("Jupyter.display")]()["text/plain"]);
  `;
  const { out } = await runNode(source, { env: { GRADBOOK_TENSORFLOW: "off" } });
  expect(out).toMatch(/^TensorFlow\.js .* · WebAssembly/);
  expect(out).toContain("TensorFlow is switched off by GRADBOOK_TENSORFLOW=off.");
});

test("before the start it says what to call", async () => {
  const { out } = await runNode(`
    import { device } from "./lib/index.ts";
    for (const ask of [device, () => device.use("CPU:0", () => 1)]) try { ask(); } catch (error) { console.log(error.message); }
  `);
  expect(out).toBe("The engine has not started yet. Call `await ready()` first.\n".repeat(2));
});

test("with two virtual processors an op runs where device.use puts it, and its values are the same", async () => {
  const source = `
    import { compile, device, ready, tf } from "./lib/index.ts";
    await ready();
    const place = tensor => tensor[Symbol.for("Jupyter.display")]()["text/plain"].split("\\n")[0].split(" on ")[1];
    const x = tf.range(0, 6).reshape([2, 3]).add(0);
    const there = device.use("CPU:1", () => x.mul(2));
    const nested = device.use("CPU:1", () => [device.use("CPU:0", () => x.add(1)), x.add(1)]);
    const back = there.add(x);
    let after; try { device.use("CPU:1", () => { throw new Error("stop") }); } catch { after = x.add(1); }
    const squared = device.use("CPU:1", () => tf.grad(y => y.square().sum())(there));
    process.stdout.write(JSON.stringify({
      devices: device().devices.map(info => info.name),
      places: [x, there, ...nested, back, after, squared].map(place),
      values: [...back.dataSync(), ...squared.dataSync()],
    }));
  `;
  const { out } = await runNode(source, { env: { GRADBOOK_VIRTUAL_CPUS: "2" } });
  expect(JSON.parse(out)).toEqual({
    devices: ["CPU:0", "CPU:1"],
    places: ["CPU:0", "CPU:1", "CPU:0", "CPU:1", "CPU:0", "CPU:0", "CPU:1"],
    values: [0, 3, 6, 9, 12, 15, 0, 4, 8, 12, 16, 20],
  });
});

test("graphics cards are named in the order in which the process sees them", () => {
  const table = "0, GPU-aa11, NVIDIA H100 80GB HBM3, 81559\n1, GPU-bb22, Tesla T4, 15360\n";
  const [h100, t4] = [
    { model: "NVIDIA H100 80GB HBM3", memoryBytes: 81559 * 2 ** 20 },
    { model: "Tesla T4", memoryBytes: 15360 * 2 ** 20 },
  ];
  expect(parseGraphicsCards(table)).toEqual([h100, t4]);
  expect(parseGraphicsCards(table, "1")).toEqual([t4]);
  expect(parseGraphicsCards(table, "GPU-bb,0")).toEqual([t4, h100]);
  expect(parseGraphicsCards("")).toEqual([]);
  expect(parseGraphicsCards("NVIDIA-SMI has failed because it couldn't communicate with the driver.\n")).toEqual([]);
});
