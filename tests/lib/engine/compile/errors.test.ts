/** What goes wrong in compiled code is said once, clearly, with the line of the caller's code. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { CompileError, compile, ready, tf } from "../../../../lib/index.ts";

beforeAll(() => ready());
afterEach(() => tf.disposeVariables());

const lines = readFileSync(fileURLToPath(import.meta.url), "utf8").split("\n");

/** The error that `run` throws; the test's own line (the one with this mark) has to be in it. */
function errorOf(run: () => unknown, mark?: string): CompileError {
  let error: unknown;
  try {
    run();
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(CompileError);
  if (mark) {
    const line = 1 + lines.findIndex((text) => text.endsWith(`// ${mark}`));
    expect((error as CompileError).message).toContain(`errors.test.ts:${line}:`);
  }
  return error as CompileError;
}

const x = () =>
  tf.tensor2d([
    [1, 2],
    [3, 4],
  ]);

describe("reading values while tracing", () => {
  const readers: Record<string, (x: tf.Tensor) => unknown> = {
    dataSync: (x) => tf.mul(x, 2).dataSync(), // read by dataSync
    arraySync: (x) => tf.mul(x, 2).arraySync(), // read by arraySync
    data: (x) => tf.mul(x, 2).data(), // read by data
    array: (x) => x.array(), // read by array
    print: (x) => x.print(), // read by print
    bufferSync: (x) => x.bufferSync(), // read by bufferSync
  };
  test.each(Object.entries(readers))("%s", (name, read) => {
    const error = errorOf(() => compile(read, { name: "step" })(x()), `read by ${name}`);
    expect(error.message).toMatch(/^compile\(step\): the value of a tensor was read by \w+\(\) while tracing/);
  });

  test("an async function is told what it read, not that its promise was rejected", async () => {
    const step = compile(async (x: tf.Tensor) => {
      const values = await x.data(); // read after await
      return values[0];
    });
    expect(errorOf(() => step(x()), "read after await").message).toContain("read by data()");
    await new Promise((resolve) => setTimeout(resolve));
  });

  test("a variable's value", () => {
    const weight = tf.variable(tf.scalar(1), true, "the weight");
    const error = errorOf(() => compile(() => tf.scalar(weight.dataSync()[0]!))(), undefined); // reads a variable
    expect(error.message).toContain("the value of a tf.Variable was read by dataSync()");
  });

  test("a constant that was made inside may be read: its value is known", () => {
    const step = compile((x: tf.Tensor) => tf.mul(x, tf.scalar(tf.tensor1d([3, 4]).dataSync()[1]!)));
    expect(Array.from(step(x()).dataSync())).toEqual([4, 8, 12, 16]);
  });
});

describe("promises and async ops", () => {
  test("a function that returns a promise", () => {
    const error = errorOf(() => compile(async (x: tf.Tensor) => x, { name: "later" })(x()));
    expect(error.message).toContain("compile(later): the function returned a promise");
    expect(error.message).toContain("await outside");
  });

  const ops: Record<string, (x: tf.Tensor) => unknown> = {
    whereAsync: (x) => tf.whereAsync(tf.greater(x, 2)), // whereAsync
    booleanMaskAsync: (x) => tf.booleanMaskAsync(x, tf.greater(x, 2)), // booleanMaskAsync
    setdiff1dAsync: (x) => tf.setdiff1dAsync(tf.reshape(x, [4]), [1]), // setdiff1dAsync
    inTopKAsync: (x) => tf.inTopKAsync(x, tf.tensor1d([0, 1], "int32"), 1), // inTopKAsync
  };
  test.each(Object.entries(ops))("tf.%s", async (name, run) => {
    const error = errorOf(() => compile(run)(x()), name);
    expect(error.message).toContain("while tracing");
    await new Promise((resolve) => setTimeout(resolve));
  });
});

test("shapes that depend on data", () => {
  const error = errorOf(() => compile((x: tf.Tensor) => tf.unique(tf.reshape(x, [4])))(x()), "unique"); // unique
  expect(error.message).toMatch(/shape of the result of UniqueV2 depends on data/);
  const boxes = tf.tensor2d([[0, 0, 1, 1]]);
  const nonMax = compile((b: tf.Tensor) => tf.image.nonMaxSuppression(b as tf.Tensor2D, tf.tensor1d([0.5]), 1));
  expect(errorOf(() => nonMax(boxes)).message).toMatch(/depends on data/);
});

describe("tensors that leave their trace", () => {
  test("are told apart from disposed ones, whichever way they are used", () => {
    let leaked: tf.Tensor | undefined;
    let argument: tf.Tensor | undefined;
    let kept: tf.Tensor | undefined;
    compile(
      (x: tf.Tensor) => {
        argument = x;
        leaked = tf.mul(x, 2);
        kept = tf.keep(tf.mul(x, 3));
        return tf.sum(leaked);
      },
      { name: "leaky" },
    )(x());
    for (const tensor of [leaked!, argument!, kept!]) {
      const uses = [
        () => tensor.add(1),
        () => tf.add(tensor, 1),
        () => tensor.dataSync(),
        () => compile((y: tf.Tensor) => tf.add(y, tensor))(x()),
      ];
      for (const use of uses)
        expect(errorOf(use).message).toContain("compile(leaky): a tensor that was made while tracing is used outside");
    }
    errorOf(() => leaked!.add(1), "use of a leak: method"); // use of a leak: method
    const disposed = tf.scalar(1);
    disposed.dispose();
    expect(() => disposed.add(1)).toThrow("disposed");
    expect(() => tf.add(disposed, 1)).toThrow("disposed");
  });

  test("but a constant kept from inside stays usable", () => {
    let constant: tf.Tensor | undefined;
    const step = compile((x: tf.Tensor) => {
      constant = tf.keep(tf.tensor1d([5, 6]));
      return tf.add(x, constant);
    });
    step(x());
    expect(Array.from(tf.mul(constant!, 2).dataSync())).toEqual([10, 12]);
  });
});

describe("too many traces", () => {
  const reasons: Record<string, { calls: () => unknown[][]; reason: RegExp }> = {
    "a shape": {
      calls: () => [3, 4, 5].map((size) => [tf.zeros([size, 2])]),
      reason: /Argument 1 was float32 \[4, 2\], is float32 \[5, 2\]/,
    },
    "a dtype": {
      calls: () => (["float32", "int32", "bool"] as const).map((dtype) => [tf.zeros([2], dtype)]),
      reason: /Argument 1 was int32 \[2\], is bool \[2\]/,
    },
    "a value": {
      calls: () => [0.1, 0.2, 0.3].map((rate) => [tf.zeros([2]), { rate }]),
      reason: /Argument 2\.rate was 0\.2, is 0\.3\. A number .* tf\.scalar/,
    },
    "the structure": {
      calls: () => [[[tf.zeros([2])]], [[tf.zeros([2]), tf.zeros([2])]], [[]]],
      reason: /Argument 1 \(\[\]\) was not there before|Argument 1\[0\] .* is not there any more/,
    },
    "an object": {
      calls: () => [1, 2, 3].map(() => [new (class Batch {})()]),
      reason: /Argument 1 is another Batch than before; objects count by identity/,
    },
  };
  test.each(Object.entries(reasons))("%s changed", (_, { calls, reason }) => {
    const step = compile((..._args: unknown[]) => tf.scalar(1), { name: "step", maxTraces: 2 });
    const [first, second, third] = calls();
    step(...first!);
    step(...second!);
    const error = errorOf(() => step(...third!), "the call too many"); // the call too many
    expect(error.message).toContain("compile(step): this call would need trace number 3, and 2 is the limit");
    expect(error.message).toMatch(reason);
    step(...first!);
  });

  test("the limit is 16 unless told otherwise", () => {
    const step = compile((x: tf.Tensor) => tf.sum(x), { xla: false });
    for (let size = 1; size <= 16; size++) step(tf.zeros([size]));
    errorOf(() => step(tf.zeros([17])));
    const more = compile((x: tf.Tensor) => tf.sum(x), { xla: false, maxTraces: 17 });
    for (let size = 1; size <= 17; size++) more(tf.zeros([size]));
  });
});

describe("JavaScript that a trace would freeze", () => {
  test("numbers in a typed array", () => {
    const step = compile((_values: unknown) => tf.scalar(1));
    expect(errorOf(() => step([new Float32Array(3)])).message).toMatch(/argument 1\[0\] is a Float32Array.*tf\.tensor/);
  });

  test("the count of an optimizer's iterations", () => {
    const optimizer = tf.train.sgd(0.1);
    const weight = tf.variable(tf.scalar(1));
    const step = compile(() => {
      optimizer.minimize(() => tf.square(weight), false, [weight]);
      return tf.scalar(optimizer.iterations); // iterations
    });
    expect(errorOf(() => step(), "iterations").message).toContain("optimizer.iterations was read while tracing");
  });

  test("tf.rand with a function", () => {
    expect(errorOf(() => compile(() => tf.rand([2], Math.random))(), "rand").message).toContain("tf.randomUniform"); // rand
  });
});

test("a tensor put into an argument, where the caller would not see it", () => {
  interface State {
    layers: { h: tf.Tensor }[];
  }
  const step = compile((state: State, log: tf.Tensor[]) => {
    log.push(tf.add(log[0]!, 1));
    state.layers[0]!.h = tf.add(state.layers[0]!.h, 1);
  });
  const state = { layers: [{ h: tf.scalar(1) }] };
  expect(errorOf(() => step(state, [tf.scalar(1)])).message).toContain("put a tensor into argument 1.layers[0].h");
  const push = compile((log: tf.Tensor[]) => log.push(tf.add(log[0]!, 1)));
  expect(errorOf(() => push([tf.scalar(1)])).message).toContain("put a tensor into argument 1[1]");
});

test("a disposed argument is named", () => {
  const tensor = tf.scalar(1);
  tensor.dispose();
  expect(errorOf(() => compile((_: unknown) => tf.scalar(1))({ a: [tensor] })).message).toContain(
    "argument 1.a[0] is a disposed tensor",
  );
});

test("a variable disposed inside", () => {
  const weight = tf.variable(tf.scalar(1), true, "short-lived");
  expect(errorOf(() => compile(() => weight.dispose())(), "dispose inside").message).toContain("variable short-lived"); // dispose inside
  expect(weight.dataSync()[0]).toBe(1);
});

test("an error of the user's own passes as it is", () => {
  class MyError extends Error {}
  const step = compile(() => {
    throw new MyError("mine");
  });
  expect(() => step()).toThrow(MyError);
});

test("an error of a run names the function, and the next call runs", () => {
  const step = compile((x: tf.Tensor, i: tf.Tensor) => tf.gather(x, i), { name: "lookup", xla: false });
  const table = tf.tensor1d([1, 2, 3]);
  expect(errorOf(() => step(table, tf.tensor1d([7], "int32"))).message).toMatch(
    /^compile\(lookup\): .*7 is not in \[0, 3\)/s,
  );
  expect(step(table, tf.tensor1d([2], "int32")).dataSync()[0]).toBe(3);
});

test("compile() of something else than a function", () => {
  expect(() => compile(tf.scalar(1) as never)).toThrow("compile() needs a function");
  expect(() => compile.stats((() => {}) as never)).toThrow("compile.stats() needs a function that compile() returned");
});
