/** The recurrent layers of TensorFlow.js as loops: what `call` of `tf.layers.lstm` and its kin does, without unrolling. */
import * as tf from "@tensorflow/tfjs";
import { dropout as drop } from "../compile/random.ts";
import { cellActivation } from "./activations.ts";
import { type Cell, gruCell, lstmCell, simpleCell } from "./cells.ts";
import { recurrence } from "./recurrence.ts";
import { scanTensors } from "./scan.ts";

/** A recurrent layer as it is at run time; its declarations keep half of this to themselves. */
export interface RecurrentLayer extends Omit<tf.RNN, "cell" | "states_" | "stateful"> {
  cell: RecurrentCell;
  stateful: boolean;
  states_: tf.Tensor[] | null;
}

interface Weight {
  read(): tf.Tensor;
}

interface Named {
  getClassName(): string;
}

/** Fields of the three standard cells; of other cells only `stateSize` and `call` can be relied on. */
export interface RecurrentCell extends Named {
  stateSize: number | number[];
  call(inputs: tf.Tensor[], options: { training: boolean | null | undefined }): tf.Tensor[];
  /** Of a stack of cells. */
  cells?: RecurrentCell[];
  kernel: Weight;
  recurrentKernel: Weight;
  bias: Weight | null;
  activation: Named;
  recurrentActivation: Named;
  dropout?: number;
  recurrentDropout?: number;
  dropoutFunc?: (x: tf.Tensor, rate: number) => tf.Tensor;
  dropoutMask?: tf.Tensor | tf.Tensor[] | null;
  recurrentDropoutMask?: tf.Tensor | tf.Tensor[] | null;
}

export interface CallOptions {
  mask?: tf.Tensor | null;
  training?: boolean | null;
  initialState?: tf.Tensor[] | null;
}

/** Whether the layer's cell has formulas of its own here, so that its loop can be a graph function also outside of traces. */
export function hasFormula(layer: RecurrentLayer, inputs: tf.Tensor | tf.Tensor[]): boolean {
  return only(inputs)?.rank === 3 && formulaOf(layer.cell) !== undefined;
}

/** Whether `callRecurrent` gives what the layer's own `call` would. */
export function canCall(layer: RecurrentLayer, inputs: tf.Tensor | tf.Tensor[], options: CallOptions | null): boolean {
  const input = only(inputs);
  if (layer.unroll || !input || input.rank < 3 || input.shape[1]! < 1) return false;
  if (options?.initialState && options.initialState.length !== sizesOf(layer.cell).length) return false;
  return (input.rank === 3 && formulaOf(layer.cell) !== undefined) || !drops(layer.cell, options?.training);
}

/**
 * The layer's `call`: `inputs` [N, T, ...] to the last output, all outputs [N, T, ...] for `returnSequences`, and the states after
 * them for `returnState`; a stateful layer keeps its states. Only for what `canCall` allows.
 */
export function callRecurrent(
  layer: RecurrentLayer,
  inputs: tf.Tensor | tf.Tensor[],
  options: CallOptions | null,
): tf.Tensor | tf.Tensor[] {
  return tf.tidy(() => {
    const input = only(inputs)!;
    const before = options?.initialState ?? (layer.stateful ? layer.states_! : zeroStates(layer, input));
    const sequence = timeMajor(layer, input);
    const mask = options?.mask ? timeMajor(layer, maskColumn(options.mask, input.rank)) : undefined;
    const training = options?.training ?? false;
    const formula = input.rank === 3 ? formulaOf(layer.cell) : undefined;
    const { output, states } = formula
      ? runFormula(layer, formula, sequence, before, mask, training)
      : runCell(layer, sequence, before, mask, training);
    if (layer.stateful) layer.resetStates(states, training);
    return layer.returnState ? [output, ...states] : output;
  });
}

interface Run {
  output: tf.Tensor;
  /** Empty where nobody wants them. */
  states: tf.Tensor[];
}

function runFormula(
  layer: RecurrentLayer,
  formula: Cell,
  sequence: tf.Tensor,
  states: tf.Tensor[],
  mask: tf.Tensor | undefined,
  training: boolean,
): Run {
  const { cell } = layer;
  const [length, rows, width] = sequence.shape as [number, number, number];
  // TensorFlow.js makes a mask for each gate and uses the first; a user's own dropout function is called as often.
  const masks = formula.gates;
  const inputMask = dropoutMask(cell, cell.dropout, [rows, width], masks, training);
  const stateMask = dropoutMask(cell, cell.recurrentDropout, states[0]!.shape, masks, training);
  const flat = tf.reshape(inputMask ? tf.mul(sequence, inputMask) : sequence, [length * rows, width]);
  const products = tf.matMul(flat as tf.Tensor2D, cell.kernel.read() as tf.Tensor2D);
  const sums = cell.bias ? tf.add(products, cell.bias.read()) : products;
  const wanted = {
    sequence: layer.returnSequences,
    states: layer.returnState || layer.stateful || !layer.returnSequences,
  };
  const inputs = {
    input: tf.reshape(sums, [length, rows, sums.shape[1]!]),
    kernel: cell.recurrentKernel.read(),
    states,
    mask,
    dropout: stateMask,
  };
  const result = recurrence(formula, inputs, wanted);
  return {
    output: layer.returnSequences ? swapLeading(result.sequence!) : result.states![0]!,
    states: result.states ?? [],
  };
}

