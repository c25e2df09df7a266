/** An interrupt ends JavaScript anywhere, without `finally`. What must hold all the same. */
import { afterEach, beforeAll, expect, test } from "vitest";
import { currentTrace, Trace, traceableBackend } from "../../../../lib/engine/compile/trace.ts";
import { repairCutOff } from "../../../../lib/engine/cut-off.ts";
import { compile, ready, tf } from "../../../../lib/index.ts";

beforeAll(() => ready());
afterEach(() => tf.disposeVariables());

const value = (tensor: tf.Tensor) => tensor.dataSync()[0];

test("a trace that was cut off is closed before other code runs: variables are whole, TensorFlow.js works", () => {
  const weight = tf.variable(tf.scalar(2));
  const { scopeStack, gradientDepth } = tf.engine().state;
  const scopes = scopeStack.length;
  const trace = new Trace(traceableBackend()!, { name: "cut off", xla: true, precision: "float32" });
  trace.open();
  weight.assign(tf.add(weight, 1));
  trace.enter();
  // No ends to all these: that is what an interrupt leaves behind.
  tf.engine().startScope("a tidy");
  tf.engine().state.gradientDepth++;
  tf.engine().state.activeTape = [];
  tf.mul(weight, 3);
  repairCutOff();
  expect(currentTrace()).toBeUndefined();
  expect(value(weight)).toBe(2);
  expect(value(tf.add(weight, 1))).toBe(3);
  expect(value(compile((x: tf.Tensor) => tf.mul(x, weight))(tf.scalar(3)))).toBe(6);
  expect(tf.engine().state.scopeStack.length).toBe(scopes);
  expect(tf.engine().state.gradientDepth).toBe(gradientDepth);
});

test("a run that fails writes into no target", () => {
  const { binding } = traceableBackend()!;
  const id = (number: number) => binding.createTensorEager([], binding.TF_FLOAT, Float32Array.of(number));
  const read = (tensor: number) => (binding.tensorDataSync(tensor) as Float32Array)[0];
  const trace = new Trace(traceableBackend()!, { name: "three results", xla: false, precision: "float32" });
  trace.open();
  const [x, y] = [trace.placeholder(binding.TF_FLOAT, []), trace.placeholder(binding.TF_FLOAT, [])];
  const native = trace.build(trace.inputIds([tf.add(x, y), tf.mul(x, 10), tf.mul(y, 10)]), false);
  trace.close(false);
  const [a, b, gone] = [id(1), id(2), id(3)];
  binding.deleteTensor(gone);
  expect(() => binding.runFunction(native.id, Int32Array.of(a, b), Int32Array.of(a, gone))).toThrow();
  expect([read(a), read(b)]).toEqual([1, 2]);
  const results = binding.runFunction(native.id, Int32Array.of(a, b), Int32Array.of(a, b));
  expect(results.map((result) => read(result.id))).toEqual([3]);
  expect([read(a), read(b)]).toEqual([10, 20]);
  binding.deleteFunction(native.id);
  for (const tensor of [a, b, results[0]!.id]) binding.deleteTensor(tensor);
});
