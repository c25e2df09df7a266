/** What must not take a kernel down: a disk that is full, absurd code, an I/O error in its log. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startKernel } from "./client.ts";

/** A file system of 64 KiB that is full but for some bytes; undefined where this user may not mount one. */
function fullDisk(): { folder: string; remove(): void } | undefined {
  const folder = mkdtempSync(join(tmpdir(), "full-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], { stdio: "ignore" });
  } catch {
    rmSync(folder, { recursive: true });
    return undefined;
  }
  try {
    writeFileSync(join(folder, "filler"), new Uint8Array(1 << 20));
  } catch {
    // That is what it is for.
  }
  return {
    folder,
    remove() {
      execFileSync("umount", [folder], { stdio: "ignore" });
      rmSync(folder, { recursive: true });
    },
  };
}

describe("history on a full disk", () => {
  test.for([
    ["/dev/full", () => ({ path: "/dev/full", remove: () => {} })],
    [
      "a full file system",
      () => {
        const disk = fullDisk();
        return disk && { path: join(disk.folder, "history.sqlite"), remove: disk.remove };
      },
    ],
  ] as const)(
    "%s: cells run, history works for the session, and the log says so once",
    async ([name, make], context) => {
      const disk = make();
      if (!disk) return context.skip(`${name}: mounting a small file system is not allowed here`);
      try {
        await using kernel = await startKernel({ env: { GRADBOOK_HISTORY: disk.path } });
        for (let i = 0; i < 5; i++) expect(await kernel.value(`${i} + 1`)).toBe(String(i + 1));
        const rows = await kernel.history({ hist_access_type: "tail", n: 3, output: false, raw: true });
        expect(rows.map(([, , source]) => source)).toEqual(["2 + 1", "3 + 1", "4 + 1"]);
        await expect.poll(() => kernel.log.split("\n").filter((line) => /history/i.test(line)).length).toBe(1);
      } finally {
        disk.remove();
      }
    },
  );
});

describe("absurd code", () => {
  test.each([
    ["brackets", "[".repeat(200_000)],
    ["operators", `${"!".repeat(200_000)}1`],
    ["a hundred thousand lines", "1\n".repeat(100_000)],
    ["a string of ten million characters", `"${"x".repeat(10_000_000)}".length`],
  ])("%s end in a reply, and the kernel lives", async (_name, code) => {
    await using kernel = await startKernel();
    const run = await kernel.execute(code);
    expect(["ok", "error"]).toContain(run.reply.status);
    expect(await kernel.value("1 + 1")).toBe("2");
  });
});

test("what V8 says when memory is exhausted is shown on the cell or in the kernel's log", async () => {
  await using kernel = await startKernel({ env: { NODE_OPTIONS: "--max-old-space-size=64" } });
  const cell = kernel.start("const all: unknown[] = []; for (;;) all.push(new Array(1e5).fill({}))");
  cell.done.catch(() => {});
  await kernel.end(60_000);
  const shown = () =>
    kernel.log +
    kernel
      .messagesOf(cell.id)
      .map((message) => String(message.content["text"] ?? ""))
      .join("");
  await expect.poll(shown, { timeout: 5_000 }).toMatch(/Last few GCs|heap out of memory/);
});