/** Any cell: its `call` is the step. */
function runCell(
  layer: RecurrentLayer,
  sequence: tf.Tensor,
  initial: tf.Tensor[],
  mask: tf.Tensor | undefined,
  training: boolean,
): Run {
  return withOwnMasks(layer.cell, () => {
    const run = scanTensors(
      (states, [slice, here]) => {
        const [output, ...after] = layer.cell.call([slice!, ...states], { training }) as [tf.Tensor, ...tf.Tensor[]];
        if (!here) return { states: after, outputs: [output] };
        const rest = tf.sub(1, here);
        const choose = (a: tf.Tensor, b: tf.Tensor) => tf.add(tf.mul(a, here), tf.mul(b, rest));
        return {
          states: after.map((state, i) => choose(state, states[i]!)),
          outputs: [choose(output, states[0]!)],
        };
      },
      initial,
      mask ? [sequence, mask] : [sequence],
      { length: sequence.shape[0]! },
    );
    const outputs = run.outputs[0]!;
    const last = (): tf.Tensor => tf.squeeze(tf.slice(outputs, outputs.shape[0]! - 1, 1), [0]);
    return { output: layer.returnSequences ? swapLeading(outputs) : last(), states: run.states };
  });
}

/** The formulas of a standard cell with activations that have one; undefined for others, subclasses included. */
function formulaOf(cell: RecurrentCell): Cell | undefined {
  const kind = standardCells().get(cell.constructor);
  const output = kind && cellActivation(cell.activation.getClassName());
  if (!output) return undefined;
  if (kind === "simple") return simpleCell({ output });
  const recurrent = cellActivation(cell.recurrentActivation.getClassName());
  return recurrent && (kind === "lstm" ? lstmCell : gruCell)({ output, recurrent });
}

type Kind = "lstm" | "gru" | "simple";
let standard: Map<unknown, Kind> | undefined;

function standardCells(): Map<unknown, Kind> {
  standard ??= new Map<unknown, Kind>([
    [tf.layers.lstmCell({ units: 1 }).constructor, "lstm"],
    [tf.layers.gruCell({ units: 1 }).constructor, "gru"],
    [tf.layers.simpleRNNCell({ units: 1 }).constructor, "simple"],
  ]);
  return standard;
}

const isRate = (rate: number | undefined): rate is number => rate !== undefined && rate > 0 && rate < 1;

/** Whether a cell, or one of its cells, draws dropout masks of its own in its first step. */
function drops(cell: RecurrentCell, training: boolean | null | undefined): boolean {
  if (cell.cells) return cell.cells.some((each) => drops(each, training));
  return Boolean(training) && (isRate(cell.dropout) || isRate(cell.recurrentDropout));
}

function dropoutMask(
  { dropoutFunc }: RecurrentCell,
  rate: number | undefined,
  shape: number[],
  count: number,
  training: boolean,
): tf.Tensor | undefined {
  if (!training || !isRate(rate)) return undefined;
  if (!dropoutFunc) return drop(tf.ones(shape), rate);
  return Array.from({ length: count }, () => dropoutFunc(tf.ones(shape), rate))[0];
}

/** Cells keep the masks of their first step in fields; here those would be tensors of a trace. */
function withOwnMasks<T>(cell: RecurrentCell, work: () => T): T {
  const cells = cell.cells ?? [cell];
  const former = cells.map(({ dropoutMask, recurrentDropoutMask }) => ({ dropoutMask, recurrentDropoutMask }));
  try {
    return work();
  } finally {
    for (const [i, each] of cells.entries()) if ("dropoutMask" in each) Object.assign(each, former[i]);
  }
}

function sizesOf({ stateSize }: RecurrentCell): number[] {
  return Array.isArray(stateSize) ? stateSize : [stateSize];
}

/** TensorFlow.js sums zeros of the input's size to make those of the states; in a graph they would be a constant of that size. */
function zeroStates(layer: RecurrentLayer, input: tf.Tensor): tf.Tensor[] {
  if (input.rank !== 3) return layer.getInitialState(input);
  return sizesOf(layer.cell).map((size) => tf.zeros([input.shape[0]!, size]));
}

function only(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor | undefined {
  if (!Array.isArray(inputs)) return inputs;
  return inputs.length === 1 ? inputs[0] : undefined;
}

/** [N, T, ...] to [T, N, ...], from the last step to the first for `goBackwards`. */
function timeMajor(layer: RecurrentLayer, tensor: tf.Tensor): tf.Tensor {
  const swapped = swapLeading(tensor);
  return layer.goBackwards ? tf.reverse(swapped, 0) : swapped;
}

function swapLeading(tensor: tf.Tensor): tf.Tensor {
  return tf.transpose(tensor, [1, 0, ...Array.from({ length: tensor.rank - 2 }, (_, i) => i + 2)]);
}

/** A mask as zeros and ones, [N, T, 1, ...]. */
function maskColumn(mask: tf.Tensor, rank: number): tf.Tensor {
  const numbers = tf.cast(tf.cast(mask, "bool"), "float32");
  return numbers.rank === rank - 1 ? tf.expandDims(numbers, -1) : numbers;
}
