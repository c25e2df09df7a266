/**
 * The run-time half of line and cell commands, on the main thread: what translated cells call. Installed under one global
 * that nobody names by chance; each command is also a plain function (`kernel.time(fn)`; docs/notebook.md).
 */
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { inspect } from "node:util";
import type { OutputChannel } from "../display/channel.ts";
import { commandLine } from "../display/shell-quote.ts";
import { type CommandEntry, catalog } from "./catalog.ts";
import { createTiming, startClock, type Timing, timingText } from "./timing.ts";

/** What a shell command gave. */
export interface ShellOutput {
  stdout: string;
  stderr: string;
  exitCode: number;
}

export interface ShellSettings {
  /** The program that reads the command; the user's shell by default. */
  program?: "sh" | "bash";
  /** Shows the output while the command runs; without it, output is only returned. */
  stream: boolean;
}

export interface CommandsOptions {
  channel: OutputChannel;
  /** Runs a command line; never throws because of an exit code. */
  runShell(command: string, settings: ShellSettings): Promise<ShellOutput>;
  /** Names that the user's cells have made. */
  globalNames(): string[];
  /** Calls `fn` once when the running cell has ended, also by an error, before it is idle. */
  onCellEnd(fn: () => void): void;
}

export type Commands = ReturnType<typeof createCommands>;

const mimeTypes = {
  html: "text/html",
  markdown: "text/markdown",
  latex: "text/latex",
  svg: "image/svg+xml",
  javascript: "application/javascript",
} as const;

export function createCommands({ channel, runShell, globalNames, onCellEnd }: CommandsOptions) {
  const print = (text: string) => channel.write("stdout", text);
  const windows = process.platform === "win32";
  const running: (() => Timing)[] = [];
  let previousFolder: string | undefined;

  return {
    /** `!command` shows its output; `x = !command` returns it. `texts` are the parts between the `values` of `${...}`. */
    async shell(texts: string[], values: unknown[], capture = false): Promise<ShellOutput | undefined> {
      const output = await runShell(commandLine(texts, values, windows), { stream: !capture });
      if (output.exitCode !== 0) {
        const unseen = capture ? output.stderr : "";
        channel.write("stderr", `${unseen}exit code ${output.exitCode}\n`);
      }
      return capture ? output : undefined;
    },

    /** `%%bash`, `%%sh`. @throws Error when the script's exit code is not 0 */
    async script(program: "sh" | "bash", body: string): Promise<void> {
      const { exitCode } = await runShell(body, { program, stream: true });
      if (exitCode !== 0) throw new Error(`The ${program} script ended with exit code ${exitCode}.`);
    },

    /** `%%html` and its kin: shows a text as one MIME type. */
    show(kind: keyof typeof mimeTypes, text: string): void {
      channel.display({ data: { [mimeTypes[kind]]: text, "text/plain": text }, metadata: {} });
    },

    /** `%%writefile`: relative to the working folder; `~` is the home folder; a last line break is added. */
    async writeFile(path: string, text: string, { append = false } = {}): Promise<void> {
      const file = resolve(fromHome(path));
      const existed = existsSync(file);
      const content = text === "" || text.endsWith("\n") ? text : `${text}\n`;
      if (append) appendFileSync(file, content);
      else writeFileSync(file, content);
      print(`${existed ? (append ? "Appended to" : "Overwrote") : "Wrote"} ${path}\n`);
    },

    ...createTiming(print),
    /** `%time const x = ...`: prints the time between the two calls. */
    timeStart(): void {
      running.push(startClock());
    },
    timeEnd(): void {
      const clock = running.pop();
      if (clock) print(timingText(clock()));
    },
    /** `%%time`: prints the time from now to the end of the cell. */
    timeCell(): void {
      const clock = startClock();
      onCellEnd(() => {
        running.length = 0;
        print(timingText(clock()));
      });
    },
    /** All environment variables, sorted by name, or one. @throws Error when it is not set */
    env(name?: string): Record<string, string | undefined> | string {
      if (name === undefined)
        return Object.fromEntries(Object.entries(process.env).sort(([a], [b]) => (a < b ? -1 : 1)));
      const value = process.env[name];
      if (value === undefined)
        throw new Error(`The environment variable ${name} is not set. To set it: %env ${name}=VALUE`);
      return value;
    },
    setEnv(name: string, value: string): void {
      process.env[name] = value;
      print(`env: ${name}=${value}\n`);
    },

    /** @throws Error when the folder does not exist */
    cd(path?: string): void {
      const before = process.cwd();
      if (path === "-" && previousFolder === undefined)
        throw new Error("%cd - goes back to the former folder, and there is none yet.");
      const target = path === "-" ? (previousFolder as string) : fromHome(path ?? "~");
      try {
        process.chdir(target);
      } catch (cause) {
        throw new Error(`%cd: there is no folder "${target}" (from ${before}).`, { cause });
      }
      previousFolder = before;
      print(`${process.cwd()}\n`);
    },
    pwd: (): string => process.cwd(),

    who(): void {
      const names = globalNames().sort();
      print(names.length === 0 ? "You have made no names yet.\n" : `${names.join("  ")}\n`);
    },
    whos(): void {
      const rows = globalNames()
        .sort()
        .map((name) => [name, ...describe(name)]);
      print(rows.length === 0 ? "You have made no names yet.\n" : table([["Name", "Type", "Value"], ...rows]));
    },

    /** @throws Error for a name that is no command */
    help(name?: string): void {
      const wanted = name?.replace(/^%+/, "");
      const entries = catalog.filter((entry) => wanted === undefined || entry.name === wanted);
      if (entries.length === 0) throw new Error(`There is no command %${wanted}. %help lists the commands.`);
      const shell = wanted === undefined ? [["!COMMAND", "runs a shell command; files = !ls keeps its output"]] : [];
      print(table([...shell, ...entries.map((entry) => [synopsis(entry), entry.summary])]));
    },
  };

  /** Type and value of a global in one line; an accessor is not called. */
  function describe(name: string): [type: string, value: string] {
    const own = Object.getOwnPropertyDescriptor(globalThis, name);
    if (own && !("value" in own)) return ["accessor", ""];
    const value = own?.value as unknown;
    const type = value === null ? "null" : typeof value;
    const kind = type === "object" ? (Object.getPrototypeOf(value)?.constructor?.name ?? "object") : type;
    return [kind, oneLine(inspect(value, { depth: 0, breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 8 }))];
  }
}

/** Puts the commands where translated cells look for them (`commandsAccess` in translate.ts). */
export function installCommands(commands: Commands): void {
  Object.defineProperty(globalThis, "__gradbook_commands__", {
    value: commands,
    configurable: true,
    enumerable: false,
    writable: false,
  });
}

function fromHome(path: string): string {
  return /^~(?:[/\\]|$)/.test(path) ? join(homedir(), path.slice(1)) : path;
}

function synopsis({ kind, name, usage }: CommandEntry): string {
  return `${kind === "cell" ? "%%" : "%"}${name} ${usage}`.trim();
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}

/** Columns as wide as their widest cell, two spaces apart. */
function table(rows: string[][]): string {
  const widths = rows.reduce<number[]>((most, row) => row.map((cell, at) => Math.max(most[at] ?? 0, cell.length)), []);
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, at) => cell.padEnd(widths[at] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}
