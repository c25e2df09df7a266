/** The library's Host as the kernel implements it: live output and the stop button for code that never imports the kernel. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { repository } from "./client.ts";
import { sharedKernel } from "./suite.ts";

const kernel = sharedKernel();
const fakeTraining = JSON.stringify(join(repository, "tests", "lib", "fake-training.ts"));

test("a training loop of the library updates one display 100 times and is stopped by an interrupt", async () => {
  const cell = kernel().start(
    `import { fakeTraining } from ${fakeTraining};\nvar run = await fakeTraining({ maxUpdates: 100 });`,
  );
  await kernel().waitFor(
    (message) => message.type === "update_display_data" && JSON.stringify(message.content.data).includes("step 100 "),
    "the hundredth update",
  );
  await kernel().interrupt();
  const done = await cell.done;
  expect(done.displays).toHaveLength(1);
  expect(done.displays[0]?.["text/plain"]).toBe("step 0");
  const updates = done.outputs.filter((output) => output.type === "update");
  expect(updates).toHaveLength(100);
  const display = done.outputs.find((output) => output.type === "display");
  expect(new Set(updates.map((update) => update.id))).toEqual(new Set([display?.type === "display" ? display.id : ""]));
  expect(new Set(updates.map((update) => update.data["text/plain"])).size).toBe(100);
  expect(updates.at(-1)?.data["text/plain"]).toBe("step 100 loss 0.3660");
  expect(done.text).toContain("stopped by an interrupt after 100 updates\n");
  expect(await kernel().value("1 + 1")).toBe("2");
});

test("a loop that ends by itself gives its result", async () => {
  const run = await kernel().run(
    `import { fakeTraining } from ${fakeTraining};\nconst short = await fakeTraining({ maxUpdates: 3, maxSteps: 5 }); console.log(short.stopped, short.updates)`,
  );
  expect(run.outputs.filter((output) => output.type === "update")).toHaveLength(3);
  expect(run.text).toContain("by the limit 3\n");
});

test("code that hears the interrupt and goes on all the same is stopped by the next one", async () => {
  const cell = kernel().start(`
    import { currentHost } from "gradbook/lib";
    currentHost().onInterrupt(() => console.log("heard"));
    console.log("running");
    for (;;) await new Promise(r => setTimeout(r, 5))`);
  await cell.printed("running");
  await kernel().interrupt();
  await cell.printed("heard");
  const again = setInterval(() => void kernel().interrupt(), 300);
  const run = await cell.done.finally(() => clearInterval(again));
  expect(run.reply.ename).toBe("KeyboardInterrupt");
});

test("the host opens comms and logs lines", async () => {
  const run = await kernel().run(`
    import { currentHost } from "gradbook/lib";
    const host = currentHost(); host.log("one line"); const comm = host.openComm("host-target", { a: 1 }); comm.send({ b: 2 }, { buffers: [new Uint8Array([5])] }); comm.close();
    const shown = host.show({ "text/plain": "first" }); shown.update({ "text/plain": "second" });
    console.log(host.now() <= host.now())`);
  expect(run.text).toBe("one line\ntrue\n");
  const types = run.messages
    .map((message) => message.type)
    .filter((type) => type.startsWith("comm") || type.includes("display"));
  expect(types).toEqual(["comm_open", "comm_msg", "comm_close", "display_data", "update_display_data"]);
});

test("a display of the host that is cleared shows nothing more", async () => {
  const run = await kernel().run(`
    import { currentHost } from "gradbook/lib";
    const gone = currentHost().show({ "text/plain": "visible" }); gone.clear(); gone.update({ "text/plain": "after clear" });`);
  expect(JSON.stringify(run.outputs)).not.toContain("after clear");
});
