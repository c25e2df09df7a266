/** Variables during a trace: read as inputs, assigned without changing them, made with a value that comes later. */
import * as tf from "@tensorflow/tfjs";
import type { BindingValues, NativeFunction, TensorMetadata } from "../tensorflow/binding.ts";
import { override } from "./override.ts";
import type { Trace } from "./trace.ts";
import { separate } from "./write-back.ts";

type Assign = (this: tf.Variable, value: tf.Tensor) => void;

/** A variable made inside the trace, whose first value a function computes once the trace is closed. */
interface NewVariable {
  variable: tf.Variable;
  /** Holds the symbolic first value. */
  value: tf.Tensor;
  /** Whether that value depends on other new variables. */
  dependent: boolean;
}

/** Functions that compute the first values of variables. To be run in order. */
export interface Initializer {
  variables: tf.Variable[];
  native: NativeFunction;
  /** For each capture the variable it is, if it is one. */
  captured: (tf.Variable | undefined)[];
}

export class VariablesInTrace {
  readonly #trace: Trace;
  readonly #byData = new Map<object, tf.Variable>();
  /** What holds the former value of each variable assigned. */
  readonly #assigned = new Map<tf.Variable, tf.Tensor>();
  readonly #new: NewVariable[] = [];
  #differentiated = false;
  /** Ids of values that depend on a new variable. */
  readonly #dependent = new Set<number>();
  readonly #assign = tf.Variable.prototype.assign as Assign;

  constructor(trace: Trace) {
    this.#trace = trace;
  }

  /**
   * Before the trace opens: makes the values of every variable its own, so that an id names one variable and a
   * tensor that once shared values with it (`w.clone()`) is told apart from it.
   */
  separate(): void {
    const { backend } = this.#trace;
    for (const variable of Object.values(tf.engine().registeredVariables)) {
      backend.idOf(variable);
      if (backend.tensorMap.get(variable.dataId).refCount > 1) separate(backend, variable);
      this.#byData.set(variable.dataId, variable);
    }
  }

  /** The variable whose value (at the start of the trace) the data id stands for. */
  ofData(dataId: object): tf.Variable | undefined {
    return this.#byData.get(dataId);
  }

  /** Variables that were assigned, in order of the first time. */
  get assigned(): tf.Variable[] {
    return [...this.#assigned.keys()];
  }

  /** Whether a gradient was asked for. */
  get differentiated(): boolean {
    return this.#differentiated;
  }

  install(): (() => void)[] {
    const engine = tf.engine();
    const { makeVariable, gradients } = engine;
    const log = this;
    return [
      override(tf.Variable.prototype, "assign", function (this: tf.Variable, value: tf.Tensor) {
        log.#record(this, value);
      }),
      override(engine, "makeVariable", (value: tf.Tensor, trainable?: boolean, name?: string, dtype?: tf.DataType) =>
        log.#make(value, dtype, (first) => makeVariable.call(engine, first, trainable, name)),
      ),
      override(engine, "gradients", (...args: Parameters<typeof gradients>) => {
        log.#differentiated = true;
        return gradients.apply(engine, args);
      }),
      override(engine, "disposeVariable", (variable: tf.Variable) => {
        throw log.#trace.error(
          `variable ${variable.name} was disposed while tracing. Variables live longer than a call: make and dispose them outside.`,
        );
      }),
    ];
  }

  /** Puts the values of assigned variables back. */
  restore(): void {
    for (const [variable, former] of this.#assigned) {
      this.#assign.call(variable, former);
      former.kept = false;
      former.dispose();
    }
    this.#assigned.clear();
  }

