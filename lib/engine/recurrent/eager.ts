/** Outside of compiled functions: loops as graph functions of TensorFlow's, kept for calls with the same shapes. */
import * as tf from "@tensorflow/tfjs";
import { type Compiled, compile } from "../compile/index.ts";
import { currentTrace, traceableBackend } from "../compile/trace.ts";
import { flatten, type Structured } from "./containers.ts";

/** So many graphs are kept; the one that was not used for longest goes first. */
const maxGraphs = 64;
const graphs = new Map<string, Compiled<[Structured], Structured>>();

/** Whether loops can run as graph functions now. */
export function canRunAsGraph(): boolean {
  return currentTrace() === undefined && traceableBackend() !== undefined;
}

/**
 * `run(inputs)`: as a graph function where that is possible, or else as it is. `key` says everything that the graph depends on besides
 * the shapes of the inputs; `run` may use no other tensors.
 */
export function asGraph<Input extends Structured, Result extends Structured>(
  key: string,
  inputs: Input,
  run: (inputs: Input) => Result,
): Result {
  if (!canRunAsGraph()) return run(inputs);
  const { tensors, build } = flatten(inputs, "the inputs");
  const whole = `${key} ${tensors.map(({ shape }) => shape.join("x")).join(" ")}`;
  const graph =
    graphs.get(whole) ??
    compile(run as unknown as (inputs: Structured) => Structured, { xla: false, name: key.split(" ", 1)[0]! });
  graphs.delete(whole);
  graphs.set(whole, graph);
  if (graphs.size > maxGraphs) forgetOldest();
  // A variable would be taken for a part of the graph.
  return graph(build(tensors.map((tensor) => (tensor instanceof tf.Variable ? tf.clone(tensor) : tensor)))) as Result;
}

function forgetOldest(): void {
  const [oldest, graph] = graphs.entries().next().value!;
  graph.dispose();
  graphs.delete(oldest);
}
