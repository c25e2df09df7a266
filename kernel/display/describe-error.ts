/** Errors as text: stack, causes, the errors of an AggregateError and own properties. */
import { types } from "node:util";
import { type Describing, type Description, leaf } from "./description.ts";
import { className, clip, ownProperty, shortText, thrownText } from "./reading.ts";

/** On its own an error shows its whole stack; inside another value its first line and where it happened. */
export function describeError(error: Error, to: Describing, depth: number, floor: number): Description {
  if (depth === 0) return leaf(errorText(error), "error");
  const lines = stackOf(error).split("\n", 60);
  const place = lines.find((line) => /^\s+at /.test(line));
  const text = `[${thrownText(error)}]${place ? ` ${place.trim()}` : ""}`;
  const cause = ownProperty(error, "cause");
  if (cause?.kind !== "data" || depth >= to.limits.depth) return leaf(text, "error");
  return to.group(
    error,
    text,
    { size: 1, read: () => ({ keyLeaf: leaf("[cause]", "key"), separator: ": ", value: cause.value }) },
    depth,
    floor,
  );
}

/** The whole story of an error, at most about 30,000 characters. */
export function errorText(error: Error): string {
  const seen = new Set<unknown>();
  return clip(tell(error, seen), 30_000);
}

function tell(error: unknown, seen: Set<unknown>): string {
  if (!types.isNativeError(error)) return shortValue(error);
  if (seen.has(error)) return "[Circular]";
  if (seen.size >= 12) return thrownText(error);
  seen.add(error);
  const parts = [stackOf(error)];
  const details = ownDetails(error);
  if (details) parts[0] += ` {\n${indent(details)}\n}`;
  const cause = ownProperty(error, "cause");
  if (cause?.kind === "data" && cause.value !== undefined) parts.push(indent(`[cause]: ${tell(cause.value, seen)}`));
  const errors = ownProperty(error, "errors");
  if (errors?.kind === "data" && Array.isArray(errors.value) && !types.isProxy(errors.value)) {
    const list: unknown[] = errors.value;
    for (let index = 0; index < Math.min(list.length, 8); index++) {
      const item = ownProperty(list, index);
      parts.push(indent(`[errors][${index}]: ${item?.kind === "data" ? tell(item.value, seen) : "[Getter]"}`));
    }
    if (list.length > 8) parts.push(indent(`... ${list.length - 8} more errors`));
  }
  return parts.join("\n");
}

/** The stack, beginning with the error's name and message even where they were changed after it was made. */
function stackOf(error: Error): string {
  const title = thrownText(error);
  let stack: unknown;
  try {
    const own = ownProperty(error, "stack");
    // V8 keeps the stack behind an accessor of its own; a user's accessor is not called.
    if (own?.kind === "data") stack = own.value;
    else if (own?.kind === "accessor" && own.get === nativeStackGetter) stack = error.stack;
  } catch {
    // A hook that formats stacks threw: the title remains.
  }
  if (typeof stack !== "string" || stack === "") return title;
  const shown = clip(stack, 10_000);
  const frames = shown.search(/\n\s+at /);
  if (shown.startsWith(title)) return shown;
  return frames >= 0
    ? `${title}${shown.slice(frames)}`
    : shown.includes("\n") || shown.length > title.length
      ? `${title}\n${shown}`
      : title;
}

const nativeStackGetter = Object.getOwnPropertyDescriptor(new Error(), "stack")?.get;

function ownDetails(error: Error): string {
  const lines: string[] = [];
  for (const key of Object.keys(error).slice(0, 20)) {
    if (key === "cause" || key === "errors" || key === "stack" || key === "message" || key === "name") continue;
    const property = ownProperty(error, key);
    lines.push(`${clip(key, 100)}: ${property?.kind === "data" ? shortValue(property.value) : "[Getter]"}`);
  }
  return lines.join(",\n");
}

function shortValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(clip(value, 300));
  if (typeof value === "object" && value !== null) {
    return types.isProxy(value) ? "[Proxy]" : `[${className(value) || "Object"}]`;
  }
  return typeof value === "function" ? "[Function]" : shortText(value);
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, "  ");
}
