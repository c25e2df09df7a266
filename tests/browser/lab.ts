/**
 * Browser tests: JupyterLab with the kernel `gradbook`, started as `npm start` starts it, and a Chromium that looks at it.
 * Nothing of the user's own Jupyter is read or changed: every server has its own HOME, settings, runtime folder and root.
 * This file holds server and browser; what a person does in a notebook is in notebook-page.ts.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Browser, type BrowserContext, chromium } from "playwright-core";
import { findChromium } from "../../kernel/setup/chromium.ts";
import { findPlaces } from "../../kernel/setup/places.ts";
import { labArguments } from "../../kernel/setup/start.ts";
import { OwnJupyter } from "../compat/jupyter.ts";
import { NotebookPage } from "./notebook-page.ts";

/** A cell of a notebook that a test writes: TypeScript, or Markdown after "md:". */
export type Cells = string[];

const executablePath = findChromium();
export const hasBrowser = executablePath !== undefined;
export const noBrowser = "NO CHROMIUM: the browser tests did not run (Debian, Ubuntu: apt-get install chromium)";

const chromiumFlags = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Chromium refuses its sandbox to root, which is who runs in containers.
  ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
];

/** Defaults of the user interface, in the file where an administrator would put them. */
const settings = {
  "@jupyterlab/apputils-extension:notification": { fetchNews: "false", checkForUpdates: false },
  "@jupyterlab/docmanager-extension:plugin": { autosave: false },
};

const startsWithin = 60_000;

export class Lab {
  readonly #own: OwnJupyter;
  readonly #root: string;
  readonly #token: string;
  readonly #port: number;
  readonly #server: ChildProcess;
  readonly #browser: Browser;
  #context: BrowserContext | undefined;
  #log = "";
  #pages = 0;

  private constructor(own: OwnJupyter, token: string, port: number, server: ChildProcess, browser: Browser) {
    this.#own = own;
    this.#root = join(own.folder, "notebooks");
    this.#token = token;
    this.#port = port;
    this.#server = server;
    this.#browser = browser;
    const keep = (chunk: Buffer) => {
      this.#log = (this.#log + chunk).slice(-20_000);
    };
    server.stdout?.on("data", keep);
    server.stderr?.on("data", keep);
  }

  /** @throws Error when there is no browser, or JupyterLab ends or does not answer within a minute (with what it printed) */
  static async start(): Promise<Lab> {
    if (executablePath === undefined) throw new Error(noBrowser);
    const browser = await chromium.launch({ executablePath, args: chromiumFlags });
    const own = new OwnJupyter();
    const overrides = join(own.env["JUPYTER_CONFIG_DIR"]!, "labconfig");
    mkdirSync(overrides);
    writeFileSync(join(overrides, "default_setting_overrides.json"), JSON.stringify(settings));
    const root = join(own.folder, "notebooks");
    mkdirSync(root);
    const port = await freePort();
    const token = randomBytes(16).toString("hex");
    const args = labArguments({ folder: root, port, path: "/lab", browser: false });
    const expose = ["--LabApp.expose_app_in_browser=True", "--JupyterNotebookApp.expose_app_in_browser=True"];
    const server = spawn(findPlaces().venvPython, ["-m", "jupyterlab", ...args, ...expose], {
      cwd: root,
      env: { ...own.env, JUPYTER_TOKEN: token },
    });
    const lab = new Lab(own, token, port, server, browser);
    try {
      await lab.#answers();
    } catch (error) {
      await lab.stop();
      throw error;
    }
    return lab;
  }

  /** Writes a notebook of these cells (or copies a file) and opens it in a window of its own, with its kernel ready. */
  async open(
    name: string,
    content: Cells | { copyOf: string },
    options: { app?: "lab" | "notebooks" } = {},
  ): Promise<NotebookPage> {
    const file = join(this.#root, name);
    if (Array.isArray(content)) writeFileSync(file, JSON.stringify(notebookOf(content)));
    else cpSync(content.copyOf, file);
    // One context for all windows, so that JupyterLab's scripts come from the browser's cache.
    this.#context ??= await this.#browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await this.#context.newPage();
    page.setDefaultTimeout(30_000);
    const view = options.app === "notebooks" ? "notebooks" : `lab/workspaces/test-${this.#pages++}/tree`;
    await page.goto(`http://127.0.0.1:${this.#port}/${view}/${name}?token=${this.#token}`);
    const notebook = new NotebookPage(page);
    await notebook.ready();
    return notebook;
  }

  /** Closes all windows and ends all kernels. */
  async closeAll(): Promise<void> {
    await Promise.all((this.#context?.pages() ?? []).map((page) => page.close()));
    const sessions = (await (await this.#api("GET", "sessions")).json()) as { id: string }[];
    await Promise.all(sessions.map(({ id }) => this.#api("DELETE", `sessions/${id}`)));
  }

  async stop(): Promise<void> {
    await this.#browser.close();
    if (this.#server.exitCode === null && this.#server.signalCode === null) {
      const ended = once(this.#server, "exit");
      // The server ends its kernels on SIGTERM.
      this.#server.kill("SIGTERM");
      await Promise.race([ended, sleep(10_000).then(() => this.#server.kill("SIGKILL"))]);
    }
    this.#own[Symbol.dispose]();
  }

  #api(method: string, path: string): Promise<Response> {
    const headers = { Authorization: `token ${this.#token}` };
    return fetch(`http://127.0.0.1:${this.#port}/api/${path}`, { method, headers });
  }

  async #answers(): Promise<void> {
    for (const deadline = Date.now() + startsWithin; Date.now() < deadline; await sleep(100)) {
      if (this.#server.exitCode !== null) throw new Error(`JupyterLab ended: ${this.#log}`);
      const reply = await this.#api("GET", "status").catch(() => undefined);
      if (reply?.ok) return;
    }
    throw new Error(`JupyterLab does not answer: ${this.#log}`);
  }
}

function notebookOf(cells: Cells): unknown {
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {
      kernelspec: { name: "gradbook", display_name: "Gradbook (TypeScript)", language: "typescript" },
      language_info: { name: "typescript" },
    },
    cells: cells.map((text, i) =>
      text.startsWith("md:")
        ? { id: `cell-${i}`, cell_type: "markdown", metadata: {}, source: text.slice(3) }
        : { id: `cell-${i}`, cell_type: "code", metadata: {}, source: text, outputs: [], execution_count: null },
    ),
  };
}

/** Tests run beside each other and beside a user's own JupyterLab: the system chooses the port. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
