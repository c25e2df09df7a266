/** Cells and clients that do what nobody should: the kernel answers, says what is wrong, and goes on. */
import { describe, expect, test } from "vitest";
import { startKernel } from "./client.ts";
import { sharedKernel, sleep } from "./suite.ts";

describe("a cell that", () => {
  test.each([
    ["breaks JSON.stringify", "JSON.stringify = () => { throw 1 };"],
    ["replaces Symbol", "globalThis.Symbol = undefined as any;"],
    ["replaces Symbol.for", "Symbol.for = (() => 0) as any;"],
    ["freezes the global object", "Object.freeze(globalThis);"],
    ["takes all listeners away", "process.removeAllListeners();"],
    ["replaces Promise", "globalThis.Promise = class {} as any;"],
    ["sets Error.prepareStackTrace", "Error.prepareStackTrace = () => { throw 1 };"],
    ["breaks Atomics", "Atomics.store = Atomics.load = Atomics.wait = (() => { throw 1 }) as any;"],
    ["closes its streams", "require('node:fs').closeSync(1); require('node:fs').closeSync(2);"],
    ["overwrites the kernel's own name", "try { (globalThis as any).__gradbook__ = 1 } catch {}"],
    ["loads node:domain", "require('node:domain').create();"],
  ])("%s leaves a kernel that runs the next cells", async (_name, code) => {
    await using kernel = await startKernel();
    await kernel.execute(code);
    expect(await kernel.value("20 + 1")).toBe("21");
    expect((await kernel.run("console.log('printed')")).text).toBe("printed\n");
    expect((await kernel.execute("throw new RangeError('told')")).error?.evalue).toBe("told");
  });

  test("removes the folder it works in can go to another one", async () => {
    await using kernel = await startKernel();
    await kernel.run(
      "process.chdir(require('fs').mkdtempSync(require('os').tmpdir() + '/gone-')); require('fs').rmdirSync(process.cwd())",
    );
    expect(await kernel.value("1 + 2")).toBe("3");
    await kernel.execute("@((value: any, _context: any) => value) class Decorated {}");
    await kernel.run("process.chdir(require('os').tmpdir())");
    expect(await kernel.value("2 + 2")).toBe("4");
  });

  test.each([
    ["display", "for (;;) display('a')"],
    ["update", "const handle = display('a', { id: true })!; for (;;) handle.update('b')"],
    [
      "comm.send",
      "const flood = kernel.comm.open('flood'); for (;;) flood.send({ a: 1 }, { buffers: [new Uint8Array(1000)] })",
    ],
  ])("floods with %s is stopped by an interrupt", async (_name, code) => {
    await using kernel = await startKernel();
    const cell = kernel.start(code);
    await sleep(500);
    await kernel.interrupt();
    expect((await cell.done).reply.ename).toBe("KeyboardInterrupt");
    expect(await kernel.value("1 + 1")).toBe("2");
  });
});

describe("a client that", () => {
  const kernel = sharedKernel();

  test("sends objects where strings belong gets an error for each, and no more", async () => {
    const run = await kernel().execute("1", { userExpressions: { bad: { toString: 1 } as never, good: "1 + 1" } });
    const expressions = run.reply["user_expressions"] as Record<string, { status: string; evalue?: string }>;
    expect(expressions["bad"]).toMatchObject({ status: "error", evalue: expect.stringContaining("expected a string") });
    expect(expressions["good"]).toMatchObject({ status: "ok" });
    kernel().send("stdin", "input_reply", { value: { toString: 1 } });
    expect(await kernel().value("2")).toBe("2");
  });

  test("sends comm data nested thousands deep does not block the queue", async () => {
    let data: unknown = 1;
    for (let depth = 0; depth < 3000; depth++) data = [data];
    kernel().send("shell", "comm_open", { comm_id: "deep", target_name: "nobody", data });
    expect(await kernel().value("3")).toBe("3");
  });

  test("asks for completion without a cursor means the end", async () => {
    await kernel().run("const ending = { first: 1 }");
    const reply = await kernel().request("shell", "complete_request", { code: "ending." });
    expect(reply.content["matches"]).toContain("first");
  });

  test("answers a question that is not open any more answers no other", async () => {
    const asked = kernel().waitFor((message) => message.type === "input_request", "the first question");
    const first = kernel().start("await prompt('first? ')", { allowStdin: true });
    const question = await asked;
    await kernel().interrupt();
    await first.done;
    const askedAgain = kernel().waitFor(
      (message) => message.type === "input_request" && message.content["prompt"] === "second? ",
      "the second question",
    );
    const second = kernel().start("await prompt('second? ')", { allowStdin: true });
    const other = await askedAgain;
    kernel().send("stdin", "input_reply", { value: "late" }, { parent: question.header });
    kernel().send("stdin", "input_reply", { value: "right" }, { parent: other.header });
    expect((await second.done).value).toBe("'right'");
  });
});

test("a comm handler that loops says that it was interrupted", async () => {
  await using kernel = await startKernel();
  await kernel.run("kernel.comm.register('loop', () => { for (;;); })");
  const failed = kernel.waitFor((message) => message.type === "error", "the error of the handler");
  kernel.send("shell", "comm_open", { comm_id: "1", target_name: "loop", data: {} });
  await sleep(200);
  await kernel.interrupt();
  expect((await failed).content["ename"]).toBe("KeyboardInterrupt");
  expect(await kernel.value("4")).toBe("4");
});

test("prompt after its cell has ended is refused, not forgotten", async () => {
  await using kernel = await startKernel();
  await kernel.execute("setTimeout(() => prompt('late? ').catch((error) => console.log(error.message)), 50)", {
    allowStdin: true,
  });
  await kernel.waitFor(
    (message) => message.type === "stream" && /while its cell runs/.test(String(message.content["text"])),
    "the refusal",
  );
});
