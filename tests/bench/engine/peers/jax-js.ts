/** jax-js on its WebAssembly backend, the only one that runs in Node. Every function consumes its arguments unless told `.ref`. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Loaded, productsPerStep } from "../problem.ts";
import { serve } from "../worker.ts";

type Axes = number | number[];
interface Arr {
  readonly ref: Arr;
  readonly shape: number[];
  add(other: Arr | number): Arr;
  sub(other: Arr | number): Arr;
  mul(other: Arr | number): Arr;
  div(other: Arr | number): Arr;
  mean(axis: Axes, options?: { keepdims: boolean }): Arr;
  sum(axis?: Axes): Arr;
  neg(): Arr;
  reshape(shape: number[]): Arr;
  transpose(axes?: number[]): Arr;
  dispose(): void;
  item(): number;
  blockUntilReady(): Promise<Arr>;
}
type Weights = Record<string, Arr>;
type State = { weights: Weights; first: Weights; second: Weights; count: Arr };

interface Jax {
  init(): Promise<string[]>;
  jit<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R;
  valueAndGrad(fn: (weights: Weights, x: Arr, y: Arr) => Arr): (weights: Weights, x: Arr, y: Arr) => [Arr, Weights];
  numpy: {
    int32: unknown;
    array(values: Float32Array | Int32Array, options?: { shape?: number[]; dtype?: unknown }): Arr;
    add(a: Arr, b: Arr): Arr;
    matmul(a: Arr, b: Arr): Arr;
    sqrt(a: Arr): Arr;
    reciprocal(a: Arr): Arr;
    tanh(a: Arr): Arr;
    power(a: Arr | number, b: Arr | number): Arr;
    split(a: Arr, parts: number, axis: number): Arr[];
  };
  nn: { softmax(a: Arr): Arr; logSoftmax(a: Arr): Arr; oneHot(a: Arr, classes: number): Arr };
}

const folder = process.env["GRADBOOK_BENCH_ENGINE"] ?? "";
const require = createRequire(join(folder, "package.json"));
const entry = require.resolve("@jax-js/jax").replace(/\.cjs$/, ".js");
const { init, jit, valueAndGrad, numpy: np, nn } = (await import(pathToFileURL(entry).href)) as Jax;
const manifest = join(folder, "node_modules", "@jax-js", "jax", "package.json");
const { version } = require(manifest) as { version: string };
await init();

function arrayOf(problem: Loaded, name: string): Arr {
  const { shape, dtype } = problem.arrays[name]!;
  const values = problem.values(name);
  return dtype === "int32" ? np.array(values, { shape, dtype: np.int32 }) : np.array(values, { shape });
}

const small = (values: number[]) => np.array(new Float32Array(values), { shape: [2, 2] });

await serve(version, (parameter) => ({
  add: ({ sizes }) => {
    const [a, b] = [small([1, 2, 3, 4]), small([1, 0, 0, 1])];
    return async () => {
      // Operations are lazy: each is waited for, as the other libraries have done its work when they return.
      for (let i = 0; i < sizes.calls; i++) await settled(np.add(a.ref, b.ref));
      return undefined;
    };
  },
  call: ({ sizes }) => {
    const [a, b] = [small([1, 2, 3, 4]), small([1, 0, 0, 1])];
    const add = jit((a: Arr, b: Arr) => a.add(b));
    return async () => {
      for (let i = 0; i < sizes.calls; i++) await settled(add(a.ref, b.ref));
      return undefined;
    };
  },
  matmul: () => {
    const square = () => {
      const values = Float32Array.from({ length: parameter ** 2 }, () => 2 * Math.random() - 1);
      return np.array(values, { shape: [parameter, parameter] });
    };
    const [a, b] = [square(), square()];
    const multiply = jit((a: Arr, b: Arr) => np.matmul(a, b));
    return async () => {
      for (let i = productsPerStep(parameter); i > 0; i--) await settled(multiply(a.ref, b.ref));
      return undefined;
    };
  },
  gpt: gptStep,
}));

async function settled(array: Arr): Promise<void> {
  await array.blockUntilReady();
  array.dispose();
}

function gptStep(problem: Loaded): () => Promise<number> {
  const { vocabulary, width, context, batch, heads, layers } = problem.sizes.gpt;
  const { rate, beta1, beta2, epsilon } = problem.adam;
  const names = Object.keys(problem.arrays).filter((name) => name.startsWith("gpt/"));
  const future = Float32Array.from({ length: context ** 2 }, (_, i) => (i % context > i / context ? -1e9 : 0));
  const rows = [batch * context, width];

  const normalize = (x: Arr, scale: Arr, shift: Arr) => {
    const centred = x.ref.sub(x.mean(-1, { keepdims: true }));
    const variance = centred.ref.mul(centred.ref).mean(-1, { keepdims: true });
    return centred
      .mul(np.reciprocal(np.sqrt(variance.add(1e-5))))
      .mul(scale)
      .add(shift);
  };
  const gelu = (x: Arr) => {
    const cube = x.ref.mul(x.ref).mul(x.ref).mul(0.044715);
    const inner = np.tanh(x.ref.add(cube).mul(Math.sqrt(2 / Math.PI)));
    return x.mul(0.5).mul(inner.add(1));
  };
  const logits = (w: Weights, tokens: Arr) => {
    const weight = (name: string) => w[`gpt/${name}`]!.ref;
    const mask = np.array(future, { shape: [context, context] });
    // As a product: the gradient of `take` cannot be compiled ("routine primitive scatter input is not imm").
    const chosen = nn.oneHot(tokens.reshape([batch * context]), vocabulary);
    let h = np.matmul(chosen, weight("tokens")).reshape([batch, context, width]).add(weight("positions"));
    for (let layer = 0; layer < layers; layer++) {
      const of = (name: string) => weight(`${layer}/${name}`);
      const a = normalize(h.ref, of("scale1"), of("shift1")).reshape(rows);
      const qkv = np.matmul(a, of("qkv")).reshape([batch, context, 3, heads, width / heads]);
      const parts = np.split(qkv.transpose([2, 0, 3, 1, 4]), 3, 0);
      const [q, k, v] = parts.map((part) => part.reshape([batch, heads, context, width / heads])) as [Arr, Arr, Arr];
      const scores = np
        .matmul(q, k.transpose([0, 1, 3, 2]))
        .div(Math.sqrt(width / heads))
        .add(mask.ref);
      const mixed = np.matmul(nn.softmax(scores), v).transpose([0, 2, 1, 3]).reshape(rows);
      h = h.add(np.matmul(mixed, of("out")).reshape([batch, context, width]));
      const b = normalize(h.ref, of("scale2"), of("shift2")).reshape(rows);
      h = h.add(np.matmul(gelu(np.matmul(b, of("up"))), of("down")).reshape([batch, context, width]));
    }
    mask.dispose();
    return np.matmul(h.reshape(rows), weight("tokens").transpose());
  };
  const loss = (w: Weights, x: Arr, y: Arr) => {
    const likely = nn.logSoftmax(logits(w, x)).mul(nn.oneHot(y.reshape([batch * context]), vocabulary));
    for (const name of names) w[name]!.dispose();
    return likely.sum(-1).mean(0).neg();
  };
  const gradients = valueAndGrad(loss);

  const train = jit((state: State, x: Arr, y: Arr): [Arr, State] => {
    const [value, gradient] = gradients(refs(state.weights), x, y);
    const count = state.count.add(1);
    const correction1 = np.power(beta1, count.ref).mul(-1).add(1);
    const correction2 = np.power(beta2, count.ref).mul(-1).add(1);
    const next: State = { weights: {}, first: {}, second: {}, count };
    for (const name of names) {
      const g = gradient[name]!;
      const first = state.first[name]!.mul(beta1).add(g.ref.mul(1 - beta1));
      const second = state.second[name]!.mul(beta2).add(g.ref.mul(g).mul(1 - beta2));
      next.first[name] = first.ref;
      next.second[name] = second.ref;
      const change = first.div(correction1.ref).div(np.sqrt(second.div(correction2.ref)).add(epsilon));
      next.weights[name] = state.weights[name]!.sub(change.mul(rate));
    }
    correction1.dispose();
    correction2.dispose();
    return [value, next];
  });

  const zeros = () =>
    Object.fromEntries(
      names.map((name) => {
        const { shape } = problem.arrays[name]!;
        const length = shape.reduce((product, size) => product * size, 1);
        return [name, np.array(new Float32Array(length), { shape })];
      }),
    );
  let state: State = {
    weights: Object.fromEntries(names.map((name) => [name, arrayOf(problem, name)])),
    first: zeros(),
    second: zeros(),
    count: np.array(new Float32Array(1), { shape: [] }),
  };
  const data = Array.from({ length: problem.batches }, (_, i) => ({
    x: arrayOf(problem, `gpt-x-${i}`),
    y: arrayOf(problem, `gpt-y-${i}`),
  }));
  let at = 0;
  return async () => {
    const { x, y } = data[at++ % data.length]!;
    const [value, next] = train(state, x.ref, y.ref);
    state = next;
    await value.blockUntilReady();
    await next.weights["gpt/tokens"]!.blockUntilReady();
    return value.item();
  };
}

function refs(weights: Weights): Weights {
  return Object.fromEntries(Object.entries(weights).map(([name, weight]) => [name, weight.ref]));
}
