/** Completion of file names, import specifiers and command lines: what the file system knows, not the program. */
import { readdir, readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";

export interface Candidate {
  /** What replaces the text between the start that was asked about and the cursor. */
  text: string;
  /** `function`, `class`, `property`, `module`, `path`, ... */
  type: string;
  signature?: string;
}

const mostEntries = 500;
const importable = /\.(?:[cm]?[jt]sx?|json|node|wasm)$/;

/** Files and folders whose path begins with `typed`. Folders end in a slash; hidden ones are shown when asked for. */
export async function pathCandidates(
  typed: string,
  cwd: string,
  accept: (name: string) => boolean = () => true,
): Promise<Candidate[]> {
  const slash = typed.lastIndexOf("/") + 1;
  const folder = typed.slice(0, slash);
  const prefix = typed.slice(slash);
  const onDisk = folder.startsWith("~/") ? join(homedir(), folder.slice(2)) : resolve(cwd, folder);
  const entries = await readdir(onDisk, { withFileTypes: true }).catch(() => []);
  return entries
    .filter(
      ({ name }) =>
        name.startsWith(prefix) && (prefix.startsWith(".") || !name.startsWith(".")) && !/["'`\\\n]/.test(name),
    )
    .map((entry) => ({
      name: entry.name,
      isFolder: entry.isDirectory() || (entry.isSymbolicLink() && !/\.\w+$/.test(entry.name)),
    }))
    .filter(({ name, isFolder }) => isFolder || accept(name))
    .sort((a, b) => Number(b.isFolder) - Number(a.isFolder) || compareText(a.name, b.name))
    .slice(0, mostEntries)
    .map(({ name, isFolder }) => ({ text: folder + name + (isFolder ? "/" : ""), type: "path" }));
}

/** Whether a string's content looks like the beginning of a path. */
export const looksLikePath = (content: string) => /^(?:\.{1,2}\/|~\/|\/)[^\n]*$/.test(content);

/** Import specifiers that begin with `typed`: relative files, Node's own modules, packages that can be resolved from `cwd`. */
export async function specifierCandidates(typed: string, cwd: string): Promise<Candidate[]> {
  if (/^(?:\.{1,2}\/|\/)/.test(typed)) return pathCandidates(typed, cwd, (name) => importable.test(name));
  const packageName = /^(?:@[^/]+\/)?[^/@][^/]*(?=\/)/.exec(typed)?.[0];
  if (packageName && !packageName.startsWith("node:")) {
    const subpaths = await packageSubpaths(packageName, cwd);
    if (subpaths.length > 0) return toModules(subpaths, typed);
  }
  const installed = await installedPackages(
    typed.startsWith("@") && typed.includes("/") ? typed.slice(0, typed.indexOf("/")) : "",
    cwd,
  );
  const builtins = builtinModules.filter((name) => !name.startsWith("_") && !name.startsWith("node:"));
  const own = builtins.map((name) => (typed.startsWith("node:") ? `node:${name}` : name));
  const withPrefix = typed !== "" && "node:".startsWith(typed) ? builtins.map((name) => `node:${name}`) : [];
  const onlyWithPrefix = builtinModules.filter((name) => name.startsWith("node:"));
  return toModules(
    [...installed.sort(compareText), ...[...own, ...withPrefix, ...onlyWithPrefix].sort(compareText)],
    typed,
  );
}

function toModules(names: string[], typed: string): Candidate[] {
  return [...new Set(names)]
    .filter((name) => name.startsWith(typed))
    .slice(0, mostEntries)
    .map((text) => ({ text, type: "module" }));
}

/** Every `node_modules` folder from `cwd` upwards, nearest first. */
function moduleFolders(cwd: string): string[] {
  const folders: string[] = [];
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    folders.push(join(folder, "node_modules"));
    if (dirname(folder) === folder) return folders;
  }
}

async function installedPackages(scope: string, cwd: string): Promise<string[]> {
  const found = new Set<string>();
  for (const folder of moduleFolders(cwd)) {
    for (const name of await readdir(join(folder, scope)).catch(() => [])) {
      if (name.startsWith(".")) continue;
      if (scope) found.add(`${scope}/${name}`);
      else found.add(name.startsWith("@") ? `${name}/` : name);
    }
  }
  return [...found];
}

/** What a package lets others import beside itself: its `exports`, or without them its files. */
async function packageSubpaths(name: string, cwd: string): Promise<string[]> {
  for (const folder of moduleFolders(cwd)) {
    try {
      const manifest = JSON.parse(await readFile(join(folder, name, "package.json"), "utf8")) as { exports?: unknown };
      if (typeof manifest.exports === "object" && manifest.exports !== null) {
        const keys = Object.keys(manifest.exports).filter((key) => key.startsWith("./") && !key.includes("*"));
        return keys.map((key) => name + key.slice(1)).sort(compareText);
      }
      const files = await readdir(join(folder, name));
      return files.filter((file) => importable.test(file)).map((file) => `${name}/${file}`);
    } catch {
      // Not installed there.
    }
  }
  return [];
}

/** Candidates in a line that starts with `!` or `%`, and how many UTF-16 units before the cursor they replace. */
export async function commandCandidates(
  line: string,
  commands: readonly string[],
  cwd: string,
): Promise<{ typed: string; candidates: Candidate[] }> {
  const command = /^(%{1,2})(\w*)$/.exec(line);
  if (command) {
    const candidates = commands.filter((name) => name.startsWith(command[2]!)).sort(compareText);
    return { typed: line, candidates: candidates.map((name) => ({ text: command[1] + name, type: "keyword" })) };
  }
  const typed = /[^\s"'|;&<>()=!]*$/.exec(line.split("\n").at(-1)!)![0];
  const isArgument = /\s/.test(line.trimStart()) || typed.includes("/");
  return { typed, candidates: isArgument && !line.includes("\n") ? await pathCandidates(typed, cwd) : [] };
}

/** Case matters last: `a`, `B`, `b`. */
export function compareText(a: string, b: string): number {
  const [x, y] = [a.toLowerCase(), b.toLowerCase()];
  return x < y ? -1 : x > y ? 1 : a < b ? -1 : a > b ? 1 : 0;
}
