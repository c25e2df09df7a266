/**
 * Drives a real kernel process over real sockets: cells in, messages out. `await using kernel = await startKernel()` starts
 * one in a folder of its own and ends it with the block; `await kernel.execute(code)` runs a cell. Tests and the bench use
 * it; it must not reach into the kernel's code.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kernelFlags } from "../../kernel/setup/kernelspec.ts";
import { type ClientOptions, type ConnectionInfo, KernelClient } from "./connection.ts";

export * from "./connection.ts";
export * from "./run.ts";

export interface StartOptions {
  /** Command line; `{connection_file}` is replaced. By default Gradbook's built kernel under this Node. */
  command?: string[];
  /** The notebook's folder; a new empty one by default. */
  cwd?: string;
  env?: Record<string, string>;
  /** Where history and settings live (HOME and the Jupyter folders); a new empty one by default. */
  home?: string;
  transport?: "tcp" | "ipc";
  /** Signature key; "" switches signatures off. */
  key?: string;
  /** Return as soon as the process is there, before it answers. */
  unready?: boolean;
  /** Milliseconds until the first answer. */
  timeout?: number;
}

/** This repository's folder. */
export const repository: string = join(import.meta.dirname, "..", "..");

/** The kernel as `npm run build` leaves it. */
const kernelCommand: string[] = [
  process.execPath,
  ...kernelFlags,
  join(repository, "dist", "kernel", "main.js"),
  "{connection_file}",
];

/** A kernel process and a client connected to it. */
export class Kernel extends KernelClient {
  readonly process: ChildProcess;
  /** The notebook's folder. */
  readonly cwd: string;
  readonly home: string;
  readonly connectionFile: string;
  /** `performance.now()` just before the process was started. */
  readonly startedAt: number;
  readonly #log: string[] = [];
  readonly #scratch: string;

  constructor(
    connection: ConnectionInfo,
    parts: {
      process: ChildProcess;
      cwd: string;
      home: string;
      connectionFile: string;
      scratch: string;
      startedAt: number;
    },
  ) {
    super(connection);
    this.process = parts.process;
    this.cwd = parts.cwd;
    this.home = parts.home;
    this.connectionFile = parts.connectionFile;
    this.startedAt = parts.startedAt;
    this.#scratch = parts.scratch;
    parts.process.stdout?.on("data", (data: Buffer) => this.#log.push(data.toString()));
    parts.process.stderr?.on("data", (data: Buffer) => this.#log.push(data.toString()));
  }

  get pid(): number {
    return this.process.pid!;
  }

  /** What the process wrote on its own stdout and stderr: the kernel's log. */
  get log(): string {
    return this.#log.join("");
  }

  get ended(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  /** Waits for the end of the process, and for the rest of its log. */
  async end(timeout = 10_000): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    if (!this.ended) {
      await once(this.process, "exit", { signal: AbortSignal.timeout(timeout) }).catch(() => {
        throw new Error(`The kernel process ${this.pid} did not end within ${timeout} ms. Its log: ${this.log}`);
      });
    }
    // A child that inherited the log's pipe may keep it open.
    const end = performance.now() + 500;
    const open = () => [this.process.stdout, this.process.stderr].some((stream) => stream?.readableEnded === false);
    while (open() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
    return { code: this.process.exitCode, signal: this.process.signalCode };
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.pid, name);
  }

  /** A second front end on the same kernel, ready to hear everything. */
  async connect(options: ClientOptions = {}): Promise<KernelClient> {
    const client = new KernelClient(this.connection, options);
    await ready(client, 10_000);
    return client;
  }

  /** Asks the kernel to shut down and waits for its end. */
  async shutdown(restart = false): Promise<void> {
    await this.request("control", "shutdown_request", { restart });
    await this.end();
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    if (!this.ended) {
      this.process.kill("SIGKILL");
      await this.end();
    }
    this.close();
    rmSync(this.#scratch, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Starts a kernel and waits until it answers and its iopub is heard. */
export async function startKernel(options: StartOptions = {}): Promise<Kernel> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(options);
    } catch (error) {
      // The ports were free when they were picked; another process may have been faster.
      if (attempt === 3 || !/Address already in use/.test((error as Error).message)) throw error;
    }
  }
}

async function startOnce(options: StartOptions): Promise<Kernel> {
  const command = options.command ?? kernelCommand;
  const main = command.at(-2);
  if (!options.command && main && !existsSync(main)) throw new Error(`${main} is missing: run "npm run build" first.`);
  const scratch = mkdtempSync(join(tmpdir(), "kernel-"));
  const connection = await makeConnection(options, scratch);
  const connectionFile = join(scratch, "connection.json");
  writeFileSync(connectionFile, JSON.stringify(connection));
  const folder = (name: string): string => {
    const path = join(scratch, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const cwd = options.cwd ?? folder("notebook");
  const home = options.home ?? folder("home");
  const startedAt = performance.now();
  const argv = command.map((part) => part.replace("{connection_file}", connectionFile));
  const child = spawn(argv[0]!, argv.slice(1), {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...homeVariables(home), JPY_PARENT_PID: String(process.pid), ...options.env },
  });
  const kernel = new Kernel(connection, { process: child, cwd, home, connectionFile, scratch, startedAt });
  if (options.unready) return kernel;
  const gone = once(child, "exit").then(() => {
    throw new Error(`The kernel ended before it answered. Its log: ${kernel.log}`);
  });
  try {
    await Promise.race([ready(kernel, options.timeout ?? 30_000), gone]);
  } catch (error) {
    const message = `${(error as Error).message} Kernel log: ${kernel.log || "empty"}`;
    await kernel[Symbol.asyncDispose]();
    throw new Error(message);
  } finally {
    gone.catch(() => {});
  }
  return kernel;
}

/** Settings and history of its own for each kernel; and user code must not see what marks this process as a test's worker. */
function homeVariables(home: string): Record<string, string | undefined> {
  return {
    HOME: home,
    XDG_DATA_HOME: join(home, ".local", "share"),
    XDG_STATE_HOME: join(home, ".local", "state"),
    XDG_CACHE_HOME: join(home, ".cache"),
    XDG_CONFIG_HOME: join(home, ".config"),
    JUPYTER_DATA_DIR: join(home, ".local", "share", "jupyter"),
    JUPYTER_CONFIG_DIR: join(home, ".jupyter"),
    GRADBOOK_HISTORY: undefined,
    NODE_ENV: undefined,
    NODE_OPTIONS: undefined,
    VITEST: undefined,
  };
}

/** Repeats kernel_info until its status is heard on iopub: a subscription takes a moment to reach the kernel. */
async function ready(client: KernelClient, timeout: number): Promise<void> {
  const end = performance.now() + timeout;
  for (;;) {
    const left = end - performance.now();
    const header = await client.send("shell", "kernel_info_request", {});
    await client.reply("shell", header, Math.max(1, left));
    try {
      await client.idle(header.msg_id, 200);
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
    }
  }
}

async function makeConnection(options: StartOptions, scratch: string): Promise<ConnectionInfo> {
  const transport = options.transport ?? "tcp";
  const ports = transport === "tcp" ? await freePorts(5) : [1, 2, 3, 4, 5];
  const [shell_port, iopub_port, stdin_port, control_port, hb_port] = ports as [number, number, number, number, number];
  return {
    transport,
    ip: transport === "tcp" ? "127.0.0.1" : join(scratch, "socket"),
    shell_port,
    iopub_port,
    stdin_port,
    control_port,
    hb_port,
    signature_scheme: "hmac-sha256",
    key: options.key ?? randomUUID(),
    kernel_name: "gradbook",
  };
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
