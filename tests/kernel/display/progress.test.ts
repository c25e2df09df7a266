import { expect, test } from "vitest";
import { createProgress } from "../../../kernel/display/progress.ts";
import { createRecorder } from "./recorder.ts";

function setUp(updatable = true) {
  const channel = createRecorder(updatable);
  const clock = { time: 0 };
  return {
    channel,
    clock,
    progress: createProgress(channel, () => clock.time),
    last: () => channel.shown().at(-1),
    lines: () => channel.text("stderr").trimEnd().split("\n"),
  };
}

test("a loop gets its items and leaves a full bar with label, count and rate", () => {
  const { clock, progress, last } = setUp();
  const seen: number[] = [];
  for (const item of progress([1, 2, 3, 4], { label: "Cleaning" })) {
    seen.push(item);
    clock.time += 500;
  }
  expect(seen).toEqual([1, 2, 3, 4]);
  expect(last()).toBe("Cleaning: 100% ████████████████████ 4/4 · 0:02 · 2.00 items/s");
});

test("while it runs the bar shows rate and remaining time", () => {
  const { channel, clock, progress } = setUp();
  for (const _ of progress(Array(10).fill(0))) clock.time += 1000;
  expect(channel.shown()[5]).toBe(" 50% ██████████░░░░░░░░░░ 5/10 · 0:05 · 1.00 items/s · ETA 0:05");
});

test("one display is updated in place, at most ten times a second", () => {
  const { channel, clock, progress } = setUp();
  for (const _ of progress(Array(10_000).fill(0))) clock.time += 1;
  expect(channel.sent[0]!.kind).toBe("display");
  expect(channel.sent.slice(1).every((one) => one.kind === "update")).toBe(true);
  expect(new Set(channel.sent.map((one) => "displayId" in one && one.displayId)).size).toBe(1);
  expect(channel.sent.length).toBeGreaterThan(50);
  expect(channel.sent.length).toBeLessThanOrEqual(102);
});

test("the last state is sent however fast the loop was", () => {
  const { progress, last } = setUp();
  for (const _ of progress(Array(1000).fill(0))) {
    /* takes no time */
  }
  expect(last()).toContain("1000/1000");
});

test("leaving the loop early says where it stopped", () => {
  const { progress, last } = setUp();
  for (const item of progress([1, 2, 3, 4])) if (item === 3) break;
  expect(last()).toContain("2/4");
  expect(last()).toContain("stopped after 2");
});

test("an error in the loop's body, or in the items, leaves a bar that says so", () => {
  const { progress, last } = setUp();
  expect(() => {
    for (const _ of progress([1, 2])) throw new Error("body");
  }).toThrow("body");
  expect(last()).toContain("stopped after 0");
  function* broken() {
    yield 1;
    throw new Error("source");
  }
  expect(() => [...progress(broken())]).toThrow("source");
  expect(last()).toContain("failed after 1");
});

test("an asynchronous source works, closes when left, and shows a count where the length is unknown", async () => {
  const { clock, progress, last } = setUp();
  let closed = false;
  async function* source() {
    try {
      for (let i = 0; ; i++) yield i;
    } finally {
      closed = true;
    }
  }
  for await (const item of progress(source(), { label: "Reading" })) {
    clock.time += 250;
    if (item === 7) break;
  }
  expect(closed).toBe(true);
  expect(last()).toBe("Reading: 7 · 0:02 · 3.50 items/s · stopped after 7");
});

test("a total can be given for items that do not know their number", () => {
  const { channel, progress } = setUp();
  function* three() {
    yield 1;
    yield 2;
    yield 3;
  }
  for (const _ of progress(three(), { total: 3 })) {
    /* nothing */
  }
  expect(channel.shown()[0]).toContain("0/3");
  expect(channel.shown().at(-1)).toContain("100%");
});

test("maps and sets know their number, and an empty loop is a full bar", () => {
  const { channel, progress } = setUp();
  for (const _ of progress(new Set([1, 2]))) {
    /* nothing */
  }
  for (const _ of progress([])) {
    /* nothing */
  }
  expect(channel.shown()[0]).toContain("0/2");
  expect(channel.shown().at(-1)).toContain("100%");
});

test("a bar moved by hand ends with done, with its total, or with its block", () => {
  const { progress, last } = setUp();
  const bar = progress({ total: 100, label: "Steps" });
  bar.tick(40);
  bar.done();
  expect(last()).toContain("40/100");
  expect(last()).toContain("stopped after 40");
  const full = progress({ total: 2 });
  full.tick();
  full.tick();
  expect(last()).toContain("100%");
  {
    using block = progress({ total: 5 });
    block.tick(3);
  }
  expect(last()).toContain("3/5");
});

test("a bar that was ticked too fast catches up when the ticks stop", async () => {
  const channel = createRecorder();
  const bar = createProgress(channel)({ total: 10 });
  bar.tick();
  bar.tick();
  await expect.poll(() => channel.shown().at(-1)).toContain("2/10");
  bar.done();
});

test("where nothing can be changed a long run prints about ten lines", () => {
  const { channel, clock, progress, lines } = setUp(false);
  for (const _ of progress(Array(10_000).fill(0), { label: "Training" })) clock.time += 100;
  expect(channel.sent.every((one) => one.kind === "write" && one.name === "stderr")).toBe(true);
  expect(lines().length).toBe(10);
  expect(lines()[0]).toMatch(/^Training: {2}10% ██░+ 1000\/10000 · 1:40 · 10\.0 items\/s · ETA 15:00$/);
  expect(lines().at(-1)).toContain("10000/10000");
});

test("a short run prints one line, and one of unknown length ever fewer", () => {
  const short = setUp(false);
  for (const _ of short.progress(Array(100).fill(0))) short.clock.time += 1;
  expect(short.lines().length).toBe(1);
  const unknown = setUp(false);
  function* many() {
    for (let i = 0; i < 10_000; i++) yield i;
  }
  for (const _ of unknown.progress(many())) unknown.clock.time += 50;
  expect(unknown.lines().length).toBe(10);
});

test("labels are escaped, and the bar tells assistive technology how far it is", () => {
  const { channel, progress } = setUp();
  progress({ total: 4, label: '<b>"' }).tick(4);
  const last = channel.sent.at(-1)!;
  const html = "data" in last ? (last.data["text/html"] as string) : "";
  expect(html).not.toContain("<b>");
  expect(html).toContain('role="progressbar"');
  expect(html).toContain('aria-valuenow="100"');
});

test("what cannot be counted is refused with an explanation", () => {
  const { progress } = setUp();
  expect(() => progress(5 as never)).toThrow(/something to iterate over, or \{ total/);
});
