/** The whole table, by group. */
import type { Case } from "./cases.ts";
import { compiling } from "./compiled.ts";
import { activations, arithmetic, broadcasting, creation, dtypes, logic } from "./elementwise.ts";
import { errors } from "./errors.ts";
import { gradients } from "./gradients.ts";
import { layers, optimizers, randomness, storage } from "./learning.ts";
import { convs, matmuls, pools } from "./products.ts";
import { indexing, layouts, reductions, softmaxes } from "./shapes.ts";

export type { BackendName, Case } from "./cases.ts";

export const conformance: Record<string, readonly Case[]> = {
  creation,
  arithmetic,
  activations,
  logic,
  broadcasting,
  dtypes,
  reductions,
  softmaxes,
  indexing,
  layouts,
  matmuls,
  convolutions: convs,
  pooling: pools,
  gradients,
  layers,
  optimizers,
  randomness,
  storage,
  compiling,
  errors,
};
