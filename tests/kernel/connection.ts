/**
 * A Jupyter front end over real ZeroMQ sockets: signs, sends, and keeps every message that arrives, in order.
 * It knows the messaging protocol (5.5) and nothing of Gradbook's insides, so that any kernel can be driven with it.
 * Spec: https://jupyter-client.readthedocs.io/en/latest/messaging.html
 */
import { randomUUID } from "node:crypto";
import { Dealer, Request, Subscriber } from "zeromq";
import {
  address,
  type Channel,
  type ClientOptions,
  type ConnectionInfo,
  type Content,
  delimiter,
  type ExecuteOptions,
  type Header,
  type Message,
  type RequestOptions,
  sign,
} from "./messages.ts";
import { Run } from "./run.ts";

export * from "./messages.ts";

const defaultTimeout = 30_000;

export class KernelClient implements AsyncDisposable {
  readonly connection: ConnectionInfo;
  readonly session: string = randomUUID();
  /** Every message that arrived, on any channel, in order of arrival. */
  readonly messages: Message[] = [];
  /** Messages whose signature was wrong or that could not be read; a good kernel sends none. */
  readonly damaged: string[] = [];

  readonly #shell: Dealer;
  readonly #control: Dealer;
  readonly #stdin: Dealer;
  readonly #iopub: Subscriber;
  readonly #byParent = new Map<string, Message[]>();
  readonly #listeners = new Set<(message: Message) => void>();
  readonly #inputHandlers = new Map<string, (content: Content) => string | undefined>();
  readonly #sending = new Map<Dealer, Promise<void>>();
  #closed = false;

  constructor(connection: ConnectionInfo, options: ClientOptions = {}) {
    this.connection = connection;
    const unlimited = { sendHighWaterMark: 0, receiveHighWaterMark: 0, linger: 0, reconnectInterval: 10 };
    // The kernel finds the asking client on the stdin channel by the identity it has on the shell channel.
    const routingId = this.session;
    this.#shell = new Dealer({ ...unlimited, routingId });
    this.#control = new Dealer({ ...unlimited, routingId });
    this.#stdin = new Dealer({ ...unlimited, routingId });
    const { sendHighWaterMark: _, ...receiving } = unlimited;
    this.#iopub = new Subscriber({ ...receiving, receiveHighWaterMark: options.iopubHighWaterMark ?? 0 });
    this.#shell.connect(address(connection, "shell"));
    this.#control.connect(address(connection, "control"));
    this.#stdin.connect(address(connection, "stdin"));
    this.#iopub.connect(address(connection, "iopub"));
    this.#iopub.subscribe("");
    void this.#read("shell", this.#shell);
    void this.#read("control", this.#control);
    void this.#read("stdin", this.#stdin);
    void this.#read("iopub", this.#iopub, options.beforeIopubRead);
  }

  async #read(channel: Channel, socket: Dealer | Subscriber, before?: () => Promise<void>): Promise<void> {
    while (!this.#closed) {
      if (before) await before();
      let frames: Buffer[];
      try {
        frames = await socket.receive();
      } catch {
        return; // closed
      }
      const message = this.#parse(channel, frames);
      if (!message) continue;
      this.#keep(message);
      if (message.type === "input_request") this.#answerInput(message);
      for (const listener of [...this.#listeners]) listener(message);
    }
  }

  #keep(message: Message): void {
    this.messages.push(message);
    const parent = message.parent.msg_id;
    if (message.channel !== "iopub" || parent === undefined) return;
    const siblings = this.#byParent.get(parent);
    if (siblings) siblings.push(message);
    else this.#byParent.set(parent, [message]);
  }

