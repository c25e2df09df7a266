/** One running kernel, seen from the I/O thread: messages in, replies and orders to the main thread out. */

import type { CellCompiler } from "../cells/compiler.ts";
import { workingFolder } from "../cells/working-folder.ts";
import { catalog } from "../commands/catalog.ts";
import { translateCommands } from "../commands/translate.ts";
import { complete, type InspectorValues, inspect, isComplete } from "../language/index.ts";
import type {
  Codec,
  Content,
  FromMain,
  Header,
  History,
  Message,
  Publisher,
  RingPump,
  Sockets,
  ToMain,
} from "../wire/index.ts";
import { Execution } from "./execution.ts";
import { historyReply } from "./history-reply.ts";
import { kernelInfo } from "./kernel-info.ts";

export interface KernelParts {
  sockets: Sockets;
  codec: Codec;
  compiler: CellCompiler;
  history: History;
  /** Tells the main thread how far its messages have been worked off. */
  acted(number: number): void;
  /** Made when first asked for: it opens an inspector session. */
  values(): InspectorValues;
  send(order: ToMain): void;
  interrupt(): void;
  noteChild(pid: number, context: number, running: boolean): void;
  shutdown(): void;
  log(line: string): void;
  version: string;
}

type Channel = "shell" | "control" | "stdin";

/** With this many messages waiting for slow readers, the main thread waits. */
const mostBacklog = 200;

const commandNames = catalog.map((entry) => entry.name);

/** How many finished requests are remembered, so that their late output finds its cell. */
const mostContexts = 5000;

export class Kernel {
  readonly #parts: KernelParts;
  readonly #publisher: Publisher;
  readonly #execution: Execution;
  readonly #contexts = new Map<number, Header>();
  /** Comm messages that the main thread is handling outside the queue. */
  readonly #immediate = new Map<number, Message>();
  readonly #contextOf = new WeakMap<Message, number>();
  readonly #channelOf = new WeakMap<Message, Channel>();
  #lastContext = 0;
  #comms: [id: string, target: string][] = [];
  #pump: RingPump | undefined;
  readonly #inbox: FromMain[] = [];
  #again: NodeJS.Timeout | undefined;
  /** Questions to users that have not been answered, by the id of their input_request. */
  readonly #asked = new Map<string, { number: number; context: number; client: Buffer | undefined }>();

