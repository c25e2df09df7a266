/**
 * `$`: shell commands from TypeScript, after zx and Bun. Output streams into the cell as it comes, interpolated values
 * are quoted, and a command ends with the process that started it, also when that is killed.
 */
import type { ChildProcess, SpawnOptions } from "node:child_process";
import type { MimeBundle } from "../../lib/host.ts";
import { displaySymbol } from "./bundle.ts";
import type { OutputChannel } from "./channel.ts";
import { guardGroup } from "./child-guard.ts";
import { inspectText } from "./inspect-text.ts";
import { clip, thrownText } from "./reading.ts";
import { commandLine } from "./shell-quote.ts";

export interface ShellOptions {
  /** Called with each process that is started. */
  onStart?(child: ChildProcess): void;
  /** Stops running commands. A function is asked anew for each command. */
  signal?: AbortSignal | (() => AbortSignal | undefined);
}

export interface Shell {
  (strings: TemplateStringsArray, ...values: unknown[]): ShellCommand;
  /** Runs a line as it is written, as `!` does: never rejects; an exit code other than 0 is said on stderr. */
  line(text: string): Promise<ShellResult>;
}

/** Characters of each stream that a result keeps; what comes after is still shown. */
const longestKept = 64 * 2 ** 20;
/** Milliseconds between the request to end and the order. */
const patience = 1000;

/** What a command left behind. */
export class ShellResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly #shown: boolean;

  constructor(exitCode: number, stdout: string, stderr: string, shown: boolean) {
    this.exitCode = exitCode;
    this.stdout = stdout;
    this.stderr = stderr;
    this.#shown = shown;
  }

  /** The lines of stdout, without a last empty one. */
  lines(): string[] {
    const text = this.stdout.replace(/\r?\n$/, "");
    return text === "" ? [] : text.split(/\r?\n/);
  }

  toString(): string {
    return this.stdout;
  }

  /** @throws SyntaxError that shows where stdout begins when it is not JSON. */
  json(): unknown {
    try {
      return JSON.parse(this.stdout);
    } catch (cause) {
      throw new SyntaxError(
        `The command's output is not JSON: ${thrownText(cause)}; it begins ${JSON.stringify(clip(this.stdout, 60))}`,
        { cause },
      );
    }
  }

  /** What streamed into the cell is not shown once more as its result. */
  [displaySymbol](): MimeBundle {
    return this.#shown ? {} : { "text/plain": inspectText(this) };
  }
}

/** A command that ended with something else than 0, was stopped, or could not start. */
export class ShellError extends Error {
  override readonly name = "ShellError";
  readonly command: string;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;

  constructor(command: string, result: ShellResult, why: string, options?: ErrorOptions) {
    const tail = result.stderr.trimEnd().split("\n").slice(-8).join("\n").slice(-2000);
    super(`${why}: ${clip(command, 300)}${tail ? `\n${tail}` : ""}`, options);
    this.command = command;
    this.exitCode = result.exitCode;
    this.stdout = result.stdout;
    this.stderr = result.stderr;
  }
}

/** A command that starts when the code around it has had its say: `.quiet()`, `.cwd()` and the others come before. */
export class ShellCommand implements PromiseLike<ShellResult> {
  readonly command: string;
  readonly #result: Promise<ShellResult>;
  readonly #settings: Settings;
  #started = false;

