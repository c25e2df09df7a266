/** Puts values into a shell command as data: whatever they contain, the shell reads each as one word. */
import { types } from "node:util";
import { inspectText } from "./inspect-text.ts";
import { isObjectLike } from "./reading.ts";

export type Quoting = "none" | "single" | "double" | "comment";

/**
 * A template's command line. Arrays become several words; `{ raw: "text" }` goes in as it is; inside quotes that the
 * command itself opened, a value is escaped for those quotes.
 * @throws TypeError for undefined, null and objects, which no command can mean.
 */
export function commandLine(strings: readonly string[], values: readonly unknown[], windows = false): string {
  const state = new QuoteState();
  let line = "";
  for (const [index, text] of strings.entries()) {
    line += text;
    state.read(text);
    if (index >= values.length) continue;
    if (/(?:^|[^<(])<<-?\s*["'\\]?[A-Za-z_].*\n/.test(line)) {
      throw new TypeError(
        "A value inside a here-document (<<) cannot be quoted safely; write it to a file or pass it with .env()",
      );
    }
    line += windows ? windowsWords(values[index]) : words(values[index], state.quoting);
  }
  return line;
}

function words(value: unknown, quoting: Quoting): string {
  const raw = rawText(value);
  if (raw !== undefined) return raw;
  const items = Array.isArray(value) ? value.map(wordText) : [wordText(value)];
  if (quoting === "double") return items.join(" ").replaceAll(/[\\"$`]/g, "\\$&");
  if (quoting === "single") return items.join(" ").replaceAll("'", "'\\''");
  if (quoting === "comment") return items.join(" ").replaceAll(/[\r\n]/g, " ");
  return items.map(quote).join(" ");
}

/** One word for a POSIX shell. */
function quote(word: string): string {
  if (/^[\w@%+:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function windowsWords(value: unknown): string {
  const raw = rawText(value);
  if (raw !== undefined) return raw;
  const items = Array.isArray(value) ? value.map(wordText) : [wordText(value)];
  return items.map(quoteForWindows).join(" ");
}

/** One word for cmd.exe, which has no safe way to write a line break or a percent sign that looks like a variable. */
function quoteForWindows(word: string): string {
  if (/[\r\n%]/.test(word))
    throw new TypeError(`cmd.exe cannot be given ${JSON.stringify(word)} safely: it contains a line break or %`);
  if (/^[\w@+=:,./\\-]+$/.test(word)) return word;
  return `"${word.replaceAll(/(\\*)"/g, '$1$1\\"').replace(/\\+$/, "$&$&")}"`;
}

function rawText(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || types.isProxy(value)) return undefined;
  const raw = (value as { raw?: unknown }).raw;
  return !Array.isArray(value) && typeof raw === "string" ? raw : undefined;
}

/** The text a value stands for on a command line. */
function wordText(value: unknown): string {
  const text = plainText(value);
  if (text === undefined) {
    throw new TypeError(
      `A shell command can take strings, numbers, booleans, URLs, arrays of them and results of $; got ${inspectText(value, { depth: 1, entries: 5, chars: 100 })}`,
    );
  }
  if (text.includes("\0")) throw new TypeError("A shell command cannot contain a NUL character");
  return text;
}

function plainText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return `${value}`;
  if (!isObjectLike(value) || typeof value === "function" || Array.isArray(value)) return undefined;
  if (value instanceof URL) {
    return value.protocol === "file:" ? process.getBuiltinModule("node:url").fileURLToPath(value) : value.href;
  }
  const { stdout } = value as { stdout?: unknown };
  return typeof stdout === "string" ? stdout.replace(/\r?\n$/, "") : undefined;
}

/** Follows a command's own quotes, so that `"${x}"` and `'${x}'` are as safe as `${x}`. */
class QuoteState {
  /** Open quotes and substitutions, outermost first. */
  private readonly open: ('"' | "'" | "(" | "`")[] = [];

  private comment = false;
  private begun = false;

  get quoting(): Quoting {
    if (this.comment) return "comment";
    if (this.open.includes("`")) {
      throw new TypeError("A value between backticks cannot be quoted safely; write $(command) instead of `command`");
    }
    const innermost = this.open.at(-1);
    return innermost === '"' ? "double" : innermost === "'" ? "single" : "none";
  }

  read(text: string): void {
    for (let index = 0; index < text.length; index++) {
      const character = text[index];
      // A comment may hold an apostrophe.
      if (this.comment) {
        this.comment = character !== "\n";
        continue;
      }
      const innermost = this.open.at(-1);
      if (innermost === "'") {
        if (character === "'") this.open.pop();
        continue;
      }
      if (character === "\\") index++;
      else if (character === '"') this.toggle('"');
      else if (character === "`") this.toggle("`");
      else if (character === "'" && innermost !== '"') this.open.push("'");
      else if (character === "#" && innermost !== '"' && this.beginsWord(text, index)) this.comment = true;
      else if (character === "(" && (innermost !== '"' || text[index - 1] === "$")) this.open.push("(");
      else if (character === ")" && innermost === "(") this.open.pop();
    }
    this.begun = true;
  }

  /** A `#` opens a comment only where a word begins; right behind a value none does. */
  private beginsWord(text: string, index: number): boolean {
    return index === 0 ? !this.begun : /[\s;&|(]/.test(text[index - 1]!);
  }

  private toggle(quotes: '"' | "`"): void {
    if (this.open.at(-1) === quotes) this.open.pop();
    else this.open.push(quotes);
  }
}
