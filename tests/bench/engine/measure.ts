/** One contestant's process on one task: started, asked for steps one request at a time, ended. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Contestant } from "./contestants.ts";
import type { Run } from "./worker.ts";

/** Everything measured of one contestant on one task. Times in milliseconds a step. */
export interface Measured {
  contestant: string;
  version: string;
  /** The first step, with tracing and compiling. */
  first: number;
  wall: number[];
  cpu: number[];
  /** Resident memory in MB after the last step; NaN where the system does not say. */
  memory: number;
  /** Losses of the first steps. */
  losses: number[];
}

export interface Failed {
  contestant: string;
  failure: string;
}

export class Worker {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #said = "";

  constructor({ command, env }: Contestant, task: string, folder: string) {
    const [program = "", ...args] = command;
    this.#child = spawn(program, [...args, task, folder], {
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "2", ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#child.on("error", (error) => {
      this.#said += error.message;
    });
    this.#child.stdin?.on("error", () => undefined);
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#said = (this.#said + text).slice(-20_000);
    });
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  /** Its version, once it is ready to run. */
  async ready(): Promise<string> {
    return (await this.#answer<{ ready: string }>()).ready;
  }

  async run(steps: number): Promise<Run> {
    this.#child.stdin?.write(`${JSON.stringify({ steps })}\n`);
    return await this.#answer<Run>();
  }

  /** In MB. */
  memory(): number {
    try {
      const status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
      return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
    } catch {
      return Number.NaN;
    }
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined) return;
    const ended = new Promise<void>((resolve) => this.#child.once("exit", () => resolve()));
    this.#child.stdin?.end();
    const late = setTimeout(() => this.#child.kill("SIGKILL"), 5_000);
    await ended;
    clearTimeout(late);
  }

  async #answer<T>(): Promise<T> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(lastWords(this.#said));
      // Libraries may print lines of their own.
      if (value.startsWith("{")) return JSON.parse(value) as T;
    }
  }
}

/** The line that names the error, out of a stack in Python's or in Node's manner. */
function lastWords(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  const errors = lines.filter((line) => /^(\w*\.)*\w*(Error|Exception)\b/.test(line));
  return errors.at(-1) ?? lines.filter(Boolean).at(-1) ?? "its process ended without a word";
}
