/**
 * What is computed: the sizes, and the weights and data that every contestant starts from. They are drawn here once, from a
 * seed, and given to the contestants (JavaScript and Python) as one file of numbers and one of shapes.
 */
import { readFileSync, writeFileSync } from "node:fs";

export interface Sizes {
  gpt: { vocabulary: number; width: number; context: number; batch: number; heads: number; layers: number };
  lstm: { vocabulary: number; embedding: number; units: number; sequence: number; batch: number };
  matmul: number[];
  /** How many small ops or calls are one timed step. */
  calls: number;
}

export const fullSizes: Sizes = {
  gpt: { vocabulary: 1024, width: 256, context: 128, batch: 8, heads: 4, layers: 4 },
  lstm: { vocabulary: 10_000, embedding: 256, units: 128, sequence: 20, batch: 64 },
  matmul: [256, 512, 1024, 2048, 4096],
  calls: 1000,
};

/** Sizes that only show that everything works. */
export const tinySizes: Sizes = {
  gpt: { vocabulary: 32, width: 16, context: 8, batch: 2, heads: 2, layers: 1 },
  lstm: { vocabulary: 50, embedding: 8, units: 8, sequence: 4, batch: 4 },
  matmul: [16],
  calls: 10,
};

/** Batches of data; step i trains on batch i modulo their number. */
export const batches = 4;
/** Adam as TensorFlow.js has it: the step divides by the root of the corrected second moment plus epsilon. */
export const adam = { rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };

export interface ArrayInfo {
  shape: number[];
  dtype: "float32" | "int32";
  /** In numbers of four bytes from the start of the data file. */
  offset: number;
}

/** The file of shapes. Names: `gpt/...` and `lstm/...` for weights, `gpt-x-0`, `gpt-y-0`, `lstm-x-0`, ... for data. */
export interface Problem {
  sizes: Sizes;
  batches: number;
  adam: typeof adam;
  arrays: Record<string, ArrayInfo>;
}

export interface Loaded extends Problem {
  values(name: string): Float32Array | Int32Array;
}

/** Writes `problem.json` and `problem.bin` into the folder. */
export function writeProblem(folder: string, sizes: Sizes): void {
  const random = lehmer(20_240_229);
  const parts: (Float32Array | Int32Array)[] = [];
  const arrays: Record<string, ArrayInfo> = {};
  let offset = 0;
  const add = (name: string, shape: number[], dtype: ArrayInfo["dtype"], draw: () => number) => {
    const length = shape.reduce((product, size) => product * size, 1);
    const values = dtype === "int32" ? new Int32Array(length) : new Float32Array(length);
    for (let i = 0; i < length; i++) values[i] = draw();
    parts.push(values);
    arrays[name] = { shape, dtype, offset };
    offset += length;
  };
  const weight = (name: string, shape: number[], draw: () => number) => add(name, shape, "float32", draw);
  const normal = (deviation: number) => () =>
    deviation * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const uniform = (limit: number) => () => limit * (2 * random() - 1);
  const constant = (value: number) => () => value;

  const { vocabulary, width, context, batch, layers } = sizes.gpt;
  weight("gpt/tokens", [vocabulary, width], normal(0.02));
  weight("gpt/positions", [context, width], normal(0.02));
  for (let layer = 0; layer < layers; layer++) {
    const at = `gpt/${layer}/`;
    weight(`${at}scale1`, [width], constant(1));
    weight(`${at}shift1`, [width], constant(0));
    weight(`${at}qkv`, [width, 3 * width], normal(0.02));
    weight(`${at}out`, [width, width], normal(0.02));
    weight(`${at}scale2`, [width], constant(1));
    weight(`${at}shift2`, [width], constant(0));
    weight(`${at}up`, [width, 4 * width], normal(0.02));
    weight(`${at}down`, [4 * width, width], normal(0.02));
  }
  const lstm = sizes.lstm;
  const gates = 4 * lstm.units;
  const glorot = (a: number, b: number) => uniform(Math.sqrt(6 / (a + b)));
  weight("lstm/embedding", [lstm.vocabulary, lstm.embedding], uniform(0.05));
  weight("lstm/kernel", [lstm.embedding, gates], glorot(lstm.embedding, gates));
  weight("lstm/recurrent", [lstm.units, gates], glorot(lstm.units, gates));
  // Gates in the order input, forget, cell, output; the forget gate starts open, as Keras has it.
  let at = 0;
  weight("lstm/bias", [gates], () => (Math.floor(at++ / lstm.units) === 1 ? 1 : 0));
  weight("lstm/dense", [lstm.units, lstm.vocabulary], glorot(lstm.units, lstm.vocabulary));
  weight("lstm/denseBias", [lstm.vocabulary], constant(0));
  for (let i = 0; i < batches; i++) {
    for (const side of ["x", "y"]) {
      add(`gpt-${side}-${i}`, [batch, context], "int32", () => Math.floor(random() * vocabulary));
      add(`lstm-${side}-${i}`, [lstm.batch, lstm.sequence], "int32", () => Math.floor(random() * lstm.vocabulary));
    }
  }
  writeFileSync(`${folder}/problem.json`, JSON.stringify({ sizes, batches, adam, arrays } satisfies Problem));
  writeFileSync(`${folder}/problem.bin`, Buffer.concat(parts.map((part) => new Uint8Array(part.buffer))));
}

export function readProblem(folder: string): Loaded {
  const problem = JSON.parse(readFileSync(`${folder}/problem.json`, "utf8")) as Problem;
  const bytes = readFileSync(`${folder}/problem.bin`);
  const { buffer } = new Uint8Array(bytes);
  return {
    ...problem,
    values(name) {
      const info = problem.arrays[name];
      if (!info) throw new Error(`The problem has no array "${name}".`);
      const length = info.shape.reduce((product, size) => product * size, 1);
      const kind = info.dtype === "int32" ? Int32Array : Float32Array;
      return new kind(buffer, info.offset * 4, length).slice();
    },
  };
}

/** How many products of two n x n matrices are one step: about the work of one 1024 x 1024 product, at least one. */
export function productsPerStep(size: number): number {
  return Math.max(1, Math.min(64, Math.round((1024 / size) ** 3)));
}

/** Lehmer's generator with modulus 2^31 - 1: uniform in [0, 1). */
function lehmer(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return (state - 1) / 2_147_483_646;
  };
}
