/** What `display.html`, `.markdown`, `.latex`, `.svg`, `.json`, `.image` and `.mime` make of what they are given. */
import { types } from "node:util";
import type { MimeBundle } from "../../lib/host.ts";
import { displaySymbol, mimeBundleOf, type ShownValue, sendable } from "./bundle.ts";
import { escapeHtml, htmlToText } from "./html.ts";
import { inspectText } from "./inspect-text.ts";
import { encodeMedia, imageText, imageType, isBytes, isSvg } from "./media.ts";
import { clip, findProperty, isObjectLike, shortText, thrownText } from "./reading.ts";
import { isRecords } from "./table.ts";

/** Text of a kind, or a promise of it where a value inside shows itself asynchronously. */
export type Text = string | Promise<string>;

/** How a kind of text is written: which forms of a value may stand in it as they are, and how other text is made safe. */
export interface TextKind {
  name: string;
  mime: string;
  /** MIME types whose content is markup of this kind already. */
  accepts: readonly string[];
  escape(text: string): string;
  /** Templates keep backslashes (`\frac`, `\*`). */
  raw: boolean;
  bundle(text: string): MimeBundle;
}

const asIs = (text: string) => text;

export const htmlKind: TextKind = {
  name: "html",
  mime: "text/html",
  accepts: ["text/html", "image/svg+xml"],
  escape: escapeHtml,
  raw: false,
  bundle: (text) => ({ "text/html": text, "text/plain": htmlToText(text) }),
};

export const markdownKind: TextKind = {
  name: "markdown",
  mime: "text/markdown",
  accepts: ["text/markdown"],
  escape: asIs,
  raw: true,
  bundle: (text) => ({ "text/markdown": text, "text/plain": text }),
};

