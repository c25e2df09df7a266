/** The process table, for tests that must leave nothing running. Linux and macOS. */
import { execFileSync } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";

export interface ProcessEntry {
  pid: number;
  parent: number;
  command: string;
}

export function processTable(): ProcessEntry[] {
  const output = execFileSync("ps", ["-A", "-o", "pid=,ppid=,stat=,command="], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  return output.split("\n").flatMap((line) => {
    const [, pid, parent, state, command] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    // A zombie has ended; only its parent has not looked yet.
    return pid && !state!.startsWith("Z") ? [{ pid: Number(pid), parent: Number(parent), command: command! }] : [];
  });
}

/** Children, their children, and so on. */
export function descendants(pid: number): ProcessEntry[] {
  const table = processTable();
  const found: ProcessEntry[] = [];
  const open = [pid];
  for (let parent = open.pop(); parent !== undefined; parent = open.pop()) {
    for (const entry of table) {
      if (entry.parent !== parent) continue;
      found.push(entry);
      open.push(entry.pid);
    }
  }
  return found;
}

/** Waits until none of these processes is there any more; throws with those that are left. */
export async function allGone(pids: number[], milliseconds: number): Promise<void> {
  const end = performance.now() + milliseconds;
  for (;;) {
    const left = processTable().filter((entry) => pids.includes(entry.pid));
    if (left.length === 0) return;
    if (performance.now() > end)
      throw new Error(`still running: ${left.map((entry) => `${entry.pid} ${entry.command}`).join("; ")}`);
    await delay(50);
  }
}

/** Ends, without mercy, what a failed test may have left. */
export function endAll(pids: number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // gone already
    }
  }
}
