/** Builds a text out of pieces of another one, and remembers where each piece came from. */
export class Pieces {
  readonly #source: string;
  readonly #out: string[] = [];
  #length = 0;
  readonly #spans: number[] = [];
  #edits: { start: number; end: number; text: string }[] = [];
  #sorted = true;

  constructor(source: string) {
    this.#source = source;
  }

  /** Says that whenever `start` to `end` is copied, `text` is written in its place. Edits may not overlap. */
  replace(start: number, end: number, text: string): void {
    this.#edits.push({ start, end, text });
    this.#sorted = false;
  }

  /** Writes new text. */
  add(text: string): void {
    this.#out.push(text);
    this.#length += text.length;
  }

  /** Says that what is written next stands for the source at `offset`. */
  mark(offset: number): void {
    this.#spans.push(this.#length, offset, 1);
  }

  /** Writes the source from `start` to `end`, with the replacements asked for. */
  copy(start: number, end: number): void {
    if (!this.#sorted) {
      this.#edits = this.#edits.sort((a, b) => a.start - b.start || a.end - b.end);
      this.#sorted = true;
    }
    let at = start;
    for (const edit of this.#edits) {
      if (edit.start < at || edit.end > end) continue;
      this.#verbatim(at, edit.start);
      if (edit.text.length > 0) this.mark(edit.start);
      this.add(edit.text);
      at = edit.end;
    }
    this.#verbatim(at, end);
  }

  #verbatim(start: number, end: number): void {
    if (end <= start) return;
    this.#spans.push(this.#length, start, end - start);
    this.add(this.#source.slice(start, end));
  }

  finish(): { text: string; spans: number[] } {
    return { text: this.#out.join(""), spans: this.#spans };
  }
}
