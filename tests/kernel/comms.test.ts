/** Comms: messages with binary buffers between notebook code and its front end, in both directions. */
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { sharedKernel } from "./suite.ts";

const kernel = sharedKernel();

/** Opens a comm from the front end and waits until the kernel has dealt with it. */
async function open(
  target: string,
  data: unknown = {},
  buffers: Uint8Array[] = [],
): Promise<{ id: string; requestId: string }> {
  const id = randomUUID();
  const requestId = await send("comm_open", { comm_id: id, target_name: target, data }, buffers);
  return { id, requestId };
}

async function send(
  type: "comm_open" | "comm_msg" | "comm_close",
  content: unknown,
  buffers: Uint8Array[] = [],
): Promise<string> {
  const header = await kernel().send("shell", type, content, { buffers });
  await kernel().idle(header.msg_id);
  return header.msg_id;
}

describe("opened by the front end", () => {
  test("a registered target gets the opening and answers", async () => {
    await kernel().run(
      `kernel.comm.register("hello", (comm, opening) => { comm.send({ got: opening.data, target: comm.target }) });`,
    );
    const { id, requestId } = await open("hello", { question: 1 });
    const answer = kernel()
      .messagesOf(requestId)
      .find((message) => message.type === "comm_msg");
    expect(answer?.content).toMatchObject({ comm_id: id, data: { got: { question: 1 }, target: "hello" } });
  });

  test("buffers go there and back as they are", async () => {
    await kernel().run(
      `kernel.comm.register("echo", (comm, opening) => comm.onMessage(m => comm.send({ echo: m.data, sizes: m.buffers.map(b => b.byteLength) }, { buffers: m.buffers })));`,
    );
    const { id } = await open("echo");
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const big = new Uint8Array(3_000_000).fill(7);
    const requestId = await send("comm_msg", { comm_id: id, data: { n: 1 } }, [bytes, new Uint8Array(0), big]);
    const answer = kernel()
      .messagesOf(requestId)
      .find((message) => message.type === "comm_msg");
    expect(answer?.content.data).toEqual({ echo: { n: 1 }, sizes: [256, 0, 3_000_000] });
    expect(answer?.buffers).toHaveLength(3);
    expect(Buffer.compare(answer!.buffers[0]!, bytes)).toBe(0);
    expect(Buffer.compare(answer!.buffers[2]!, big)).toBe(0);
  });

  test("typed arrays and views are sent as their own bytes", async () => {
    await kernel().run(
      `kernel.comm.register("views", comm => comm.send({}, { buffers: [new Float32Array([1.5, 2.5]), new Uint8Array([1, 2, 3, 4]).subarray(1, 3), new ArrayBuffer(2)] }));`,
    );
    const { requestId } = await open("views");
    const { buffers } = kernel()
      .messagesOf(requestId)
      .find((message) => message.type === "comm_msg")!;
    expect(buffers[0]!.readFloatLE(4)).toBe(2.5);
    expect([...buffers[1]!]).toEqual([2, 3]);
    expect(buffers[2]).toHaveLength(2);
  });

  test("an unknown target is closed on iopub", async () => {
    const { id, requestId } = await open("no-such-target");
    const close = kernel()
      .messagesOf(requestId)
      .find((message) => message.type === "comm_close");
    expect(close?.content).toMatchObject({ comm_id: id });
    expect(close?.channel).toBe("iopub");
    expect(await kernel().commInfo()).not.toHaveProperty(id);
  });

  test("closing tells the listeners and takes the comm off the list", async () => {
    await kernel().run(
      `kernel.comm.register("closing", comm => comm.onClose(m => console.log("closed with " + JSON.stringify(m.data))));`,
    );
    const { id } = await open("closing");
    expect(await kernel().commInfo("closing")).toHaveProperty(id);
    const requestId = await send("comm_close", { comm_id: id, data: { bye: 1 } });
    expect(
      kernel()
        .messagesOf(requestId)
        .some((message) => message.content.text?.includes('closed with {"bye":1}')),
    ).toBe(true);
    expect(await kernel().commInfo("closing")).toEqual({});
  });

  test("messages for a comm that does not exist are ignored", async () => {
    await send("comm_msg", { comm_id: "nobody", data: {} });
    await send("comm_close", { comm_id: "nobody", data: {} });
    await send("comm_msg", {});
    expect(await kernel().value("1 + 1")).toBe("2");
  });

  test("an error in a handler is reported on stderr or as an error of that message, and the comm lives", async () => {
    await kernel().run(`
      kernel.comm.register("failing", comm => comm.onMessage(async m => { if (m.data.late) await null; if (m.data.fail) throw new Error("handler failed"); comm.send("fine") }));`);
    const { id } = await open("failing");
    for (const late of [false, true]) {
      const requestId = await send("comm_msg", { comm_id: id, data: { fail: true, late } });
      await kernel().waitFor(
        (message) =>
          message.channel === "iopub" &&
          message.parent.msg_id === requestId &&
          /handler failed/.test(JSON.stringify(message.content)),
        "the report of the failing handler",
        3_000,
      );
    }
    const requestId = await send("comm_msg", { comm_id: id, data: {} });
    expect(
      kernel()
        .messagesOf(requestId)
        .find((message) => message.type === "comm_msg")?.content.data,
    ).toBe("fine");
  });

  test("an error while opening is reported and closes the comm", async () => {
    await kernel().run(`kernel.comm.register("refusing", () => { throw new Error("not today") });`);
    const { id, requestId } = await open("refusing");
    expect(
      JSON.stringify(
        kernel()
          .messagesOf(requestId)
          .map((message) => message.content),
      ),
    ).toContain("not today");
    expect(await kernel().commInfo()).not.toHaveProperty(id);
  });

  test("what a handler prints belongs to the message that it handles", async () => {
    await kernel().run(
      `kernel.comm.register("printing", comm => comm.onMessage(m => { console.log("handled " + m.data); display("shown") }));`,
    );
    const { id } = await open("printing");
    const requestId = await send("comm_msg", { comm_id: id, data: 7 });
    const types = kernel()
      .messagesOf(requestId)
      .map((message) => message.type);
    expect(types[0]).toBe("status");
    expect(types.at(-1)).toBe("status");
    expect(types).toContain("stream");
    expect(types).toContain("display_data");
  });

  test("ten thousand messages are handled in order", async () => {
    await kernel().run(
      `const received: number[] = []; kernel.comm.register("many", comm => comm.onMessage(m => { received.push(m.data) }));`,
    );
    const { id } = await open("many");
    let last = "";
    for (let i = 0; i < 10_000; i++) last = (await kernel().send("shell", "comm_msg", { comm_id: id, data: i })).msg_id;
    await kernel().idle(last);
    expect(await kernel().value("received.length + (received.every((n, i) => n === i) ? 0.5 : 0)")).toBe("10000.5");
  });
});

