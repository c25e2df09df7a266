/** Sets the main thread up for cells, and answers the I/O thread's orders. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Worker } from "node:worker_threads";
import { installHost } from "../../lib/host.ts";
import { createCommands, installCommands } from "../commands/run.ts";
import { createTiming } from "../commands/timing.ts";
import { createDeno, installDeno } from "../compat/deno.ts";
import { translateSpecifier } from "../compat/specifier.ts";
import { createTslab, installTslab } from "../compat/tslab.ts";
import { createDisplay, createShell, isEmptyBundle, mimeBundleOf, ShellCommand } from "../display/index.ts";
import type { KernelApi, NotebookApi } from "../notebook-api.ts";
import { type CommOrder, State, type ToMain } from "../wire/thread-messages.ts";
import { Boundary } from "./boundary.ts";
import { Comms } from "./comms.ts";
import { type CellContext, currentContext, runInContext } from "./context.ts";
import { describeFailure, interruptFailure } from "./failures.ts";
import { KernelChannel } from "./kernel-channel.ts";
import { KernelHost } from "./kernel-host.ts";
import { binding, createCellRequire, installModules } from "./modules.ts";
import type { NativeMarks } from "./native-output.ts";
import { watchNativeWriters } from "./native-output.ts";
import type { Post } from "./post.ts";
import { Preload, type PreloadPackage } from "./preload.ts";
import { guardProcess } from "./process-guard.ts";
import { Prompts } from "./prompt.ts";
import { Runner } from "./runner.ts";
import { installStackTraces } from "./stack-traces.ts";
import { installStreams } from "./streams.ts";
import { clearTimers, installTimers } from "./timers.ts";
import { workingFolder } from "./working-folder.ts";

// Taken before any cell can change them.
const { load, store } = Atomics;

export interface CellsSetup {
  worker: Worker;
  post: Post;
  state: Int32Array;
  marks: NativeMarks | undefined;
  preload: PreloadPackage;
  /** Root of the Gradbook package. */
  packageRoot: string;
  /** Last things before the process ends. */
  onExit(): void;
}

