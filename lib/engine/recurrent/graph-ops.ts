/** TensorFlow's ops for loops and calls inside a graph, written into the trace that is open. */
import * as tf from "@tensorflow/tfjs";
import { currentTrace, type Trace } from "../compile/trace.ts";
import type { NativeFunction, OpAttribute } from "../tensorflow/binding.ts";

/** A function in the graph's library. */
export interface GraphFunction {
  native: NativeFunction;
  /** Dtype numbers and shapes of what it returns. */
  results: { dtype: number; shape: number[] }[];
}

/** A list of tensors of one shape and dtype (TensorFlow's TensorList). It stands in a tensor, but only ops of this class can use it. */
export type List = tf.Tensor;

export class GraphOps {
  readonly #trace: Trace;

  constructor(trace: Trace) {
    this.#trace = trace;
  }

  /** Of the trace that is open, if one is. */
  static current(): GraphOps | undefined {
    const trace = currentTrace();
    return trace && new GraphOps(trace);
  }

  placeholder(dtype: tf.DataType, shape: readonly number[]): tf.Tensor {
    return this.#trace.placeholder(this.#number(dtype), shape);
  }

  listPlaceholder(): List {
    return this.#trace.placeholder(this.#trace.backend.binding.TF_VARIANT, []);
  }

  /** The entries of a tensor along its leading axis. */
  listOf(tensor: tf.Tensor): List {
    return this.#list("TensorListFromTensor", [tensor, this.#shape(tensor.shape.slice(1))], tensor.dtype);
  }

  emptyList(shape: readonly number[], dtype: tf.DataType, length: number): List {
    return this.#list("TensorListReserve", [this.#shape(shape), tf.scalar(length, "int32")], dtype);
  }

  listItem(list: List, index: tf.Tensor, shape: readonly number[], dtype: tf.DataType): tf.Tensor {
    return this.#one("TensorListGetItem", [list, index, this.#shape(shape)], [this.#type("element_dtype", dtype)]);
  }

  setListItem(list: List, index: tf.Tensor, item: tf.Tensor): List {
    return this.#one("TensorListSetItem", [list, index, item], [this.#type("element_dtype", item.dtype)]);
  }

  stack(list: List, shape: readonly number[], dtype: tf.DataType, length: number): tf.Tensor {
    const { binding } = this.#trace.backend;
    const count = { name: "num_elements", type: binding.TF_ATTR_INT, value: length };
    return this.#one("TensorListStack", [list, this.#shape(shape)], [this.#type("element_dtype", dtype), count]);
  }

  /** Traces a function: `work` makes its placeholders in order and returns its results. */
  function(work: () => tf.Tensor[]): GraphFunction {
    return this.#traced(work, (results) => this.#build(results));
  }

