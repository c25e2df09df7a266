/** A cell cannot take the kernel's process down: `process.exit` in a cell is an error on the cell. */
class ExitRefused extends Error {
  constructor(code: unknown) {
    super(
      `process.exit(${code ?? ""}) does not end the kernel. To start afresh, restart the kernel; to end a cell early, throw an error.`,
    );
    this.name = "ExitRefused";
  }
}

/** Returns the real exit. */
export function guardProcess(): (code: number) => never {
  const exit = process.exit.bind(process) as (code: number) => never;
  process.exit = ((code?: unknown) => {
    throw new ExitRefused(code);
  }) as typeof process.exit;
  process.abort = () => {
    throw new ExitRefused("abort");
  };
  return exit;
}
