/**
 * The `display` that people write in cells: shows values in the order of the calls, hands out handles that change what
 * is shown, and carries the kinds (`display.html` and so on) and the progress bar.
 */
import type { MimeBundle } from "../../lib/host.ts";
import { displaySymbol, isEmptyBundle, mimeBundleOf, type ShownValue, sendable } from "./bundle.ts";
import type { DisplayContent, OutputChannel } from "./channel.ts";
import { inspectText } from "./inspect-text.ts";
import {
  HtmlFragment,
  htmlKind,
  type ImageOptions,
  type ImageSource,
  imageBundle,
  isTemplate,
  type JsonOptions,
  jsonBundle,
  latexKind,
  markdownKind,
  svgKind,
  type TextKind,
  textOf,
} from "./kinds.ts";
import { createProgress, type Progress } from "./progress.ts";
import { thrownText } from "./reading.ts";

export interface DisplayOptions {
  /** True, or a name of your own: the call returns a handle that changes what is shown. */
  id?: boolean | string;
  /** The value is a MIME bundle already. */
  raw?: boolean;
  /** Goes out beside the bundle; keys are MIME types, as in Jupyter. */
  metadata?: Record<string, unknown>;
  /** Changes the display shown earlier under this `id` (a string) instead of showing a new one. */
  update?: boolean;
}

/** Something on the screen. `update` takes what the call that made the handle took. After `clear` nothing happens any more. */
export interface DisplayHandle {
  readonly id: string;
  update(value: unknown): void;
  clear(): void;
}

type WithId<Options> = Options & { id: true | string };
type WithoutId<Options> = Options & { id?: false };

/** A call shows at once and returns nothing, so that a cell that ends with it shows nothing twice. With an `id` it returns the handle. */
interface Shows<Input, Options> {
  (input: Input, options: WithId<Options>): DisplayHandle;
  (input: Input, options?: WithoutId<Options>): void;
  (input: Input, options?: Options): DisplayHandle | undefined;
}

type KindOptions = Pick<DisplayOptions, "id" | "metadata" | "update">;

export interface TextDisplay extends Shows<string, KindOptions> {
  (strings: TemplateStringsArray, ...values: unknown[]): void;
}

export interface HtmlDisplay extends TextDisplay {
  /** HTML that is not shown yet: for putting into another template, or to be a cell's result. */
  fragment(strings: TemplateStringsArray | string, ...values: unknown[]): HtmlFragment;
}

export interface Display extends Shows<unknown, DisplayOptions> {
  /** Interpolated values are escaped, unless they have HTML of their own. */
  html: HtmlDisplay;
  markdown: TextDisplay;
  latex: TextDisplay;
  svg: TextDisplay;
  json: Shows<unknown, KindOptions & JsonOptions>;
  image: Shows<ImageSource, KindOptions & ImageOptions>;
  mime: Shows<MimeBundle, KindOptions>;
  progress: Progress;
}

export interface DisplaySystem {
  display: Display;
  clearOutput(options?: { wait?: boolean }): void;
  /** Resolves when every display called so far has been sent. */
  settled(): Promise<void>;
  /** Forgets the displays that still wait for their values; for an interrupt. */
  abandon(): void;
}

type Convert = (input: unknown) => ShownValue | Promise<ShownValue>;

