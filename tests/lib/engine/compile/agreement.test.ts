/** Every function of the table gives the same eagerly, as a graph function and as an XLA program, and so do its gradients. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile, installHost, ready, tf } from "../../../../lib/index.ts";
import { RecordingHost } from "../../recording-host.ts";
import { tensorDistance } from "./comparing.ts";
import { type FunctionCase, functionCases } from "./functions.ts";

let removeHost: () => void;
beforeAll(async () => {
  await ready();
  expect(tf.getBackend()).toBe("tensorflow");
  // XLA's refusals are told to the host; another file tests them.
  removeHost = installHost(new RecordingHost());
});
afterAll(() => removeHost());

/** XLA adds in another order and has its own approximations of elementary functions: a few roundings of 6e-8. */
const xlaTolerance = 3e-7;

function valueAndGradients({ run, gradients }: FunctionCase) {
  const scalar = (...inputs: tf.Tensor[]) => {
    // Different weights for all outputs, so that no error in the gradient cancels out.
    const sums = [run(...inputs)].flat().map((output) => {
      const weights = tf.cos(tf.reshape(tf.range(0, output.size), output.shape));
      return tf.sum(tf.mul(tf.cast(output, "float32"), weights));
    });
    return sums.reduce((sum, next) => tf.add(sum, next));
  };
  return (...inputs: tf.Tensor[]): tf.Tensor[] => [
    ...[run(...inputs)].flat(),
    ...(gradients ? tf.grads(scalar)(inputs) : []),
  ];
}

describe("functions and their gradients", () => {
  test.each(functionCases.map((item) => [item.name, item] as const))("%s", (name, item) => {
    const compute = valueAndGradients(item);
    tf.tidy(() => {
      const inputs = item.inputs();
      const expected = compute(...inputs);
      using graph = compile(compute, { xla: false, name });
      using xla = compile(compute, { name });
      expect(tensorDistance(expected, graph(...inputs))).toBe(0);
      expect(tensorDistance(expected, xla(...inputs))).toBeLessThanOrEqual(xlaTolerance);
    });
  });
});
