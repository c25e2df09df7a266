/**
 * `kernel/commands`: the lines of a cell that are not TypeScript. `translate.ts` turns them into TypeScript before the
 * compiler sees the cell (pure, runs in the I/O thread); `run.ts` is what that TypeScript calls on the main thread.
 * Line numbers never change, columns only in command lines, so that error positions stay right. No display code here.
 */
import { type CommandEntry, findCommand, unknownCommand } from "./catalog.ts";
import { type LineStart, scanLine, scanStatements } from "./scan.ts";
import { isShellCommand, splitInterpolation } from "./shell-line.ts";

export interface CommandError {
  message: string;
  /** Both from 1. */
  line: number;
  column: number;
}

export interface Translation {
  /** TypeScript. The source itself when it has no commands. */
  code: string;
  commands: boolean;
  /** A command that does not exist or cannot be understood; `code` is then not to be run. */
  error?: CommandError;
}

export interface TranslateOptions {
  /** True for a variable of the session: `!name` alone is then TypeScript. */
  isName?(name: string): boolean;
}

/** How translated code reaches the run-time half. */
const commandsAccess = "globalThis.__gradbook_commands__";

const mayHaveCommands = /^[ \t]*[!%]|=[ \t]*!(?!=)/m;
const assignment =
  /^((?:(?:const|let|var)[ \t]+)?(?:[A-Za-z_$][\w$.]*|\[[\w$, \t]*\]|\{[\w$:, \t]*\})[ \t]*(?::[^=!\n]*)?=[ \t]*)!(?!=)(.*)$/;

/** Turns shell lines (`!ls`), line commands (`%time f()`) and a cell command (`%%html`) into TypeScript. */
export function translateCommands(source: string, options: TranslateOptions = {}): Translation {
  if (!mayHaveCommands.test(source)) return { code: source, commands: false };
  try {
    return new Translator(source, options).run();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const before = source.slice(0, error.offset);
    const line = before.split("\n").length;
    return {
      code: source,
      commands: true,
      error: { message: error.message, line, column: error.offset - before.lastIndexOf("\n") },
    };
  }
}

class Refusal extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

class Translator {
  readonly source: string;
  readonly options: TranslateOptions;
  readonly pieces: string[] = [];
  /** Everything before this is in `pieces`. */
  done = 0;
  commands = false;

  constructor(source: string, options: TranslateOptions) {
    this.source = source;
    this.options = options;
  }

  run(): Translation {
    const wrapper = this.cellCommands();
    if (this.done < this.source.length) {
      const start = this.done;
      scanStatements(this.source.slice(start), (line) => {
        const end = this.line({ ...line, offset: line.offset + start });
        return end === undefined ? undefined : end - start;
      });
    }
    const code = this.pieces.join("") + this.source.slice(this.done) + wrapper;
    return { code, commands: this.commands };
  }

  /** `%%name` in the first line that is not blank; `%%time` may stand above another one. Returns what closes the cell. */
  cellCommands(): string {
    const opening = /^\s*%%([\w-]*)[ \t]*([^\n]*)(\n|$)/.exec(this.source.slice(this.done));
    if (!opening) return "";
    const [whole, name = "", rest = "", newline = ""] = opening;
    const at = this.done + whole.indexOf("%%");
    const bodyStart = this.done + whole.length;
    const body = this.source.slice(bodyStart);
    const args = rest.trim();
    const entry = findCommand("cell", name);
    if (!entry) throw new Refusal(unknownCommand("cell", name), at);
    const command = entry.aliasOf ?? entry.name;
    this.copyTo(at);
    if (command === "time") {
      if (args)
        throw new Refusal("%%time takes no arguments: it times the lines below it. For one line use %time.", at);
      this.replaceTo(bodyStart, `${commandsAccess}.timeCell();${newline}`);
      return this.cellCommands();
    }
    if (command === "timeit") {
      const { loops, statement } = timeitArguments(args, at);
      if (statement)
        throw new Refusal("%%timeit takes -n and -r only: it times the lines below it. For one line use %timeit.", at);
      const asynchronous = /\bawait\b/.test(body) || mayHaveCommands.test(body) ? "async " : "";
      this.replaceTo(bodyStart, `await ${commandsAccess}.timeit(${asynchronous}() => {${newline}`);
      return `\n}, ${loops});`;
    }
    const empty = this.source.slice(at).replace(/[^\n]/g, "");
    this.replaceTo(this.source.length, textCommand(command, entry, args, body, at) + empty);
    return "";
  }

