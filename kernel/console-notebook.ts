/** The notebook's names in a terminal: displays print their text, prompts are asked there, comms go to the host. */
import { currentHost } from "../lib/host.ts";
import { createTiming } from "./commands/timing.ts";
import { createConsoleChannel, createDisplay, createShell } from "./display/index.ts";
import type { NotebookApi } from "./notebook-api.ts";

export function consoleNotebook(): NotebookApi {
  const channel = createConsoleChannel();
  const { display, clearOutput } = createDisplay(channel);
  return {
    display,
    clearOutput,
    prompt: askInTerminal,
    $: createShell(channel),
    kernel: {
      comm: {
        // Nobody opens a comm to a terminal.
        register: () => {},
        unregister: () => {},
        open: (target, data) => currentHost().openComm(target, data),
      },
      page: (text) => channel.write("stdout", `${String(text)}\n`),
      onInterrupt: (listener) => currentHost().onInterrupt(listener),
      ...createTiming((text) => channel.write("stdout", text)),
    },
  };
}

async function askInTerminal(text = "", { password = false }: { password?: boolean } = {}): Promise<string> {
  if (!process.stdin.isTTY)
    throw new Error(
      `prompt(${JSON.stringify(text)}): standard input is not a terminal, so nobody can be asked. Give the value as an argument or an environment variable.`,
    );
  const { createInterface } = await import("node:readline/promises");
  const { Writable } = await import("node:stream");
  const muted = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: password ? muted : process.stdout, terminal: true });
  if (password) process.stdout.write(text);
  try {
    return await lines.question(password ? "" : text);
  } finally {
    if (password) process.stdout.write("\n");
    lines.close();
  }
}
