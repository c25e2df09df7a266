/** Recognises pictures by their first bytes and turns bytes into what a MIME bundle carries. */
import { types } from "node:util";

const signatures: readonly (readonly [mime: string, ...bytes: (number | undefined)[]])[] = [
  ["image/png", 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
  ["image/jpeg", 0xff, 0xd8, 0xff],
  ["image/gif", 0x47, 0x49, 0x46, 0x38, undefined, 0x61],
  ["image/webp", 0x52, 0x49, 0x46, 0x46, undefined, undefined, undefined, undefined, 0x57, 0x45, 0x42, 0x50],
];

/** The MIME type of a PNG, JPEG, GIF, WebP or SVG picture; undefined for other bytes. */
export function imageType(bytes: Uint8Array): string | undefined {
  for (const [mime, ...signature] of signatures) {
    if (
      bytes.length > signature.length &&
      signature.every((byte, index) => byte === undefined || bytes[index] === byte)
    )
      return mime;
  }
  return isSvg(Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 4096)).toString("utf8"))
    ? "image/svg+xml"
    : undefined;
}

/** Whether a text is an SVG document: an `<svg` element, after an XML declaration, a document type and comments if there are any. */
export function isSvg(text: string): boolean {
  const start = text.slice(0, 4096).replace(/^\ufeff?\s*/, "");
  if (!start.startsWith("<")) return false;
  return /^(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*|<!DOCTYPE[^>]*>\s*)*<svg[\s>/]/i.test(start);
}

/** Bytes as a bundle carries them: SVG as text, everything else in base64. */
export function encodeMedia(bytes: Uint8Array, mime: string): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return mime === "image/svg+xml" ? buffer.toString("utf8") : buffer.toString("base64");
}

/** What a terminal shows of a picture: `[PNG image, 640 x 480, 12.3 kB]`. */
export function imageText(bytes: Uint8Array, mime: string, alt?: string): string {
  const name = mime
    .replace(/^image\//, "")
    .replace(/\+xml$/, "")
    .toUpperCase();
  const pixels = pixelSize(bytes, mime);
  const parts = [
    `${name} image`,
    ...(pixels ? [`${pixels.width} x ${pixels.height}`] : []),
    byteText(bytes.byteLength),
  ];
  return `[${parts.join(", ")}]${alt ? ` ${alt}` : ""}`;
}

function pixelSize(bytes: Uint8Array, mime: string): { width: number; height: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (mime === "image/png" && bytes.length >= 24) return { width: view.getUint32(16), height: view.getUint32(20) };
  if (mime === "image/gif" && bytes.length >= 10)
    return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
  return undefined;
}

function byteText(count: number): string {
  if (count < 1000) return `${count} bytes`;
  return count < 1e6 ? `${(count / 1e3).toFixed(1)} kB` : `${(count / 1e6).toFixed(1)} MB`;
}

/** Whether bytes can be looked at as one (Uint8Array, Buffer), from this realm or another. */
export function isBytes(value: unknown): value is Uint8Array {
  return types.isUint8Array(value);
}
