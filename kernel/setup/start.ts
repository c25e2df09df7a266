/** `gradbook start`: setup, then JupyterLab on this machine's own address, with a token, in the notebooks' folder. */
import { randomBytes } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { setupError } from "./errors.ts";
import { runInTerminal } from "./node-runtime.ts";
import type { Places } from "./places.ts";
import { setup } from "./setup.ts";

export interface StartOptions {
  /** The folder to open; without one, the notebooks that come with Gradbook. */
  folder?: string | undefined;
  /** Without one, the first free port from 8888. */
  port?: number | undefined;
  browser: boolean;
}

const address = "127.0.0.1";
const firstPort = 8888;
const portsTried = 100;
const firstNotebook = "01-spam-filter.ipynb";

/** Resolves with JupyterLab's exit code when the user ends it. */
export async function start(places: Places, options: StartOptions): Promise<number> {
  await setup(places);
  const folder = options.folder === undefined ? ownNotebooks(places) : resolve(options.folder);
  if (!existsSync(folder) || !statSync(folder).isDirectory()) throw setupError("GB_START_NO_FOLDER", { folder });

  const port = await choosePort(options.port);
  const token = process.env["JUPYTER_TOKEN"] || randomBytes(24).toString("hex");
  const path = existsSync(join(folder, firstNotebook)) ? `/lab/tree/${firstNotebook}` : "/lab";
  const args = labArguments({ folder, port, path, browser: options.browser && hasDisplay() });
  // The token goes by the environment: command lines can be read by every user of the machine.
  const ended = runInTerminal(places.venvPython, ["-m", "jupyterlab", ...args], {
    cwd: folder,
    env: { ...process.env, JUPYTER_TOKEN: token },
  });

  const outcome = await Promise.race([ended, answers(port, token)]);
  if (outcome !== "answers") throw setupError("GB_START_ENDED", { code: `exit code ${outcome}` });
  console.log(`JupyterLab: http://${address}:${port}${path}?token=${token}`);
  console.log("Ctrl+C ends it.");
  return await ended;
}

export function labArguments(options: { folder: string; port: number; path: string; browser: boolean }): string[] {
  return [
    `--ServerApp.ip=${address}`,
    `--ServerApp.port=${options.port}`,
    "--ServerApp.port_retries=0",
    `--ServerApp.root_dir=${options.folder}`,
    `--LabApp.default_url=${options.path}`,
    `--ServerApp.open_browser=${options.browser ? "True" : "False"}`,
    "--log-level=WARN",
    // Ctrl+C once is enough; JupyterLab would ask back.
    "-y",
    // Containers run as root, and JupyterLab refuses that unless told.
    ...(process.getuid?.() === 0 ? ["--allow-root"] : []),
  ];
}

/** The notebooks' folder; where an installed package is started, its notebooks are copied there, never over others. */
export function ownNotebooks(places: Places): string {
  mkdirSync(places.notebooks, { recursive: true });
  if (!places.isCheckout && existsSync(places.packageNotebooks)) {
    for (const name of readdirSync(places.packageNotebooks)) {
      const target = join(places.notebooks, name);
      if (name.endsWith(".ipynb") && !existsSync(target)) copyFileSync(join(places.packageNotebooks, name), target);
    }
  }
  return places.notebooks;
}

/** Throws GB_START_PORT_TAKEN when the user asked for a port that is in use. */
export async function choosePort(asked: number | undefined): Promise<number> {
  if (asked !== undefined) {
    if (await isFree(asked)) return asked;
    throw setupError("GB_START_PORT_TAKEN", { port: asked });
  }
  for (let port = firstPort; port < firstPort + portsTried; port++) if (await isFree(port)) return port;
  throw setupError("GB_START_PORT_TAKEN", { port: firstPort });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A browser can be opened where there is a screen; elsewhere Python would start a text browser in the terminal. */
function hasDisplay(): boolean {
  return process.platform !== "linux" || Boolean(process.env["DISPLAY"] || process.env["WAYLAND_DISPLAY"]);
}

async function answers(port: number, token: string): Promise<"answers"> {
  for (;;) {
    try {
      const reply = await fetch(`http://${address}:${port}/api/status`, {
        headers: { Authorization: `token ${token}` },
      });
      if (reply.ok) return "answers";
    } catch {
      // Not listening yet.
    }
    await sleep(200);
  }
}
