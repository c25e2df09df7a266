/** Arguments and results as nested as in eager code. */
import { beforeAll, describe, expect, test } from "vitest";
import { compile, ready, tf } from "../../../../lib/index.ts";

beforeAll(() => ready());

const values = (tensor: tf.Tensor) => Array.from(tensor.dataSync());

test("nested arguments and results", () => {
  const step = compile((batch: { ids: tf.Tensor; rest: [tf.Tensor, { mask: tf.Tensor | null }] }, scale: number) => ({
    sums: [tf.sum(batch.ids), { all: tf.mul(tf.add(batch.ids, batch.rest[0]), scale) }],
    hasMask: batch.rest[1].mask !== null,
    nothing: null,
    text: "as it is",
  }));
  const batch = {
    ids: tf.tensor1d([1, 2]),
    rest: [tf.tensor1d([10, 20]), { mask: null }] as [tf.Tensor, { mask: null }],
  };
  const result = step(batch, 2) as {
    sums: [tf.Tensor, { all: tf.Tensor }];
    hasMask: boolean;
    nothing: null;
    text: string;
  };
  expect(values(result.sums[0])).toEqual([3]);
  expect(values(result.sums[1].all)).toEqual([22, 44]);
  expect([result.hasMask, result.nothing, result.text]).toEqual([false, null, "as it is"]);
});

test("results of a class keep their class", () => {
  class Output {
    readonly logits: tf.Tensor;
    readonly label = "output";
    constructor(logits: tf.Tensor) {
      this.logits = logits;
    }
    get doubled() {
      return tf.mul(this.logits, 2);
    }
  }
  const step = compile((x: tf.Tensor) => new Output(tf.add(x, 1)));
  step(tf.scalar(1));
  const output = step(tf.scalar(2));
  expect(output).toBeInstanceOf(Output);
  expect([output.label, values(output.doubled)]).toEqual(["output", [6]]);
});

test("a result that holds no tensor of the trace is the same object", () => {
  const model = {
    inner: new (class Model {
      table = tf.scalar(1);
    })(),
  };
  const step = compile((_: tf.Tensor) => model.inner);
  expect(step(tf.scalar(1))).toBe(model.inner);
});

describe("an argument that counts by identity", () => {
  class Batch {
    x: tf.Tensor;
    seen = 0;
    last: tf.Tensor | undefined;
    constructor(x: tf.Tensor) {
      this.x = x;
    }
  }

  test("may hold another tensor at the next call", () => {
    const batch = new Batch(tf.scalar(1));
    const table = new Map([["x", tf.scalar(1)]]);
    const step = compile((batch: Batch, [table]: [Map<string, tf.Tensor>]) => tf.add(batch.x, table.get("x")!));
    expect(values(step(batch, [table]))).toEqual([2]);
    batch.x = tf.scalar(5);
    expect(values(step(batch, [table]))).toEqual([6]);
    table.set("x", tf.scalar(10));
    expect(values(step(batch, [table]))).toEqual([15]);
  });

  test("needs no new trace for what the function keeps in it", () => {
    const batch = new Batch(tf.scalar(1));
    batch.last = tf.scalar(0);
    const step = compile((batch: Batch) => {
      batch.last = tf.add(batch.x, 1);
      return tf.mul(batch.x, 2);
    });
    for (let i = 0; i < 3; i++) batch.seen = values(step(batch))[0]!;
    expect(compile.stats(step).traces.length).toBe(1);
  });
});

test("one tensor twice in a result is one tensor twice", () => {
  const step = compile((x: tf.Tensor) => {
    const y = tf.add(x, 1);
    return [y, { y }] as const;
  });
  const [a, { y: b }] = step(tf.scalar(1));
  expect(b).toBe(a);
});

test("an argument or a tensor from outside as a result is a tensor of its own", () => {
  const outside = tf.tensor1d([1, 2]);
  const step = compile((x: tf.Tensor) => [x, x, outside]);
  const x = tf.tensor1d([5]);
  const results = step(x);
  for (const result of results) expect(result).not.toBe(x);
  tf.dispose(results);
  expect([values(x), values(outside)]).toEqual([[5], [1, 2]]);
});

test("every dtype goes in and comes out", () => {
  const step = compile((...inputs: tf.Tensor[]) => inputs.map((input) => tf.reshape(input, [2, 1])), { xla: false });
  const inputs = [
    tf.tensor1d([1.5, 2]),
    tf.tensor1d([1, 2], "int32"),
    tf.tensor1d([true, false]),
    tf.tensor1d(["ä", "b"]),
    tf.complex([1, 2], [3, 4]),
  ];
  const outputs = step(...inputs);
  expect(outputs.map((output) => output.dtype)).toEqual(inputs.map((input) => input.dtype));
  expect(outputs.map((output) => Array.from(output.dataSync()))).toEqual(
    inputs.map((input) => Array.from(input.dataSync())),
  );
});

test("empty tensors and scalars", () => {
  const step = compile((x: tf.Tensor) => [tf.concat([x, x]), tf.sum(x)]);
  const [joined, sum] = step(tf.zeros([0, 3]));
  expect([joined!.shape, values(sum!)]).toEqual([[0, 3], [0]]);
});

describe("one trace serves", () => {
  test("tensors of one shape and dtype", () => {
    const step = compile((x: tf.Tensor, more?: { y?: tf.Tensor; training?: boolean }) =>
      more?.training ? tf.mul(x, more.y ?? 2) : x,
    );
    const traces = () => compile.stats(step as never).traces.length;
    step(tf.zeros([2]));
    step(tf.ones([2]));
    expect(traces()).toBe(1);
    step(tf.ones([3]));
    step(tf.ones([3], "int32"));
    expect(traces()).toBe(3);
    step(tf.ones([2]), { training: true });
    step(tf.ones([2]), { training: false });
    step(tf.ones([2]), { training: true });
    expect(traces()).toBe(5);
    step(tf.ones([2]), { y: tf.ones([2]), training: true });
    step(tf.zeros([2]), { y: tf.zeros([2]), training: true });
    expect(traces()).toBe(6);
  });

  test("no two different values", () => {
    const different: unknown[] = [
      0,
      -0,
      1,
      "1",
      "",
      true,
      false,
      null,
      undefined,
      1n,
      Number.NaN,
      [],
      {},
      [[]],
      Symbol.iterator,
    ];
    const step = compile((value: unknown) => ({ value }), { maxTraces: different.length });
    for (const value of different) step(value);
    for (const value of different) expect(Object.is(step(value).value, value) || typeof value === "object").toBe(true);
    expect(compile.stats(step as never).traces.length).toBe(different.length);
  });
});
