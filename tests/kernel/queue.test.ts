/** Requests are answered one after the other, each with everything it owes before its idle. */
import { describe, expect, test } from "vitest";
import { startKernel } from "./client.ts";
import { sharedKernel } from "./suite.ts";

const kernel = sharedKernel();

describe("after an error", () => {
  test.each([
    ["a thrown error", "throw new Error('stop')"],
    ["a rejected await", "await new Promise((_, reject) => setTimeout(() => reject(new Error('stop')), 30))"],
    ["a syntax error", "const = 1"],
  ])("%s aborts the cells that were queued behind it, with stop_on_error", async (_, code) => {
    // The first cell keeps the kernel busy until all are queued.
    const cells = ["await new Promise(r => setTimeout(r, 100))", code, "console.log('one')", "console.log('two')"].map(
      (each) => kernel().start(each),
    );
    const runs = await Promise.all(cells.map((cell) => cell.done));
    expect(runs.map((run) => run.reply.status)).toEqual(["ok", "error", "aborted", "aborted"]);
    expect(runs[2]!.text + runs[3]!.text).toBe("");
    expect(await kernel().value("'next'.length")).toBe("4");
  });

  test("without stop_on_error the queued cells run", async () => {
    const cells = [
      kernel().start("await new Promise(r => setTimeout(r, 50))"),
      kernel().start("throw new Error('go on')", { stopOnError: false }),
      kernel().start("console.log('ran')"),
    ];
    const runs = await Promise.all(cells.map((cell) => cell.done));
    expect(runs.map((run) => run.reply.status)).toEqual(["ok", "error", "ok"]);
    expect(runs[2]!.text).toBe("ran\n");
  });

  test("requests that are not cells are answered, not aborted", async () => {
    const slow = kernel().start("await new Promise(r => setTimeout(r, 100)); throw new Error('x')");
    const info = kernel().kernelInfo();
    const complete = kernel().isComplete("1 +");
    const aborted = kernel().start("1");
    await slow.done;
    expect((await info).status).toBe("ok");
    expect((await complete).status).toBe("incomplete");
    expect((await aborted.done).reply.status).toBe("aborted");
  });

  test("an aborted cell does not use up an execution count", async () => {
    const before = Number((await kernel().run("1")).reply.execution_count);
    const cells = ["await new Promise(r => setTimeout(r, 50)); throw new Error('x')", "2"].map((code) =>
      kernel().start(code),
    );
    await Promise.all(cells.map((cell) => cell.done));
    expect((await kernel().run("3")).reply.execution_count).toBe(before + 2);
  });
});

describe("silent and store_history", () => {
  test("a silent cell shows no result, no input and no count, and still runs", async () => {
    const before = Number((await kernel().run("let silently = 1")).reply.execution_count);
    const run = await kernel().run("silently = 2; silently", { silent: true });
    expect(run.types.filter((type) => type !== "status")).toEqual([]);
    expect(run.types).toEqual(["status"]);
    const next = await kernel().run("silently");
    expect(next.value).toBe("2");
    expect(next.reply.execution_count).toBe(before + 1);
  });

  test("store_history false shows the result and leaves the count alone", async () => {
    const before = Number((await kernel().run("1")).reply.execution_count);
    const run = await kernel().run("2 + 2", { storeHistory: false });
    expect(run.value).toBe("4");
    expect((await kernel().run("5")).reply.execution_count).toBe(before + 1);
  });

  test("an error of a silent cell is in the reply", async () => {
    const run = await kernel().execute("throw new TypeError('quiet')", { silent: true });
    expect(run.reply).toMatchObject({ status: "error", ename: "TypeError", evalue: "quiet" });
    expect(run.error).toBeUndefined();
  });
});

