/**
 * Names that are there without an import: lazy accessors on the global object. Reading one loads its package; a cell that
 * declares the name itself simply replaces the accessor, which is why it has a setter and is configurable.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type * as oxcParser from "oxc-parser";

export interface PreloadPackage {
  name: string;
  names: string[];
}

/**
 * What is preloaded: Gradbook itself, or the package or file that `GRADBOOK_PRELOAD` names ("" for nothing). The names are
 * `gradbook.preload` in its package.json, or else the exports of its entry file; nothing is loaded to find them.
 */
export function preloadPackage(packageRoot: string, log: (line: string) => void): PreloadPackage {
  const wanted = process.env["GRADBOOK_PRELOAD"] ?? "gradbook";
  const own = manifestNames(join(packageRoot, "package.json")) ?? [];
  if (wanted === "") return { name: wanted, names: [] };
  if (wanted === "gradbook") return { name: wanted, names: own };
  const fromNotebook = createRequire(join(process.cwd(), "notebook.ts"));
  try {
    const entry = fromNotebook.resolve(wanted);
    return { name: entry, names: manifestOf(fromNotebook, wanted) ?? exportedNames(entry) };
  } catch {
    log(
      `GRADBOOK_PRELOAD names "${wanted}", which is not found from ${process.cwd()}; a cell that uses a preloaded name will say so`,
    );
    return { name: wanted, names: own };
  }
}

function manifestOf(require: NodeJS.Require, name: string): string[] | undefined {
  try {
    return manifestNames(require.resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

function manifestNames(path: string): string[] | undefined {
  return (JSON.parse(readFileSync(path, "utf8")) as { gradbook?: { preload?: string[] } }).gradbook?.preload;
}

function exportedNames(entry: string): string[] {
  const { parseSync } = createRequire(import.meta.url)("oxc-parser") as typeof oxcParser;
  const parsed = parseSync(entry, readFileSync(entry, "utf8"), { sourceType: "module" });
  const names = parsed.module.staticExports.flatMap((one) => one.entries.map((part) => part.exportName.name));
  return names.filter(
    (name): name is string => name !== null && name !== undefined && name !== "default" && name !== "ready",
  );
}

interface LoadedPackage {
  [name: string]: unknown;
  /** Starts what needs asynchronous start-up, given the names that a cell mentions. */
  ready?: (names: string[]) => Promise<void>;
}

export class Preload {
  readonly #package: PreloadPackage;
  readonly #require: NodeJS.Require;
  readonly #getters = new Map<string, () => unknown>();
  #loaded: LoadedPackage | undefined;

  /** @param ownFile a file of the Gradbook package, from which the package's name resolves when the notebook's folder has none */
  constructor(pack: PreloadPackage, ownFile: string) {
    this.#package = pack;
    this.#require = createRequire(ownFile);
    for (const name of pack.names) this.#define(name);
  }

  /** Waits for what the mentioned names need. Names that a user has replaced cost nothing. */
  async ready(mentions: string[]): Promise<void> {
    const wanted = mentions.filter((name) => this.#isOurs(name));
    if (wanted.length > 0) await this.#load().ready?.(wanted);
  }

  #load(): LoadedPackage {
    if (this.#loaded) return this.#loaded;
    try {
      this.#loaded = this.#require(this.#package.name) as LoadedPackage;
      return this.#loaded;
    } catch (error) {
      throw new Error(
        `The preloaded package "${this.#package.name}" (GRADBOOK_PRELOAD) could not be loaded: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
    }
  }

  /** False once a cell has declared the name; a function declaration does that without the setter. */
  #isOurs(name: string): boolean {
    const get = this.#getters.get(name);
    return get !== undefined && Object.getOwnPropertyDescriptor(globalThis, name)?.get === get;
  }

  #define(name: string): void {
    const get = () => {
      const loaded = this.#load();
      if (!(name in loaded))
        throw new ReferenceError(`${name} is not exported by the preloaded package "${this.#package.name}"`);
      return loaded[name];
    };
    this.#getters.set(name, get);
    Object.defineProperty(globalThis, name, {
      configurable: true,
      enumerable: false,
      get,
      set: (value) =>
        Object.defineProperty(globalThis, name, { value, writable: true, enumerable: true, configurable: true }),
    });
  }
}
