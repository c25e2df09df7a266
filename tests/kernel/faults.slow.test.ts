/** A front end that hangs: it has subscribed, and reads nothing. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Subscriber } from "zeromq";
import { startKernel } from "./client.ts";

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

function residentMegabytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024;
}
