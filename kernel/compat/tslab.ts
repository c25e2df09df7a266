/** The module that a cell gets for `import * as tslab from "tslab"`: the public interface of tslab 1.0.22. */
import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import type { OutputChannel } from "../display/channel.ts";

/** As tslab documents it. Each method shows one MIME type; bytes are sent as base64. */
export interface TslabDisplay {
  javascript(s: string): void;
  html(s: string): void;
  markdown(s: string): void;
  latex(s: string): void;
  svg(s: string): void;
  png(b: Uint8Array): void;
  jpeg(b: Uint8Array): void;
  gif(b: Uint8Array): void;
  pdf(b: Uint8Array): void;
  text(s: string): void;
  raw(contentType: string, b: string | Uint8Array): void;
}

export interface Tslab {
  /** `tslab` is the version whose interface this is; it runs in the Gradbook kernel. */
  versions: { tslab: string; typescript: string; node: string };
  /** Shows each call as an output of its own. */
  display: TslabDisplay;
  /** One output that each further call replaces. */
  newDisplay(): TslabDisplay;
}

export interface TslabOptions {
  channel: OutputChannel;
  /** Version of the TypeScript that cells are written in. */
  typescript: string;
}

export function createTslab({ channel, typescript }: TslabOptions): Tslab {
  return {
    versions: { tslab: "1.0.22 (Gradbook)", typescript, node: process.version },
    display: displayOn((data) => channel.display({ data, metadata: {} })),
    newDisplay() {
      const displayId = randomUUID();
      let shown = false;
      return displayOn((data) => {
        const content = { data, metadata: {}, displayId };
        if (shown) channel.update(content);
        else channel.display(content);
        shown = true;
      });
    },
  };
}

function displayOn(show: (data: Record<string, unknown>) => void): TslabDisplay {
  const raw = (contentType: string, b: string | Uint8Array) => {
    show({ [contentType]: b instanceof Uint8Array ? Buffer.from(b).toString("base64") : b });
  };
  const as = (contentType: string) => (content: string | Uint8Array) => raw(contentType, content);
  return {
    // tslab says text/javascript, which notebooks show but nbconvert does not know.
    javascript: (s) => show({ "text/javascript": s, "application/javascript": s }),
    html: as("text/html"),
    markdown: as("text/markdown"),
    latex: as("text/latex"),
    svg: as("image/svg+xml"),
    png: as("image/png"),
    jpeg: as("image/jpeg"),
    gif: as("image/gif"),
    pdf: as("application/pdf"),
    text: as("text/plain"),
    raw,
  };
}

const holder = globalThis as { [key: symbol]: (() => Tslab) | undefined };
const key = Symbol.for("gradbook.tslab");

/** Says where `tslab-module.ts` gets its exports from; `create` is called when a cell first imports tslab. */
export function installTslab(create: () => Tslab): void {
  holder[key] = create;
}

/** @throws Error outside a kernel */
export function installedTslab(): Tslab {
  const create = holder[key];
  if (!create) throw new Error("tslab's displays exist in a Gradbook notebook only.");
  return create();
}
