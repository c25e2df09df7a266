/** The stop button stops whatever runs, keeps the notebook's state, and the kernel stays reachable all the while. */
import { afterEach, describe, expect, test } from "vitest";
import { sharedKernel, sleep } from "./suite.ts";

const kernel = sharedKernel();

/** Each cell prints "running" when it has got to the part that is to be interrupted. */
const running: [what: string, code: string][] = [
  ["a synchronous loop", "console.log('running'); while (true) {}"],
  ["a synchronous loop after an await", "await null; console.log('running'); for (;;) {}"],
  ["a loop after a timer", "await new Promise(r => setTimeout(r, 10)); console.log('running'); for (;;) {}"],
  [
    "a loop inside try and catch",
    "console.log('running'); while (true) { try { while (true) {} } catch (e) { console.log('caught') } finally { } }",
  ],
  [
    "a loop inside try and catch after an await",
    "await null; console.log('running'); for (;;) { try { for (;;) {} } catch { console.log('caught') } }",
  ],
  ["a loop inside a function of another cell", "console.log('running'); spin()"],
  [
    "a microtask loop",
    "console.log('running'); const again = (): Promise<void> => Promise.resolve().then(again); await again()",
  ],
  ["an await loop that never yields", "console.log('running'); for (;;) await null"],
  ["a loop of immediates", "console.log('running'); for (;;) await new Promise(r => setImmediate(r))"],
  ["a loop in a timer", "console.log('running'); await new Promise(() => setTimeout(() => { for (;;) {} }, 5))"],
  ["a regular expression", "console.log('running'); /^(a+)+$/.test('a'.repeat(40) + '!')"],
  ["Atomics.wait", "console.log('running'); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)"],
  ["a promise that never settles", "console.log('running'); await new Promise(() => {})"],
  ["a sleep", "console.log('running'); await new Promise(r => setTimeout(r, 60_000))"],
  [
    "a promise inside try and catch",
    "console.log('running'); try { await new Promise(() => {}) } catch { console.log('caught') }; await new Promise(() => {})",
  ],
  [
    "a for await over a silent stream",
    "console.log('running'); async function* never() { await new Promise(() => {}); yield 1 }\nfor await (const x of never()) console.log(x)",
  ],
  ["a getter of the result", "console.log('running'); ({ get [Symbol.for('Jupyter.display')]() { for (;;) {} } })"],
  ["execSync of a child process", "console.log('running'); require('node:child_process').execSync('sleep 60')"],
  ["spawnSync of a child process", "console.log('running'); require('node:child_process').spawnSync('sleep', ['60'])"],
  [
    "an awaited child process",
    "console.log('running'); await new Promise(r => require('node:child_process').spawn('sleep', ['60']).on('exit', r))",
  ],
  ["a shell command by $", "console.log('running'); await $`sleep 60`"],
];

describe.each(["message", "SIGINT"])("an interrupt by %s stops", (way) => {
  test.each(running)("%s", async (_, code) => {
    await kernel().run("var before = 'kept'; function spin() { for (;;) {} }");
    const cell = kernel().start(code);
    await cell.printed("running");
    await sleep(30);
    if (way === "message") expect((await kernel().interrupt()).status).toBe("ok");
    else kernel().signal("SIGINT");
    const run = await cell.done;
    expect(run.reply.status).toBe("error");
    expect(run.reply.ename).toBe("KeyboardInterrupt");
    expect(run.error?.ename).toBe("KeyboardInterrupt");
    expect(run.text).not.toContain("caught");
    expect(await kernel().value("before")).toContain("kept");
  });
});

afterEach(async () => {
  // What a test left running must not fall on the next one.
  if (!kernel().ended) await kernel().interrupt();
});

test("an interrupt stops a runaway timer of an earlier cell", async () => {
  await kernel().run(
    "let ticks = 0; setInterval(() => { ticks++; const end = Date.now() + 10_000; while (Date.now() < end) {} }, 1);",
  );
  await sleep(100);
  await kernel().interrupt();
  await sleep(20);
  await kernel().interrupt();
  const cell = kernel().start("console.log('alive')");
  for (let attempt = 0; attempt < 20 && !cellDone(cell.id); attempt++) {
    await sleep(200);
    if (!cellDone(cell.id)) await kernel().interrupt();
  }
  await cell.done;
  expect((await kernel().run("console.log(ticks < 5)")).text).toBe("true\n");
  await kernel().execute("for (let id = 1; id < 10_000; id++) clearInterval(id);");
});

