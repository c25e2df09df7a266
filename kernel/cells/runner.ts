/**
 * Runs one cell at a time on the main thread and says how it ended. All ends meet in `#finish`, which runs once a cell,
 * whoever calls first: the cell itself, an interrupt, or an uncaught error. Nothing here waits for a promise that user code
 * could keep, because a terminated microtask loop takes pending reactions with it.
 */
import vm from "node:vm";
import type { CellFailure, Content, ExecuteOrder, ExecuteOutcome } from "../wire/thread-messages.ts";
import type { Boundary, Outcome } from "./boundary.ts";
import { type CellContext, runInContext } from "./context.ts";
import { describeFailure, interruptFailure } from "./failures.ts";
import { cellUrl } from "./modules.ts";
import { registerScript, registerText } from "./stack-traces.ts";
import { clearTimers } from "./timers.ts";

export interface Shown {
  data: Content;
  metadata: Content;
}

export interface RunnerParts {
  boundary: Boundary;
  /** Turns a result into a bundle; may be slow and may call user code. */
  toBundle(value: unknown): Promise<Shown> | Shown;
  /** True for the bundle of a value that wants to show nothing. */
  isEmpty(shown: Shown): boolean;
  /** Waits for displays that are still being made. */
  settled(): Promise<void> | undefined;
  publish(messageType: string, content: Content, context: number): void;
  /** Called when a cell has ended; native output written so far comes before its idle. */
  beforeDone(): void;
  done(context: number, outcome: ExecuteOutcome): void;
  ready(mentions: string[]): Promise<void>;
  takePayload(): Content[];
  /** The cell has been stopped; what it still wanted to show is not waited for. */
  stopped(): void;
  /** The user has interrupted, and nothing here has acted on it yet. */
  interruptPending(): boolean;
  /** An interrupt has stopped the cell in the middle. */
  terminated(): void;
}

interface Running {
  order: ExecuteOrder;
  context: CellContext;
  onEnd: ((ok: boolean) => void)[];
  /** How it ended, once that is known. */
  end?: CellEnd;
  isErrorShown: boolean;
}

type CellEnd = CellFailure | { userExpressions: Content; output: string | undefined };

