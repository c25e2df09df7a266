/**
 * Any value becomes a MIME bundle. A value that knows how to show itself does (`[Symbol.for("Jupyter.display")]`);
 * pictures, tables, errors and everything else are recognised here. Nothing in here throws because of the value.
 */
import { types } from "node:util";
import type { MimeBundle } from "../../lib/host.ts";
import { describe } from "./describe.ts";
import { errorText } from "./describe-error.ts";
import { escapeHtml, htmlToText } from "./html.ts";
import { printHtml } from "./inspect-html.ts";
import { inspectText, printText } from "./inspect-text.ts";
import { proxyState } from "./internals.ts";
import { encodeMedia, imageText, imageType, isBytes } from "./media.ts";
import { clip, findProperty, isObjectLike, shortText, thrownText } from "./reading.ts";
import { isRecords, recordsTable } from "./table.ts";

/** The convention by which a value shows itself; Deno uses the same symbol. */
export const displaySymbol: unique symbol = Symbol.for("Jupyter.display");

export interface ShownValue {
  data: MimeBundle;
  metadata: Record<string, unknown>;
}

export interface BundleOptions {
  /** Levels of nesting the inspector opens; default 6. */
  depth?: number;
  /** False: only `text/plain` from the inspector. */
  html?: boolean;
  /** Rows and columns of a table of records; default 50 and 20. */
  maxRows?: number;
  maxColumns?: number;
}

const largestImage = 32 * 2 ** 20;

/** `mimeBundleOf` for those who wait anyway. */
export async function toMimeBundle(value: unknown, options?: BundleOptions): Promise<ShownValue> {
  return mimeBundleOf(value, options);
}

/**
 * The bundle of a value: at once, or a promise where the value shows itself asynchronously. Always has `text/plain`,
 * with one exception: an empty bundle from the value's own method means "show nothing". Never throws, never rejects.
 */
export function mimeBundleOf(value: unknown, options: BundleOptions = {}): ShownValue | Promise<ShownValue> {
  if (!isObjectLike(value)) return textOnly(inspectText(value));
  const method = displayMethod(value);
  if (!method) return recognised(value, options);
  let answer: unknown;
  try {
    answer = method();
  } catch (thrown) {
    return fallback(value, `threw ${thrownText(thrown)}`, options);
  }
  if (!isThenable(answer)) return checked(value, answer, options);
  return Promise.resolve(answer).then(
    (late) => checked(value, late, options),
    (reason: unknown) => fallback(value, `rejected with ${thrownText(reason)}`, options),
  );
}

/** Whether a bundle says "show nothing". */
export function isEmptyBundle(shown: ShownValue): boolean {
  return Object.keys(shown.data).length === 0;
}

/** The value's own display method, bound. Behind a proxy it is looked for in the target, without running a trap. */
function displayMethod(value: object): (() => unknown) | undefined {
  let holder = value;
  for (let steps = 0; types.isProxy(holder); steps++) {
    const state = steps < 10 ? proxyState(holder) : undefined;
    if (!state || state.revoked) return undefined;
    holder = state.target;
  }
  const property = findProperty(holder, displaySymbol);
  if (!property) return undefined;
  return () => {
    const method: unknown = property.kind === "data" ? property.value : Reflect.get(value, displaySymbol);
    if (typeof method !== "function") throw new TypeError(`it is ${methodKind(method)}, not a function`);
    return Reflect.apply(method, value, []);
  };
}

function methodKind(method: unknown): string {
  return method === null ? "null" : `of type ${typeof method}`;
}

function isThenable(answer: unknown): boolean {
  try {
    return isObjectLike(answer) && typeof (answer as { then?: unknown }).then === "function";
  } catch {
    return false;
  }
}

