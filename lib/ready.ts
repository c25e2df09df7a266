import { startEngine } from "./engine/index.ts";

/** Exported names that cannot be used before the engine has started. */
const needEngine = new Set(["tf", "device", "compile"]);

/**
 * Waits until the library can be used: starts what starts asynchronously, once. Notebooks do this by themselves; a plain
 * TypeScript file begins with `await ready()`. With `names`, only what these exports need is started.
 */
export async function ready(names?: readonly string[]): Promise<void> {
  if (names === undefined || names.some((name) => needEngine.has(name))) await startEngine();
}
