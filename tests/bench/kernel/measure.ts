/** What is measured on one fresh kernel process. Times are milliseconds as a front end sees them, over the real sockets. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Kernel, startKernel } from "../../kernel/client.ts";
import type { Contestant } from "./contestants.ts";

export interface Round {
  /** From the start of the process to the reply to kernel_info. */
  coldInfo: number;
  /** From the start of the process to the reply of the first `1+1`. */
  coldCell: number;
  /** From request to both reply and idle, of each warm `1+1`. */
  cells: number[];
  /** Resident memory of the process and its children, in MB, after those cells. */
  memory: number;
  interrupt: Interrupt;
  lines?: Lines;
}

/** From the interrupt to the reply of the endless loop, or why there was none. */
export type Interrupt = { milliseconds: number; stateKept: boolean } | { failure: string };

export interface Lines {
  /** From request to idle; undefined when idle did not come in time. */
  idle: number | undefined;
  /** From request to the arrival of the last line; undefined when lines are missing. */
  all: number | undefined;
  beforeIdle: number;
  received: number;
}

export interface Settings {
  cells: number;
  lines: number;
  /** How long an endless loop may resist its interrupt. */
  interruptLimit: number;
  linesLimit: number;
}

/** A kernel that refuses what is measured would look fast. @throws Error when it does not print */
export async function proveThatItWorks({ name, command }: Contestant): Promise<void> {
  await using kernel = await startKernel({ command, timeout: 60_000 });
  const cell = kernel.start("console.log(6 * 7)");
  await cell.printed("42", 10_000).catch(() => {
    const said = kernel.messagesOf(cell.id).map(({ content }) => content.text ?? content.evalue ?? "");
    throw new Error(`${name} does not print what a cell logs. It said: ${said.join("").trim() || "nothing"}`);
  });
}

/** @param withLines whether the flood of lines, which takes long on some kernels, is part of this round */
export async function measureRound(contestant: Contestant, settings: Settings, withLines: boolean): Promise<Round> {
  await using kernel = await startKernel({ command: contestant.command, unready: true });
  await kernel.request("shell", "kernel_info_request", {}, { timeout: 60_000 });
  const coldInfo = performance.now() - kernel.startedAt;
  await kernel.request("shell", "execute_request", {
    code: "1+1",
    silent: false,
    store_history: true,
    allow_stdin: false,
  });
  const coldCell = performance.now() - kernel.startedAt;
  await subscribed(kernel);

  for (let i = 0; i < 20; i++) await kernel.execute("1+1");
  const cells: number[] = [];
  for (let i = 0; i < settings.cells; i++) {
    const start = performance.now();
    await kernel.execute("1+1");
    cells.push(performance.now() - start);
  }
  const memory = residentMemory(kernel.pid);
  const lines = withLines ? await measureLines(kernel, settings) : undefined;
  // Last: not every kernel survives it.
  const interrupt = await measureInterrupt(contestant, kernel, settings);
  return { coldInfo, coldCell, cells, memory, interrupt, ...(lines ? { lines } : {}) };
}

/** Waits until iopub is heard: the subscription may reach the kernel after its first messages. */
async function subscribed(kernel: Kernel): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const header = await kernel.send("shell", "kernel_info_request", {});
    await kernel.reply("shell", header);
    const heard = await kernel.idle(header.msg_id, 200).then(
      () => true,
      () => false,
    );
    if (heard) return;
    if (attempt === 50) throw new Error("The kernel's iopub channel was never heard.");
  }
}

async function measureLines(kernel: Kernel, { lines, linesLimit }: Settings): Promise<Lines> {
  const start = performance.now();
  const cell = kernel.start(`for (let i = 0; i < ${lines}; i++) console.log("line " + i)`, { timeout: linesLimit });
  let received = 0;
  let beforeIdle = 0;
  let idle: number | undefined;
  let all: number | undefined;
  let seen = 0;
  while (all === undefined && performance.now() - start < linesLimit) {
    const messages = kernel.messagesOf(cell.id);
    for (; seen < messages.length; seen++) {
      const { type, content, at } = messages[seen] as (typeof messages)[number];
      if (type === "stream") received += countLines(content.text ?? "");
      else if (type === "status" && content.execution_state === "idle") idle = at - start;
      if (idle === undefined) beforeIdle = received;
      if (received >= lines && all === undefined) all = at - start;
    }
    await sleep(10);
  }
  if (idle === undefined) {
    // All lines are here; idle has its time to follow.
    const late = await kernel
      .idle(cell.id, Math.max(1000, linesLimit - (performance.now() - start)))
      .catch(() => undefined);
    if (late) idle = late.at - start;
  }
  return { idle, all, beforeIdle, received };
}

function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count++;
  return count;
}

async function measureInterrupt(
  contestant: Contestant,
  kernel: Kernel,
  { interruptLimit }: Settings,
): Promise<Interrupt> {
  await kernel.execute("var kept = 41");
  const cell = kernel.start("while (true);", { timeout: interruptLimit });
  await sleep(300);
  const start = performance.now();
  if (contestant.interruptMode === "message") await kernel.send("control", "interrupt_request", {});
  else kernel.signal("SIGINT");
  const replied = kernel.waitFor(
    (message) => message.type === "execute_reply" && message.parent.msg_id === cell.id,
    "the reply",
    interruptLimit,
  );
  const never = { failure: `not within ${interruptLimit / 1000} s` };
  const first = await Promise.race([
    replied.catch(() => never),
    kernel.end(interruptLimit).then(
      () => ({ failure: "the kernel ends" }),
      () => never,
    ),
  ]);
  if ("failure" in first) return first;
  const milliseconds = first.at - start;
  await cell.done.catch(() => undefined);
  // Some kernels abort what follows an error, so the state is asked for twice.
  let stateKept = false;
  for (let attempt = 0; attempt < 2 && !stateKept; attempt++) {
    stateKept = await kernel
      .start("console.log(kept + 1)")
      .printed("42", 2000)
      .then(
        () => true,
        () => false,
      );
  }
  return { milliseconds, stateKept };
}

/** Resident memory of a process and all its descendants in MB, from /proc; NaN where there is none. */
function residentMemory(root: number): number {
  const parents = new Map<number, number>();
  try {
    for (const entry of readdirSync("/proc")) {
      if (!/^\d+$/.test(entry)) continue;
      const parent = /\) \S (\d+)/.exec(readOrEmpty(`/proc/${entry}/stat`))?.[1];
      if (parent) parents.set(Number(entry), Number(parent));
    }
  } catch {
    return Number.NaN;
  }
  const isInTree = (pid: number): boolean => pid === root || (parents.has(pid) && isInTree(parents.get(pid) as number));
  const kilobytes = [...parents.keys()].filter(isInTree).map((pid) => {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readOrEmpty(`/proc/${pid}/status`))?.[1] ?? 0);
  });
  return kilobytes.reduce((sum, size) => sum + size, 0) / 1024;
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
