/**
 * A program whose main thread is busy while its second thread asks about it, as a kernel's does. Started by
 * inspector-values.test.ts; prints one line of JSON.
 */
import { execSync } from "node:child_process";
import { Session } from "node:inspector";
import { runInThisContext } from "node:vm";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import {
  complete,
  type InspectorSession,
  InspectorValues,
  inspect,
  type LanguageContext,
} from "../../../kernel/language/index.ts";

const context: LanguageContext = { names: new Map([["customer", "variable"]]), cwd: process.cwd() };

if (isMainThread) runProgram();
else await askAboutIt();

function runProgram(): void {
  runInThisContext(`var customer = { name: "Ada", get endless() { for (;;); } }; var ticks = 0; let lexical = 1;`);
  const worker = new Worker(new URL(import.meta.url));
  worker.on("message", (order: string) => {
    if (order === "loop") {
      Promise.resolve().then(() => runInThisContext("var microtasks = 1"));
      runInThisContext(
        `for (const end = Date.now() + 1200; Date.now() < end;) ticks++; var loopEnded = typeof microtasks;`,
      );
    }
    if (order === "wait") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700);
    if (order === "native") execSync("sleep 2");
    if (order.startsWith("{")) return console.log(order);
    worker.postMessage("done");
  });
}

async function askAboutIt(): Promise<void> {
  const port = parentPort!;
  // A question to the inspector does not keep a thread alive; a kernel's sockets do.
  port.ref();
  const session = new Session();
  session.connectToMainThread();
  const methods: string[] = [];
  const recording: InspectorSession = {
    post(method, parameters, callback) {
      methods.push(method);
      session.post(method, parameters, callback);
    },
  };
  const values = new InspectorValues(recording);
  await values.refreshGlobals();
  const report: Record<string, unknown> = {
    globals: values.knownGlobals().filter((name) => /^(customer|lexical)$/.test(name)),
  };

  const members = async (code: string) => (await complete(code, code.length, values, context)).matches;
  /** Gives an order and asks while it is carried out. */
  async function during(order: string, ask: () => Promise<object>): Promise<object> {
    let isBusy = true;
    const done = new Promise<void>((resolve) =>
      port.once("message", () => {
        isBusy = false;
        resolve();
      }),
    );
    port.postMessage(order);
    await new Promise((resolve) => setTimeout(resolve, 150));
    const answer = { ...(await ask()), whileBusy: isBusy };
    await done;
    return answer;
  }

  report["loop"] = await during("loop", async () => ({
    members: (await members("customer.")).includes("name"),
    isRunning: (await values.evaluate("typeof loopEnded"))?.value,
    value: (await inspect("customer", 3, 0, values, context)).data["text/plain"],
    endless: (await values.evaluate("customer.endless")) ?? "given up",
    afterEndless: (await values.evaluate("customer.name"))?.value,
  }));
  report["afterLoop"] = (await values.evaluate("loopEnded + (ticks > 0)"))?.value;
  for (const order of ["wait", "native"]) {
    report[order] = await during(order, async () => {
      const found = {
        names: await members("custo"),
        members: await members("customer."),
        literal: (await members("[1].")).includes("map"),
      };
      const again = await Promise.all([values.evaluate("1"), values.evaluate("2"), values.properties("0")]);
      return { ...found, again: again.map(String) };
    });
    // The question that went unanswered is answered first.
    for (let attempt = 0; attempt < 100 && report[`after ${order}`] === undefined; attempt++) {
      report[`after ${order}`] = (await values.evaluate("customer.name"))?.value;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  report["methods"] = [...new Set(methods)];
  session.disconnect();
  port.postMessage(JSON.stringify(report));
  port.unref();
}
