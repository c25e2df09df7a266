/** The folder in which the kernel works; when a cell has removed it, the last one that was there. */
let last = process.cwd();

export function workingFolder(): string {
  try {
    last = process.cwd();
  } catch {
    // Node asks the system, which has no name for a folder that is gone.
  }
  return last;
}