  #parse(channel: Channel, frames: Buffer[]): Message | undefined {
    const at = performance.now();
    const start = frames.findIndex((frame) => frame.toString() === delimiter);
    const parts = frames.slice(start + 2, start + 6);
    if (start < 0 || parts.length < 4) {
      this.damaged.push(`${channel}: ${frames.length} frames without a whole message`);
      return undefined;
    }
    if (frames[start + 1]!.toString() !== sign(this.connection.key, parts)) {
      this.damaged.push(`${channel}: wrong signature on ${parts[0]!.toString()}`);
      return undefined;
    }
    const [header, parent, metadata, content] = parts.map((part) => JSON.parse(part.toString())) as [
      Header,
      Partial<Header>,
      Record<string, unknown>,
      Content,
    ];
    const buffers = frames.slice(start + 6);
    const identities = frames.slice(0, start);
    return { channel, type: header.msg_type, header, parent, metadata, content, buffers, identities, at };
  }

  #answerInput(message: Message): void {
    const answer = this.#inputHandlers.get(message.parent.msg_id ?? "")?.(message.content);
    if (answer !== undefined)
      void this.send("stdin", "input_reply", { status: "ok", value: answer }, { parent: message.header });
  }

  /** A request's header, new each time. */
  header(type: string): Header {
    return {
      msg_id: randomUUID(),
      msg_type: type,
      session: this.session,
      username: "tester",
      date: new Date().toISOString(),
      version: "5.5",
    };
  }

  /** Sends a message and returns its header without waiting for anything. */
  async send(
    channel: "shell" | "control" | "stdin",
    type: string,
    content: unknown,
    options: { buffers?: Uint8Array[]; metadata?: unknown; parent?: Partial<Header>; header?: Header } = {},
  ): Promise<Header> {
    const header = options.header ?? this.header(type);
    const parts = [header, options.parent ?? {}, options.metadata ?? {}, content].map((part) => JSON.stringify(part));
    await this.sendFrames(channel, [delimiter, sign(this.connection.key, parts), ...parts, ...(options.buffers ?? [])]);
    return header;
  }

  /** Sends raw frames, well-formed or not. */
  async sendFrames(channel: "shell" | "control" | "stdin", frames: (string | Uint8Array)[]): Promise<void> {
    const socket = { shell: this.#shell, control: this.#control, stdin: this.#stdin }[channel];
    const previous = this.#sending.get(socket) ?? Promise.resolve();
    const sent = previous.then(() => socket.send(frames));
    this.#sending.set(
      socket,
      sent.catch(() => {}),
    );
    await sent;
  }

  /** The first message, old or new, that `accept` takes; `what` names it in the error when it does not come in time. */
  waitFor(accept: (message: Message) => boolean, what: string, timeout: number = defaultTimeout): Promise<Message> {
    const known = this.messages.find(accept);
    if (known) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#listeners.delete(listener);
        reject(new Error(`${what} did not come within ${timeout} ms. ${this.#recent()}`));
      }, timeout);
      const listener = (message: Message): void => {
        if (!accept(message)) return;
        clearTimeout(timer);
        this.#listeners.delete(listener);
        resolve(message);
      };
      this.#listeners.add(listener);
    });
  }

  #recent(): string {
    const last = this.messages.slice(-12).map((message) => {
      const { execution_state, status, text, ename } = message.content;
      const detail =
        execution_state ?? status ?? ename ?? (typeof text === "string" ? JSON.stringify(text.slice(0, 60)) : "");
      return `${message.channel}/${message.type}${detail ? ` ${detail}` : ""}`;
    });
    return `The last of ${this.messages.length} messages that came: ${last.join(", ") || "none"}.${this.damaged.length ? ` Damaged: ${this.damaged.slice(-3).join("; ")}.` : ""}`;
  }

  /** Everything on iopub whose parent is the request `id`, as of now. */
  messagesOf(id: string): Message[] {
    return this.#byParent.get(id) ?? [];
  }

  /** Waits for the reply to `header` on `channel`. */
  reply(channel: Channel, header: Header, timeout?: number): Promise<Message> {
    return this.waitFor(
      (message) => message.channel === channel && message.parent.msg_id === header.msg_id,
      `the reply to ${header.msg_type} on ${channel}`,
      timeout,
    );
  }

  /** Waits until the kernel says that it has ended working for the request `id`. */
  idle(id: string, timeout?: number): Promise<Message> {
    return this.waitFor(
      (m) => m.type === "status" && m.content.execution_state === "idle" && m.parent.msg_id === id,
      `idle for request ${id}`,
      timeout,
    );
  }

  /** Sends a request and returns its reply. */
  async request(
    channel: "shell" | "control",
    type: string,
    content: unknown = {},
    options: RequestOptions = {},
  ): Promise<Message> {
    const header = await this.send(channel, type, content, options);
    return this.reply(channel, header, options.timeout);
  }

  /** Sends a cell and returns at once: for cells that are to be interrupted, fed or watched. */
  start(code: string, options: ExecuteOptions = {}): StartedCell {
    const header = this.header("execute_request");
    const content = {
      code,
      silent: options.silent ?? false,
      store_history: options.storeHistory ?? !options.silent,
      user_expressions: options.userExpressions ?? {},
      allow_stdin: options.allowStdin ?? options.onInputRequest !== undefined,
      stop_on_error: options.stopOnError ?? true,
    };
    if (options.onInputRequest) this.#inputHandlers.set(header.msg_id, options.onInputRequest);
    void this.send("shell", "execute_request", content, { ...options, header });
    return new StartedCell(this, header, code, options.timeout);
  }

  /** Runs a cell: returns when both its reply and its idle have come. Never throws because of what the cell does. */
  async execute(code: string, options: ExecuteOptions = {}): Promise<Run> {
    return this.start(code, options).done;
  }

  /** Runs a cell that must succeed: throws what the cell threw otherwise. */
  async run(code: string, options: ExecuteOptions = {}): Promise<Run> {
    const run = await this.execute(code, options);
    if (run.reply.status !== "ok") {
      const { status, ename, evalue, traceback } = run.reply;
      throw new Error(
        `The cell ${JSON.stringify(code)} replied ${status}: ${ename}: ${evalue}\n${traceback?.join("\n")}`,
      );
    }
    return run;
  }

  /** Runs a cell that must succeed and returns its result as plain text ("" when there is none). */
  async value(code: string, options: ExecuteOptions = {}): Promise<string> {
    return (await this.run(code, options)).value;
  }

  /** Asks the kernel to interrupt, by message; returns when it has answered. */
  async interrupt(): Promise<Content> {
    return (await this.request("control", "interrupt_request")).content;
  }

  async kernelInfo(channel: "shell" | "control" = "shell", options: RequestOptions = {}): Promise<Content> {
    return (await this.request(channel, "kernel_info_request", {}, options)).content;
  }

  /** `cursor` counts code points; the end of the code by default. */
  async complete(code: string, cursor: unknown = [...code].length, options: RequestOptions = {}): Promise<Content> {
    return (await this.request("shell", "complete_request", { code, cursor_pos: cursor }, options)).content;
  }

  async inspect(
    code: string,
    cursor: unknown = [...code].length,
    detail = 0,
    options: RequestOptions = {},
  ): Promise<Content> {
    const content = { code, cursor_pos: cursor, detail_level: detail };
    return (await this.request("shell", "inspect_request", content, options)).content;
  }

  async isComplete(code: string): Promise<Content> {
    return (await this.request("shell", "is_complete_request", { code })).content;
  }

  async history(content: Record<string, unknown>): Promise<NonNullable<Content["history"]>> {
    const request = { output: false, raw: true, ...content };
    const reply = (await this.request("shell", "history_request", request)).content;
    if (!reply.history) throw new Error(`The history reply has no history: ${JSON.stringify(reply)}`);
    return reply.history;
  }

  async commInfo(target?: string): Promise<Record<string, { target_name: string }>> {
    const reply = await this.request("shell", "comm_info_request", target === undefined ? {} : { target_name: target });
    return reply.content.comms ?? {};
  }

  /** Sends `payload` to the heartbeat and returns what came back. */
  async heartbeat(payload = "ping", timeout = 5_000): Promise<string> {
    const socket = new Request({ linger: 0, receiveTimeout: timeout });
    try {
      socket.connect(address(this.connection, "hb"));
      await socket.send(payload);
      const [answer] = await socket.receive();
      return answer!.toString();
    } finally {
      socket.close();
    }
  }

  close(): void {
    this.#closed = true;
    for (const socket of [this.#shell, this.#control, this.#stdin, this.#iopub]) if (!socket.closed) socket.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

/** A cell on its way. */
export class StartedCell {
  readonly id: string;
  /** Settles when both reply and idle have come. */
  readonly done: Promise<Run>;
  readonly #client: KernelClient;

  constructor(client: KernelClient, header: Header, code: string, timeout?: number) {
    this.#client = client;
    this.id = header.msg_id;
    const both = Promise.all([client.reply("shell", header, timeout), client.idle(this.id, timeout)]);
    this.done = both.then(
      ([reply]) => new Run(client, this.id, code, reply),
      (error: Error) => {
        throw new Error(`The cell ${JSON.stringify(code.slice(0, 200))} did not end: ${error.message}`);
      },
    );
    this.done.catch(() => {}); // a test that fails earlier leaves it behind
  }

  /** Waits until what the cell has printed contains `text`. */
  async printed(text: string, timeout?: number): Promise<void> {
    let tail = "";
    const contains = (message: Message): boolean => {
      if (message.channel !== "iopub" || message.parent.msg_id !== this.id || message.type !== "stream") return false;
      const seen = tail + message.content.text;
      tail = seen.slice(-text.length);
      return seen.includes(text);
    };
    await this.#client.waitFor(contains, `the output ${JSON.stringify(text)}`, timeout);
  }

  /** Waits for a message of this type that belongs to the cell, on any channel. */
  message(type: string, timeout?: number): Promise<Message> {
    return this.#client.waitFor((m) => m.type === type && m.parent.msg_id === this.id, `${type} of the cell`, timeout);
  }
}
