/**
 * `gradbook/kernel`: the notebook's own API for code outside a cell. In a kernel these are the kernel's; in a plain
 * TypeScript file the same names print to the terminal and ask there.
 */
import { consoleNotebook } from "./console-notebook.ts";
import type { NotebookApi } from "./notebook-api.ts";

export type {
  Display,
  DisplayHandle,
  DisplayOptions,
  Progress,
  ProgressBar,
  ProgressOptions,
  Shell,
  ShellResult,
} from "./display/index.ts";
export { ShellError } from "./display/index.ts";
export type { Comm, CommMessage, CommOpener, KernelApi, NotebookApi } from "./notebook-api.ts";

const holder = globalThis as { [key: symbol]: NotebookApi | undefined };
const notebook: NotebookApi = holder[Symbol.for("gradbook.notebook")] ?? consoleNotebook();

export const display: NotebookApi["display"] = notebook.display;
export const clearOutput: NotebookApi["clearOutput"] = notebook.clearOutput;
export const prompt: NotebookApi["prompt"] = notebook.prompt;
export const kernel: NotebookApi["kernel"] = notebook.kernel;
export const $: NotebookApi["$"] = notebook.$;
