/**
 * Progress bars: a bar with rate and remaining time that changes in place, or a few lines where nothing can be changed.
 * A bar sends at most ten updates a second, however fast it is ticked, and always its last state.
 */
import type { MimeBundle } from "../../lib/host.ts";
import type { OutputChannel } from "./channel.ts";
import { codeFont, colors, contentFont, escapeHtml } from "./html.ts";

export interface ProgressOptions {
  label?: string;
  /** How many there will be; taken from arrays, maps and sets by itself. */
  total?: number;
}

/** A bar moved by hand; `using bar = display.progress({ total })` ends it with the block. */
export interface ProgressBar extends Disposable {
  /** `n` more are done. */
  tick(n?: number): void;
  /** No more will come. */
  done(): void;
}

export interface Progress {
  /** Hands on the items and shows how far the loop has come. Leaving the loop early leaves a bar that says so. */
  <T>(items: Iterable<T>, options?: ProgressOptions): Generator<T, void, undefined>;
  <T>(items: AsyncIterable<T>, options?: ProgressOptions): AsyncGenerator<T, void, undefined>;
  (options: ProgressOptions & { total: number }): ProgressBar;
}

type State = "running" | "done" | "stopped" | "failed";

const updateEvery = 100;
const shortestLineGap = 500;

/** `now` gives milliseconds and is replaced in tests. */
export function createProgress(channel: OutputChannel, now: () => number = () => performance.now()): Progress {
  return ((items: unknown, options: ProgressOptions = {}) => {
    if (isIterable(items)) return each(items, channel, { total: lengthOf(items), ...options }, now);
    if (isAsyncIterable(items)) return eachAsync(items, channel, options, now);
    const own = items as Partial<ProgressOptions> | null | undefined;
    if (typeof own === "object" && own !== null && typeof own.total === "number")
      return new Bar(channel, own, now, true);
    throw new TypeError(
      "display.progress expects something to iterate over, or { total: number, label?: string } for a bar moved with tick()",
    );
  }) as Progress;
}

function isIterable(items: unknown): items is Iterable<unknown> {
  return (
    items !== null &&
    items !== undefined &&
    typeof (items as { [Symbol.iterator]?: unknown })[Symbol.iterator] === "function"
  );
}

function isAsyncIterable(items: unknown): items is AsyncIterable<unknown> {
  return (
    typeof items === "object" &&
    items !== null &&
    typeof (items as { [Symbol.asyncIterator]?: unknown })[Symbol.asyncIterator] === "function"
  );
}

function lengthOf(items: Iterable<unknown>): number | undefined {
  const { length, size } = items as { length?: unknown; size?: unknown };
  return typeof length === "number" ? length : typeof size === "number" ? size : undefined;
}

function* each(
  items: Iterable<unknown>,
  channel: OutputChannel,
  options: ProgressOptions,
  now: () => number,
): Generator<unknown, void> {
  const bar = new Bar(channel, options, now);
  try {
    for (const item of items) {
      yield item;
      bar.tick();
    }
    bar.end("done");
  } catch (thrown) {
    bar.end("failed");
    throw thrown;
  } finally {
    bar.end("stopped");
  }
}

async function* eachAsync(
  items: AsyncIterable<unknown>,
  channel: OutputChannel,
  options: ProgressOptions,
  now: () => number,
): AsyncGenerator<unknown, void> {
  const bar = new Bar(channel, options, now);
  try {
    for await (const item of items) {
      yield item;
      bar.tick();
    }
    bar.end("done");
  } catch (thrown) {
    bar.end("failed");
    throw thrown;
  } finally {
    bar.end("stopped");
  }
}

let bars = 0;
const run = Math.random().toString(36).slice(2, 10);

class Bar implements ProgressBar {
  private readonly channel: OutputChannel;
  private readonly now: () => number;
  private readonly byHand: boolean;
  private readonly label: string;
  private readonly total: number | undefined;
  private readonly displayId = `gradbook-progress-${run}-${++bars}`;
  private readonly started: number;
  private state: State = "running";
  private count = 0;
  /** Items a millisecond: of late, more than of all the time, so that a slow first step does not spoil the forecast. */
  private rate = 0;
  private shownAt: number;
  private shownCount = 0;
  private lines = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(channel: OutputChannel, { label = "", total }: ProgressOptions, now: () => number, byHand = false) {
    this.channel = channel;
    this.now = now;
    this.byHand = byHand;
    this.label = label;
    this.total = total !== undefined && Number.isFinite(total) && total >= 0 ? total : undefined;
    this.started = now();
    this.shownAt = this.started;
    if (channel.updatable)
      channel.display({ data: this.bundle(this.started), metadata: {}, displayId: this.displayId });
  }

  tick(n = 1): void {
    if (this.state !== "running") return;
    this.count += n;
    if (this.byHand && this.total !== undefined && this.count >= this.total) {
      // All there is has been done; whoever forgets `done` still leaves a finished bar.
      this.end("done");
      return;
    }
    const time = this.now();
    if (!this.channel.updatable) this.line(time);
    else if (time - this.shownAt >= updateEvery) this.show(time);
    else this.timer ??= this.later(updateEvery - (time - this.shownAt));
  }