function cellDone(id: string): boolean {
  return kernel().messages.some((message) => message.type === "execute_reply" && message.parent.msg_id === id);
}

test("the traceback of an interrupt says where the program was", async () => {
  const cell = kernel().start("console.log('running');\nfunction busy() {\n  for (;;) {}\n}\nbusy()");
  await cell.printed("running");
  await sleep(30);
  await kernel().interrupt();
  const run = await cell.done;
  expect(run.error?.traceback).toContain("KeyboardInterrupt");
});

test("an interrupt while nothing runs changes nothing", async () => {
  await kernel().run("const calm = 1");
  expect((await kernel().interrupt()).status).toBe("ok");
  kernel().signal("SIGINT");
  await sleep(50);
  expect(await kernel().value("calm + 1")).toBe("2");
});

test("an interrupt does not fall on the cell after", async () => {
  const cell = kernel().start("console.log('running'); while (true) {}");
  await cell.printed("running");
  await kernel().interrupt();
  await kernel().interrupt();
  await cell.done;
  const run = await kernel().execute(
    "let sum = 0; for (let i = 0; i < 1e7; i++) sum += i; await new Promise(r => setTimeout(r, 100)); sum > 0",
  );
  expect(run.value).toBe("true");
});

test("queued cells are aborted by an interrupt", async () => {
  const cell = kernel().start("console.log('running'); while (true) {}");
  const queued = [kernel().start("console.log('second')"), kernel().start("console.log('third')")];
  await cell.printed("running");
  await sleep(30);
  await kernel().interrupt();
  await cell.done;
  for (const next of queued) {
    const run = await next.done;
    expect(run.reply.status).toBe("aborted");
    expect(run.text).toBe("");
  }
  expect(await kernel().value("1 + 1")).toBe("2");
});

test("finally blocks of an interrupted promise do not keep the cell from ending", async () => {
  const cell = kernel().start(
    "console.log('running'); try { await new Promise(() => {}) } finally { console.log('finally') }",
  );
  await cell.printed("running");
  await kernel().interrupt();
  expect((await cell.done).reply.ename).toBe("KeyboardInterrupt");
});

test("ten interrupts in a row each stop their own cell", async () => {
  for (let round = 0; round < 10; round++) {
    const cell = kernel().start(
      `console.log('running ${round}'); ${round % 2 ? "while (true) {}" : "await new Promise(() => {})"}`,
    );
    await cell.printed(`running ${round}`);
    await kernel().interrupt();
    expect((await cell.done).reply.ename, `round ${round}`).toBe("KeyboardInterrupt");
  }
});

test("the children of an interrupted cell are gone", async () => {
  const cell = kernel().start("console.log('running'); await $`sleep 61.5`");
  await cell.printed("running");
  await sleep(100);
  await kernel().interrupt();
  await cell.done;
  await sleep(300);
  const left = await kernel().run(
    "console.log(require('node:child_process').spawnSync('pgrep', ['-f', 'sleep 61[.]5']).stdout?.toString().trim() ?? '')",
  );
  expect(left.text.trim()).toBe("");
});

describe.each([
  ["a synchronous loop", "console.log('running'); while (true) {}"],
  [
    "one long native call",
    "console.log('running'); require('node:crypto').pbkdf2Sync('x', 'y', 4_000_000, 64, 'sha512')",
  ],
  ["Atomics.wait", "console.log('running'); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)"],
  ["a pending promise", "console.log('running'); await new Promise(() => {})"],
])("while %s runs", (_, code) => {
  test("heartbeat, kernel_info on control, comm_info, completion and inspection are answered", async () => {
    await kernel().run("const busyName = { alpha: 1, beta: 2 }");
    const cell = kernel().start(code, { timeout: 60_000 });
    await cell.printed("running");
    await sleep(20);
    const busy = { timeout: 2_000 };
    expect(await kernel().heartbeat("still there", 2_000)).toBe("still there");
    expect((await kernel().kernelInfo("control", busy)).status).toBe("ok");
    expect((await kernel().request("shell", "comm_info_request", {}, busy)).content.status).toBe("ok");
    expect((await kernel().complete("busyNa", 6, busy)).matches).toContain("busyName");
    expect((await kernel().inspect("busyName", 4, 0, busy)).status).toBe("ok");
    expect(cellDone(cell.id)).toBe(false);
    await kernel().interrupt();
    await cell.done;
    expect(await kernel().value("busyName.beta")).toBe("2");
  });
});
