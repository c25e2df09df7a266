/**
 * Random ops that draw anew at every call of a compiled function. TensorFlow.js draws in JavaScript, so that a trace would hold the numbers
 * of its own time for ever; under a trace these functions become TensorFlow's stateless ops on the seed of the call. Outside of
 * a trace, and with a seed of the user's own, they are TensorFlow.js's functions: a seed means the same numbers at every call.
 */
import { createRequire } from "node:module";
import * as tf from "@tensorflow/tfjs";
import type { OpAttribute } from "../tensorflow/binding.ts";
import { currentTrace, type Trace } from "./trace.ts";

// The exports of TensorFlow.js's core that its own layers and other CommonJS packages look names up in.
const fromTfjs = createRequire(createRequire(import.meta.url).resolve("@tensorflow/tfjs/package.json"));
const core = fromTfjs("@tensorflow/tfjs-core") as Record<string, unknown>;

/** Where the stream of seeds stands. */
export interface RandomState {
  /** Integer, 0 to 2^31 - 1. Chosen anew in every process. */
  seed: number;
  /** Calls of compiled functions that drew, so far. */
  calls: number;
}

const state: RandomState = { seed: Math.floor(Math.random() * 2 ** 31), calls: 0 };

/** What the next compiled call will draw from. Kept and set again, it gives the same draws again. */
export function randomState(): RandomState {
  return { ...state };
}

/** Throws a RangeError for what is no pair of integers between 0 and 2^31 - 1. */
export function setRandomState({ seed, calls }: RandomState): void {
  for (const value of [seed, calls]) {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** 31)
      throw new RangeError(`A random state holds integers from 0 to 2^31 - 1, not ${value}.`);
  }
  Object.assign(state, { seed, calls });
}

/** The seed of the next call. */
export function nextSeed(): Int32Array {
  const seed = Int32Array.of(state.seed, state.calls);
  state.calls = (state.calls + 1) % 2 ** 31;
  return seed;
}

// Odd numbers far apart: draws of one call, and rounds of one loop, start from different seeds.
const betweenDraws = 0x01000193;
const betweenRounds = 0x2545f491;

/** int32 [2]: another one for each draw of the trace. */
function seedOfDraw(trace: Trace): tf.Tensor {
  const number = trace.draws++;
  const seed = tf.add(trace.feeds.seed, tf.tensor1d([Math.imul(number, betweenDraws), 0], "int32"));
  const round = trace.round();
  return round ? tf.add(seed, tf.mul(tf.cast(round, "int32"), tf.tensor1d([betweenRounds, 0], "int32"))) : seed;
}

function types(trace: Trace, named: Record<string, "float32" | "int32">): OpAttribute[] {
  const { binding } = trace.backend;
  return Object.entries(named).map(([name, dtype]) => ({
    name,
    type: binding.TF_ATTR_TYPE,
    value: dtype === "int32" ? binding.TF_INT32 : binding.TF_FLOAT,
  }));
}

function draw(trace: Trace, op: string, shape: readonly number[], ...parameters: tf.Tensor[]): tf.Tensor {
  tf.util.assertNonNegativeIntegerDimensions([...shape]);
  const attributes = types(trace, { dtype: "float32", T: "int32", Tseed: "int32" });
  return trace.op(op, attributes, [tf.tensor1d([...shape], "int32"), seedOfDraw(trace), ...parameters]);
}

type Shape = number[];

/** Uniform in [low, high). `bool` and `int32` cut the fraction off, as TensorFlow.js does. */
function uniform(trace: Trace, shape: Shape, low: number, high: number, dtype: tf.DataType): tf.Tensor {
  const values = tf.add(tf.mul(draw(trace, "StatelessRandomUniform", shape), high - low), low);
  if (dtype === "float32") return values;
  if (dtype !== "int32" && dtype !== "bool") throw new Error(`randomUniform has no dtype ${dtype}.`);
  return tf.cast(tf.cast(values, "int32"), dtype);
}

function normal(op: string, name: string) {
  return (trace: Trace, shape: Shape, mean: number, deviation: number, dtype: tf.DataType): tf.Tensor => {
    if (dtype !== "float32" && dtype !== "int32") throw new Error(`${name} has no dtype ${dtype}.`);
    const values = tf.add(tf.mul(draw(trace, op, shape), deviation), mean);
    return dtype === "int32" ? tf.cast(tf.round(values), "int32") : values;
  };
}

const drawNormal = normal("StatelessRandomNormal", "randomNormal");
const drawTruncated = normal("StatelessTruncatedNormal", "truncatedNormal");

/** The trace that has to draw: none outside of traces, and none for a seed of the user's own. */
function drawingTrace(seed: unknown): Trace | undefined {
  return seed === undefined || seed === null ? currentTrace() : undefined;
}

export const randomUniform = ((shape: Shape, minval = 0, maxval = 1, dtype: tf.DataType = "float32", seed?: number) => {
  const trace = drawingTrace(seed);
  if (!trace) return originals.randomUniform(shape as never, minval, maxval, dtype, seed);
  return tf.tidy(() => uniform(trace, shape, minval, maxval, dtype));
}) as typeof tf.randomUniform;