describe("opened by the kernel", () => {
  test("kernel.comm.open tells the front end, and messages reach its listeners", async () => {
    const run = await kernel().run(`
      const opened = kernel.comm.open("front-end-target", { hello: 1 }); opened.onMessage(m => { console.log("heard " + m.data.x + " " + m.buffers.length) });
      opened.send({ second: true }, { buffers: [new Uint8Array([9])], metadata: { m: 1 } });`);
    const opening = run.messages.find((message) => message.type === "comm_open");
    const message = run.messages.find((each) => each.type === "comm_msg");
    expect(opening?.content).toMatchObject({
      target_name: "front-end-target",
      data: { hello: 1 },
      comm_id: expect.any(String),
    });
    expect(message?.content).toMatchObject({ comm_id: opening!.content.comm_id, data: { second: true } });
    expect([...message!.buffers[0]!]).toEqual([9]);
    const requestId = await send("comm_msg", { comm_id: opening!.content.comm_id, data: { x: 5 } }, [
      new Uint8Array(1),
    ]);
    const texts = kernel()
      .messages.filter((each) => each.type === "stream")
      .map((each) => each.content.text);
    expect(texts.join("")).toContain("heard 5 1\n");
    expect(requestId).toBeTruthy();
  });

  test("close tells the front end once, and sending after it throws", async () => {
    const run = await kernel().run(
      `const brief = kernel.comm.open("brief"); brief.close({ why: "done" }); brief.close();`,
    );
    const closes = run.messages.filter((message) => message.type === "comm_close");
    expect(closes).toHaveLength(1);
    expect(closes[0]!.content.data).toEqual({ why: "done" });
    const after = await kernel().execute("brief.send({})");
    expect(after.reply.status).toBe("error");
  });

  test("comm_info lists open comms, all or those of a target", async () => {
    const run = await kernel().run('const listed = kernel.comm.open("listed-target");');
    const id = String(run.messages.find((message) => message.type === "comm_open")!.content.comm_id);
    expect((await kernel().commInfo())[id]).toEqual({ target_name: "listed-target" });
    expect(Object.keys(await kernel().commInfo("listed-target"))).toEqual([id]);
    expect(await kernel().commInfo("another-target")).toEqual({});
    await kernel().run("listed.close();");
    expect(await kernel().commInfo("listed-target")).toEqual({});
  });

  test("a cell can wait for a comm message while it runs", async () => {
    // Comm messages queue behind the running cell on the shell channel: they arrive once it is done.
    const run = await kernel().run(
      'const waiting = kernel.comm.open("waiting"); var heardLater = ""; waiting.onMessage(m => { heardLater = m.data });',
    );
    const id = run.messages.find((message) => message.type === "comm_open")!.content.comm_id;
    const cell = kernel().start("await new Promise(r => setTimeout(r, 50)); console.log('cell done')");
    await send("comm_msg", { comm_id: id, data: "arrived" });
    await cell.done;
    expect((await kernel().run("console.log(heardLater)")).text).toBe("arrived\n");
  });
});
