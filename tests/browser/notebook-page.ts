/**
 * A notebook in a browser window, as a person meets it: cells that are clicked and run with the keyboard, outputs on the
 * screen. What is waited for is read from the front end's own model, so that no test sleeps for a fixed time.
 */
import type { Locator, Page } from "playwright-core";

/** An output as the notebook file would store it. */
export interface CellOutput {
  output_type: string;
  name?: string;
  text?: string | string[];
  data?: Record<string, unknown>;
  ename?: string;
  evalue?: string;
  traceback?: string[];
}

/** The little of JupyterLab's application object that the tests use (`--LabApp.expose_app_in_browser`). */
interface CodeCellModel {
  type: string;
  executionState: "idle" | "running";
  executionCount: number | null;
  outputs: { toJSON(): CellOutput[]; changed: Signal<unknown> };
  stateChanged: Signal<{ name: string; newValue: unknown }>;
}
interface Signal<Change> {
  connect(slot: (sender: unknown, change: Change) => void): void;
}
interface Comm {
  onMsg: (message: { content: { data: unknown }; buffers?: DataView[] }) => void;
  open(data: unknown): { done: Promise<unknown> };
  send(data: unknown, metadata?: unknown, buffers?: ArrayBuffer[]): { done: Promise<unknown> };
}
interface Kernel {
  status: string;
  connectionStatus: string;
  statusChanged: Signal<string>;
  createComm(target: string): Comm;
}
interface Application {
  commands: { execute(id: string, args?: object): Promise<unknown> };
  shell: {
    currentWidget: {
      sessionContext: {
        isReady: boolean;
        session: { kernel: Kernel | null } | null;
      };
      content: { widgets: { model: CodeCellModel }[]; scrollToItem(index: number, align: string): Promise<void> };
    } | null;
  };
}
interface LabWindow {
  jupyterapp?: Application;
  /** How often each cell has become idle since it was watched. */
  timesIdle?: Record<number, number>;
  sawRestart?: boolean;
  changes?: Record<number, string[]>;
}

const longest = 60_000;

