/** The kernel's end, by whatever cause, leaves no process behind. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { Subscriber } from "zeromq";
import { address, type Kernel, startKernel } from "./client.ts";
import { allGone, descendants, endAll, processTable } from "./processes.ts";
import { sleep } from "./suite.ts";

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

/** A cell that starts children in several ways; gives their process ids and those of their children. */
async function withChildren(kernel: Kernel): Promise<number[]> {
  await kernel.run(`
    const { spawn } = require("node:child_process");
    spawn("sleep", ["300"]);
    spawn("sh", ["-c", "sleep 301 & sleep 302; wait"], { stdio: "inherit" });`);
  await sleep(200);
  const pids = descendants(kernel.pid).map((entry) => entry.pid);
  const sleeping = processTable().filter((entry) => pids.includes(entry.pid) && entry.command.includes("sleep 30"));
  expect(sleeping.length).toBeGreaterThanOrEqual(3);
  return [kernel.pid, ...pids];
}

describe("shutdown", () => {
  test.each(["control", "shell"] as const)(
    "a shutdown_request on %s is answered, announced, and leaves no process behind",
    async (channel) => {
      await using kernel = await startKernel();
      const pids = await withChildren(kernel);
      try {
        const reply = await kernel.request(channel, "shutdown_request", { restart: false });
        expect(reply).toMatchObject({ type: "shutdown_reply", content: { status: "ok", restart: false } });
        const { code, signal } = await kernel.end(5_000);
        expect({ code, signal }).toEqual({ code: 0, signal: null });
        await allGone(pids, 2_000);
      } finally {
        endAll(pids.slice(1));
      }
    },
  );

  test("restart: true is echoed", async () => {
    await using kernel = await startKernel();
    const reply = await kernel.request("control", "shutdown_request", { restart: true });
    expect(reply.content).toMatchObject({ status: "ok", restart: true });
    await kernel.end(5_000);
  });

  test.each([
    ["a synchronous loop", "console.log('running'); while (true) {}"],
    ["a pending promise", "console.log('running'); await new Promise(() => {})"],
    ["a child process", "console.log('running'); await $`sleep 303`"],
    ["execSync", "console.log('running'); require('node:child_process').execSync('sleep 304')"],
    [
      "one long native call",
      "console.log('running'); require('node:crypto').pbkdf2Sync('x', 'y', 20_000_000, 64, 'sha512')",
    ],
  ])("shutdown ends a kernel that is busy with %s, and its children", async (_, code) => {
    await using kernel = await startKernel();
    const cell = kernel.start(code);
    await cell.printed("running");
    await sleep(100);
    const pids = descendants(kernel.pid).map((entry) => entry.pid);
    try {
      await kernel.request("control", "shutdown_request", { restart: false });
      await kernel.end(5_000);
      await allGone(pids, 2_000);
    } finally {
      endAll(pids);
    }
  });

  test("timers and servers of cells do not keep the kernel from ending", async () => {
    await using kernel = await startKernel();
    await kernel.run(
      "setInterval(() => {}, 10); const server = require('node:http').createServer().listen(0); process.on('exit', () => {});",
    );
    await kernel.shutdown();
    expect(kernel.process.exitCode).toBe(0);
  });

  test("what was printed just before the shutdown arrives", async () => {
    await using kernel = await startKernel();
    const cell = kernel.start("console.log('last words')");
    const reply = kernel.request("shell", "shutdown_request", { restart: false });
    const run = await cell.done;
    await reply;
    expect(run.text).toBe("last words\n");
    await kernel.end();
  });

  test("a front end that has stopped reading does not keep the kernel from ending", async () => {
    await using kernel = await startKernel();
    const stuck = new Subscriber({ receiveHighWaterMark: 1, linger: 0 });
    stuck.connect(address(kernel.connection, "iopub"));
    stuck.subscribe("");
    const cell = kernel.start("for (let i = 0; ; i++) console.log('line of some length ' + i)");
    await cell.printed("line of some length 1000\n");
    await kernel.request("control", "shutdown_request", { restart: false });
    await kernel.end(5_000);
    stuck.close();
  });

  test("a kernel that is shut down as soon as it answers leaves nobody who holds its log open", async () => {
    for (let round = 0; round < 8; round++) {
      const kernel = await startKernel();
      const closed = once(kernel.process, "close", { signal: AbortSignal.timeout(10_000) });
      await kernel.request("control", "shutdown_request", { restart: false });
      await closed;
      await kernel[Symbol.asyncDispose]();
    }
  });

  test("the files of ipc sockets are taken away", async () => {
    await using kernel = await startKernel({ transport: "ipc" });
    const folder = dirname(kernel.connectionFile);
    const sockets = (): string[] => readdirSync(folder).filter((name) => name.startsWith("socket"));
    expect(sockets()).toHaveLength(5);
    await kernel.shutdown();
    expect(sockets()).toEqual([]);
  });
});

