/** The `%` and `%%` commands: one table, from which translation, `%help` and the near names of an error are made. */

export interface CommandEntry {
  name: string;
  kind: "line" | "cell";
  /** As in a manual: what may follow the name. */
  usage: string;
  summary: string;
  aliasOf?: string;
}

const line = (name: string, usage: string, summary: string): CommandEntry => ({ name, kind: "line", usage, summary });
const cell = (name: string, usage: string, summary: string): CommandEntry => ({ name, kind: "cell", usage, summary });

export const catalog: readonly CommandEntry[] = [
  line("time", "STATEMENT", "runs one line and prints its wall and CPU time"),
  line(
    "timeit",
    "[-n LOOPS] [-r RUNS] EXPRESSION",
    "runs an expression many times; mean ± standard deviation of a loop",
  ),
  line("env", "[NAME | NAME=VALUE]", "lists environment variables, shows one or sets one"),
  line("cd", "[FOLDER | -]", "changes the working folder; without one, to the home folder; `-` goes back"),
  line("pwd", "", "the working folder"),
  line("who", "", "the names you made"),
  line("whos", "", "the names you made, with type and value"),
  line("lsmagic", "", "lists the commands"),
  line("help", "[NAME]", "explains the commands, or one"),
  cell("time", "", "prints the wall and CPU time of the cell; declarations and the result stay"),
  cell("timeit", "[-n LOOPS] [-r RUNS]", "runs the cell's body many times, as a function"),
  cell("html", "", "shows the body as HTML"),
  cell("markdown", "", "shows the body as Markdown"),
  cell("latex", "", "shows the body as LaTeX"),
  cell("svg", "", "shows the body as an SVG picture"),
  cell("javascript", "", "runs the body in the browser"),
  { ...cell("js", "", "the same as %%javascript"), aliasOf: "javascript" },
  cell("writefile", "[-a] FILE", "writes the body to a file; -a appends"),
  { ...cell("file", "[-a] FILE", "the same as %%writefile"), aliasOf: "writefile" },
  cell("bash", "", "runs the body in bash"),
  cell("sh", "", "runs the body in sh"),
];

/** Commands of IPython that have another answer here. */
const elsewhere: Record<string, string> = {
  pip: "Packages come from npm: use !npm install NAME.",
  conda: "Packages come from npm: use !npm install NAME.",
  npm: "Use !npm ... (a shell command).",
  matplotlib: "Figures show themselves: take the line out.",
  load_ext: "There are no extensions to load: take the line out.",
  autoreload: "Local .ts modules are loaded again when they change: take the line out.",
  run: 'Use await import("./file.ts").',
  reset: "Restart the kernel instead.",
  capture: "Capture a command with const result = !command.",
};

export function findCommand(kind: CommandEntry["kind"], name: string): CommandEntry | undefined {
  return catalog.find((entry) => entry.kind === kind && entry.name === name);
}

/** One sentence or two for a command that does not exist. */
export function unknownCommand(kind: CommandEntry["kind"], name: string): string {
  const sign = kind === "line" ? "%" : "%%";
  const other = kind === "line" ? "cell" : "line";
  const text = `There is no command ${sign}${name}.`;
  if (findCommand(other, name)) {
    return other === "cell"
      ? `${text} %%${name} is a cell command: it stands alone in the first line of a cell.`
      : `${text} %${name} is a line command: write it with one %.`;
  }
  const hint = elsewhere[name];
  if (hint) return `${text} ${hint}`;
  const near = nearNames(kind, name).map((other) => sign + other);
  return near.length > 0 ? `${text} Did you mean ${near.join(" or ")}?` : `${text} %help lists the commands.`;
}

function nearNames(kind: CommandEntry["kind"], name: string): string[] {
  const limit = Math.max(1, Math.floor(name.length / 3));
  return catalog
    .filter((entry) => entry.kind === kind)
    .map((entry) => ({ name: entry.name, distance: editDistance(name.toLowerCase(), entry.name) }))
    .filter(({ name: known, distance }) => distance <= limit || (name.length > 2 && known.startsWith(name)))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map((entry) => entry.name);
}

/** Insertions, deletions and replacements between two words (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replace = (row[j - 1] as number) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replace, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[to.length] as number;
}