export const randomUniformInt: typeof tf.randomUniformInt = (shape, minval, maxval, seed) =>
  drawingTrace(seed)
    ? randomUniform(shape, minval, maxval, "int32")
    : originals.randomUniformInt(shape, minval, maxval, seed);

export const randomNormal = ((shape: Shape, mean = 0, stdDev = 1, dtype?: "float32" | "int32", seed?: number) => {
  const trace = drawingTrace(seed);
  if (!trace) return originals.randomNormal(shape as never, mean, stdDev, dtype, seed);
  return tf.tidy(() => drawNormal(trace, shape, mean, stdDev, dtype ?? "float32"));
}) as typeof tf.randomNormal;

export const randomStandardNormal: typeof tf.randomStandardNormal = (shape, dtype, seed) =>
  drawingTrace(seed) ? randomNormal(shape, 0, 1, dtype) : originals.randomStandardNormal(shape, dtype, seed);

export const truncatedNormal = ((shape: Shape, mean = 0, stdDev = 1, dtype?: "float32" | "int32", seed?: number) => {
  const trace = drawingTrace(seed);
  if (!trace) return originals.truncatedNormal(shape as never, mean, stdDev, dtype, seed);
  return tf.tidy(() => drawTruncated(trace, shape, mean, stdDev, dtype ?? "float32"));
}) as typeof tf.truncatedNormal;

/** `beta` multiplies, whatever TensorFlow.js's documentation calls it. */
export const randomGamma = ((
  shape: Shape,
  alpha: number,
  beta = 1,
  dtype: "float32" | "int32" = "float32",
  seed?: number,
) => {
  const trace = drawingTrace(seed);
  if (!trace) return originals.randomGamma(shape as never, alpha, beta, dtype, seed);
  return tf.tidy(() => {
    const drawn = tf.mul(draw(trace, "StatelessRandomGammaV2", shape, tf.scalar(alpha)), beta ?? 1);
    return dtype === "int32" ? tf.cast(tf.round(drawn), "int32") : drawn;
  });
}) as typeof tf.randomGamma;

export const multinomial: typeof tf.multinomial = (logits, numSamples, seed, normalized = false) => {
  const trace = drawingTrace(seed || undefined);
  if (!trace) return originals.multinomial(logits, numSamples, seed, normalized);
  const drawn = tf.tidy(() => {
    const scores = tf.cast(logits as tf.Tensor, "float32");
    const rows = scores.rank === 1 ? tf.reshape(scores, [1, -1]) : scores;
    const attributes = types(trace, { T: "float32", Tseed: "int32", output_dtype: "int32" });
    const inputs = [normalized ? tf.log(rows) : rows, tf.scalar(numSamples, "int32"), seedOfDraw(trace)];
    const classes = trace.op("StatelessMultinomial", attributes, inputs);
    return scores.rank === 1 ? tf.reshape(classes, [classes.size]) : classes;
  });
  return drawn as ReturnType<typeof tf.multinomial>;
};

export const dropout: typeof tf.dropout = (x, rate, noiseShape, seed) => {
  if (!drawingTrace(seed) || rate === 0) return originals.dropout(x, rate, noiseShape, seed);
  if (!(rate >= 0 && rate < 1)) throw new Error(`rate must be a float in the range [0, 1), but got ${rate}.`);
  return tf.tidy(() => {
    const input = tf.cast(x as tf.Tensor, "float32");
    const shape = input.shape.map((size, axis) => noiseShape?.[axis] ?? size);
    const keep = 1 - rate;
    return tf.mul(input, tf.div(tf.floor(tf.add(randomUniform(shape), keep)), keep));
  });
};

/** Numbers of the user's own making cannot be made anew by the graph. */
export const rand: typeof tf.rand = (shape, randFunction, dtype) => {
  const trace = currentTrace();
  if (trace)
    throw trace.error(
      "tf.rand() calls a JavaScript function, whose numbers would be frozen into the compiled function. Use tf.randomUniform or tf.randomNormal, or pass the numbers in as a tensor.",
    );
  return originals.rand(shape, randFunction, dtype);
};

const replaced = {
  randomUniform,
  randomUniformInt,
  randomNormal,
  randomStandardNormal,
  truncatedNormal,
  randomGamma,
  multinomial,
  dropout,
  rand,
};

const original = Symbol.for("gradbook.original");
type Replaceable = ((...args: never[]) => unknown) & { [original]?: unknown };

/** Puts them where `tf.layers` and others look, and remembers what was there; where this file was loaded before, what was there at first. */
function install(): typeof replaced {
  const found = Object.entries(replaced).map(([name, replacement]) => {
    const there = core[name] as Replaceable;
    const first = there[original] ?? there;
    Object.defineProperty(replacement, original, { value: first });
    core[name] = replacement;
    return [name, first];
  });
  return Object.fromEntries(found) as typeof replaced;
}

const originals = install();
