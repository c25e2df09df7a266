/**
 * How modules are found and loaded for cells: from the notebook's folder, then from Gradbook's own packages; TypeScript of
 * the user's own, which is compiled here and loaded again once it or something it imports has changed.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire, registerHooks } from "node:module";
import { dirname, extname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { cellOptions } from "./cell-options.ts";
import { registerScript } from "./stack-traces.ts";
import { CellSyntaxError, transpile } from "./transpile.ts";
import { workingFolder } from "./working-folder.ts";

export interface ModuleSettings {
  /** Translates `npm:` and its kin; throws for what cannot be had. */
  translateSpecifier(specifier: string): string;
  /** Modules that the kernel itself stands for, such as `tslab`: specifier to URL of a module that exports it. */
  virtual: ReadonlyMap<string, string>;
  /** A file of the Gradbook package, from which its own dependencies resolve. */
  ownFile: string;
  /** Folder of the compiled kernel, whose own imports are left alone. */
  ownFolder: string;
}

interface LocalFile {
  modified: number;
  version: number;
  /** What it imports, with the version that it got. */
  imports: Map<string, number>;
}

const versionQuery = /\?gradbook=\d+$/;
const cellFile = /\/__cell_\d+__\.ts$/;
const typescriptExtensions = [".ts", ".tsx", ".mts", ".cts"];

/** The URL that stands for a cell: imports in it resolve from the folder in which the kernel works now. */
export function cellUrl(context: number): string {
  return pathToFileURL(join(workingFolder(), `__cell_${context}__.ts`)).href;
}

export function installModules(settings: ModuleSettings): void {
  const ownUrl = pathToFileURL(settings.ownFile).href;
  const ownFolder = pathToFileURL(settings.ownFolder).href;
  const isLocal = (url: string) =>
    url.startsWith("file:") && !url.includes("/node_modules/") && !url.startsWith(ownFolder);
  const local = new Map<string, LocalFile>();

  registerHooks({
    resolve(specifier, context, nextResolve) {
      const parent = context.parentURL?.replace(versionQuery, "");
      const fromUser = parent === undefined || isLocal(parent);
      if (!fromUser) return nextResolve(specifier, context);
      const wanted = settings.translateSpecifier(specifier);
      const virtual = settings.virtual.get(wanted);
      if (virtual) return { url: virtual, format: "module", shortCircuit: true };
      const resolved = resolveForUser(wanted, { ...context, parentURL: parent }, nextResolve as NextResolve, ownUrl);
      if (!isLocal(resolved.url)) return resolved;
      const url = resolved.url.replace(versionQuery, "");
      const isJson = url.endsWith(".json");
      if (!isJson && !isSource(url)) return resolved;
      const version = versionOf(url, local);
      if (parent && !cellFile.test(parent)) local.get(parent)?.imports.set(url, version);
      const versioned = { ...resolved, url: `${url}?gradbook=${version}`, shortCircuit: true };
      return isJson ? { ...versioned, format: "json", importAttributes: { type: "json" } } : versioned;
    },
    load(url, context, nextLoad) {
      const plain = url.replace(versionQuery, "");
      if (!isLocal(plain) || !typescriptExtensions.includes(extname(plain))) return nextLoad(url, context);
      return {
        format: plain.endsWith(".cts") ? "commonjs" : "module",
        source: compileFile(plain, url),
        shortCircuit: true,
      };
    },
  });
}

type NextResolve = (
  specifier: string,
  context?: object,
) => { url: string; format?: string | null | undefined; importAttributes?: ImportAttributes | undefined };
type ResolveContext = { parentURL: string | undefined };

function resolveForUser(
  specifier: string,
  context: ResolveContext,
  next: NextResolve,
  ownUrl: string,
): ReturnType<NextResolve> {
  try {
    return next(specifier, context);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND" && code !== "ERR_UNSUPPORTED_DIR_IMPORT")
      throw error;
    if (/^(\.{1,2}(\/|$)|\/|file:)/.test(specifier)) {
      const found = withTypeScriptExtension(specifier, context.parentURL);
      if (found) return next(found, context);
      throw error;
    }
    try {
      return next(specifier, { ...context, parentURL: ownUrl });
    } catch {
      throw notFound(specifier, error as Error);
    }
  }
}

