/** For test files: one kernel for tests that are independent of each other (a cold start costs), and folders with files. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, vi } from "vitest";
import { type Kernel, type StartOptions, startKernel } from "./client.ts";

// A cell that hangs is reported by the client after 30 s, with what had arrived; the test runner's limit is only the last resort.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

/** Starts a kernel before the first test of the file and returns a function that gives it. */
export function sharedKernel(options: StartOptions | (() => StartOptions) = {}): () => Kernel {
  let kernel: Kernel | undefined;
  beforeAll(async () => {
    kernel = await startKernel(typeof options === "function" ? options() : options);
  });
  afterAll(async () => {
    await kernel?.[Symbol.asyncDispose]();
  });
  return () => {
    if (!kernel) throw new Error("The shared kernel is not there: ask for it inside a test.");
    return kernel;
  };
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});

/** A new folder with these files (path to text); it goes away after the tests of the file. */
export function folderWith(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "notebook-"));
  folders.push(folder);
  writeFiles(folder, files);
  return folder;
}

export function writeFiles(folder: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