export class Runner {
  readonly #parts: RunnerParts;
  #running: Running | undefined;
  #lastConcluded = 0;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
  }

  get runningContext(): CellContext | undefined {
    return this.#running?.context;
  }

  /** Calls `fn` when the running cell has ended, before its reply; at once when none runs. */
  onCellEnd(fn: (ok: boolean) => void): void {
    if (this.#running) this.#running.onEnd.push(fn);
    else fn(true);
  }

  run(order: ExecuteOrder): void {
    const context: CellContext = { id: order.context, stopped: false, allowStdin: order.allowStdin };
    const running: Running = { order, context, onEnd: [], isErrorShown: false };
    this.#running = running;
    if (order.mentions.length === 0) return this.#start(running);
    const ready = this.#enter(running, () => this.#parts.ready(order.mentions));
    this.#whenSettled(running, ready, () => this.#start(running));
  }

  /** Stops the running cell from outside. */
  interrupt(): void {
    const running = this.#running;
    if (running) this.#stop(running);
  }

  /** An error that nothing caught. True when it ended the running cell. */
  failUncaught(context: CellContext, error: unknown): boolean {
    const running = this.#running;
    if (!running || running.context !== context) return false;
    this.#finish(running, describeFailure(error));
    return true;
  }

  #start(running: Running): void {
    const { order } = running;
    const outcome = this.#enter(running, () => this.#runScript(order));
    if (order.isAsync)
      return this.#whenSettled(running, outcome, (boxed) =>
        this.#result(running, Array.isArray(boxed) ? boxed[0] : undefined),
      );
    if (outcome === "terminated" || this.#parts.interruptPending()) return this.#stop(running);
    if ("error" in outcome) return this.#finish(running, describeFailure(outcome.error));
    this.#result(running, outcome.value);
  }

  #runScript(order: ExecuteOrder): unknown {
    const filename = cellUrl(order.context);
    registerScript(filename, order.label, order.positions);
    registerText(filename, order.js);
    const script = new vm.Script(order.js, {
      filename,
      importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    return script.runInThisContext();
  }

  #result(running: Running, value: unknown): void {
    const { order } = running;
    if (!order.hasResult || value === undefined || order.silent) return this.#expressions(running, undefined);
    const bundle = this.#enter(running, () => this.#parts.toBundle(value));
    this.#whenSettled(running, bundle, (shown) => {
      const { data, metadata } = shown as Shown;
      if (this.#parts.isEmpty(shown as Shown)) return this.#expressions(running, undefined);
      this.#parts.publish("execute_result", { data, metadata, execution_count: order.executionCount }, order.context);
      const text = data["text/plain"];
      this.#expressions(running, typeof text === "string" ? text : undefined);
    });
  }

  /** user_expressions one after the other, each with its own outcome. */
  #expressions(running: Running, output: string | undefined): void {
    const results: Content = {};
    const rest = Object.entries(running.order.userExpressions);
    const fail = (name: string, failure: CellFailure) => {
      results[name] = { status: "error", ...failure };
      next();
    };
    const show = (name: string, value: unknown) =>
      this.#whenSettled(
        running,
        this.#enter(running, () => this.#parts.toBundle(value)),
        (shown) => {
          results[name] = { status: "ok", ...(shown as Shown) };
          next();
        },
        (failure) => fail(name, failure),
      );
    const next = (): void => {
      const entry = rest.shift();
      if (!entry) return this.#displays(running, results, output);
      const [name, expression] = entry;
      if ("error" in expression) return fail(name, expression.error);
      const value = this.#enter(running, () =>
        new vm.Script(expression.js, {
          filename: cellUrl(running.order.context),
          importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
        }).runInThisContext(),
      );
      this.#whenSettled(
        running,
        value,
        (result) => show(name, expression.isAsync && Array.isArray(result) ? result[0] : result),
        (failure) => fail(name, failure),
        expression.isAsync,
      );
    };
    next();
  }

  #displays(running: Running, userExpressions: Content, output: string | undefined): void {
    const settled = this.#parts.settled();
    const finish = () => this.#finish(running, { userExpressions, output });
    if (!settled) return finish();
    settled.then(finish, finish);
  }

  /** Goes on with the value of an outcome, or of the promise it holds; an error or an interrupt ends the cell. */
  #whenSettled(
    running: Running,
    outcome: Outcome<unknown>,
    then: (value: unknown) => void,
    failed: (failure: CellFailure) => void = (failure) => this.#finish(running, failure),
    wait = true,
  ): void {
    if (outcome === "terminated") return this.#stop(running);
    if ("error" in outcome) return failed(describeFailure(outcome.error));
    const { value } = outcome;
    if (!wait || !(value instanceof nativePromise)) return then(value);
    nativeThen.call(
      value,
      (settledValue: unknown) => void (this.#running === running && then(settledValue)),
      (error: unknown) => void (this.#running === running && failed(describeFailure(error))),
    );
  }

  #enter<Value>(running: Running, fn: () => Value): Outcome<Value> {
    const outcome = this.#parts.boundary.run(() => runInContext(running.context, fn));
    if (outcome === "terminated") this.#parts.terminated();
    return outcome;
  }

  #stop(running: Running): void {
    running.context.stopped = true;
    clearTimers(running.context);
    this.#parts.stopped();
    this.#finish(running, interruptFailure());
  }

  #finish(running: Running, end: CellEnd): void {
    if (this.#running !== running || running.end) return;
    let ended = end;
    if (this.#parts.interruptPending()) {
      // A child that the cell waited for was interrupted, and the cell ended of it.
      this.#parts.terminated();
      ended = interruptFailure();
    }
    running.end = ended;
    this.#conclude(running, ended);
  }

  /** Says how the cell ended. May be called again when an interrupt has cut it short: what is said twice is heard once. */
  #conclude(running: Running, end: CellEnd): void {
    const { context, silent } = running.order;
    const failure = "ename" in end ? end : undefined;
    for (let fn = running.onEnd.shift(); fn; fn = running.onEnd.shift()) {
      const call = fn;
      // Output of these belongs to the cell, and their errors must not keep its reply.
      const ended = this.#enter(running, () => call(failure === undefined));
      if (ended !== "terminated" && "error" in ended)
        this.#parts.publish("stream", { name: "stderr", text: `${String(ended.error)}\n` }, context);
    }
    this.#parts.beforeDone();
    if (failure && !silent && !running.isErrorShown) this.#parts.publish("error", { ...failure }, context);
    running.isErrorShown = true;
    const payload = this.#parts.takePayload();
    if ("ename" in end) this.#parts.done(context, { status: "error", ...end });
    else {
      const { userExpressions, output } = end;
      this.#parts.done(context, {
        status: "ok",
        payload,
        userExpressions,
        ...(output === undefined ? {} : { output }),
      });
    }
    this.#lastConcluded = context;
    this.#running = undefined;
  }

  /**
   * After a termination, which may have hit this file instead of the cell: is the cell that the I/O thread waits for still
   * being run? If not, it is told its end.
   */
  check(context: number): void {
    const running = this.#running;
    if (running?.order.context === context) {
      if (running.end) this.#conclude(running, running.end);
    } else if (this.#lastConcluded !== context) {
      this.#lastConcluded = context;
      this.#parts.done(context, { status: "error", ...interruptFailure() });
    }
  }
}

// Taken before any cell can change them.
const nativePromise = Promise;
const nativeThen = Promise.prototype.then as (
  this: Promise<unknown>,
  ok: (value: unknown) => void,
  failed: (error: unknown) => void,
) => void;