describe("signals", () => {
  test("SIGTERM ends the kernel and its children", async () => {
    await using kernel = await startKernel();
    const pids = await withChildren(kernel);
    try {
      kernel.signal("SIGTERM");
      await kernel.end(5_000);
      await allGone(pids, 2_000);
    } finally {
      endAll(pids.slice(1));
    }
  });

  test("SIGTERM ends a kernel in a synchronous loop", async () => {
    await using kernel = await startKernel();
    const cell = kernel.start("console.log('running'); while (true) {}");
    await cell.printed("running");
    kernel.signal("SIGTERM");
    await kernel.end(5_000);
  });

  test("kill -9 during a cell ends its children within two seconds", async () => {
    await using kernel = await startKernel();
    const pids = await withChildren(kernel);
    const cell = kernel.start("console.log('running'); while (true) {}");
    await cell.printed("running");
    try {
      kernel.signal("SIGKILL");
      await kernel.end(2_000);
      await allGone(pids, 2_000);
    } finally {
      endAll(pids.slice(1));
    }
  });

  test("kill -9 during execSync ends the child within two seconds", async () => {
    await using kernel = await startKernel();
    const cell = kernel.start("console.log('running'); require('node:child_process').execSync('sleep 305')");
    await cell.printed("running");
    await sleep(200);
    const pids = descendants(kernel.pid).map((entry) => entry.pid);
    expect(pids.length).toBeGreaterThan(0);
    try {
      kernel.signal("SIGKILL");
      await kernel.end(2_000);
      await allGone(pids, 2_000);
    } finally {
      endAll(pids);
    }
  });
});

describe("the parent", () => {
  test("a kernel ends, with its children, when its parent is gone", async () => {
    // A process of its own starts the kernel, tells its process ids, and is then killed.
    const source = `
      const { startKernel } = await import(${JSON.stringify(join(import.meta.dirname, "client.ts"))});
      const kernel = await startKernel();
      await kernel.run("require('node:child_process').spawn('sleep', ['306']);");
      console.log("kernel " + kernel.pid);
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ["--input-type=module", "--no-warnings", "--eval", source], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    parent.stdout.on("data", (data) => (output += data));
    const deadline = performance.now() + 30_000;
    while (!/kernel \d+\n/.test(output)) {
      if (performance.now() > deadline) throw new Error(`the parent did not start its kernel: ${output}`);
      await sleep(50);
    }
    const pid = Number(/kernel (\d+)\n/.exec(output)![1]);
    const pids = [pid, ...descendants(pid).map((entry) => entry.pid)];
    try {
      parent.kill("SIGKILL");
      await once(parent, "exit");
      await allGone(pids, 10_000);
    } finally {
      endAll(pids);
    }
  });

  test("a busy kernel ends too when its parent is gone", async () => {
    const source = `
      const { startKernel } = await import(${JSON.stringify(join(import.meta.dirname, "client.ts"))});
      const kernel = await startKernel();
      const cell = kernel.start("console.log('running'); while (true) {}");
      await cell.printed("running");
      console.log("kernel " + kernel.pid);
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ["--input-type=module", "--no-warnings", "--eval", source], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [data] = (await once(parent.stdout, "data")) as [Buffer];
    const pid = Number(/kernel (\d+)/.exec(data.toString())![1]);
    try {
      parent.kill("SIGKILL");
      await once(parent, "exit");
      await allGone([pid], 10_000);
    } finally {
      endAll([pid]);
    }
  });
});

describe("starting", () => {
  test("a connection file that is missing or broken is one clear message and an exit code", async () => {
    for (const file of ["/no/such/file.json", import.meta.filename]) {
      await using kernel = await startKernel({
        unready: true,
        command: [process.execPath, join(import.meta.dirname, "..", "..", "dist", "kernel", "main.js"), file],
      });
      const { code } = await kernel.end(10_000);
      expect(code).not.toBe(0);
      expect(kernel.log).toContain(file);
      expect(kernel.log).not.toMatch(/\n\s+at .*node:internal/);
    }
  });

  test("a port that is taken is one clear message and an exit code", async () => {
    await using first = await startKernel();
    await using second = await startKernel({
      unready: true,
      command: [
        process.execPath,
        join(import.meta.dirname, "..", "..", "dist", "kernel", "main.js"),
        first.connectionFile,
      ],
    });
    const { code, signal } = await second.end(10_000);
    expect({ code, signal }).toEqual({ code: expect.any(Number), signal: null });
    expect(code).not.toBe(0);
    expect(second.log).toMatch(/address|in use|port/i);
    expect(await first.value("1 + 1")).toBe("2");
  });

  test("a kernel writes nothing on its own stdout and stderr when all is well", async () => {
    await using kernel = await startKernel();
    await kernel.run("console.log('to the notebook'); require('node:fs').writeSync(2, 'also to the notebook\\n')");
    await kernel.shutdown();
    expect(kernel.log).toBe("");
  });
});