describe("the reply", () => {
  test("counts go up by one from 1 and are the same in input, result and reply", async () => {
    await using own = await startKernel();
    for (const count of [1, 2, 3]) {
      const run = await own.run(`${count} * 10`);
      const input = run.messages.find((message) => message.type === "execute_input");
      expect(run.reply.execution_count).toBe(count);
      expect(input?.content).toMatchObject({ execution_count: count, code: `${count} * 10` });
      expect(run.outputs.find((output) => output.type === "result")).toMatchObject({ count });
    }
    expect((await own.execute("throw 1")).reply.execution_count).toBe(4);
  });

  test("user_expressions are evaluated after the cell, each with its value or its error", async () => {
    const run = await kernel().run("const basis = 20", {
      userExpressions: {
        sum: "basis + 1",
        wrong: "noSuchName",
        broken: "1 +",
        shown: "({ [Symbol.for('Jupyter.display')]: () => ({ 'text/html': '<b>' }) })",
      },
    });
    const values = run.reply.user_expressions!;
    expect(values["sum"]).toMatchObject({ status: "ok", data: { "text/plain": expect.stringContaining("21") } });
    expect(values["wrong"]).toMatchObject({ status: "error", ename: "ReferenceError" });
    expect(values["broken"]).toMatchObject({ status: "error", ename: "SyntaxError" });
    expect(values["shown"]).toMatchObject({ status: "ok", data: { "text/html": "<b>" } });
  });

  test("user_expressions are not evaluated when the cell fails", async () => {
    const run = await kernel().execute("throw new Error('x')", {
      userExpressions: { never: "console.log('evaluated')" },
    });
    expect(run.reply.status).toBe("error");
    expect(run.text).toBe("");
  });

  test("a page command puts the text into a page payload", async () => {
    const run = await kernel().run('kernel.page("a long text")');
    expect(run.reply.payload).toHaveLength(1);
    expect(run.reply.payload![0]).toMatchObject({ source: "page", data: { "text/plain": "a long text" } });
    expect((await kernel().run("1")).reply.payload ?? []).toEqual([]);
  });
});

describe("order", () => {
  test("200 queued requests are all answered, in order", async () => {
    const cells = Array.from({ length: 200 }, (_, index) => kernel().start(`console.log(${index}); ${index} * 2`));
    const runs = await Promise.all(cells.map((cell) => cell.done));
    expect(runs.map((run) => run.text)).toEqual(runs.map((_, index) => `${index}\n`));
    expect(runs.map((run) => run.value)).toEqual(runs.map((_, index) => `${index * 2}`));
    const replies = kernel()
      .messages.filter((message) => message.type === "execute_reply")
      .slice(-200);
    expect(replies.map((reply) => reply.parent.msg_id)).toEqual(cells.map((cell) => cell.id));
    const counts = runs.map((run) => Number(run.reply.execution_count));
    expect(counts).toEqual(counts.map((_, index) => counts[0]! + index));
  });

  test("a cell is busy, input, outputs, result, idle, in this order", async () => {
    const run = await kernel().run("console.log('out'); display('shown'); console.error('err'); 'result'");
    const states = run.messages
      .filter((message) => message.type === "status")
      .map((message) => message.content.execution_state);
    expect(states).toEqual(["busy", "idle"]);
    expect(run.types).toEqual([
      "status",
      "execute_input",
      "stream",
      "display_data",
      "stream",
      "execute_result",
      "status",
    ]);
    expect(run.idleAfterAll).toBe(true);
  });

  test("everything that an asynchronous cell prints comes before its idle", async () => {
    const run = await kernel().run(
      "for (let i = 0; i < 50; i++) { await new Promise(r => setTimeout(r, i % 3)); console.log(i); display(i) }",
    );
    expect(run.displays).toHaveLength(50);
    expect(run.text).toBe(Array.from({ length: 50 }, (_, i) => `${i}\n`).join(""));
    expect(run.idleAfterAll).toBe(true);
  });

  test("every other request is surrounded by its own busy and idle", async () => {
    for (const [type, content] of [
      ["kernel_info_request", {}],
      ["is_complete_request", { code: "1" }],
      ["complete_request", { code: "con", cursor_pos: 3 }],
      ["history_request", { hist_access_type: "tail", n: 1, output: false, raw: true }],
    ] as const) {
      const reply = await kernel().request("shell", type, content);
      await kernel().idle(reply.parent.msg_id!);
      const states = kernel()
        .messagesOf(reply.parent.msg_id!)
        .map((message) => message.content.execution_state);
      expect(states, type).toEqual(["busy", "idle"]);
    }
  });

  test("every message names the session, the protocol version and its parent", async () => {
    const run = await kernel().run("console.log('headers')");
    for (const message of [run.replyMessage, ...run.messages]) {
      expect(message.parent).toMatchObject({ msg_id: run.id, session: kernel().session, msg_type: "execute_request" });
      expect(message.header.version).toMatch(/^5\.\d+$/);
      expect(message.header.session).not.toBe(kernel().session);
      expect(Number.isNaN(Date.parse(message.header.date))).toBe(false);
    }
    const ids = kernel().messages.map((message) => message.header.msg_id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

test.each(["exit", "quit", "exit()", " quit ; "])(
  "%j alone asks the console to leave, and the kernel stays",
  async (code) => {
    await using own = await startKernel();
    const run = await own.execute(code);
    expect(run.reply.status).toBe("ok");
    expect(run.reply.payload).toEqual([{ source: "ask_exit", keepkernel: false }]);
    expect(await own.value("1 + 1")).toBe("2");
  },
);

test("a variable named exit is the variable", async () => {
  await using own = await startKernel();
  await own.run("const exit = 5");
  expect(await own.value("exit")).toBe("5");
});
