/** The error of everything here, and the line of the user's code that led to it. */

/** Where this library's own code lives, as it appears in stacks: frames in it are never the user's. */
const library = new URL("../../", import.meta.url).href;
const libraryPath = decodeURIComponent(new URL(library).pathname);

/** What was wrong with code that is compiled. `line` is the place in the user's code, where the stack shows one. */
export class CompileError extends Error {
  override readonly name = "CompileError";
  readonly line: string | undefined;

  constructor(functionName: string, text: string, options: { line?: string | undefined; cause?: unknown } = {}) {
    const line = options.line ?? userLine();
    super(
      `compile(${functionName}): ${text}${line ? `\n    at ${line}` : ""}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.line = line;
  }
}

/** The frames of a stack above the first one of the user: names of the functions the user called into, innermost first. */
export interface CallSite {
  line: string | undefined;
  called: string[];
}

/** `file:line:column` of the innermost frame that is neither this library's nor a package's nor Node's. */
function userLine(): string | undefined {
  return callSite().line;
}

export function callSite(): CallSite {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 200;
  const stack = new Error().stack ?? "";
  Error.stackTraceLimit = limit;
  return readStack(stack);
}

/** See `callSite`; the stack as V8 (or whoever set `Error.prepareStackTrace`) writes it. */
function readStack(stack: string): CallSite {
  const called: string[] = [];
  for (const text of stack.split("\n").slice(1)) {
    const frame = /^\s*at (?:async )?(.*)$/.exec(text)?.[1];
    if (frame === undefined) continue;
    const [, name, place] = /^(.*) \((.*)\)$/.exec(frame) ?? [undefined, "", frame];
    if (isForeign(place!)) called.push(name!);
    else return { line: place!, called };
  }
  return { line: undefined, called };
}

function isForeign(place: string): boolean {
  return (
    !/:\d+:\d+$/.test(place) ||
    place.startsWith("node:") ||
    /[\\/]node_modules[\\/]/.test(place) ||
    place.startsWith(library) ||
    place.startsWith(libraryPath)
  );
}
