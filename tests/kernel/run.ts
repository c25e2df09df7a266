/** What one cell sent back, in the shape that tests read: outputs as a notebook would store them, text, result and error. */
import { stripVTControlCharacters } from "node:util";
import type { KernelClient } from "./connection.ts";
import type { Content, Message } from "./messages.ts";

export type Output =
  | { type: "stream"; name: string; text: string }
  | { type: "display"; data: Record<string, unknown>; metadata: Record<string, unknown>; id: string | undefined }
  | { type: "update"; data: Record<string, unknown>; metadata: Record<string, unknown>; id: string | undefined }
  | {
      type: "result";
      data: Record<string, unknown>;
      metadata: Record<string, unknown>;
      count: number | null | undefined;
    }
  | { type: "error"; ename: string; evalue: string; traceback: string[] }
  | { type: "clear"; wait: boolean };

export class Run {
  readonly id: string;
  readonly code: string;
  /** Content of the execute_reply. */
  readonly reply: Content;
  readonly replyMessage: Message;
  readonly #client: KernelClient;

  constructor(client: KernelClient, id: string, code: string, reply: Message) {
    this.#client = client;
    this.id = id;
    this.code = code;
    this.reply = reply.content;
    this.replyMessage = reply;
  }

  /** All iopub messages of this cell in order, those after its idle included. */
  get messages(): Message[] {
    return this.#client.messagesOf(this.id);
  }

  /** True when nothing of this cell came after its idle. */
  get idleAfterAll(): boolean {
    const last = this.messages.at(-1);
    return last?.type === "status" && last.content.execution_state === "idle";
  }

  /** Message types in order, without repetitions: ["status", "execute_input", "stream", ...]. */
  get types(): string[] {
    return this.messages.map((message) => message.type).filter((type, at, all) => type !== all[at - 1]);
  }

  /** Outputs as a notebook stores them; neighbouring pieces of one stream are joined. */
  get outputs(): Output[] {
    return toOutputs(this.messages);
  }

  /** All of stdout. */
  get text(): string {
    return this.stream("stdout");
  }

  /** All of stderr. */
  get errorText(): string {
    return this.stream("stderr");
  }

  stream(name: string): string {
    let text = "";
    for (const message of this.messages) {
      if (message.type === "stream" && message.content.name === name) text += message.content.text;
    }
    return text;
  }

  /** The MIME bundle of the execute_result, if there was one. */
  get result(): Record<string, unknown> | undefined {
    return this.messages.find((message) => message.type === "execute_result")?.content.data;
  }

  /** The result as plain text without colours, "" when there was none. */
  get value(): string {
    return stripVTControlCharacters(String(this.result?.["text/plain"] ?? ""));
  }

  /** The error that the cell showed, with a traceback without colours. */
  get error(): { ename: string; evalue: string; traceback: string } | undefined {
    const content = this.messages.find((message) => message.type === "error")?.content;
    if (!content) return undefined;
    const traceback = stripVTControlCharacters((content.traceback ?? []).join("\n"));
    return { ename: content.ename ?? "", evalue: content.evalue ?? "", traceback };
  }

  /** MIME bundles of all displays, in order. */
  get displays(): Record<string, unknown>[] {
    return this.outputs.filter((output) => output.type === "display").map((output) => output.data);
  }
}

function toOutputs(messages: Message[]): Output[] {
  const outputs: Output[] = [];
  let pieces: string[] = [];
  for (const { type, content } of messages) {
    const { data = {}, metadata = {} } = content;
    const id = content.transient?.display_id;
    if (type === "stream") {
      const name = content.name ?? "";
      const last = outputs.at(-1);
      if (last?.type === "stream" && last.name === name) pieces.push(content.text ?? "");
      else {
        finishStream(outputs, pieces);
        pieces = [content.text ?? ""];
        outputs.push({ type: "stream", name, text: "" });
      }
    } else if (type === "display_data") push({ type: "display", data, metadata, id });
    else if (type === "update_display_data") push({ type: "update", data, metadata, id });
    else if (type === "execute_result") push({ type: "result", data, metadata, count: content.execution_count });
    else if (type === "clear_output") push({ type: "clear", wait: content.wait === true });
    else if (type === "error") {
      push({
        type: "error",
        ename: content.ename ?? "",
        evalue: content.evalue ?? "",
        traceback: content.traceback ?? [],
      });
    }
  }
  finishStream(outputs, pieces);
  return outputs;

  function push(output: Output): void {
    finishStream(outputs, pieces);
    pieces = [];
    outputs.push(output);
  }
}

function finishStream(outputs: Output[], pieces: string[]): void {
  const last = outputs.at(-1);
  if (last?.type === "stream" && pieces.length > 0) last.text = pieces.join("");
}