/** What a display method answered, made safe to send: string keys with a slash, JSON values, text/plain present. */
function checked(value: object, answer: unknown, options: BundleOptions): ShownValue {
  try {
    if (typeof answer !== "object" || answer === null || Array.isArray(answer)) {
      const what = answer === null ? "null" : Array.isArray(answer) ? "an array" : `a value of type ${typeof answer}`;
      return fallback(value, `returned ${what} instead of an object with MIME types as keys`, options);
    }
    const data: MimeBundle = {};
    for (const [mime, content] of Object.entries(answer)) {
      if (content === undefined) continue;
      if (!mime.includes("/")) {
        return fallback(
          value,
          `returned the key ${JSON.stringify(clip(mime, 60))}, which is not a MIME type like text/html`,
          options,
        );
      }
      data[mime] = sendable(mime, content);
    }
    if (Object.keys(data).length > 0 && typeof data["text/plain"] !== "string")
      data["text/plain"] = plainFor(value, data);
    return { data, metadata: {} };
  } catch (thrown) {
    return fallback(value, `returned a bundle that cannot be sent: ${thrownText(thrown)}`, options);
  }
}

/** Strings as they are, bytes as base64 (or text), anything else as the JSON it stands for. Throws for what has none. */
export function sendable(mime: string, content: unknown): unknown {
  if (typeof content === "string") return content;
  if (isBytes(content)) {
    const isText = mime.startsWith("text/") || mime.endsWith("+xml");
    return isText ? Buffer.from(content).toString("utf8") : Buffer.from(content).toString("base64");
  }
  const json = JSON.stringify(content) as string | undefined;
  if (json === undefined)
    throw new TypeError(`the content of ${mime} is of type ${typeof content}, which JSON cannot carry`);
  return JSON.parse(json);
}

/** `text/plain` for a bundle that came without: the text it carries in another form, or the inspector's. */
function plainFor(value: object, data: MimeBundle): string {
  const markdown = data["text/markdown"] ?? data["text/latex"];
  if (typeof markdown === "string") return markdown;
  const html = data["text/html"];
  const text = typeof html === "string" ? htmlToText(html) : "";
  return text || inspectText(value, { depth: 2 });
}

/** The inspector's view, with a note on what was wrong with the value's own. */
function fallback(value: object, wrong: string, options: BundleOptions): ShownValue {
  const shown = recognised(value, options);
  const note = `[Symbol.for("Jupyter.display")] ${wrong}`;
  shown.data["text/plain"] = `${shown.data["text/plain"] as string}\n(${note})`;
  const html = shown.data["text/html"];
  if (typeof html === "string") shown.data["text/html"] = `${html}<div><em>${escapeHtml(note)}</em></div>`;
  return shown;
}

function recognised(value: object, options: BundleOptions): ShownValue {
  try {
    return picture(value) ?? story(value) ?? table(value, options) ?? inspected(value, options);
  } catch (thrown) {
    return textOnly(`[a value that cannot be shown: ${shortText(thrown)}]`);
  }
}

function textOnly(text: string): ShownValue {
  return { data: { "text/plain": text }, metadata: {} };
}

function picture(value: object): ShownValue | undefined {
  if (types.isProxy(value) || !isBytes(value)) return undefined;
  const mime = imageType(value);
  if (!mime || value.byteLength > largestImage) return undefined;
  return { data: { [mime]: encodeMedia(value, mime), "text/plain": imageText(value, mime) }, metadata: {} };
}

function story(value: object): ShownValue | undefined {
  return types.isNativeError(value) && !types.isProxy(value) ? textOnly(errorText(value)) : undefined;
}

function table(value: object, { maxRows, maxColumns, html = true }: BundleOptions): ShownValue | undefined {
  if (!isRecords(value, maxRows)) return undefined;
  const printed = recordsTable(value, {
    ...(maxRows === undefined ? {} : { maxRows }),
    ...(maxColumns === undefined ? {} : { maxColumns }),
  });
  return { data: { ...(html ? { "text/html": printed.html } : {}), "text/plain": printed.text }, metadata: {} };
}

function inspected(value: object, { depth, html = true }: BundleOptions): ShownValue {
  const limits = depth === undefined ? {} : { depth };
  const description = describe(value, limits);
  const shown = textOnly(printText(description));
  if (!html) return shown;
  let printed = printHtml(description);
  // Markup takes several times the room of the text: what became too large is described once more, shorter.
  if (printed === "too large")
    printed = printHtml(describe(value, { ...limits, nodes: 200, entries: 50, chars: 5000 }));
  if (printed !== undefined && printed !== "too large") shown.data = { "text/html": printed, ...shown.data };
  return shown;
}
