/**
 * The queue of what has to run on the main thread, in the order in which it came: executions, and comms that cells yet to
 * run may have a target for (messaging spec, "Execute").
 */

import type { CellCompiler } from "../cells/compiler.ts";
import type {
  CellFailure,
  Content,
  ExecuteOutcome,
  Header,
  History,
  Message,
  Publisher,
  ToMain,
} from "../wire/index.ts";

export interface ExecutionParts {
  publisher: Publisher;
  compiler: CellCompiler;
  history: History;
  reply(request: Message, type: string, content: Content, metadata?: Content): void;
  send(order: ToMain): void;
  /** A request that needs nothing from the main thread but its turn. */
  other(request: Message): void;
  /** Gives a request a context, by which the main thread names it. */
  newContext(request: Message): number;
  contextOf(request: Message): number | undefined;
}

/** A cell of at most this many characters is compiled before it is announced: that takes well under a millisecond. */
const shortSource = 2000;

interface Waiting {
  request: Message;
  aborted: boolean;
}

interface Running {
  request: Message;
  context: number;
  source: string;
  store: boolean;
  count: number;
}

export class Execution {
  readonly #parts: ExecutionParts;
  readonly #queue: Waiting[] = [];
  #running: Running | undefined;
  #commInFlight: Message | undefined;
  #settling = false;
  #count = 0;

  constructor(parts: ExecutionParts) {
    this.#parts = parts;
  }

  /** The header of the running execution. */
  get running(): Header | undefined {
    return this.#running?.request.header;
  }

  get runningContext(): number | undefined {
    return this.#running?.context;
  }

  /** The comm message that the main thread is handling in its turn. */
  get commContext(): number | undefined {
    return this.#commInFlight && this.#parts.contextOf(this.#commInFlight);
  }

  /** The request that a context names, while it runs: stdin goes back to whoever sent it. */
  requestOf(context: number): Message | undefined {
    return this.#running?.context === context ? this.#running.request : undefined;
  }

  /** True when nothing runs and nothing waits. */
  get idle(): boolean {
    return !this.#running && !this.#commInFlight && !this.#settling && this.#queue.length === 0;
  }

  enqueue(request: Message): void {
    this.#queue.push({ request, aborted: false });
    this.#next();
  }

  /** The main thread has finished a cell. */
  done(context: number, outcome: ExecuteOutcome): void {
    const running = this.#running;
    if (!running || running.context !== context) return;
    this.#finish(running, outcome);
  }

  /** The main thread has handled a comm message that was queued. */
  commDone(context: number): void {
    if (this.#commInFlight && this.#parts.contextOf(this.#commInFlight) === context) {
      this.#parts.publisher.status("idle", this.#commInFlight.header);
      this.#commInFlight = undefined;
      this.#next();
    }
  }

