/** `Deno.jupyter`: the display functions of Deno's kernel. Docs: https://docs.deno.com/api/deno/~/Deno.jupyter */
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import type { MimeBundle } from "../../lib/host.ts";
import type { OutputChannel } from "../display/channel.ts";
import { bundleByShape } from "./deno-bundle.ts";

const $display: unique symbol = Symbol.for("Jupyter.display") as never;

export interface Displayable {
  [$display](): MimeBundle | Promise<MimeBundle>;
}

export interface DenoJupyterOptions {
  channel: OutputChannel;
  /** The kernel's own bundle of any value: its display method if it has one, else text. */
  format(value: unknown): MimeBundle | Promise<MimeBundle>;
  /** Publishes any message on iopub with the cell that speaks as its parent. */
  publish(
    messageType: string,
    content: Record<string, unknown>,
    extra: { metadata?: Record<string, unknown>; buffers?: Uint8Array[] },
  ): void;
}

export interface DenoJupyter {
  $display: typeof $display;
  display(obj: unknown, options?: { raw?: boolean; update?: boolean; display_id?: string }): Promise<void>;
  broadcast(
    msgType: string,
    content: Record<string, unknown>,
    extra?: { metadata?: Record<string, unknown>; buffers?: Uint8Array[] },
  ): Promise<void>;
  format(obj: unknown): Promise<MimeBundle>;
  md(strings: TemplateStringsArray, ...values: unknown[]): Displayable;
  html(strings: TemplateStringsArray, ...values: unknown[]): Displayable;
  svg(strings: TemplateStringsArray, ...values: unknown[]): Displayable;
  image(pathOrData: string | Uint8Array): Displayable;
}

export function createDenoJupyter({ channel, format, publish }: DenoJupyterOptions): DenoJupyter {
  const bundleOf = async (value: unknown): Promise<MimeBundle> => {
    const own = (value as Partial<Displayable> | null | undefined)?.[$display];
    return (typeof own === "function" ? undefined : bundleByShape(value)) ?? (await format(value));
  };
  return {
    $display,
    /** With `raw`, the object is the bundle. `update` needs the `display_id` of a display that was shown. */
    async display(obj, options = {}) {
      const raw = options.raw && typeof obj === "object" && obj !== null && !Array.isArray(obj);
      const content = { data: raw ? (obj as MimeBundle) : await bundleOf(obj), metadata: {} };
      const displayId = options.display_id;
      if (options.update && displayId === undefined) {
        throw new TypeError("Deno.jupyter.display: update: true needs the display_id of what is to be replaced.");
      }
      if (options.update) channel.update({ ...content, displayId: displayId as string });
      else channel.display(displayId === undefined ? content : { ...content, displayId });
    },
    /** Displays go the way of all displays, in order with the cell's output; anything else is published as it is. */
    async broadcast(msgType, content, extra = {}) {
      const { data = {}, metadata = {} } = content as { data?: MimeBundle; metadata?: Record<string, unknown> };
      const displayId = (content["transient"] as { display_id?: string } | undefined)?.display_id;
      const plain = extra.buffers === undefined && extra.metadata === undefined;
      if (plain && msgType === "display_data") {
        channel.display(displayId === undefined ? { data, metadata } : { data, metadata, displayId });
      } else if (plain && msgType === "update_display_data" && displayId !== undefined) {
        channel.update({ data, metadata, displayId });
      } else publish(msgType, content, extra);
    },
    format: bundleOf,
    md: template("text/markdown"),
    html: template("text/html"),
    svg: template("image/svg+xml"),
    image,
  };
}

function displayable(bundle: MimeBundle): Displayable {
  return { [$display]: () => bundle };
}

/** A tagged template whose text is shown as it is; undefined and missing values leave nothing. */
function template(type: string) {
  return (strings: TemplateStringsArray, ...values: unknown[]): Displayable =>
    displayable({ [type]: strings.reduce((text, part, index) => text + part + String(values[index] ?? ""), "") });
}

/** @throws TypeError for bytes that are neither PNG nor JPEG, and for a path that cannot be read */
function image(pathOrData: string | Uint8Array): Displayable {
  let bytes: Uint8Array | undefined;
  let cause: unknown;
  try {
    bytes = typeof pathOrData === "string" ? readFileSync(pathOrData) : pathOrData;
  } catch (error) {
    cause = error;
  }
  const type = bytes && imageType(bytes);
  if (!bytes || !type) {
    const what = typeof pathOrData === "string" ? `"${pathOrData}"` : "The data";
    throw new TypeError(`${what} is not a PNG or JPEG image that Deno.jupyter.image can show.`, { cause });
  }
  return displayable({ [type]: Buffer.from(bytes).toString("base64") });
}

function imageType(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 0x89 && bytes[1] === 0x50 && bytes[2] === 0x4e && bytes[3] === 0x47) return "image/png";
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return "image/jpeg";
  return undefined;
}