export function startCells(setup: CellsSetup): void {
  const { worker, post, state, marks } = setup;
  const { ring } = post;
  const exit = guardProcess();
  const boundary = new Boundary();
  const comms = new Comms(post);
  const prompts = new Prompts(post, (context) => runner.runningContext?.id === context);
  const channel = new KernelChannel(post, ring);
  const host = new KernelHost(channel, comms, state);
  const payload: Record<string, unknown>[] = [];
  installHost(host);
  installTimers();
  installStreams(ring);
  installStackTraces(join(setup.packageRoot, "dist"));
  watchNativeWriters(marks, (pid, running) => post.send({ type: "child", pid, context: currentContext().id, running }));

  const ownFile = join(setup.packageRoot, "package.json");
  const preload = new Preload(setup.preload, ownFile);
  const { display, clearOutput, settled, abandon } = createDisplay(channel);
  const $ = createShell(channel);
  const kernel: KernelApi = {
    comm: {
      register: comms.register.bind(comms),
      unregister: comms.unregister.bind(comms),
      open: comms.open.bind(comms),
    },
    page(text, start = 0) {
      payload.push({ source: "page", data: { "text/plain": String(text) }, start: Number(start) || 0 });
    },
    onInterrupt: (listener) => host.onInterrupt(listener),
    ...createTiming((text) => channel.write("stdout", text)),
  };

  const runner = new Runner({
    boundary,
    toBundle: mimeBundleOf,
    isEmpty: isEmptyBundle,
    settled,
    publish: (type, content, context) => post.publish(type, content, { context }),
    beforeDone: () => {
      if (marks?.needed) marks.mark();
    },
    done: (context, outcome) => {
      prompts.forget(context);
      host.forget(context);
      post.send({ type: "done", context, outcome });
    },
    ready: (mentions) => {
      if (mentions.includes("Deno")) installDeno(makeDeno);
      return preload.ready(mentions);
    },
    takePayload: () => payload.splice(0),
    stopped: () => {
      abandon();
      host.cutOff();
    },
    interruptPending: () =>
      load(state, State.interruptListeners) === 0 &&
      load(state, State.interruptsSent) > load(state, State.interruptsSeen),
    terminated: () => void store(state, State.interruptsSeen, load(state, State.interruptsSent)),
  });

  const runShell = async (command: string, { program, stream }: { program?: string; stream: boolean }) => {
    const started = program ? $`${program} -c ${command}` : new ShellCommand(command, channel, {}, {});
    return await (stream ? started.nothrow() : started.nothrow().quiet());
  };
  installCommands(
    createCommands({ channel, runShell, globalNames: userNames, onCellEnd: (fn) => runner.onCellEnd(fn) }),
  );
  installTslab(() => createTslab({ channel, typescript: typescriptVersion }));
  const importMeta = {
    get url() {
      return pathToFileURL(join(workingFolder(), "notebook.ts")).href;
    },
    get dirname() {
      return workingFolder();
    },
    get filename() {
      return join(workingFolder(), "notebook.ts");
    },
    resolve: (specifier: string) =>
      pathToFileURL(createRequire(join(workingFolder(), "notebook.ts")).resolve(specifier)).href,
    main: false,
  };
  define(
    "__gradbook__",
    Object.freeze({ enter: boundary.enter, binding, constants, namespace: (module: unknown) => module, importMeta }),
  );
  const notebook: NotebookApi = { display, clearOutput, prompt: prompts.prompt, kernel, $ };
  define(Symbol.for("gradbook.notebook"), notebook);
  for (const [name, value] of Object.entries({ ...notebook, require: createCellRequire() })) replaceable(name, value);

  installModules({
    translateSpecifier,
    virtual: new Map([["tslab", pathToFileURL(join(setup.packageRoot, "dist/kernel/compat/tslab-module.js")).href]]),
    ownFile,
    ownFolder: `${join(setup.packageRoot, "dist")}/`,
  });
  const makeDeno = () =>
    createDeno({
      channel,
      typescript: typescriptVersion,
      format: async (value) => (await mimeBundleOf(value)).data,
      publish: (type, content, extra) => post.publish(type, content, extra),
    });
  const builtIn = new Set(Object.getOwnPropertyNames(globalThis));
  function userNames(): string[] {
    return Object.getOwnPropertyNames(globalThis).filter((name) => !builtIn.has(name));
  }

  const report = (error: unknown): void => {
    try {
      const context = currentContext();
      if (context.stopped || runner.failUncaught(context, error)) return;
      post.publish("error", { ...describeFailure(error) });
    } catch {
      // A cell has changed what this needs. Throwing here would end the process.
      runner.interrupt();
    }
  };
  // Not a capture callback, which would forbid `node:domain` and all that loads it.
  const listenForErrors = (): void => {
    for (const event of ["uncaughtException", "unhandledRejection"] as const) {
      if (!process.listeners(event as "uncaughtException").includes(report)) process.on(event, report);
    }
  };
  listenForErrors();

  const handlers: { [Type in ToMain["type"]]: (message: Extract<ToMain, { type: Type }>) => void } = {
    execute: (order) => {
      // An earlier cell may have taken all listeners away.
      listenForErrors();
      runner.run(order);
    },
    comm: (order) => {
      receiveComm(order);
      post.send({ type: "comm_done", context: order.context });
    },
    check: ({ context, comm }) => {
      if (context !== 0) runner.check(context);
      // Comm messages are handled as they come, so this one is done.
      if (comm !== 0) post.send({ type: "comm_done", context: comm });
    },
    interrupt: ({ number }) => {
      // The termination that came with it may have ended the cell already.
      if (number <= load(state, State.interruptsSeen)) return;
      store(state, State.interruptsSeen, number);
      const context = runner.runningContext;
      // With no cell running, what keeps the thread busy are timers that cells have left behind.
      if (!context) clearTimers();
      else if (!host.interrupt(context)) runner.interrupt();
    },
    input_reply: ({ request, value }) => prompts.answer(request, value),
    exit: ({ code }) => {
      boundary.close();
      setup.onExit();
      exit(code);
    },
  };
  worker.on("message", (message: ToMain) => {
    try {
      (handlers[message.type] as (message: ToMain) => void)(message);
    } catch (error) {
      report(error);
    }
  });

  function receiveComm(order: CommOrder): void {
    const context: CellContext = { id: order.context, stopped: false, allowStdin: false };
    const outcome = boundary.run(() => runInContext(context, () => comms.receive(order)));
    const failure =
      outcome === "terminated" ? interruptFailure() : "error" in outcome ? describeFailure(outcome.error) : undefined;
    if (failure) post.publish("error", { ...failure }, { context: order.context });
  }
}

/** The language that cells are compiled as (oxc and esbuild follow this version). */
const typescriptVersion = "7.0";

/** Reading a constant through it gives nothing that is used; assigning throws, as V8 does for a constant. */
const constants = new Proxy(
  {},
  {
    set() {
      throw new TypeError("Assignment to constant variable.");
    },
  },
);

function define(key: string | symbol, value: unknown): void {
  Object.defineProperty(globalThis, key, { value, writable: false, configurable: false, enumerable: false });
}

/** A name that is there without an import, and gives way to a user's own. */
function replaceable(name: string, value: unknown): void {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}