  constructor(command: string, channel: OutputChannel, options: ShellOptions, settings: Partial<Settings> = {}) {
    this.command = command;
    this.#settings = { quiet: false, nothrow: false, env: {}, ...settings };
    this.#result = new Promise((resolve, reject) => {
      queueMicrotask(() => {
        this.#started = true;
        runCommand(command, channel, options, this.#settings).then(resolve, reject);
      });
    });
  }

  /** Shows nothing; the result still has all output. */
  quiet(): this {
    return this.#set({ quiet: true });
  }

  /** Resolves whatever the exit code is. */
  nothrow(): this {
    return this.#set({ nothrow: true });
  }

  /** Runs in `directory` instead of the current one. */
  cwd(directory: string): this {
    return this.#set({ cwd: directory });
  }

  /** Sets variables beside those there are; `undefined` takes one away. */
  env(variables: Record<string, string | undefined>): this {
    return this.#set({ env: { ...this.#settings.env, ...variables } });
  }

  /** Stops the command when `signal` is aborted. */
  signal(signal: AbortSignal): this {
    return this.#set({ signal });
  }

  // biome-ignore lint/suspicious/noThenProperty: a command is awaited, as in zx and Bun.
  then<A = ShellResult, B = never>(
    fulfilled?: ((result: ShellResult) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#result.then(fulfilled, rejected);
  }

  catch<B = never>(rejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<ShellResult | B> {
    return this.#result.catch(rejected);
  }

  finally(done?: (() => void) | null): Promise<ShellResult> {
    return this.#result.finally(done);
  }

  /** The result's stdout, without the line break at its end. */
  async text(): Promise<string> {
    return (await this.quiet()).stdout.replace(/\r?\n$/, "");
  }

  [displaySymbol](): MimeBundle {
    return { "text/plain": `$ ${clip(this.command, 300)}` };
  }

  #set(settings: Partial<Settings>): this {
    if (this.#started)
      throw new Error(
        "This command runs already: quiet(), nothrow(), cwd(), env() and signal() come right behind the template",
      );
    Object.assign(this.#settings, settings);
    return this;
  }
}

interface Settings {
  quiet: boolean;
  nothrow: boolean;
  cwd?: string;
  env: Record<string, string | undefined>;
  signal?: AbortSignal;
}

export function createShell(channel: OutputChannel, options: ShellOptions = {}): Shell {
  const windows = process.platform === "win32";
  const shell = (strings: TemplateStringsArray, ...values: unknown[]) => {
    // Backslashes belong to the shell, except those that keep a template from ending or interpolating.
    const texts = strings.raw.map((text) => text.replaceAll(/\\(`|\$\{)/g, "$1"));
    return new ShellCommand(commandLine(texts, values, windows), channel, options);
  };
  return Object.assign(shell, {
    line: async (text: string) => {
      try {
        const result = await new ShellCommand(text, channel, options, { nothrow: true });
        if (result.exitCode !== 0) channel.write("stderr", `exit code ${result.exitCode}\n`);
        return result;
      } catch (error) {
        if (!(error instanceof ShellError)) throw error;
        channel.write("stderr", `${error.message}\n`);
        return new ShellResult(error.exitCode, error.stdout, error.stderr, true);
      }
    },
  });
}

async function runCommand(
  command: string,
  channel: OutputChannel,
  options: ShellOptions,
  settings: Settings,
): Promise<ShellResult> {
  const { spawn } = process.getBuiltinModule("node:child_process");
  const signals = [settings.signal, typeof options.signal === "function" ? options.signal() : options.signal].filter(
    (signal) => signal !== undefined,
  );
  const empty = new ShellResult(130, "", "", true);
  if (signals.some((signal) => signal.aborted))
    throw new ShellError(command, empty, "The command was stopped before it began");
  const windows = process.platform === "win32";
  const common: SpawnOptions = {
    env: { ...process.env, ...settings.env },
    ...(settings.cwd === undefined ? {} : { cwd: settings.cwd }),
    windowsHide: true,
  };
  let child: ChildProcess;
  try {
    child = windows
      ? spawn(process.env["ComSpec"] ?? "cmd.exe", ["/d", "/s", "/c", `"${command}"`], {
          ...common,
          windowsVerbatimArguments: true,
          stdio: ["ignore", "pipe", "pipe"],
        })
      : // A group of its own, so that stopping reaches what the command started.
        spawn("/bin/sh", ["-c", command], { ...common, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  } catch (cause) {
    throw new ShellError(command, empty, `The command could not start (${thrownText(cause)})`, { cause });
  }
  return follow(child, command, channel, options, settings, signals);
}

function follow(
  child: ChildProcess,
  command: string,
  channel: OutputChannel,
  options: ShellOptions,
  settings: Settings,
  signals: AbortSignal[],
): Promise<ShellResult> {
  const stdout = new Kept(child.stdout, settings.quiet ? undefined : (text) => channel.write("stdout", text));
  const stderr = new Kept(child.stderr, settings.quiet ? undefined : (text) => channel.write("stderr", text));
  const release = child.pid === undefined ? undefined : guardGroup(child.pid);
  let stopped = false;
  let killing: NodeJS.Timeout | undefined;
  const stop = () => {
    stopped = true;
    kill(child, "SIGINT");
    killing = setTimeout(() => kill(child, "SIGKILL"), patience);
  };
  for (const signal of signals) signal.addEventListener("abort", stop, { once: true });

  return new Promise<ShellResult>((resolve, reject) => {
    let finished = false;
    let settling: NodeJS.Timeout | undefined;
    const finish = (exitCode: number, failure?: { why: string; cause: unknown }) => {
      if (finished) return;
      finished = true;
      clearTimeout(killing);
      for (const signal of signals) signal.removeEventListener("abort", stop);
      clearTimeout(settling);
      release?.();
      if (stopped) {
        // What runs in the background ignores the interrupt that the command heeded.
        kill(child, "SIGTERM");
        setTimeout(() => kill(child, "SIGKILL"), patience).unref();
      }
      const result = new ShellResult(exitCode, stdout.text(), stderr.text(), !settings.quiet);
      if (failure) reject(new ShellError(command, result, failure.why, { cause: failure.cause }));
      else if (stopped && !settings.nothrow) reject(new ShellError(command, result, "The command was stopped"));
      else if (exitCode !== 0 && !settings.nothrow)
        reject(new ShellError(command, result, `The command ended with exit code ${exitCode}`));
      else resolve(result);
    };
    child.on("error", (cause) => {
      const { existsSync } = process.getBuiltinModule("node:fs");
      const missing = settings.cwd !== undefined && !existsSync(settings.cwd);
      finish(127, {
        why: missing
          ? `The directory ${settings.cwd} does not exist`
          : `The command could not start (${cause.message})`,
        cause,
      });
    });
    child.on("close", (code, signal) => finish(exitStatus(code, signal)));
    child.on("exit", (code, signal) => {
      // A process left in the background may hold the pipes open for long; what it prints then comes late.
      const settle = () => {
        if (finished) return;
        if (performance.now() - Math.max(stdout.lastAt, stderr.lastAt) >= 100) {
          stdout.letGo();
          stderr.letGo();
          finish(exitStatus(code, signal));
        } else settling = setTimeout(settle, 100);
      };
      settling = setTimeout(settle, 100);
    });
    if (child.pid !== undefined) options.onStart?.(child);
  });
}

/** One stream: decoded across chunk borders, shown as it comes, kept up to a limit. */
class Kept {
  lastAt = 0;
  private readonly parts: string[] = [];
  private readonly stream: NodeJS.ReadableStream | null;
  private length = 0;

  constructor(stream: NodeJS.ReadableStream | null, show: ((text: string) => void) | undefined) {
    this.stream = stream;
    stream?.setEncoding("utf8");
    stream?.on("data", (text: string) => {
      this.lastAt = performance.now();
      show?.(text);
      if (this.length >= longestKept) return;
      this.parts.push(clip(text, longestKept - this.length));
      this.length += text.length;
    });
    stream?.on("error", () => {});
  }

  text(): string {
    return this.parts.join("");
  }

  /** Goes on reading, but does not keep this process alive for it. */
  letGo(): void {
    (this.stream as { unref?(): void } | null)?.unref?.();
  }
}

function exitStatus(code: number | null, signal: NodeJS.Signals | null): number {
  if (code !== null) return code;
  return 128 + (signal ? process.getBuiltinModule("node:os").constants.signals[signal] : 0);
}

function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === "win32") child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // It has ended in the meantime.
  }
}
