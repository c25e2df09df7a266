/**
 * The kernelspec `gradbook`: how Jupyter starts the kernel. The only files with absolute paths, written into the
 * virtual environment and again whenever they differ (a moved checkout, another Node).
 * https://jupyter-client.readthedocs.io/en/stable/kernels.html#kernel-specs
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { setupError } from "./errors.ts";
import type { Places } from "./places.ts";
import type { Step } from "./steps.ts";

export const kernelName = "gradbook";

/** Flags of Node with which a kernel process starts. */
export const kernelFlags: readonly string[] = [
  // An interrupt that lands in a timer or an async function leaves Node's async-hook stack uneven; unchecked, it mends itself.
  "--no-force-async-hooks-checks",
  // node:sqlite holds the history.
  "--disable-warning=ExperimentalWarning",
];

export interface KernelSpec {
  argv: string[];
  display_name: string;
  language: string;
  interrupt_mode: "message" | "signal";
  kernel_protocol_version: string;
  metadata: Record<string, unknown>;
}

export function kernelspecFor(node: string, kernelMain: string): KernelSpec {
  return {
    argv: [node, ...kernelFlags, kernelMain, "{connection_file}"],
    display_name: "Gradbook (TypeScript)",
    language: "typescript",
    interrupt_mode: "message",
    kernel_protocol_version: "5.5",
    metadata: {},
  };
}

const logos = ["logo-32x32.png", "logo-64x64.png", "logo-svg.svg"];

/** File name to content of everything in the kernelspec's folder. */
function kernelspecFiles(places: Places, node: string): Map<string, Buffer> {
  const json = `${JSON.stringify(kernelspecFor(node, places.kernelMain), null, 2)}\n`;
  const files = new Map([["kernel.json", Buffer.from(json)]]);
  for (const logo of logos) files.set(logo, readFileSync(fileURLToPath(new URL(`./${logo}`, import.meta.url))));
  return files;
}

export function kernelspecStep(places: Places, node: string): Step {
  const files = kernelspecFiles(places, node);
  return {
    title: "kernelspec",
    doing: `writing ${places.kernelspec}`,
    isDone: () => [...files].every(([name, content]) => holds(join(places.kernelspec, name), content)),
    run: () => {
      if (!existsSync(places.kernelMain)) throw setupError("GB_SETUP_NOT_BUILT", { main: places.kernelMain });
      for (const [name, content] of files) write(join(places.kernelspec, name), content);
    },
  };
}

/** What is put into the environment beside the kernel, as paths in it and their content. */
const labConfig = new Map([
  // No question about news, no search for updates (setup pins the versions), no look at extensions to rebuild.
  [
    "etc/jupyter/labconfig/page_config.json",
    { disabledExtensions: { "@jupyterlab/apputils-extension:announcements": true }, buildCheck: false },
  ],
  // JupyterLab runs its own yarn.js with the Node it finds; the "type": "module" of a package.json above would break it.
  ["package.json", { private: true, type: "commonjs" }],
]);

/** Leaves a file alone that is already there: the environment may be the user's own. */
export function labConfigStep(places: Places): Step {
  const missing = () => [...labConfig].filter(([path]) => !existsSync(join(places.venv, path)));
  return {
    title: "JupyterLab configuration",
    doing: "switching announcements off",
    isDone: () => missing().length === 0,
    run: () => {
      for (const [path, content] of missing()) {
        write(join(places.venv, path), Buffer.from(`${JSON.stringify(content, null, 2)}\n`));
      }
    },
  };
}

function holds(file: string, content: Buffer): boolean {
  return existsSync(file) && readFileSync(file).equals(content);
}

function write(file: string, content: Buffer): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
