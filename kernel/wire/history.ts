/**
 * What people have run, kept in SQLite across runs. This session's entries are always in memory as well and are answered
 * from there; the file is written in batches, off the path of a cell, and read for other sessions. Whatever happens to the
 * file (full disk, no permission, not a database, another kernel writing), a cell never notices: `onWarning` is called once.
 */
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";

export interface HistoryEntry {
  /** Execution count of the cell. A second entry for the same line replaces the first. */
  line: number;
  source: string;
  /** Plain text of the result, when there was one. */
  output?: string;
  /** The current session when absent or 0. An entry for another one is ignored: the past is only read. */
  session?: number;
}

/** `[session, line, source]`, or `[session, line, [source, output]]` when outputs were asked for. */
export type HistoryRow = [session: number, line: number, entry: string | [source: string, output: string | null]];

export interface HistoryOptions {
  /** The database file, or `:memory:` for none; `historyPath()` when absent. */
  path?: string;
  /** Called once, with a sentence for people, when entries cannot be kept in the file. */
  onWarning?: (message: string) => void;
  /** Largest size of the file in SQLite pages (4 KiB). No limit when absent. */
  maxPages?: number;
  /** How long entries may wait before they are written, in milliseconds: 200 when absent. */
  flushAfterMs?: number;
}

export interface RowOptions {
  /** Give the outputs too. */
  output?: boolean;
  /** Sources are kept as written, so raw and processed input are the same. */
  raw?: boolean;
}

/** Where history is kept: `$GRADBOOK_HISTORY`, or `gradbook/history.sqlite` in the user's data folder. */
export function historyPath(env: NodeJS.ProcessEnv = process.env): string {
  return (
    env["GRADBOOK_HISTORY"] ||
    join(env["XDG_DATA_HOME"] || join(homedir(), ".local", "share"), "gradbook", "history.sqlite")
  );
}

const schema = `
  CREATE TABLE IF NOT EXISTS sessions (session INTEGER PRIMARY KEY AUTOINCREMENT, started TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS history (
    session INTEGER NOT NULL, line INTEGER NOT NULL, source TEXT NOT NULL, output TEXT, PRIMARY KEY (session, line)
  );
`;

/** A lock held by another kernel is waited for this long; the I/O thread does nothing else meanwhile. */
const patienceMs = 250;
/** A batch that another kernel keeps from being written is tried again this often before anybody is told. */
const busyBeforeWarning = 20;

interface StoredRow {
  session: number;
  line: number;
  source: string;
  output: string | null;
}

export class History {
  readonly #options: HistoryOptions;
  readonly #path: string;
  readonly #entries = new Map<number, { source: string; output: string | null }>();
  /** Lines that are not in the file yet. */
  readonly #unsaved = new Set<number>();
  #database: DatabaseSync | undefined;
  #isOpened = false;
  #isClosed = false;
  #canWrite = false;
  #session = 1;
  #timer: NodeJS.Timeout | undefined;
  #hasWarned = false;
  #busy = 0;

  /** Does not touch the file: that happens with the first flush or question. */
  constructor(options: HistoryOptions = {}) {
    this.#options = options;
    this.#path = options.path ?? historyPath();
  }

  /** Number of this session; opens the file. */
  get session(): number {
    this.#open();
    return this.#session;
  }