export function createDisplay(channel: OutputChannel): DisplaySystem {
  const queue = new SendQueue((thrown) => {
    channel.write("stderr", `A display could not be sent: ${thrownText(thrown)}\n`);
  });

  function show(convert: Convert, input: unknown, options: DisplayOptions = {}): DisplayHandle | undefined {
    const { id: asked, metadata, update = false } = options;
    if (update && typeof asked !== "string") {
      throw new TypeError(
        'display with { update: true } needs the name of what it changes: { id: "name", update: true }',
      );
    }
    const displayId = asked === true ? newId() : asked || undefined;
    queue.send(convert(input), (shown) => {
      const content: DisplayContent = { data: shown.data, metadata: { ...shown.metadata, ...metadata } };
      if (displayId === undefined) {
        if (!isEmptyBundle(shown)) channel.display(content);
      } else if (update) channel.update({ ...content, displayId });
      else channel.display({ ...content, displayId });
    });
    return displayId === undefined ? undefined : handle(displayId, convert, metadata);
  }

  function handle(displayId: string, convert: Convert, metadata: Record<string, unknown> | undefined): DisplayHandle {
    let cleared = false;
    return new Handle(
      displayId,
      (input) => {
        if (cleared) return;
        queue.send(convert(input), (shown) => {
          channel.update({ data: shown.data, metadata: { ...shown.metadata, ...metadata }, displayId });
        });
      },
      () => {
        if (cleared) return;
        cleared = true;
        queue.send(nothing, () => channel.update({ ...nothing, displayId }));
      },
    );
  }

  function textDisplay(kind: TextKind): TextDisplay {
    const convert = (text: string): ShownValue => ({ data: kind.bundle(text), metadata: {} });
    const fromInput: Convert = (input) => thenOr(textOf(kind, input, []), convert);
    return ((input: unknown, ...rest: unknown[]) => {
      if (!isTemplate(input)) return show(fromInput, input, rest[0] as KindOptions | undefined);
      return show(() => thenOr(textOf(kind, input, rest), convert), input);
    }) as TextDisplay;
  }

  const ordered: OutputChannel = {
    get updatable() {
      return channel.updatable;
    },
    display: (content) => queue.send(content, () => channel.display(content)),
    update: (content) => queue.send(content, () => channel.update(content)),
    clear: (wait) => queue.send(nothing, () => channel.clear(wait)),
    write: (name, text) => channel.write(name, text),
  };

  const valueDisplay = (value: unknown, options?: DisplayOptions) =>
    show(options?.raw ? (bundle) => rawBundle(bundle, "display with { raw: true }") : mimeBundleOf, value, options);
  const html = Object.assign(textDisplay(htmlKind), {
    fragment: (input: TemplateStringsArray | string, ...values: unknown[]) =>
      new HtmlFragment(textOf(htmlKind, input, values)),
  });
  const display = Object.assign(valueDisplay, {
    html,
    markdown: textDisplay(markdownKind),
    latex: textDisplay(latexKind),
    svg: textDisplay(svgKind),
    json: (value: unknown, options: KindOptions & JsonOptions = {}) =>
      show((input) => jsonBundle(input, options), value, options),
    image: (source: unknown, options: KindOptions & ImageOptions = {}) =>
      show((input) => imageBundle(input, options), source, options),
    mime: (bundle: unknown, options?: KindOptions) =>
      show((input) => rawBundle(input, "display.mime"), bundle, options),
    progress: createProgress(ordered),
  }) as Display;

  return {
    display,
    clearOutput: ({ wait = false } = {}) => ordered.clear(wait),
    settled: () => queue.settled(),
    abandon: () => queue.abandon(),
  };
}

const nothing: ShownValue = Object.freeze({ data: { "text/plain": "", "text/html": "" }, metadata: {} });

/** Sends at once what is there at once, and everything in the order of the calls. */
class SendQueue {
  private tail: Promise<void> | undefined;
  private round = 0;
  private readonly fail: (thrown: unknown) => void;

  constructor(fail: (thrown: unknown) => void) {
    this.fail = fail;
  }

  send<T>(value: T | Promise<T>, send: (value: T) => void): void {
    if (!this.tail && !(value instanceof Promise)) {
      send(value);
      return;
    }
    const round = this.round;
    const before = this.tail;
    const turn = Promise.all([value, before]).then(([ready]) => {
      if (round === this.round) send(ready);
    });
    const tail: Promise<void> = turn.catch(this.fail).then(() => {
      if (this.tail === tail) this.tail = undefined;
    });
    this.tail = tail;
  }

  async settled(): Promise<void> {
    while (this.tail) await this.tail;
  }

  abandon(): void {
    this.round++;
    this.tail = undefined;
  }
}

class Handle implements DisplayHandle {
  readonly id: string;
  readonly update: (value: unknown) => void;
  readonly clear: () => void;

  constructor(id: string, update: (value: unknown) => void, clear: () => void) {
    this.id = id;
    this.update = update;
    this.clear = clear;
  }

  /** A handle as a cell's result shows nothing: what it stands for is on the screen already. */
  [displaySymbol](): MimeBundle {
    return {};
  }
}

function thenOr<T, R>(value: T | Promise<T>, next: (value: T) => R): R | Promise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

let ids = 0;
const run = Math.random().toString(36).slice(2, 10);

function newId(): string {
  return `gradbook-${run}-${++ids}`;
}

function rawBundle(bundle: unknown, caller: string): ShownValue {
  if (typeof bundle !== "object" || bundle === null || Array.isArray(bundle)) {
    throw new TypeError(
      `${caller} expects an object with MIME types as keys, like { "text/html": "<b>1</b>" }; got ${inspectText(bundle, { depth: 1, entries: 5, chars: 100 })}`,
    );
  }
  const data: MimeBundle = {};
  for (const [mime, content] of Object.entries(bundle)) {
    if (!mime.includes("/"))
      throw new TypeError(`${caller} expects MIME types as keys; ${JSON.stringify(mime)} is none`);
    if (content !== undefined) data[mime] = sendable(mime, content);
  }
  data["text/plain"] ??=
    typeof data["text/html"] === "string"
      ? (htmlKind.bundle(data["text/html"])["text/plain"] as string)
      : `[${Object.keys(data).join(", ")}]`;
  return { data, metadata: {} };
}