function notFound(specifier: string, cause: Error): Error {
  const name = /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
  const error = new Error(
    `Cannot find package "${specifier}" from ${workingFolder()}. To install it there: npm install ${name}`,
    { cause },
  );
  return Object.assign(error, { code: "ERR_MODULE_NOT_FOUND" });
}

/** `./a` and, as TypeScript writes it, `./a.js` may both mean a.ts. */
function withTypeScriptExtension(specifier: string, parent: string | undefined): string | undefined {
  const base = fileURLToPath(new URL(specifier, parent ?? pathToFileURL(`${workingFolder()}/`)));
  const withoutJs = base.replace(/\.([cm]?)js(x?)$/, "");
  const candidates = [...typescriptExtensions, ".js", ".mjs", ".cjs", ".json"].flatMap((extension) => [
    base + extension,
    withoutJs + extension,
    join(base, `index${extension}`),
  ]);
  const found = candidates.find((path) => existsSync(path) && statSync(path).isFile());
  return found && pathToFileURL(found).href;
}

function isSource(url: string): boolean {
  return [...typescriptExtensions, ".js", ".mjs"].includes(extname(url));
}

/** A number that grows when the file, or anything local that it imports, has changed on disk. */
function versionOf(url: string, local: Map<string, LocalFile>, visiting = new Set<string>()): number {
  const modified = modifiedAt(url);
  const file = local.get(url);
  if (!file) {
    local.set(url, { modified, version: 0, imports: new Map() });
    return 0;
  }
  if (visiting.has(url)) return file.version;
  visiting.add(url);
  const stale =
    file.modified !== modified ||
    [...file.imports].some(([imported, used]) => versionOf(imported, local, visiting) !== used);
  if (stale) {
    file.version++;
    file.modified = modified;
    // Loading it again says anew what it imports.
    file.imports.clear();
  }
  return file.version;
}

function modifiedAt(url: string): number {
  try {
    return statSync(fileURLToPath(url)).mtimeMs;
  } catch {
    return 0;
  }
}

function compileFile(plain: string, url: string): string {
  const path = fileURLToPath(plain);
  const source = readFileSync(path, "utf8");
  try {
    const { code, mappings } = transpile(source, cellOptions(dirname(path)));
    registerScript(url, path, { source, pieces: [], compiled: code, mappings });
    return code;
  } catch (error) {
    if (!(error instanceof CellSyntaxError)) throw error;
    const before = source.slice(0, error.offset);
    const place = `${path}:${before.split("\n").length}:${error.offset - before.lastIndexOf("\n")}`;
    throw new SyntaxError(`${error.message} (${place})`, { cause: error });
  }
}

/** `require` for cells: from the folder of the notebook, whatever it is now. */
export function createCellRequire(): NodeJS.Require {
  const of = () => createRequire(join(workingFolder(), "__cell_0__.ts"));
  const cellRequire = ((id: string) => of()(id)) as NodeJS.Require;
  Object.defineProperty(cellRequire, "resolve", { get: () => of().resolve });
  Object.defineProperty(cellRequire, "cache", { get: () => of().cache });
  Object.defineProperty(cellRequire, "main", { value: undefined });
  Object.defineProperty(cellRequire, "extensions", { get: () => of().extensions });
  return cellRequire;
}

/** What `import { name } from specifier` binds. `used` says whether the cell uses the name as a value. */
export function binding(namespace: Record<string, unknown>, name: string, specifier: string, used: boolean): unknown {
  if (name in namespace) return namespace[name];
  // A CommonJS module whose exports Node could not see beforehand.
  const fallback = namespace["default"] as Record<string, unknown> | undefined;
  if (
    name !== "default" &&
    fallback !== null &&
    (typeof fallback === "object" || typeof fallback === "function") &&
    name in fallback
  )
    return fallback[name];
  // It may well be a type, which exists only for the compiler.
  if (!used) return undefined;
  const known = Object.keys(namespace).slice(0, 20).join(", ");
  throw new SyntaxError(
    `The module "${specifier}" does not provide an export named "${name}".${known ? ` It exports: ${known}.` : ""}`,
  );
}
