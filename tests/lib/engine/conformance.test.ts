/** What every engine must be able to do: the table in `conformance/`, on each backend. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { tf } from "../../../lib/index.ts";
import { backends, useBackend } from "./backends.ts";
import { conformance } from "./conformance/index.ts";

test("TensorFlow's own runtime is one of the backends", () => {
  expect(backends).toEqual(["tensorflow", "wasm", "cpu"]);
});

describe.each(backends)("%s", (backend) => {
  let before = { numTensors: 0, numDataBuffers: 0 };
  beforeEach(async () => {
    await useBackend(backend);
    before = tf.memory();
    tf.engine().startScope();
  });
  // What a case makes, its scope ends; variables and models each case disposes itself.
  afterEach(() => {
    tf.engine().endScope();
    const { numTensors, numDataBuffers } = tf.memory();
    expect(numTensors).toBeLessThanOrEqual(before.numTensors);
    expect(numDataBuffers).toBeLessThanOrEqual(before.numDataBuffers);
  });

  describe.each(Object.entries(conformance))("%s", (_, cases) => {
    for (const { name, run, lacking } of cases) {
      if (lacking?.[backend] === undefined) test(name, run);
      else test(`${name}: not here, because ${lacking[backend]}`, () => expect(run).toThrow());
    }
  });
});

test("what the WebAssembly backend cannot do is said in TensorFlow.js's own words", async () => {
  await useBackend("wasm");
  expect(() => tf.complex([1], [2])).toThrow("Kernel 'Complex' not registered for backend 'wasm'");
});
