/** Models of `tf.layers` that run by compiled functions. */
import * as tf from "@tensorflow/tfjs";
import { overrideProperty } from "./override.ts";
import type { CompileOptions } from "./program.ts";

type BatchFunction = (data: tf.Tensor[]) => tf.Tensor[];

/** The parts of a model that its types keep private. */
interface ModelInternals {
  /** Of a sequential model: the model that does its work, made anew when layers are added. */
  model?: ModelInternals;
  stateful: boolean;
  /** A new array whenever loss, metrics or optimizer are set. */
  lossFunctions: unknown;
  testFunction: BatchFunction;
  makeTrainFunction(): BatchFunction;
  makeTestFunction(): void;
  predictLoop(inputs: tf.Tensor | tf.Tensor[], batchSize?: number, verbose?: boolean): tf.Tensor | tf.Tensor[];
}

/** `compile` itself: given, because it is made of this file too. */
type Compile = <Args extends unknown[], Result>(
  fn: (...args: Args) => Result,
  options: CompileOptions,
) => (...args: Args) => Result;

const compiledModels = new WeakSet<object>();

export function compileModel<Model extends tf.LayersModel>(
  model: Model,
  options: CompileOptions,
  compile: Compile,
): Model {
  const internals = model as unknown as ModelInternals;
  if (internals.stateful)
    throw new Error(
      `compile.model(${model.name}): a recurrent layer with { stateful: true } keeps its state in JavaScript, where a compiled function cannot change it. Pass states as inputs, or compile your own training step.`,
    );
  const named = { ...options, name: options.name ?? model.name };
  if (!(model instanceof tf.Sequential)) {
    install(internals, named, compile);
    return model;
  }
  let inner = internals.model;
  if (inner) install(inner, named, compile);
  overrideProperty(internals, "model", {
    enumerable: true,
    get: () => inner,
    set: (made: ModelInternals | undefined) => {
      inner = made;
      if (made) install(made, named, compile);
    },
  });
  return model;
}

/** `fit` and others ask for their functions again each time; they get the compiled one until loss or optimizer change. */
function install(model: ModelInternals, options: CompileOptions & { name: string }, compile: Compile): void {
  if (compiledModels.has(model)) return;
  compiledModels.add(model);
  const { makeTrainFunction, makeTestFunction, predictLoop } = model;
  const step = (kind: string) => ({ ...options, name: `${options.name}.${kind}` });

  let train: { of: unknown; run: BatchFunction } | undefined;
  model.makeTrainFunction = function () {
    if (train?.of !== this.lossFunctions) {
      const run = compile(makeTrainFunction.call(this), step("train"));
      // `fit` ends its list with what is left out of sample weights, `trainOnBatch` does not.
      train = { of: this.lossFunctions, run: (data) => run(data.slice(0, data.findLastIndex(Boolean) + 1)) };
    }
    return train!.run;
  };

  let test: { of: unknown; run: BatchFunction } | undefined;
  model.makeTestFunction = function () {
    if (test?.of !== this.lossFunctions) {
      makeTestFunction.call(this);
      test = { of: this.lossFunctions, run: compile(this.testFunction, step("evaluate")) };
    }
    this.testFunction = test!.run;
  };

  const predict = compile(
    (inputs: tf.Tensor[]) => [predictLoop.call(model, inputs, inputs[0]!.shape[0])].flat(),
    step("predict"),
  );
  model.predictLoop = (inputs, batchSize = 32, verbose = false) => {
    if (verbose) return predictLoop.call(model, inputs, batchSize, verbose);
    return tf.tidy(() => {
      const all = [inputs].flat();
      const rows = all[0]!.shape[0]!;
      const batches: tf.Tensor[][] = [];
      for (let start = 0; start < rows; start += batchSize) {
        const size = Math.min(batchSize, rows - start);
        batches.push(predict(size === rows ? all : all.map((input) => sliceRows(input, start, size))));
      }
      const outputs = batches[0]!.map((_, i) =>
        tf.concat(
          batches.map((batch) => batch[i]!),
          0,
        ),
      );
      return outputs.length === 1 ? outputs[0]! : outputs;
    });
  };
}

function sliceRows(tensor: tf.Tensor, start: number, size: number): tf.Tensor {
  const rest = tensor.shape.slice(1);
  return tf.slice(tensor, [start, ...rest.map(() => 0)], [size, ...rest]);
}