export class NotebookPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Waits until the notebook is open and its kernel has answered and rests. */
  async ready(): Promise<void> {
    await this.#until(() => {
      const widget = (globalThis as LabWindow).jupyterapp?.shell.currentWidget;
      const context = widget?.sessionContext;
      return (
        context?.isReady === true && context.session?.kernel?.status === "idle" && widget!.content.widgets.length > 0
      );
    });
  }

  /** Runs a command of JupyterLab by its id, as a menu does. */
  async command(id: string, args: object = {}): Promise<void> {
    await this.page.evaluate(
      async ({ id, args }) => {
        // The promise may wait for the kernel; the tests wait for what they need themselves.
        void (globalThis as LabWindow).jupyterapp!.commands.execute(id, args);
      },
      { id, args },
    );
  }

  cell(index: number): Locator {
    return this.page.locator(`.jp-Notebook .jp-Cell[data-windowed-list-index="${index}"]`);
  }

  editor(index: number): Locator {
    return this.cell(index).locator(".cm-content");
  }

  /** What is on the screen under a cell. */
  output(index: number): Locator {
    return this.cell(index).locator(".jp-OutputArea-output");
  }

  /** Clicks into the cell and runs it with Ctrl+Enter; returns a promise of its end, to await after what should happen meanwhile. */
  async start(index: number): Promise<{ ended: Promise<void> }> {
    const before = await this.page.evaluate((index) => {
      const { jupyterapp, timesIdle = {} } = globalThis as LabWindow;
      (globalThis as LabWindow).timesIdle = timesIdle;
      if (timesIdle[index] === undefined) {
        timesIdle[index] = 0;
        const { model } = jupyterapp!.shell.currentWidget!.content.widgets[index]!;
        model.stateChanged.connect((_, change) => {
          if (change.name === "executionState" && change.newValue === "idle") timesIdle[index]!++;
        });
      }
      return timesIdle[index];
    }, index);
    await this.editor(index).click();
    await this.page.keyboard.press("Control+Enter");
    const ended = this.#until(
      ([index, before]) => (globalThis as LabWindow).timesIdle![index!]! > before!,
      [index, before],
    );
    // Whoever does not come to await it hears of the failure from what failed first.
    ended.catch(() => {});
    return { ended };
  }

  /** Clicks into a cell and types at its end. */
  async type(index: number, text: string): Promise<void> {
    await this.editor(index).click();
    await this.page.keyboard.press("Control+End");
    await this.page.keyboard.type(text);
  }

  /** Runs a cell and waits for its end; returns its outputs. */
  async run(index: number): Promise<CellOutput[]> {
    const { ended } = await this.start(index);
    await ended;
    return await this.outputs(index);
  }

  /** Waits until the kernel says that it works. */
  async busy(): Promise<void> {
    await this.#until(() => {
      const { session } = (globalThis as LabWindow).jupyterapp!.shell.currentWidget!.sessionContext;
      return session?.kernel?.status === "busy";
    });
  }

  /** Waits until no cell runs or waits to run, and the kernel says that it rests. */
  async resting(): Promise<void> {
    await this.#until(() => {
      const { content, sessionContext } = (globalThis as LabWindow).jupyterapp!.shell.currentWidget!;
      const running = content.widgets.some(({ model }) => model.type === "code" && model.executionState === "running");
      return !running && sessionContext.session?.kernel?.status === "idle";
    });
  }

  /** Does what restarts the kernel and waits until the new one rests. */
  async restarted(action: () => Promise<void>): Promise<void> {
    await this.page.evaluate(() => {
      const page = globalThis as LabWindow;
      page.sawRestart = false;
      page.jupyterapp!.shell.currentWidget!.sessionContext.session!.kernel!.statusChanged.connect((_, status) => {
        if (status === "restarting") page.sawRestart = true;
      });
    });
    await action();
    await this.#until(() => {
      const { jupyterapp, sawRestart } = globalThis as LabWindow;
      const kernel = jupyterapp!.shell.currentWidget!.sessionContext.session?.kernel;
      return sawRestart === true && kernel?.status === "idle" && kernel.connectionStatus === "connected";
    });
  }

  /** Waits until every code cell has run and rests. */
  async allRan(within: number): Promise<void> {
    await this.#until(
      () => {
        const { content, sessionContext } = (globalThis as LabWindow).jupyterapp!.shell.currentWidget!;
        const code = content.widgets.map((widget) => widget.model).filter((model) => model.type === "code");
        return (
          code.every((model) => model.executionState === "idle" && model.executionCount !== null) &&
          sessionContext.session?.kernel?.status === "idle"
        );
      },
      [],
      within,
    );
  }

  /** Outputs of a cell, or of all cells, as the file would store them. */
  async outputs(index: number): Promise<CellOutput[]> {
    return (await this.allOutputs())[index] ?? [];
  }

  /** For each cell its outputs; none for Markdown. */
  async allOutputs(): Promise<CellOutput[][]> {
    return await this.page.evaluate(() =>
      (globalThis as LabWindow).jupyterapp!.shell.currentWidget!.content.widgets.map(({ model }) =>
        model.type === "code" ? model.outputs.toJSON() : [],
      ),
    );
  }

  /** Keeps the plain text of a cell's outputs each time one changes, for {@link changes}. */
  async watch(index: number): Promise<void> {
    await this.page.evaluate((index) => {
      const { outputs } = (globalThis as LabWindow).jupyterapp!.shell.currentWidget!.content.widgets[index]!.model;
      const seen: string[] = [];
      const page = globalThis as LabWindow;
      page.changes = { ...page.changes, [index]: seen };
      outputs.changed.connect(() => {
        const texts = outputs.toJSON().map((output) => String(output.text ?? output.data?.["text/plain"] ?? ""));
        const text = texts.join("\n");
        if (text !== seen.at(-1)) seen.push(text);
      });
    }, index);
  }

  /** What {@link watch} has seen. */
  async changes(index: number): Promise<string[]> {
    return await this.page.evaluate((index) => (globalThis as LabWindow).changes?.[index] ?? [], index);
  }

  /** Scrolls a cell into view. */
  async show(index: number): Promise<void> {
    await this.page.evaluate(async (index) => {
      await (globalThis as LabWindow).jupyterapp!.shell.currentWidget!.content.scrollToItem(index, "start");
    }, index);
  }

  /** Opens a comm from the page, sends one message with bytes, and resolves with the answer. */
  async comm(target: string, data: unknown, bytes: number[]): Promise<{ data: unknown; bytes: number[] }> {
    const answer = this.page.evaluate(
      async ({ target, data, bytes }) => {
        const { session } = (globalThis as LabWindow).jupyterapp!.shell.currentWidget!.sessionContext;
        const comm = session!.kernel!.createComm(target);
        const answered = new Promise<{ data: unknown; bytes: number[] }>((resolve) => {
          comm.onMsg = ({ content, buffers = [] }) =>
            resolve({
              data: content.data,
              bytes: buffers.flatMap((view) => [...new Uint8Array(view.buffer, view.byteOffset, view.byteLength)]),
            });
        });
        await comm.open({}).done;
        await comm.send(data, {}, [new Uint8Array(bytes).buffer]).done;
        return await answered;
      },
      { target, data, bytes },
    );
    return await withinTime(answer, longest, `an answer on the comm ${target}`);
  }

  async #until(condition: (numbers: number[]) => boolean, numbers: number[] = [], within = longest): Promise<void> {
    await this.page.waitForFunction(condition, numbers, { timeout: within, polling: 50 });
  }
}

/** Text of streams and plain texts of an output, without colours. */
export function plainText(outputs: CellOutput[]): string {
  return outputs
    .map(({ text, data, traceback }) => text ?? data?.["text/plain"] ?? traceback?.join("\n") ?? "")
    .map((part) => (Array.isArray(part) ? part.join("") : String(part)))
    .join("\n");
}

/** The text colour of an element; runs in the page. */
export function colorOf(element: unknown): string {
  const page = globalThis as unknown as { getComputedStyle(element: unknown): { color: string } };
  return page.getComputedStyle(element).color;
}

async function withinTime<T>(promise: Promise<T>, milliseconds: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${what} within ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
