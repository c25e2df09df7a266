/**
 * Names that are there without an import: lazy accessors on the global object. Reading one loads its package; a cell that
 * declares the name itself simply replaces the accessor, which is why it has a setter and is configurable.
 */
import { createRequire } from "node:module";

export interface PreloadPackage {
  name: string;
  names: string[];
}

interface LoadedPackage {
  [name: string]: unknown;
  /** Starts what needs asynchronous start-up, given the names that a cell mentions. */
  ready?: (names: string[]) => Promise<void>;
}

export class Preload {
  readonly #package: PreloadPackage;
  readonly #require: NodeJS.Require;
  readonly #preloaded = new Set<string>();
  #loaded: LoadedPackage | undefined;

  /** @param ownFile a file of the Gradbook package, from which the package's name resolves when the notebook's folder has none */
  constructor(pack: PreloadPackage, ownFile: string) {
    this.#package = pack;
    this.#require = createRequire(ownFile);
    for (const name of pack.names) this.#define(name);
  }

  /** Waits for what the mentioned names need. Names that a user has replaced cost nothing. */
  async ready(mentions: string[]): Promise<void> {
    const wanted = mentions.filter((name) => this.#preloaded.has(name));
    if (wanted.length > 0) await this.#load().ready?.(wanted);
  }

  #load(): LoadedPackage {
    this.#loaded ??= this.#require(this.#package.name) as LoadedPackage;
    return this.#loaded;
  }

  #define(name: string): void {
    this.#preloaded.add(name);
    const replace = (value: unknown) => {
      this.#preloaded.delete(name);
      Object.defineProperty(globalThis, name, { value, writable: true, enumerable: true, configurable: true });
    };
    Object.defineProperty(globalThis, name, {
      configurable: true,
      enumerable: false,
      get: () => {
        const loaded = this.#load();
        if (!(name in loaded)) throw new ReferenceError(`${name} is not exported by the preloaded package "${this.#package.name}"`);
        return loaded[name];
      },
      set: replace,
    });
  }
}
