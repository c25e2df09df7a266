/**
 * Child processes of cells: an interrupt reaches them, and none outlives the kernel, however it ends. A small shell process
 * of its own session waits on a pipe; when the kernel is gone, the pipe ends and it ends the children. It finds them, and
 * their children, by a variable in their environment that the kernel sets for itself; where there is no /proc, by number.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** A process that takes this variable out of its environment and its session of the kernel's lives on by its own choice. */
export const kernelVariable = "GRADBOOK_KERNEL_ID";

export class Children {
  readonly #id: string;
  /** Children started asynchronously, with the cell that started them. */
  readonly #contexts = new Map<number, number>();
  #guard: ChildProcess | undefined;

  /** @param id the value of the kernel's variable, of letters and digits */
  constructor(id: string) {
    this.#id = id;
  }

  /**
   * Starts the guard, once. With the read ends of the native pipes it also logs what the kernel said last: V8 writes
   * "heap out of memory" to what it takes for standard error.
   */
  watch(pipes: number[] = [], log?: number): void {
    if (this.#guard || process.platform === "win32") return;
    const group = processGroup(process.pid) === process.pid ? `-${process.pid}` : "";
    // Every line names all children; the last one counts. The kernel itself is gone when the pipe ends.
    const script = `trap '' INT TERM HUP
      all=
      while read -r line; do all=$line; done
      send() {
        for p in ${group} $all $(grep -lsz '^${kernelVariable}=${this.#id}$' /proc/[0-9]*/environ | sed 's#[^0-9]##g'); do
          [ "$p" = $$ ] || kill -s "$1" -- "$p"
        done
      }
      send TERM; sleep 0.3; send KILL
      ${pipes.map((_, index) => `tr -d '\\000' <&${index + 4} >&3`).join("\n")}`;
    const { [kernelVariable]: _, ...env } = process.env;
    this.#guard = spawn("/bin/sh", ["-c", script], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore", log ?? "ignore", ...pipes],
      env,
    });
    this.#guard.on("error", () => undefined);
    this.#guard.stdin!.on("error", () => undefined);
    this.#guard.unref();
  }

  note(pid: number, context: number, running: boolean): void {
    if (running) this.#contexts.set(pid, context);
    else this.#contexts.delete(pid);
    this.#guard?.stdin?.write(`${[...this.#contexts.keys()].join(" ")}\n`);
  }

  /** SIGINT to the children that cell `context` started, and to those that a synchronous call waits for. */
  interrupt(context: number): void {
    const direct = childrenOf(process.pid).filter(
      (pid) => pid !== this.#guard?.pid && (this.#contexts.get(pid) ?? context) === context,
    );
    for (const pid of direct.flatMap((one) => [...descendants(one), one])) signal(pid, "SIGINT");
  }

  /** SIGTERM to all children, when the kernel ends. What ignores it is ended by the guard. */
  end(): void {
    const direct = childrenOf(process.pid).filter((pid) => pid !== this.#guard?.pid);
    for (const pid of direct.flatMap((one) => [...descendants(one), one])) signal(pid, "SIGTERM");
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}

function descendants(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [...descendants(child), child]);
}

/** Direct children, as /proc has them; none where there is no /proc. */
function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
      const text = readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8");
      return text.split(" ").filter(Boolean).map(Number);
    });
  } catch {
    return [];
  }
}

function processGroup(pid: number): number | undefined {
  try {
    // The command in parentheses may hold anything, so count from its end: state, parent, group.
    return Number(
      readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ")[2],
    );
  } catch {
    return undefined;
  }
}