  /** Ops of the trace are followed from new variables on: a first value that depends on one must be computed after it. */
  follow(inputs: readonly number[], results: readonly TensorMetadata[]): void {
    if (this.#new.length === 0) return;
    const dependent = inputs.some((id) => this.#dependent.has(id));
    for (const { id } of results) {
      if (dependent) this.#dependent.add(id);
      else this.#dependent.delete(id);
    }
  }

  /** The id is used again, for a constant. */
  forget(id: number): void {
    this.#dependent.delete(id);
  }

  /** Call before the trace closes; what it gives is run after. */
  initializers(): Initializer[] {
    const groups: NewVariable[][] = [
      this.#new.filter(({ dependent }) => !dependent),
      ...this.#new.filter(({ dependent }) => dependent).map((item) => [item]),
    ];
    return groups
      .filter((group) => group.length > 0)
      .map((group) => {
        const native = this.#trace.build(this.#trace.inputIds(group.map(({ value }) => value)), false);
        return { variables: group.map(({ variable }) => variable), native, captured: this.captured(native) };
      });
  }

  /** For each capture of the function the variable it is, or undefined for a value that the function holds. */
  captured(native: NativeFunction): (tf.Variable | undefined)[] {
    const { tensorMap, binding } = this.#trace.backend;
    const byId = new Map<number, tf.Variable>();
    for (const [dataId, variable] of this.#byData) {
      if (tensorMap.has(dataId)) byId.set(tensorMap.get(dataId).id, variable);
    }
    return native.captures.map((id, index) => {
      const variable = byId.get(id);
      if (variable) binding.releaseCapture(native.id, index);
      return variable;
    });
  }

  #record(variable: tf.Variable, value: tf.Tensor): void {
    const trace = this.#trace;
    if (trace.nested) throw trace.error(`variable ${variable.name} was assigned inside the body of a loop.`);
    const fits = value.dtype === variable.dtype && tf.util.arraysEqual(value.shape, variable.shape);
    if (fits && !this.#assigned.has(variable)) this.#assigned.set(variable, this.#share(variable));
    this.#assign.call(variable, value);
  }

  /** Another tensor of the same data, which no scope disposes. Unlike `clone` it leaves no mark on a gradient's tape. */
  #share(tensor: tf.Tensor): tf.Tensor {
    const engine = tf.engine();
    engine.backend.incRef(tensor.dataId);
    const { dataId, shape, dtype } = tensor;
    const shared = engine.makeTensorFromTensorInfo({ dataId, shape: [...shape], dtype });
    shared.kept = true;
    return shared;
  }

  #make(value: tf.Tensor, dtype: tf.DataType | undefined, make: (first: tf.Tensor) => tf.Variable): tf.Variable {
    const trace = this.#trace;
    if (trace.nested) throw trace.error("a variable was made inside the body of a loop.");
    const initial = dtype != null && dtype !== value.dtype ? value.cast(dtype) : value;
    const known = trace.knownValues(initial.dataId);
    const symbolic = trace.isMade(initial) && !known;
    const { binding } = trace.backend;
    const number = trace.backend.tensorMap.get(initial.dataId).dtype;
    const id = !trace.isMade(initial)
      ? binding.copyTensor(trace.backend.idOf(initial))
      : binding.createTensorEager(initial.shape, number, known ?? blank(initial));
    const first = this.#concrete(id, initial);
    const variable = make(first);
    first.dispose();
    this.#byData.set(variable.dataId, variable);
    if (symbolic) {
      const dependent = this.#dependent.has(trace.inputIds([initial])[0]!);
      this.#new.push({ variable, value: this.#share(initial), dependent });
      this.#dependent.add(id);
    }
    return variable;
  }

  #concrete(id: number, { shape, dtype }: tf.Tensor): tf.Tensor {
    return this.#trace.backend.concrete(id, shape, dtype) as tf.Tensor;
  }
}

/** Values that stand in until the first ones are computed. */
function blank({ dtype, size }: tf.Tensor): BindingValues {
  if (dtype === "string") return Array.from({ length: size }, () => new Uint8Array());
  if (dtype === "complex64") return new Float32Array(2 * size);
  return dtype === "float32" ? new Float32Array(size) : dtype === "int32" ? new Int32Array(size) : new Uint8Array(size);
}
