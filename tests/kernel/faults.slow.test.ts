/** A front end that hangs: it has subscribed, and reads nothing. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Subscriber } from "zeromq";
import { KernelClient, startKernel } from "./client.ts";

test("a reader that stops reading holds up neither the cell for ever nor the other readers, and memory stays bounded", async () => {
  await using kernel = await startKernel();
  const { iopub_port: port } = JSON.parse(readFileSync(kernel.connectionFile, "utf8")) as { iopub_port: number };
  const stuck = new Subscriber({ receiveHighWaterMark: 1 });
  stuck.connect(`tcp://127.0.0.1:${port}`);
  stuck.subscribe();
  await kernel.execute("await new Promise((resolve) => setTimeout(resolve, 300))");
  const before = residentMegabytes(kernel.process.pid!);
  const run = await kernel.execute("for (let i = 0; i < 20000; i++) process.stdout.write('x'.repeat(20000));", {
    timeout: 120_000,
  });
  expect(run.reply.status).toBe("ok");
  expect(run.text.length).toBe(400_000_000);
  expect(residentMegabytes(kernel.process.pid!) - before).toBeLessThan(1000);
  expect(kernel.log.match(/a reader of iopub has taken nothing/g)).toHaveLength(1);
  expect(await kernel.value("1 + 1")).toBe("2");
  stuck.close();
}, 180_000);

test("an interrupt while a reader holds everything up does not lose the cell's reply", async () => {
  await using kernel = await startKernel();
  let gate: Promise<void> = Promise.resolve();
  let release = () => {};
  const slow = new KernelClient(kernel.connection, { iopubHighWaterMark: 1, beforeIopubRead: () => gate });
  await slow.request("shell", "kernel_info_request", {});
  gate = new Promise((resolve) => (release = resolve));
  const cell = kernel.start(
    `const pad = "y".repeat(20000);
     for (let i = 0; i < 3500; i++) display(pad);
     for (let i = 0; i < 32767; i++) process.stdout.write("xx");`,
    { timeout: 60_000 },
  );
  await new Promise((resolve) => setTimeout(resolve, 4000));
  await kernel.interrupt();
  await new Promise((resolve) => setTimeout(resolve, 500));
  gate = Promise.resolve();
  release();
  expect(["ok", "error"]).toContain((await cell.done).reply.status);
  expect(await kernel.value("1 + 1")).toBe("2");
  slow.close();
}, 120_000);

function residentMegabytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024;
}