  /** Remembers a cell. Cheap: the file is written later. */
  append(entry: HistoryEntry): void {
    if (entry.session && entry.session !== this.session) return;
    this.#entries.set(entry.line, { source: entry.source, output: entry.output ?? null });
    this.#unsaved.add(entry.line);
    if (this.#isClosed) return;
    this.#timer ??= setTimeout(() => this.flush(), this.#options.flushAfterMs ?? 200).unref();
  }

  /** The last `n` entries, oldest first: those of other sessions, then this one's. */
  tail(n: number, options: RowOptions = {}): HistoryRow[] {
    const count = Math.max(0, Math.trunc(n) || 0);
    if (count === 0) return [];
    this.#open();
    const own = this.#ownRows().slice(-count);
    const missing = count - own.length;
    const others =
      missing > 0
        ? this.#query("WHERE session <> ? ORDER BY session DESC, line DESC LIMIT ?", [this.#session, missing]).reverse()
        : [];
    return [...others, ...own].map((row) => toReply(row, options));
  }

  /**
   * Entries `start` to `stop` (exclusive; to the end when absent) of one session: 0 is this one, a negative number counts
   * back from it.
   */
  range(session: number, start: number, stop?: number | null, options: RowOptions = {}): HistoryRow[] {
    this.#open();
    const wanted = session > 0 ? session : this.#session + (session || 0);
    const rows = wanted === this.#session ? this.#ownRows() : this.#query("WHERE session = ? ORDER BY line", [wanted]);
    const last = rows.at(-1)?.line ?? 0;
    // As in Python, negative lines count back from the end.
    const absolute = (line: number) => (line < 0 ? last + 1 + line : line);
    const [from, to] = [absolute(start || 0), typeof stop === "number" ? absolute(stop) : Number.POSITIVE_INFINITY];
    return rows.filter(({ line }) => line >= from && line < to).map((row) => toReply(row, options));
  }

  /** Entries whose whole source matches a pattern with `*` and `?`, oldest first; the last `n` of them. */
  search(pattern: string, options: RowOptions & { n?: number | null; unique?: boolean } = {}): HistoryRow[] {
    this.#open();
    const glob = pattern.replace(/\*+/g, "*").replaceAll("[", "[[]");
    const others = this.#query("WHERE session <> ? AND source GLOB ? ORDER BY session, line", [this.#session, glob]);
    let rows = [...others, ...this.#ownRows().filter(({ source }) => matchesGlob(source, pattern))];
    if (options.unique) {
      // Of equal sources the latest stays.
      const seen = new Set<string>();
      rows = rows.reverse().filter(({ source }) => !seen.has(source) && seen.add(source));
      rows.reverse();
    }
    if (typeof options.n === "number" && options.n > 0) rows = rows.slice(-Math.trunc(options.n));
    return rows.map((row) => toReply(row, options));
  }

  /** Writes what has not been written. Never throws; what cannot be written is tried again with the next batch. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#unsaved.size === 0) return;
    this.#open();
    if (!this.#database || !this.#canWrite) return;
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      try {
        const insert = this.#database.prepare(
          "INSERT OR REPLACE INTO history (session, line, source, output) VALUES (?, ?, ?, ?)",
        );
        for (const line of this.#unsaved) {
          const { source, output } = this.#entries.get(line)!;
          insert.run(this.#session, line, source, output);
        }
        this.#database.exec("COMMIT");
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
        throw error;
      }
      this.#unsaved.clear();
      this.#busy = 0;
    } catch (error) {
      this.#notSaved(error);
    }
  }

  /** Writes what is left and closes the file. Questions are still answered, from memory. */
  close(): void {
    if (this.#isClosed) return;
    if (this.#unsaved.size > 0) {
      this.#open();
      this.#attempt(() => this.#database?.exec("PRAGMA busy_timeout = 2000"));
      this.flush();
    }
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#attempt(() => this.#database?.close());
    this.#database = undefined;
  }

  #open(): void {
    if (this.#isOpened || this.#isClosed) return;
    this.#isOpened = true;
    const path = this.#path;
    try {
      if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      const { DatabaseSync } = loadSqlite();
      this.#database = new DatabaseSync(path, { timeout: patienceMs });
      this.#prepare(this.#database);
    } catch (error) {
      // A file that can be read but not written still answers for other sessions.
      this.#session = (this.#lastSession() ?? 0) + 1;
      this.#warn(error);
    }
  }

  #prepare(database: DatabaseSync): void {
    // Only one of several kernels that start at once can switch the mode; without it they wait for each other longer.
    this.#attempt(() => database.exec("PRAGMA journal_mode = WAL"));
    database.exec("PRAGMA synchronous = NORMAL");
    if (this.#options.maxPages) database.exec(`PRAGMA max_page_count = ${Math.trunc(this.#options.maxPages)}`);
    database.exec(schema);
    const { lastInsertRowid } = database
      .prepare("INSERT INTO sessions (started) VALUES (?)")
      .run(new Date().toISOString());
    this.#session = Number(lastInsertRowid);
    this.#canWrite = true;
  }

  #lastSession(): number | undefined {
    try {
      const row = this.#database?.prepare("SELECT max(session) AS last FROM sessions").get();
      return typeof row?.["last"] === "number" ? row["last"] : undefined;
    } catch {
      // Not a database at all: nothing more is asked of it.
      this.#attempt(() => this.#database?.close());
      this.#database = undefined;
      return undefined;
    }
  }

  #ownRows(): StoredRow[] {
    const rows = [...this.#entries].map(([line, entry]) => ({ session: this.#session, line, ...entry }));
    return rows.sort((a, b) => a.line - b.line);
  }

  #query(condition: string, parameters: (string | number)[]): StoredRow[] {
    if (!this.#database) return [];
    try {
      const rows = this.#database
        .prepare(`SELECT session, line, source, output FROM history ${condition}`)
        .all(...parameters);
      return rows as unknown as StoredRow[];
    } catch (error) {
      if (!isBusy(error)) this.#warn(error);
      return [];
    }
  }

  #notSaved(error: unknown): void {
    if (!isBusy(error) || ++this.#busy > busyBeforeWarning) this.#warn(error);
    if (!this.#isClosed) this.#timer ??= setTimeout(() => this.flush(), this.#options.flushAfterMs ?? 200).unref();
  }

  #warn(error: unknown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.onWarning?.(
      `The history of this session is kept in memory only: ${this.#path} cannot be used (${reason}). ` +
        "Make room, make it writable, move a damaged file away, or name another file in GRADBOOK_HISTORY.",
    );
  }

  #attempt(work: () => unknown): void {
    try {
      work();
    } catch {
      // Closing and tuning are best effort.
    }
  }
}

/** Older releases of Node 24 call their SQLite experimental; that one line would land in the output of a cell. */
function loadSqlite(): typeof import("node:sqlite") {
  const { emitWarning } = process;
  process.emitWarning = ((warning: string | Error, ...rest: []) => {
    if (!/SQLite is an experimental feature/.test(String(warning))) emitWarning.call(process, warning, ...rest);
  }) as typeof emitWarning;
  try {
    return createRequire(import.meta.url)("node:sqlite") as typeof import("node:sqlite");
  } finally {
    process.emitWarning = emitWarning;
  }
}

const isBusy = (error: unknown) =>
  error instanceof Error && /database (?:table )?is locked|database is busy/.test(error.message);

function toReply({ session, line, source, output }: StoredRow, options: RowOptions): HistoryRow {
  return [session, line, options.output ? [source, output] : source];
}

/** Whether the whole text matches; linear in practice, and never worse than text times pattern. */
function matchesGlob(text: string, pattern: string): boolean {
  let [at, wanted, star, mark] = [0, 0, -1, 0];
  while (at < text.length) {
    if (pattern[wanted] === "*") {
      star = wanted++;
      mark = at;
    } else if (wanted < pattern.length && (pattern[wanted] === "?" || pattern[wanted] === text[at])) {
      at++;
      wanted++;
    } else if (star >= 0) {
      wanted = star + 1;
      at = ++mark;
    } else return false;
  }
  while (pattern[wanted] === "*") wanted++;
  return wanted === pattern.length;
}