  #next(): void {
    while (!this.#running && !this.#commInFlight && !this.#settling) {
      const waiting = this.#queue.shift();
      if (!waiting) return;
      const { request, aborted } = waiting;
      const type = request.header.msg_type;
      if (type.startsWith("comm_")) this.#comm(request);
      else if (type !== "execute_request") this.#parts.other(request);
      else if (aborted) this.#abort(request);
      else this.#execute(request);
    }
  }

  #comm(request: Message): void {
    this.#parts.publisher.status("busy", request.header);
    this.#commInFlight = request;
    const messageType = request.header.msg_type as "comm_open" | "comm_msg" | "comm_close";
    this.#parts.send({
      type: "comm",
      context: this.#parts.newContext(request),
      messageType,
      content: JSON.stringify(request.content),
      metadata: JSON.stringify(request.metadata),
      buffers: request.buffers.map((buffer) => new Uint8Array(buffer)),
    });
  }

  #abort(request: Message): void {
    this.#parts.publisher.status("busy", request.header);
    this.#parts.reply(
      request,
      "execute_reply",
      { status: "aborted", execution_count: this.#count },
      { status: "aborted" },
    );
    this.#parts.publisher.status("idle", request.header);
  }

  #execute(request: Message): void {
    const { content, header } = request;
    const { publisher } = this.#parts;
    const source = typeof content["code"] === "string" ? content["code"] : "";
    const silent = content["silent"] === true;
    const store = !silent && content["store_history"] !== false;
    if (typeof content["code"] !== "string") {
      publisher.status("busy", header);
      return this.#refuse(
        request,
        `execute_request: code is ${content["code"] === undefined ? "missing" : `of type ${typeof content["code"]}`}; expected a string`,
      );
    }
    if (store) this.#count++;
    const count = this.#count;
    // The main thread can start on a short cell while it is announced here: what it sends is acted on afterwards.
    let isAnnounced = false;
    const announce = () => {
      if (isAnnounced) return;
      isAnnounced = true;
      publisher.status("busy", header);
      if (!silent) publisher.publish("execute_input", { code: source, execution_count: count }, header);
    };
    if (source.length > shortSource) announce();
    const context = this.#parts.newContext(request);
    const running: Running = { request, context, source, store, count };
    this.#running = running;
    if (asksToLeave(source, this.#parts.compiler.names)) {
      announce();
      return this.#finish(running, {
        status: "ok",
        payload: [{ source: "ask_exit", keepkernel: false }],
        userExpressions: {},
      });
    }
    const label = `Cell [${store ? count : `unnumbered ${context}`}]`;
    const compiled = this.#parts.compiler.compile(source, label);
    if ("failure" in compiled) {
      announce();
      if (!silent) publisher.publish("error", { ...compiled.failure }, header);
      return this.#finish(running, { status: "error", ...compiled.failure });
    }
    const expressions =
      typeof content["user_expressions"] === "object" && content["user_expressions"] !== null
        ? content["user_expressions"]
        : {};
    this.#parts.send({
      type: "execute",
      context,
      ...compiled,
      label,
      silent,
      allowStdin: content["allow_stdin"] === true,
      executionCount: count,
      userExpressions: Object.fromEntries(
        Object.entries(expressions).map(([name, text]) => [name, this.#expression(text)]),
      ),
    });
    announce();
  }

  #expression(text: unknown): { js: string; isAsync: boolean } | { error: CellFailure } {
    if (typeof text === "string") return this.#parts.compiler.expression(text);
    const evalue = `user_expressions: an expression is of type ${typeof text}; expected a string`;
    return { error: { ename: "ProtocolError", evalue, traceback: [evalue] } };
  }

  /** A request that makes no sense gets an error reply, and the kernel goes on. */
  #refuse(request: Message, message: string): void {
    const failure: CellFailure = { ename: "ProtocolError", evalue: message, traceback: [message] };
    this.#parts.reply(request, "execute_reply", { status: "error", execution_count: this.#count, ...failure });
    this.#parts.publisher.status("idle", request.header);
  }

  #finish(running: Running, outcome: ExecuteOutcome): void {
    const { request, count, store, source, context } = running;
    const { publisher } = this.#parts;
    publisher.endStreams(context);
    if (store)
      this.#parts.history.append({
        line: count,
        source,
        ...(outcome.status === "ok" && outcome.output !== undefined ? { output: outcome.output } : {}),
      });
    const failed = outcome.status === "error";
    const content: Content = failed
      ? { ...outcome, execution_count: count, user_expressions: {}, payload: [] }
      : { status: "ok", execution_count: count, user_expressions: outcome.userExpressions, payload: outcome.payload };
    const answer = () => {
      this.#running = undefined;
      this.#parts.reply(request, "execute_reply", content, { status: outcome.status });
      publisher.status("idle", request.header);
    };
    if (failed && request.content["stop_on_error"] !== false) {
      // Requests that were sent before this error may still be on their way in; two turns of the loop bring them.
      this.#settling = true;
      setImmediate(() =>
        setImmediate(() => {
          for (const waiting of this.#queue)
            if (waiting.request.header.msg_type === "execute_request") waiting.aborted = true;
          this.#settling = false;
          answer();
          this.#next();
        }),
      );
      return;
    }
    answer();
    this.#next();
  }
}

/** `exit` or `quit` alone, as consoles expect it, unless the notebook has a variable of that name. */
function asksToLeave(source: string, names: ReadonlyMap<string, unknown>): boolean {
  const word = /^\s*(exit|quit)\s*(?:\(\s*\))?\s*;?\s*$/.exec(source)?.[1];
  return word !== undefined && !names.has(word);
}
