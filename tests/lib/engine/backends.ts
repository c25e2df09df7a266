/** For test files: the backends that every engine test runs on. */
import { expect } from "vitest";
import { ready, tf } from "../../../lib/index.ts";
import type { BackendName } from "./conformance/index.ts";

export type { BackendName };

await ready();

/** All that this machine can run. That `tensorflow` is among them is a test of its own. */
export const backends: BackendName[] = (["tensorflow", "wasm", "cpu"] as const).filter((name) =>
  tf.findBackendFactory(name),
);

/** Where tensors of that backend say they are. */
export const placeOf: Record<BackendName, string> = { tensorflow: "CPU:0", wasm: "WebAssembly", cpu: "JavaScript" };

export async function useBackend(name: BackendName): Promise<void> {
  expect(await tf.setBackend(name)).toBe(true);
}

/** Collects garbage and lets finalizers run, until `done` or some seconds are over. */
export async function collectUntil(done: () => boolean): Promise<void> {
  const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
  for (let i = 0; i < 60; i++) {
    // What was looked at through a weak reference is held until the turn ends.
    await turn();
    globalThis.gc!();
    await turn();
    if (done()) return;
  }
}