  /** Translates the line when it is a command and returns the offset after it. */
  line(line: LineStart): number | undefined {
    const { source } = this;
    const char = source[line.offset];
    if (char === "!") return this.shellLine(line.offset, "", 1, false);
    if (char === "%") return this.percentLine(line);
    const end = lineEnd(source, line.offset);
    const parts = assignment.exec(source.slice(line.offset, end));
    return parts ? this.shellLine(line.offset, parts[1] as string, (parts[1] as string).length + 1, true) : undefined;
  }

  shellLine(offset: number, before: string, skip: number, assigned: boolean): number | undefined {
    const { text, end, newlines } = this.logicalLine(offset + skip);
    const nextLine = this.source.slice(end).trimStart();
    const isName = (name: string) => this.declares(name, offset) || (this.options.isName?.(name) ?? false);
    if (!isShellCommand({ text, nextLine, isName, assigned })) return undefined;
    const { texts, expressions } = splitInterpolation(text.trim());
    const call = `shell(${JSON.stringify(texts)}, [${expressions.map((part) => `(${part})`).join(", ")}]`;
    this.copyTo(offset);
    this.replaceTo(
      end,
      assigned
        ? `${before}await ${commandsAccess}.${call}, true);${newlines}`
        : `void await ${commandsAccess}.${call});${newlines}`,
    );
    return end;
  }

  percentLine(line: LineStart): number | undefined {
    const { source } = this;
    const { offset } = line;
    const head = /^%(%?)([A-Za-z_]\w*)(?=\s|$)/.exec(source.slice(offset, offset + 80));
    const endOfLine = lineEnd(source, offset);
    if (!head) {
      if (line.before === "expression") return undefined;
      const shown = source.slice(offset, endOfLine).trim();
      throw new Refusal(`"${shown}" is not a command: a line command is % and a name (%help lists them).`, offset);
    }
    const name = head[2] as string;
    if (head[1]) {
      throw new Refusal(`%%${name} must be the first line of its cell: it takes the whole cell.`, offset);
    }
    const entry = findCommand("line", name);
    // `a\n%b` is a remainder in TypeScript: after an unfinished line only a known name is a command.
    if (!entry && line.before === "expression") return undefined;
    if (!entry) throw new Refusal(unknownCommand("line", name), offset);
    const args = source.slice(offset + head[0].length, endOfLine).trim();
    const code = lineCommand(name, args, offset);
    // Without `;` the value of the cell's last line is its result; before another line it must not run into it.
    const closes = code.endsWith(";") || source.slice(endOfLine).trim() === "";
    this.copyTo(offset);
    this.replaceTo(endOfLine, closes ? code : `${code};`);
    return endOfLine;
  }

  /** The line from `start`, with the lines that a backslash at the end adds to it. */
  logicalLine(start: number): { text: string; end: number; newlines: string } {
    let end = lineEnd(this.source, start);
    let text = this.source.slice(start, end);
    let newlines = "";
    while (/\\\r?$/.test(text) && end < this.source.length) {
      const next = lineEnd(this.source, end + 1);
      text = text.replace(/\\\r?$/, "") + this.source.slice(end + 1, next).trimStart();
      newlines += "\n";
      end = next;
    }
    return { text: text.replace(/\r$/, ""), end, newlines };
  }

  /** Whether the cell declares `name` above `offset`; a word in a comment counts, which only keeps TypeScript TypeScript. */
  declares(name: string, offset: number): boolean {
    const word = name.replaceAll("$", "\\$");
    const declaration = `\\b(?:const|let|var|function\\*?|class|enum|import|using)\\b[^=;\\n]*(?<![\\w$])${word}(?![\\w$])`;
    return new RegExp(`${declaration}|^\\s*${word}\\s*=(?!=)`, "m").test(this.source.slice(0, offset));
  }

  copyTo(offset: number): void {
    this.pieces.push(this.source.slice(this.done, offset));
    this.done = offset;
  }

  replaceTo(offset: number, text: string): void {
    this.pieces.push(text);
    this.done = offset;
    this.commands = true;
  }
}

/** A cell command whose body is text: one call that takes it as a string. */
function textCommand(command: string, entry: CommandEntry, args: string, body: string, at: number): string {
  const text = JSON.stringify(body.replaceAll("\r\n", "\n"));
  if (command === "writefile") {
    const parsed = /^(-a\s+|--append\s+)?(?:"([^"]+)"|'([^']+)'|([^-\s].*))$/.exec(args);
    const file = parsed && (parsed[2] ?? parsed[3] ?? parsed[4]);
    if (!file) throw new Refusal(`%%${entry.name} wants the name of a file: %%${entry.name} ${entry.usage}`, at);
    const append = parsed[1] ? ", { append: true }" : "";
    return `void await ${commandsAccess}.writeFile(${interpolated(file)}, ${text}${append});`;
  }
  if (args) throw new Refusal(`%%${entry.name} takes no arguments, only the lines below it.`, at);
  if (command === "bash" || command === "sh") {
    return `void await ${commandsAccess}.script(${JSON.stringify(command)}, ${text});`;
  }
  return `${commandsAccess}.show(${JSON.stringify(command)}, ${text});`;
}

