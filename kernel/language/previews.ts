/** A value in one or a few short lines, from what V8 says about it in one answer. */
import type { RemotePreview, RemoteValue } from "./live-values.ts";

const longestText = 500;
const mostItems = 20;

/** `value` as people would write it, at most a few hundred characters. `length` overrides that of an array cut short. */
export function previewText(value: RemoteValue, length?: number): string {
  if (value.type === "string") return clip(JSON.stringify(String(value.value).slice(0, longestText + 1)));
  if (value.subtype === "null") return "null";
  if (value.type === "undefined") return "undefined";
  // Where it was thrown is for the traceback.
  if (value.subtype === "error") return clip((value.description ?? "").split("\n    at ")[0]!);
  if (!value.preview || value.subtype === "date" || value.subtype === "regexp") {
    return clip(value.description ?? String(value.value));
  }
  return clip(objectText(value.preview, value.className, length));
}

function objectText(preview: RemotePreview, className?: string, length?: number): string {
  if (preview.entries) {
    const entries = preview.entries.map(({ key, value }) =>
      key ? `${entryText(key)} => ${entryText(value)}` : entryText(value),
    );
    return `${preview.description ?? ""} {${list(entries, preview.overflow)}}`;
  }
  const isArray = preview.subtype === "array" || preview.subtype === "typedarray";
  if (isArray) {
    const items = preview.properties.filter(({ name }) => /^\d+$/.test(name)).map(propertyText);
    const more = (length ?? 0) > items.length;
    return `[${list(items, preview.overflow || more)}]`;
  }
  const properties = preview.properties.map((property) => `${property.name}: ${propertyText(property)}`);
  const name = preview.description ?? className ?? "Object";
  const inner = list(properties, preview.overflow);
  return `${name === "Object" ? "" : `${name} `}{${inner ? ` ${inner} ` : ""}}`;
}

function entryText(preview: RemotePreview): string {
  if (preview.type === "string") return JSON.stringify(preview.description ?? "");
  return preview.properties.length > 0 ? objectText(preview) : (preview.description ?? preview.type);
}

function propertyText({ type, subtype, value }: RemotePreview["properties"][number]): string {
  if (type === "string") return JSON.stringify(value ?? "");
  if (type === "function") return "function";
  if (type === "accessor") return "(accessor)";
  return value ?? subtype ?? type;
}

function list(items: string[], hasMore: boolean): string {
  const shown = items.slice(0, mostItems);
  return [...shown, ...(hasMore || shown.length < items.length ? ["..."] : [])].join(", ");
}

const clip = (text: string) => (text.length > longestText ? `${text.slice(0, longestText)}...` : text);