  done(): void {
    this.end(this.total !== undefined && this.count < this.total ? "stopped" : "done");
  }

  end(state: Exclude<State, "running">): void {
    if (this.state !== "running") return;
    this.state = state;
    clearTimeout(this.timer);
    const time = this.now();
    if (this.channel.updatable) this.show(time);
    else this.channel.write("stderr", `${this.text(time)}\n`);
  }

  [Symbol.dispose](): void {
    this.done();
  }

  /** Shows the state reached when ticks came too fast and then stopped coming. */
  private later(delay: number): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.timer = undefined;
      if (this.state === "running" && this.count !== this.shownCount) this.show(this.now());
    }, delay);
    return timer.unref();
  }

  private show(time: number): void {
    const passed = time - this.shownAt;
    if (passed > 0) {
      const recent = (this.count - this.shownCount) / passed;
      this.rate = this.rate === 0 ? recent : 0.8 * this.rate + 0.2 * recent;
    }
    this.shownAt = time;
    this.shownCount = this.count;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.channel.update({ data: this.bundle(time), metadata: {}, displayId: this.displayId });
  }

  /** With a known length a line a tenth; without, a line each time the run has become twice as long. */
  private line(time: number): void {
    const due =
      this.total !== undefined
        ? this.count < this.total &&
          this.count >= ((this.lines + 1) * this.total) / 10 &&
          time - this.shownAt >= shortestLineGap
        : time - this.started >= 1000 * 2 ** this.lines;
    if (!due) return;
    this.lines = this.total !== undefined ? Math.floor((10 * this.count) / this.total) : this.lines + 1;
    this.rate = this.count / (time - this.started);
    this.shownAt = time;
    this.channel.write("stderr", `${this.text(time)}\n`);
  }

  /** 0 to 1; undefined without a total. */
  private part(): number | undefined {
    if (this.total === undefined) return undefined;
    return this.total === 0 ? 1 : Math.min(1, this.count / this.total);
  }

  private facts(time: number): string {
    const elapsed = time - this.started;
    const counts = this.total === undefined ? `${this.count}` : `${this.count}/${this.total}`;
    const perSecond = 1000 * (this.state === "running" ? this.rate : elapsed > 0 ? this.count / elapsed : 0);
    const facts = [counts, clock(elapsed)];
    if (this.count > 0 && perSecond > 0) facts.push(rateText(perSecond));
    if (this.state === "running" && this.total !== undefined && this.rate > 0)
      facts.push(`ETA ${clock((this.total - this.count) / this.rate)}`);
    if (this.state === "stopped") facts.push(`stopped after ${this.count}`);
    if (this.state === "failed") facts.push(`failed after ${this.count}`);
    return facts.join(" · ");
  }

  private text(time: number): string {
    const part = this.part();
    const bar = part === undefined ? "" : `${percent(part)} ${"█".repeat(Math.floor(part * 20)).padEnd(20, "░")} `;
    return `${this.label ? `${this.label}: ` : ""}${bar}${this.facts(time)}`;
  }

  private bundle(time: number): MimeBundle {
    const part = this.part();
    const color = { running: colors.accent, done: colors.good, stopped: colors.faint, failed: colors.bad }[this.state];
    const value = part === undefined ? "" : ` aria-valuenow="${Math.round(part * 100)}"`;
    // Without a length there is nothing to fill: the whole track takes the colour when it ends.
    const width = part === undefined ? (this.state === "running" ? 0 : 100) : 100 * part;
    const label = this.label ? `<span>${escapeHtml(this.label)}</span>` : "";
    const html =
      `<div style="display:flex;align-items:center;gap:0.75em;flex-wrap:wrap;color:${colors.text};${contentFont}">${label}` +
      `<div role="progressbar" aria-label="${escapeHtml(this.label || "progress")}" aria-valuemin="0" aria-valuemax="100"${value} ` +
      `style="flex:0 1 20em;min-width:8em;height:0.6em;border-radius:0.3em;background:${colors.track};overflow:hidden">` +
      `<div style="width:${width.toFixed(1)}%;height:100%;background:${color}"></div></div>` +
      `<span style="${codeFont};color:${colors.faint}">${part === undefined ? "" : `${percent(part).trim()} · `}${escapeHtml(this.facts(time))}</span></div>`;
    return { "text/html": html, "text/plain": this.text(time) };
  }
}

/** Rounded down, so that 100% is only said when all is done. */
function percent(part: number): string {
  return `${Math.floor(part * 100)}%`.padStart(4);
}

function rateText(perSecond: number): string {
  if (perSecond < 1) return `${(1 / perSecond).toPrecision(3)} s/item`;
  return `${perSecond >= 1000 ? Math.round(perSecond) : perSecond.toPrecision(3)} items/s`;
}

/** `0:07`, `12:30`, `1:02:03` */
function clock(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const two = (value: number) => `${value}`.padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes}:${two(seconds % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}
