/** The part of Deno's file API that notebooks use, over node:fs, with Deno's error classes. */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Deno's error classes by the code that Node gives. */
const codes: Record<string, string> = {
  ENOENT: "NotFound",
  EEXIST: "AlreadyExists",
  EACCES: "PermissionDenied",
  EPERM: "PermissionDenied",
  EISDIR: "IsADirectory",
  ENOTDIR: "NotADirectory",
};

const errors: Record<string, new (message?: string) => Error> = Object.fromEntries(
  [...new Set(Object.values(codes))].map((name) => [name, errorClass(name)]),
);

function errorClass(name: string): new (message?: string) => Error {
  const holder = {
    [name]: class extends Error {
      override name = name;
    },
  };
  return holder[name] as new (
    message?: string,
  ) => Error;
}

/** Rethrows Node's error as the one that code written for Deno catches. */
function translated(error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  const Class = errors[codes[code ?? ""] ?? ""];
  return Class ? Object.assign(new Class(message), { code }) : (error as Error);
}

type Sync = (...args: never[]) => unknown;

function translating<Fn extends Sync>(fn: Fn): Fn {
  return ((...args: never[]) => {
    try {
      return fn(...args);
    } catch (error) {
      throw translated(error);
    }
  }) as Fn;
}

type Path = string | URL;
interface WriteOptions {
  append?: boolean;
  create?: boolean;
  createNew?: boolean;
  mode?: number;
}
interface TemporaryOptions {
  dir?: string;
  prefix?: string;
  suffix?: string;
}

const flag = ({ append, create = true, createNew }: WriteOptions) => {
  if (createNew) return append ? "ax" : "wx";
  if (append) return create ? "a" : fs.constants.O_WRONLY | fs.constants.O_APPEND;
  return create ? "w" : fs.constants.O_WRONLY | fs.constants.O_TRUNC;
};

function info(stats: fs.Stats): Record<string, unknown> {
  return {
    isFile: stats.isFile(),
    isDirectory: stats.isDirectory(),
    isSymlink: stats.isSymbolicLink(),
    size: stats.size,
    mtime: stats.mtime,
    atime: stats.atime,
    ctime: stats.ctime,
    birthtime: stats.birthtime,
    mode: stats.mode,
  };
}

function* entries(path: Path): Generator<Record<string, unknown>> {
  for (const entry of translating(() => fs.readdirSync(path, { withFileTypes: true }))()) {
    yield {
      name: entry.name,
      isFile: entry.isFile(),
      isDirectory: entry.isDirectory(),
      isSymlink: entry.isSymbolicLink(),
    };
  }
}

const synchronous = {
  readTextFile: (path: Path): string => fs.readFileSync(path, "utf8"),
  readFile: (path: Path): Uint8Array => new Uint8Array(fs.readFileSync(path)),
  writeTextFile: (path: Path, text: string, options: WriteOptions = {}): void =>
    fs.writeFileSync(path, text, { flag: flag(options) as string, mode: options.mode }),
  writeFile: (path: Path, data: Uint8Array, options: WriteOptions = {}): void =>
    fs.writeFileSync(path, data, { flag: flag(options) as string, mode: options.mode }),
  mkdir: (path: Path, options: { recursive?: boolean; mode?: number } = {}): void => {
    fs.mkdirSync(path, options);
  },
  remove: (path: Path, { recursive = false }: { recursive?: boolean } = {}): void => {
    if (!recursive && fs.lstatSync(path).isDirectory()) fs.rmdirSync(path);
    else fs.rmSync(path, { recursive });
  },
  rename: (from: Path, to: Path): void => fs.renameSync(from, to),
  copyFile: (from: Path, to: Path): void => fs.copyFileSync(from, to),
  stat: (path: Path): Record<string, unknown> => info(fs.statSync(path)),
  lstat: (path: Path): Record<string, unknown> => info(fs.lstatSync(path)),
  realPath: (path: Path): string => fs.realpathSync(path),
  makeTempDir: ({ dir = tmpdir(), prefix = "" }: TemporaryOptions = {}): string => fs.mkdtempSync(join(dir, prefix)),
  makeTempFile: ({ dir = tmpdir(), prefix = "", suffix = "" }: TemporaryOptions = {}): string => {
    const path = join(dir, `${prefix}${crypto.randomUUID()}${suffix}`);
    fs.writeFileSync(path, "", { flag: "wx" });
    return path;
  },
} satisfies Record<string, Sync>;

/** Each function as `nameSync`, and as `name`, which returns a promise. Files are read at once in both. */
export const files: Record<string, unknown> = {
  errors,
  readDirSync: entries,
  async *readDir(path: Path) {
    yield* entries(path);
  },
  ...Object.fromEntries(
    Object.entries(synchronous).flatMap(([name, fn]) => {
      const plain = translating(fn as Sync);
      return [
        [`${name}Sync`, plain],
        [name, async (...args: never[]) => plain(...args)],
      ];
    }),
  ),
};