export const latexKind: TextKind = {
  name: "latex",
  mime: "text/latex",
  accepts: ["text/latex"],
  escape: asIs,
  raw: true,
  // Front ends look for delimiters; a bare formula gets those of a formula on its own line.
  bundle: (text) => ({
    "text/latex": /\$|\\\(|\\\[|\\begin\{/.test(text) ? text : `$$${text}$$`,
    "text/plain": text,
  }),
};

export const svgKind: TextKind = {
  name: "svg",
  mime: "image/svg+xml",
  accepts: ["image/svg+xml"],
  escape: escapeHtml,
  raw: false,
  bundle: (text) => {
    if (!isSvg(text)) {
      throw new TypeError(
        `display.svg expects an SVG document, which begins with <svg; got ${JSON.stringify(clip(text, 40))}`,
      );
    }
    return { "image/svg+xml": text, "text/plain": imageText(Buffer.from(text), "image/svg+xml") };
  },
};

/** The text of a tagged template or of a plain call. */
export function textOf(kind: TextKind, input: unknown, values: unknown[]): Text {
  if (!isTemplate(input)) return insert(kind, input, true);
  const strings = kind.raw ? input.raw.map((text) => text.replaceAll(/\\(`|\$\{)/g, "$1")) : input;
  const parts = values.map((value) => insert(kind, value, false));
  return joinText(parts, (texts) => strings.map((text, index) => `${text}${texts[index] ?? ""}`).join(""));
}

export function isTemplate(input: unknown): input is TemplateStringsArray {
  return Array.isArray(input) && Array.isArray((input as Partial<TemplateStringsArray>).raw);
}

function joinText(parts: Text[], join: (texts: string[]) => string): Text {
  if (parts.every((part) => typeof part === "string")) return join(parts);
  return Promise.all(parts).then(join);
}

/** One value inside markup: its own markup of this kind if it has some, else its text, made safe. */
function insert(kind: TextKind, value: unknown, trusted: boolean): Text {
  if (typeof value === "string") return trusted ? value : kind.escape(value);
  if (value === undefined || value === null || value === false) return "";
  if (!isObjectLike(value)) return kind.escape(shortText(value));
  const hasOwnView = findProperty(value, displaySymbol) !== undefined;
  if (!types.isProxy(value) && Array.isArray(value) && !hasOwnView && !isRecords(value)) {
    return joinText(
      value.map((item) => insert(kind, item, false)),
      (texts) => texts.join(""),
    );
  }
  if (!hasOwnView && !isRecords(value) && speaksForItself(value)) return kind.escape(shortText(value));
  const shown = mimeBundleOf(value, { html: hasOwnView || isRecords(value) });
  const pick = ({ data }: ShownValue) => {
    for (const mime of kind.accepts) if (typeof data[mime] === "string") return data[mime];
    const plain = data["text/plain"];
    return typeof plain === "string" ? kind.escape(plain) : "";
  };
  return shown instanceof Promise ? shown.then(pick) : pick(shown);
}

/** Has a `toString` that says more than `[object Object]`. */
function speaksForItself(value: object): boolean {
  const method = findProperty(value, "toString");
  return (
    method?.kind === "data" &&
    typeof method.value === "function" &&
    method.value !== Object.prototype.toString &&
    typeof value !== "function"
  );
}

/** A piece of HTML to be put into another, or shown; made by `display.html.fragment`. */
export class HtmlFragment {
  readonly #text: Text;

  constructor(text: Text) {
    this.#text = text;
  }

  [displaySymbol](): MimeBundle | Promise<MimeBundle> {
    return typeof this.#text === "string" ? htmlKind.bundle(this.#text) : this.#text.then(htmlKind.bundle);
  }

  toString(): string {
    return typeof this.#text === "string" ? this.#text : "";
  }
}

export interface JsonOptions {
  /** Whether the tree starts opened. */
  expanded?: boolean;
  /** The name at the tree's root. */
  root?: string;
}

/** @throws TypeError when the value has no JSON. */
export function jsonBundle(value: unknown, { expanded = false, root }: JsonOptions): ShownValue {
  let json: unknown;
  try {
    json = typeof value === "string" ? value : sendable("application/json", value);
  } catch (thrown) {
    throw new TypeError(`display.json expects a value that JSON can carry: ${thrownText(thrown)}`);
  }
  return {
    data: { "application/json": json, "text/plain": inspectText(json) },
    metadata: { "application/json": { expanded, ...(root === undefined ? {} : { root }) } },
  };
}

export type ImageSource = Uint8Array | ArrayBuffer | string | URL;

export interface ImageOptions {
  /** "png", "jpeg", "gif", "webp", "svg", or a MIME type; needed only where the bytes do not say it. */
  format?: string;
  /** CSS pixels. */
  width?: number;
  height?: number;
  /** What the picture shows, in words. */
  alt?: string;
}

/**
 * A picture from bytes, a file's path, a `file:`, `data:` or `http(s):` URL. Files are read at once; a picture on the
 * web is fetched by the browser.
 * @throws TypeError for what is no picture; the file system's error for what cannot be read.
 */
export function imageBundle(source: unknown, options: ImageOptions): ShownValue {
  const address = source instanceof URL ? source.href : typeof source === "string" ? source : undefined;
  if (address !== undefined && /^https?:/i.test(address)) return remoteImage(address, options);
  const { bytes, mime: stated } = imageBytes(source, address);
  const mime = formatType(options.format) ?? imageType(bytes) ?? stated;
  if (!mime) {
    throw new TypeError(
      "display.image does not recognise these bytes as PNG, JPEG, GIF, WebP or SVG; say what they are with { format }",
    );
  }
  const { width, height, alt } = options;
  const sizes = {
    ...(width === undefined ? {} : { width }),
    ...(height === undefined ? {} : { height }),
    ...(alt === undefined ? {} : { alt }),
  };
  return {
    data: { [mime]: encodeMedia(bytes, mime), "text/plain": imageText(bytes, mime, alt) },
    metadata: Object.keys(sizes).length > 0 ? { [mime]: sizes } : {},
  };
}

function imageBytes(source: unknown, address: string | undefined): { bytes: Uint8Array; mime?: string } {
  if (isBytes(source)) return { bytes: source };
  if (source instanceof ArrayBuffer) return { bytes: new Uint8Array(source) };
  if (address === undefined) {
    throw new TypeError(
      `display.image expects bytes, a path or a URL; got ${inspectText(source, { depth: 1, entries: 5, chars: 100 })}`,
    );
  }
  const data = /^data:([^;,]*)([^,]*),/i.exec(address);
  if (data) {
    const body = address.slice(data[0].length);
    const bytes = /;base64$/i.test(data[2]!) ? Buffer.from(body, "base64") : Buffer.from(decodeURIComponent(body));
    return { bytes, ...(data[1] ? { mime: data[1] } : {}) };
  }
  if (isSvg(address)) return { bytes: Buffer.from(address) };
  const { readFileSync } = process.getBuiltinModule("node:fs");
  return { bytes: readFileSync(/^file:/i.test(address) ? new URL(address) : address) };
}

function formatType(format: string | undefined): string | undefined {
  if (format === undefined || format.includes("/")) return format;
  const name = format.toLowerCase();
  return name === "svg" ? "image/svg+xml" : `image/${name === "jpg" ? "jpeg" : name}`;
}

function remoteImage(address: string, { width, height, alt = "" }: ImageOptions): ShownValue {
  const size = `${width === undefined ? "" : ` width="${Number(width)}"`}${height === undefined ? "" : ` height="${Number(height)}"`}`;
  return {
    data: {
      "text/html": `<img src="${escapeHtml(address)}" alt="${escapeHtml(alt)}"${size}>`,
      "text/plain": `[image ${address}]${alt ? ` ${alt}` : ""}`,
    },
    metadata: {},
  };
}