function lineCommand(name: string, args: string, at: number): string {
  switch (name) {
    case "time":
      return time(args, at);
    case "timeit": {
      const { loops, statement: rest } = timeitArguments(args, at);
      const { statement } = oneStatement(rest, "timeit", at);
      const asynchronous = /\bawait\b/.test(statement) ? "async " : "";
      return `await ${commandsAccess}.timeit(${asynchronous}() => (${statement}), ${loops});`;
    }
    case "env": {
      const setting = /^([A-Za-z_]\w*)(?:\s*=\s*|\s+)(.*)$/.exec(args);
      if (setting)
        return `${commandsAccess}.setEnv(${JSON.stringify(setting[1])}, ${interpolated(unquoted(setting[2] ?? ""))});`;
      if (args && !/^[A-Za-z_]\w*$/.test(args)) throw new Refusal(`%env wants NAME or NAME=VALUE, not "${args}".`, at);
      return `${commandsAccess}.env(${args ? JSON.stringify(args) : ""})`;
    }
    case "cd":
      return `${commandsAccess}.cd(${args ? interpolated(unquoted(args)) : ""});`;
    case "help":
      return `${commandsAccess}.help(${args ? JSON.stringify(args) : ""})`;
    default:
      if (args) throw new Refusal(`%${name} takes no arguments.`, at);
      return `${commandsAccess}.${name === "lsmagic" ? "help" : name}()`;
  }
}

/** A declaration or statement stays one, between two calls; an expression is timed in a function and is the result. */
function time(args: string, at: number): string {
  const { statement, quiet } = oneStatement(args, "time", at);
  if (/^(?:(?:const|let|var|using|function|class|if|for|while|do|try|switch|import|export)\b|\{)/.test(statement)) {
    return `${commandsAccess}.timeStart(); ${statement}; ${commandsAccess}.timeEnd();`;
  }
  const asynchronous = /\bawait\b/.test(statement) ? "async " : "";
  return `await ${commandsAccess}.time(${asynchronous}() => (${statement}))${quiet ? ";" : ""}`;
}

function oneStatement(args: string, command: string, at: number): { statement: string; quiet: boolean } {
  const { complete, codeEnd } = scanLine(args);
  const code = args.slice(0, codeEnd).trim();
  const statement = code.replace(/[;\s]+$/, "");
  if (!statement) throw new Refusal(`%${command} wants something to run: %${command} f(x)`, at);
  if (!complete) {
    throw new Refusal(`%${command} takes one line. For several put %%${command} in the first line of the cell.`, at);
  }
  return { statement, quiet: statement !== code };
}

/** `-n LOOPS -r RUNS` as an object literal, and what follows them. */
function timeitArguments(args: string, at: number): { loops: string; statement: string } {
  const options: { loops?: number; runs?: number } = {};
  let rest = args;
  for (;;) {
    const option = /^-([a-z])\s*(\d*)(?:\s+|$)/.exec(rest);
    if (!option) break;
    const count = Number(option[2]);
    if ((option[1] !== "n" && option[1] !== "r") || count < 1) {
      throw new Refusal(`timeit wants -n LOOPS or -r RUNS (whole numbers from 1), not "${option[0].trim()}".`, at);
    }
    options[option[1] === "n" ? "loops" : "runs"] = count;
    rest = rest.slice(option[0].length);
  }
  return { loops: JSON.stringify(options), statement: rest };
}

/** A text with `${...}` parts as an expression of TypeScript. */
function interpolated(text: string): string {
  const { texts, expressions } = splitInterpolation(text);
  return expressions.reduce(
    (sum, expression, index) => `${sum} + (${expression}) + ${JSON.stringify(texts[index + 1])}`,
    JSON.stringify(texts[0]),
  );
}

function unquoted(text: string): string {
  return /^"[^"]*"$|^'[^']*'$/.test(text) ? text.slice(1, -1) : text;
}

function lineEnd(source: string, from: number): number {
  const end = source.indexOf("\n", from);
  return end < 0 ? source.length : end;
}
