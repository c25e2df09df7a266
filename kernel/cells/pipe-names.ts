/** Names for the two pipes that take file descriptors 1 and 2; apart, because the I/O thread is told them before all else. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface NativePipes {
  folder: string;
  stdout: string;
  stderr: string;
  /** What the marks in the pipes begin with. */
  markerKey: string;
}

/** Where the pipes will be; undefined on systems without named pipes (Windows), where native output is not captured. */
export function planPipes(): NativePipes | undefined {
  if (process.platform === "win32") return undefined;
  const folder = mkdtempSync(join(tmpdir(), "gradbook-"));
  return {
    folder,
    stdout: join(folder, "1"),
    stderr: join(folder, "2"),
    markerKey: Math.random().toString(36).slice(2, 12),
  };
}
