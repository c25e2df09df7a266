import { vi } from "vitest";
import { tensorflowBackend } from "../../../../lib/engine/tensorflow/start.ts";

/** Runs `work` and counts the ops it gives to TensorFlow, by name. */
export function countOps(work: () => void): Record<string, number> {
  const counts: Record<string, number> = {};
  const spy = vi.spyOn(tensorflowBackend()!.binding, "executeOp");
  try {
    work();
    for (const [name] of spy.mock.calls) counts[name] = (counts[name] ?? 0) + 1;
  } finally {
    spy.mockRestore();
  }
  return counts;
}
