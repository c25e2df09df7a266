import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { createConsoleHost, currentHost, installHost } from "../../lib/index.ts";
import { fakeTraining } from "./fake-training.ts";
import { RecordingHost } from "./recording-host.ts";

let restore = () => {};
afterEach(() => restore());

test("a training loop updates one display 100 times and is stopped by an interrupt", async () => {
  const host = new RecordingHost();
  restore = installHost(host);
  host.onUpdate = (count) => {
    if (count === 100) host.interrupt();
  };

  const run = await fakeTraining({ maxUpdates: 1000 });

  expect(run).toMatchObject({ stopped: "by an interrupt", steps: 100, updates: 100 });
  expect(host.shown).toEqual(["step 0"]);
  expect(new Set(host.updates).size).toBe(100);
  expect(host.updates.at(-1)).toBe("step 100 loss 0.3660");
  expect(host.logged).toEqual(["stopped by an interrupt after 100 updates"]);
  expect(host.interruptListeners.size).toBe(0);
});

test("the same loop on the console host prints a few lines and stops at Ctrl-C", async () => {
  let printed = "";
  const before = process.listenerCount("SIGINT");
  restore = installHost(createConsoleHost({ write: (text) => (printed += text), updateInterval: 20 }));
  const running = fakeTraining({ maxUpdates: 100 });
  expect(process.listenerCount("SIGINT")).toBe(before + 1);
  while (!printed.includes("step 100 ")) await new Promise((resolve) => setTimeout(resolve, 5));

  process.emit("SIGINT");
  const run = await running;

  expect(run).toMatchObject({ stopped: "by an interrupt", updates: 100 });
  const lines = printed.trim().split("\n");
  expect(lines[0]).toBe("step 0");
  expect(lines.at(-2)).toBe("step 100 loss 0.3660");
  expect(lines.at(-1)).toBe("stopped by an interrupt after 100 updates");
  expect(lines.length).toBeLessThan(60);
  expect(process.listenerCount("SIGINT")).toBe(before);
});

test("the host and the loop need neither the kernel nor the engine", async () => {
  const loaded = await runNode(`
    import { registerHooks } from "node:module";
    const urls = [];
    registerHooks({ load(url, context, next) { urls.push(url); return next(url, context); } });
    const { currentHost } = await import("./lib/host.ts");
    currentHost().show({ "text/plain": "shown" });
    console.log(JSON.stringify(urls));
  `);
  const [shown, urls] = loaded.trim().split("\n") as [string, string];
  expect(shown).toBe("shown");
  const files = (JSON.parse(urls) as string[]).map((url) => url.slice(url.lastIndexOf("/lib/")));
  expect(files).toEqual(["/lib/host.ts", "/lib/host-console.ts"]);
});

test("importing gradbook/lib loads nothing of the kernel", async () => {
  const loaded = await runNode(`
    import { registerHooks } from "node:module";
    const urls = [];
    registerHooks({ load(url, context, next) { urls.push(url); return next(url, context); } });
    await import("./lib/index.ts");
    console.log(JSON.stringify(urls));
  `);
  const urls = JSON.parse(loaded) as string[];
  expect(urls.some((url) => url.endsWith("/lib/host.ts"))).toBe(true);
  expect(urls.filter((url) => url.includes("/kernel/"))).toEqual([]);
});

test("installHost gives back the former host", () => {
  const outer = new RecordingHost();
  const restoreOuter = installHost(outer);
  const restoreInner = installHost(new RecordingHost());
  expect(currentHost()).not.toBe(outer);
  restoreInner();
  expect(currentHost()).toBe(outer);
  restoreOuter();
  expect(currentHost()).not.toBe(outer);
});

/** Runs an ES module in a fresh Node from the package's folder; resolves to its stdout, rejects with its stderr. */
async function runNode(source: string): Promise<string> {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", source], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => (err += chunk));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(err);
  return out;
}
