/**
 * What the notebook folder's tsconfig.json says about how a cell is compiled. Only options that change what code does are
 * read: decorators, JSX and class fields.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { parseJsonWithComments } from "./json-with-comments.ts";

export interface CellOptions {
  legacyDecorators: boolean;
  emitDecoratorMetadata: boolean;
  useDefineForClassFields?: boolean;
  jsx: {
    runtime: "classic" | "automatic";
    importSource?: string;
    pragma?: string;
    pragmaFrag?: string;
    development?: boolean;
  };
}

interface CompilerOptions {
  experimentalDecorators?: boolean;
  emitDecoratorMetadata?: boolean;
  useDefineForClassFields?: boolean;
  jsx?: string;
  jsxImportSource?: string;
  jsxFactory?: string;
  jsxFragmentFactory?: string;
}

let cached:
  | { folder: string; checked: number; path: string | undefined; modified: number; options: CellOptions }
  | undefined;

/** Options for cells of a notebook in `folder`; reads the nearest tsconfig.json again when it has changed. */
export function cellOptions(folder: string): CellOptions {
  // Looking for files costs more than a small cell does; a change is seen within half a second.
  const now = performance.now();
  if (cached && cached.folder === folder && now - cached.checked < 500) return cached.options;
  const path = nearestTsconfig(folder);
  const modified = path ? statSync(path).mtimeMs : 0;
  if (cached && cached.path === path && cached.modified === modified) {
    cached = { ...cached, folder, checked: now };
    return cached.options;
  }
  const options = fromCompilerOptions(path ? readCompilerOptions(path, new Set()) : {});
  cached = { folder, checked: now, path, modified, options };
  return options;
}

function fromCompilerOptions(compiler: CompilerOptions): CellOptions {
  const automatic =
    compiler.jsx === "react-jsx" || compiler.jsx === "react-jsxdev" || compiler.jsxImportSource !== undefined;
  return {
    legacyDecorators: compiler.experimentalDecorators === true,
    emitDecoratorMetadata: compiler.emitDecoratorMetadata === true,
    ...(compiler.useDefineForClassFields === undefined
      ? {}
      : { useDefineForClassFields: compiler.useDefineForClassFields }),
    jsx: automatic
      ? { runtime: "automatic", ...(compiler.jsxImportSource ? { importSource: compiler.jsxImportSource } : {}) }
      : {
          runtime: "classic",
          ...(compiler.jsxFactory ? { pragma: compiler.jsxFactory } : {}),
          ...(compiler.jsxFragmentFactory ? { pragmaFrag: compiler.jsxFragmentFactory } : {}),
        },
  };
}

function nearestTsconfig(folder: string): string | undefined {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const path = join(at, "tsconfig.json");
    if (existsSync(path)) return path;
    if (dirname(at) === at) return undefined;
  }
}

function readCompilerOptions(path: string, seen: Set<string>): CompilerOptions {
  if (seen.has(path)) return {};
  seen.add(path);
  try {
    const config = parseJsonWithComments(readFileSync(path, "utf8")) as {
      extends?: string | string[];
      compilerOptions?: CompilerOptions;
    };
    const parents = config.extends === undefined ? [] : [config.extends].flat();
    const inherited = parents.map((parent) => {
      const base = /^\.{0,2}\//.test(parent) ? resolve(dirname(path), parent) : createRequire(path).resolve(parent);
      return readCompilerOptions(existsSync(base) || base.endsWith(".json") ? base : `${base}.json`, seen);
    });
    return Object.assign({}, ...inherited, config.compilerOptions ?? {});
  } catch {
    // A tsconfig that cannot be read must not stop the notebook; TypeScript's own tools report it.
    return {};
  }
}