  /** Calls the function: `inputs` for its placeholders, `captured` (or the tensors themselves) for what it uses from outside. */
  call({ native, results }: GraphFunction, inputs: readonly tf.Tensor[], captured: readonly tf.Tensor[]): tf.Tensor[] {
    if (results.length === 0) return [];
    const { binding } = this.#trace.backend;
    const ids = this.#trace.inputIds([...inputs, ...captured]);
    // A plain call has results of unknown shapes. A condition that always holds says them, and costs nothing once it is compiled.
    const attributes = [
      { name: "Tcond", type: binding.TF_ATTR_TYPE, value: binding.TF_BOOL },
      { name: "Tin", type: binding.TF_ATTR_TYPE, value: this.#numbers(ids) },
      { name: "Tout", type: binding.TF_ATTR_TYPE, value: results.map(({ dtype }) => dtype) },
      { name: "then_branch", type: binding.TF_ATTR_FUNC, value: native.name },
      { name: "else_branch", type: binding.TF_ATTR_FUNC, value: native.name },
      { name: "output_shapes", type: binding.TF_ATTR_SHAPE, value: results.map(({ shape }) => shape) },
    ];
    const always = this.idOf(tf.scalar(true, "bool"));
    return this.#run(native.stateful ? "If" : "StatelessIf", [always, ...ids], attributes, results.length);
  }

  /** Traces the body of a loop: as `function`, with the counter as its first placeholder, and what it captures is handed from step to step as `while` wants it. */
  loopBody(length: number, work: (counter: tf.Tensor) => tf.Tensor[]): GraphFunction {
    const trace = this.#trace;
    const { binding } = trace.backend;
    const outer = trace.nested ? trace.round() : undefined;
    const body = (): tf.Tensor[] => {
      const counter = this.placeholder("int32", []);
      trace.setRound(outer ? tf.add(tf.mul(outer, tf.scalar(length, "int32")), counter) : counter);
      return work(counter);
    };
    return this.#traced(body, (results) => {
      const { captures, id } = trace.build(results, false);
      binding.deleteFunction(id);
      return this.#build([...results, ...captures]);
    });
  }

  /** Runs `body` as often as `length` says. Its first input is a counter from 0; returns what the last step returned. */
  while(body: GraphFunction, length: number, inputs: readonly tf.Tensor[]): tf.Tensor[] {
    const { binding } = this.#trace.backend;
    const ids = [...this.#trace.inputIds(inputs), ...body.native.captures];
    const condition = this.function(() => {
      const counter = this.placeholder("int32", []);
      for (const id of ids.slice(1)) {
        const { dtype, shape } = binding.metadata(id);
        this.#trace.placeholder(dtype, shape);
      }
      return [tf.less(counter, tf.scalar(length, "int32"))];
    });
    const attributes = [
      { name: "T", type: binding.TF_ATTR_TYPE, value: this.#numbers(ids) },
      { name: "cond", type: binding.TF_ATTR_FUNC, value: condition.native.name },
      { name: "body", type: binding.TF_ATTR_FUNC, value: body.native.name },
    ];
    return this.#run(body.native.stateful ? "While" : "StatelessWhile", ids, attributes, inputs.length);
  }

  /** A tensor of its own for a value that the binding knows by id. */
  tensorOf(id: number): tf.Tensor {
    const { binding } = this.#trace.backend;
    const type = { name: "T", type: binding.TF_ATTR_TYPE, value: binding.metadata(id).dtype };
    return this.#run("Identity", [id], [type], 1)[0]!;
  }

  idOf(tensor: tf.Tensor): number {
    return this.#trace.inputIds([tensor])[0]!;
  }

  traceOf(id: number): number {
    return this.#trace.backend.binding.traceOf(id);
  }

  /** Number of the innermost graph. */
  traceNumber(): number {
    return this.#trace.backend.binding.traceNumber();
  }

  /** Whether the tensor was made in the innermost graph. */
  isMadeHere({ dataId }: tf.Tensor): boolean {
    const { backend } = this.#trace;
    return backend.tensorMap.has(dataId) && backend.tensorMap.get(dataId).trace === this.traceNumber();
  }

  /** A function of the innermost graph as it is now. */
  build(results: readonly tf.Tensor[]): GraphFunction {
    const ids = this.#trace.inputIds(results);
    return { native: this.#build(ids), results: this.#metadata(ids) };
  }

  /** Another graph, inside the innermost, to be entered once and left at least once. */
  open(): { enter(): void; leave(): void } {
    let entered = false;
    return {
      enter: () => {
        this.#trace.enter();
        entered = true;
        // Gradients draw no random numbers; loops in them ask all the same.
        this.#trace.setRound(tf.scalar(0, "int32"));
      },
      leave: () => {
        if (entered) this.#trace.leave();
        entered = false;
      },
    };
  }

  #build(results: readonly number[]): NativeFunction {
    const { binding } = this.#trace.backend;
    const native = this.#trace.build(results, false);
    this.#trace.bodies.push(native.id);
    // Whoever calls it passes the captures on: it need not hold their values.
    for (const index of native.captures.keys()) binding.releaseCapture(native.id, index);
    return native;
  }

  #traced(work: () => tf.Tensor[], build: (results: number[]) => NativeFunction): GraphFunction {
    const trace = this.#trace;
    trace.enter();
    try {
      return tf.tidy(() => {
        const results = trace.inputIds(work());
        return { native: build(results), results: this.#metadata(results) } as GraphFunction & tf.TensorContainer;
      });
    } finally {
      trace.leave();
    }
  }

  #list(op: string, inputs: tf.Tensor[], dtype: tf.DataType): List {
    return this.#one(op, inputs, [this.#type("element_dtype", dtype), this.#type("shape_type", "int32")]);
  }

  #one(op: string, inputs: tf.Tensor[], attributes: OpAttribute[]): tf.Tensor {
    return this.#run(op, this.#trace.inputIds(inputs), attributes, 1)[0]!;
  }

  #run(op: string, ids: number[], attributes: OpAttribute[], outputs: number): tf.Tensor[] {
    const trace = this.#trace;
    return trace
      .execute(op, attributes, ids, outputs)
      .map((metadata) => trace.backend.createOutputTensor(metadata) as tf.Tensor);
  }

  #shape(shape: readonly number[]): tf.Tensor {
    return tf.tensor1d(shape as number[], "int32");
  }

  #type(name: string, dtype: tf.DataType): OpAttribute {
    return { name, type: this.#trace.backend.binding.TF_ATTR_TYPE, value: this.#number(dtype) };
  }

  #metadata(ids: readonly number[]): GraphFunction["results"] {
    return ids.map((id) => this.#trace.backend.binding.metadata(id));
  }

  /** Dtype numbers of ids. */
  #numbers(ids: readonly number[]): number[] {
    return ids.map((id) => this.#trace.backend.binding.metadata(id).dtype);
  }

  #number(dtype: tf.DataType): number {
    const { binding } = this.#trace.backend;
    const numbers: Partial<Record<tf.DataType, number>> = {
      float32: binding.TF_FLOAT,
      int32: binding.TF_INT32,
      bool: binding.TF_BOOL,
      complex64: binding.TF_COMPLEX64,
    };
    const number = numbers[dtype];
    if (number === undefined) throw new TypeError(`A loop cannot carry tensors of dtype ${dtype}.`);
    return number;
  }
}
