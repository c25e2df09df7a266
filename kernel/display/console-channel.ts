/** The channel of a plain terminal: prints `text/plain`, changes nothing that stands there already. */
import type { DisplayContent, OutputChannel } from "./channel.ts";

/** Updates of one display come at most this often; the last one always comes. */
const updateEvery = 1000;

/** Writes to the process's own streams, or to those given. */
export function createConsoleChannel(
  out: { write(text: string): unknown } = process.stdout,
  err: { write(text: string): unknown } = process.stderr,
): OutputChannel {
  const shown = new Map<string, { text: string; at: number; timer?: NodeJS.Timeout }>();

  function print(text: string): void {
    if (text !== "") out.write(text.endsWith("\n") ? text : `${text}\n`);
  }

  function update({ data, displayId }: DisplayContent & { displayId: string }): void {
    const text = textOf({ data });
    const last = shown.get(displayId) ?? { text: "", at: Number.NEGATIVE_INFINITY };
    shown.set(displayId, last);
    if (text === last.text) return;
    last.text = text;
    const wait = updateEvery - (performance.now() - last.at);
    if (wait > 0) {
      last.timer ??= setTimeout(() => printNow(last), wait);
      return;
    }
    printNow(last);
  }

  function printNow(last: { text: string; at: number; timer?: NodeJS.Timeout }): void {
    clearTimeout(last.timer);
    delete last.timer;
    last.at = performance.now();
    print(last.text);
  }

  return {
    updatable: false,
    display(content) {
      const text = textOf(content);
      if (content.displayId !== undefined) shown.set(content.displayId, { text, at: performance.now() });
      print(text);
    },
    update,
    // What a terminal shows stays.
    clear() {},
    write: (name, text) => void (name === "stdout" ? out : err).write(text),
  };
}

function textOf({ data }: Pick<DisplayContent, "data">): string {
  const text = data["text/plain"];
  return typeof text === "string" ? text : Object.keys(data).length > 0 ? `[${Object.keys(data).join(", ")}]` : "";
}