  constructor(parts: KernelParts, publisher: (parentOf: (context: number) => Header | undefined) => Publisher) {
    this.#parts = parts;
    this.#publisher = publisher((context) => this.#contexts.get(context));
    this.#execution = new Execution({
      publisher: this.#publisher,
      compiler: parts.compiler,
      history: parts.history,
      reply: (request, type, content, metadata) => this.#reply(request, type, content, metadata),
      send: parts.send,
      other: (request) => this.#shutdown(request),
      newContext: (request) => this.#newContext(request),
      contextOf: (request) => this.#contextOf.get(request),
    });
  }

  get publisher(): Publisher {
    return this.#publisher;
  }

  get runningContext(): number | undefined {
    return this.#execution.runningContext;
  }

  /** Says where the text of cells comes from. */
  connect(pump: RingPump): void {
    this.#pump = pump;
  }

  /** Frames from a client. */
  receive(channel: Channel, frames: Buffer[]): void {
    const message = this.#parts.codec.decode(frames);
    if (typeof message === "string") return this.#parts.log(`ignored a message on ${channel}: ${message}`);
    this.#channelOf.set(message, channel);
    this.#safely(`${message.header.msg_type} on ${channel}`, () => this.#receive(message, channel));
  }

  #receive(message: Message, channel: Channel): void {
    if (channel === "stdin") {
      if (message.header.msg_type === "input_reply") this.#answered(message);
      return;
    }
    this.#dispatch(message, channel);
  }

  subscribed(topic: Buffer): void {
    // JEP 65: the first message on a new subscription says that it works.
    this.#parts.sockets.publish(
      this.#parts.codec.encode([topic], "iopub_welcome", { subscription: topic.toString() }, undefined),
    );
  }

  /** A message from the main thread. */
  fromMain(message: FromMain): void {
    this.#inbox.push(message);
    this.#workOff();
  }

  /** Acts on what has come, unless readers are far behind: then the main thread has to wait for them too. */
  #workOff(): void {
    while (this.#inbox.length > 0) {
      if (this.#parts.sockets.backlog >= mostBacklog) {
        this.#again ??= setTimeout(() => {
          this.#again = undefined;
          this.#workOff();
        }, 5);
        return;
      }
      const message = this.#inbox.shift()!;
      if (message.type === "wake") this.#pump?.messagesArrived(message.number);
      else {
        this.#pump?.upToMessage(message.number);
        this.#safely(`a message of type ${message.type}`, () => this.#act(message));
        this.#parts.acted(message.number);
      }
      this.#pump?.wake();
    }
  }

  /** Nothing that a client or a cell sends may end this thread. */
  #safely(what: string, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#parts.log(`${what} failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** After a termination on the main thread: whatever is waited for must still come. */
  check(): void {
    const { runningContext: context, commContext: comm } = this.#execution;
    if (context !== undefined || comm !== undefined)
      this.#parts.send({ type: "check", context: context ?? 0, comm: comm ?? 0 });
  }

  #act(message: FromMain): void {
    switch (message.type) {
      case "publish":
        return this.#publisher.publishFor(
          message.context,
          message.messageType,
          message.content,
          message.metadata,
          message.buffers,
        );
      case "done":
        return this.#execution.done(message.context, message.outcome);
      case "comm_done": {
        this.#publisher.endStreams(message.context);
        const request = this.#immediate.get(message.context);
        if (request && this.#immediate.delete(message.context)) return this.#endImmediate(request);
        return this.#execution.commDone(message.context);
      }
      case "input_request":
        return this.#askUser(message);
      case "comms":
        this.#comms = message.open;
        return;
      case "child":
        return this.#parts.noteChild(message.pid, message.context, message.running);
    }
  }

  #dispatch(message: Message, channel: Channel): void {
    const { content } = message;
    switch (message.header.msg_type) {
      case "execute_request":
        return this.#execution.enqueue(message);
      case "comm_open":
        return this.#execution.enqueue(message);
      case "comm_msg":
      case "comm_close":
        // A comm that exists is a conversation with running code, which may be waiting for just this.
        if (this.#comms.some(([id]) => id === content["comm_id"])) return this.#deliverNow(message);
        return this.#execution.enqueue(message);
      case "kernel_info_request":
        return this.#answer(message, "kernel_info_reply", () => kernelInfo(this.#parts.version));
      case "interrupt_request":
        return this.#answer(message, "interrupt_reply", () => {
          this.#parts.interrupt();
          return { status: "ok" };
        });
      case "shutdown_request":
        // On shell it has its turn after what was sent before; on control it is now.
        return channel === "shell" ? this.#execution.enqueue(message) : this.#shutdown(message);
      case "comm_info_request":
        return this.#answer(message, "comm_info_reply", () => this.#commInfo(content["target_name"]));
      case "is_complete_request":
        return this.#answer(message, "is_complete_reply", () => ({
          ...isComplete(String(content["code"] ?? ""), (text) => translateCommands(text).code),
        }));
      case "history_request":
        return this.#answer(message, "history_reply", () => historyReply(this.#parts.history, content));
      case "complete_request":
        return this.#answer(message, "complete_reply", async () => ({
          status: "ok",
          ...(await complete(
            String(content["code"] ?? ""),
            cursorOf(content),
            this.#parts.values(),
            this.#languageContext(),
          )),
        }));
      case "inspect_request":
        return this.#answer(message, "inspect_reply", async () => ({
          status: "ok",
          ...(await inspect(
            String(content["code"] ?? ""),
            cursorOf(content),
            content["detail_level"] === 1 ? 1 : 0,
            this.#parts.values(),
            this.#languageContext(),
          )),
        }));
      default:
        this.#parts.log(`ignored ${message.header.msg_type} on ${channel}: not a request that this kernel knows`);
    }
  }

  #shutdown(message: Message): void {
    const restart = message.content["restart"] === true;
    this.#answer(message, "shutdown_reply", () => ({ status: "ok", restart }));
    this.#publisher.publish("shutdown_reply", { status: "ok", restart }, message.header);
    this.#parts.shutdown();
  }

  #languageContext() {
    const { compiler } = this.#parts;
    return {
      names: compiler.names,
      cwd: workingFolder(),
      sources: compiler.sources,
      shadowed: compiler.shadowed,
      commands: commandNames,
    };
  }

  /** Answers at once, between busy and idle. An error of ours is an error reply, never silence. */
  #answer(message: Message, type: string, content: () => Content | Promise<Content>): void {
    this.#publisher.status("busy", message.header);
    const finish = (result: Content) => {
      this.#reply(message, type, result);
      this.#endImmediate(message);
    };
    const failed = (error: unknown) => {
      const text = error instanceof Error ? error.message : String(error);
      this.#parts.log(`${message.header.msg_type} failed: ${text}`);
      finish({ status: "error", ename: "KernelError", evalue: text, traceback: [text] });
    };
    try {
      const result = content();
      if (result instanceof Promise) result.then(finish, failed);
      else finish(result);
    } catch (error) {
      failed(error);
    }
  }

  #endImmediate(message: Message): void {
    this.#publisher.status("idle", message.header);
    // Front ends show the newest status; the cell that still runs is what they should show.
    const running = this.#execution.running;
    if (running) this.#publisher.status("busy", running);
  }

  #deliverNow(message: Message): void {
    this.#publisher.status("busy", message.header);
    const context = this.#newContext(message);
    this.#immediate.set(context, message);
    const messageType = message.header.msg_type as "comm_msg" | "comm_close";
    this.#parts.send({
      type: "comm",
      context,
      messageType,
      content: JSON.stringify(message.content),
      metadata: JSON.stringify(message.metadata),
      buffers: message.buffers.map((buffer) => new Uint8Array(buffer)),
    });
  }

  #commInfo(target: unknown): Content {
    const open = this.#comms.filter(([, name]) => typeof target !== "string" || target === "" || target === name);
    return { status: "ok", comms: Object.fromEntries(open.map(([id, name]) => [id, { target_name: name }])) };
  }

  #askUser({ context, request: number, prompt, password }: Extract<FromMain, { type: "input_request" }>): void {
    const request = this.#execution.requestOf(context);
    if (!request) return;
    this.#publisher.flush();
    const { codec, sockets } = this.#parts;
    const id = codec.newId();
    this.#asked.set(id, { number, context, client: request.identities[0] });
    const content = { prompt, password };
    sockets.reply("stdin", codec.encode(request.identities, "input_request", content, request.header, {}, [], id));
  }

  /** An answer must belong to a question that is still open, and come from whom it was put to. */
  #answered(message: Message): void {
    const { parentHeader, content, identities } = message;
    for (const [id, asked] of this.#asked) if (asked.context !== this.#execution.runningContext) this.#asked.delete(id);
    const parent = parentHeader["msg_id"];
    const isTheirs = (client: Buffer | undefined) => client !== undefined && identities[0]?.equals(client) === true;
    const found = [...this.#asked].find(([id, asked]) =>
      typeof parent === "string" ? id === parent : isTheirs(asked.client),
    );
    const value = content["value"];
    if (!found || !isTheirs(found[1].client) || typeof value !== "string") {
      return this.#parts.log("ignored an input_reply that answers no open input_request");
    }
    this.#asked.delete(found[0]);
    this.#parts.send({ type: "input_reply", request: found[1].number, value });
  }

  #reply(request: Message, type: string, content: Content, metadata?: Content): void {
    this.#publisher.flush();
    this.#parts.sockets.reply(
      this.#channelOf.get(request) ?? "shell",
      this.#parts.codec.encode(request.identities, type, content, request.header, metadata),
    );
  }

  #newContext(request: Message): number {
    const context = ++this.#lastContext;
    this.#contexts.set(context, request.header);
    this.#contextOf.set(request, context);
    if (this.#contexts.size > mostContexts) this.#contexts.delete(this.#contexts.keys().next().value!);
    return context;
  }
}

/** A missing cursor is at the end, which is what NaN means to completion and inspection. */
function cursorOf(content: Content): number {
  return typeof content["cursor_pos"] === "number" ? content["cursor_pos"] : Number.NaN;
}
