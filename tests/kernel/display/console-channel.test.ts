import { expect, test } from "vitest";
import { createConsoleChannel } from "../../../kernel/display/console-channel.ts";
import { createDisplay } from "../../../kernel/display/display.ts";

function setUp() {
  const out: string[] = [];
  const err: string[] = [];
  const channel = createConsoleChannel({ write: (text) => out.push(text) }, { write: (text) => err.push(text) });
  return { out, err, channel, ...createDisplay(channel) };
}

test("a terminal gets the text of what is shown", () => {
  const { out, display, clearOutput } = setUp();
  display([1, 2]);
  display.html`<b>${"bold"}</b>`;
  clearOutput();
  expect(out).toEqual(["[ 1, 2 ]\n", "bold\n"]);
});

test("updates are printed sparsely, and the last one always", async () => {
  const { out, display } = setUp();
  const handle = display(0, { id: true });
  for (let step = 1; step <= 100; step++) handle.update(step);
  await expect.poll(() => out, { timeout: 3000 }).toEqual(["0\n", "100\n"]);
});

test("progress prints to stderr, so that piped output stays clean", () => {
  const { out, err, display } = setUp();
  for (const _ of display.progress([1, 2, 3])) {
    /* nothing */
  }
  expect(out).toEqual([]);
  expect(err.length).toBe(1);
});
