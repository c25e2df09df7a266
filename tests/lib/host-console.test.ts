import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createConsoleHost } from "../../lib/host-console.ts";

let signals: EventEmitter;
let lines: string[];
let ended: number;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  signals = new EventEmitter();
  lines = [];
  ended = 0;
});
afterEach(() => {
  vi.useRealTimers();
});

const text = (value: string) => ({ "text/plain": value });
const consoleHost = () =>
  createConsoleHost({
    write: (line) => lines.push(line),
    updateInterval: 2000,
    signals,
    endProcess: () => ended++,
  });

test("a bundle is shown once, as plain text on its own line", () => {
  consoleHost().show({ "text/html": "<b>1</b>", "text/plain": "1" });
  expect(lines).toEqual(["1\n"]);
});

test("a bundle without plain text says what it holds", () => {
  consoleHost().show({ "image/png": "..." });
  expect(lines).toEqual(["[image/png]\n"]);
});

test("quick updates become one line an interval, and that line is the newest", () => {
  const shown = consoleHost().show(text("0"));
  for (let step = 1; step <= 10; step++) {
    shown.update(text(String(step)));
    vi.advanceTimersByTime(300);
  }
  expect(lines).toEqual(["0\n", "7\n"]);
  vi.advanceTimersByTime(2000);
  expect(lines).toEqual(["0\n", "7\n", "10\n"]);
});

test("a loop that never yields to timers prints too", () => {
  const shown = consoleHost().show(text("0"));
  shown.update(text("1"));
  vi.setSystemTime(Date.now());
  const spy = vi.spyOn(performance, "now").mockReturnValue(performance.now() + 2001);
  shown.update(text("2"));
  spy.mockRestore();
  expect(lines).toEqual(["0\n", "2\n"]);
});

test("a text that did not change is not printed again", () => {
  const shown = consoleHost().show(text("same"));
  shown.update(text("other"));
  shown.update(text("same"));
  vi.advanceTimersByTime(10_000);
  shown.clear();
  expect(lines).toEqual(["same\n"]);
});

test("clear prints the newest text and ends the display", () => {
  const shown = consoleHost().show(text("0"));
  shown.update(text("1"));
  shown.clear();
  shown.update(text("2"));
  vi.advanceTimersByTime(10_000);
  expect(lines).toEqual(["0\n", "1\n"]);
});

test("the newest text is printed at exit, and only while something waits is exit listened to", () => {
  const host = consoleHost();
  const [a, b] = [host.show(text("a0")), host.show(text("b0"))];
  expect(signals.listenerCount("exit")).toBe(0);
  a.update(text("a1"));
  b.update(text("b1"));
  expect(signals.listenerCount("exit")).toBe(1);
  signals.emit("exit");
  expect(lines).toEqual(["a0\n", "b0\n", "a1\n", "b1\n"]);
  expect(signals.listenerCount("exit")).toBe(0);
});

test("SIGINT is handled only while somebody listens, and every listener hears it", () => {
  const host = consoleHost();
  const heard: string[] = [];
  const takeA = host.onInterrupt(() => heard.push("a"));
  const takeB = host.onInterrupt(() => heard.push("b"));
  signals.emit("SIGINT");
  takeA();
  expect(signals.listenerCount("SIGINT")).toBe(1);
  takeB();
  takeB();
  expect(signals.listenerCount("SIGINT")).toBe(0);
  expect(heard).toEqual(["a", "b"]);
});

test("a listener that throws does not keep the interrupt from the others", () => {
  const host = consoleHost();
  let heard = false;
  host.onInterrupt(() => {
    throw new Error("first");
  });
  host.onInterrupt(() => {
    heard = true;
  });
  expect(() => signals.emit("SIGINT")).toThrow("first");
  expect(heard).toBe(true);
});

test("a second Ctrl-C within a second ends the process, a later one does not", () => {
  consoleHost().onInterrupt(() => {});
  signals.emit("SIGINT");
  vi.advanceTimersByTime(1500);
  signals.emit("SIGINT");
  expect(ended).toBe(0);
  vi.advanceTimersByTime(500);
  signals.emit("SIGINT");
  expect(ended).toBe(1);
  expect(signals.listenerCount("SIGINT")).toBe(0);
});

test("a comm sends nowhere while open and throws once closed", () => {
  const comm = consoleHost().openComm("chart", { hello: 1 });
  comm.onMessage(() => {});
  comm.send({ a: 1 }, { buffers: [new Uint8Array(4)] });
  expect(comm.target).toBe("chart");
  comm.close();
  comm.close();
  expect(() => comm.send({ a: 1 })).toThrow('The comm "chart" is closed');
});

test("log prints a line and now never goes back", () => {
  const host = consoleHost();
  host.log("one line");
  expect(lines).toEqual(["one line\n"]);
  const before = host.now();
  vi.advanceTimersByTime(5);
  expect(host.now()).toBeGreaterThan(before);
});

test.skipIf(process.platform === "win32")(
  "a real process stops gently at the first Ctrl-C and dies at the second",
  async () => {
    vi.useRealTimers();
    const child = spawn(
      process.execPath,
      [
        "--input-type=module",
        "--eval",
        `import { currentHost } from "./lib/host.ts";
       const host = currentHost();
       let shown;
       host.onInterrupt(() => { shown.update({ "text/plain": "newest" }); host.log("stopping"); });
       setInterval(() => {}, 1000);
       shown = host.show({ "text/plain": "ready" });`,
      ],
      { cwd: fileURLToPath(new URL("../..", import.meta.url)), stdio: ["ignore", "pipe", "inherit"] },
    );
    let out = "";
    child.stdout.on("data", (chunk) => {
      out += chunk;
      if (out === "ready\n" || out === "ready\nstopping\n") child.kill("SIGINT");
    });
    const [code, signal] = await once(child, "close");
    expect({ code, signal }).toEqual({ code: null, signal: "SIGINT" });
    expect(out).toBe("ready\nstopping\nnewest\n");
  },
);
