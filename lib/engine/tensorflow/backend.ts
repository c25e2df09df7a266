/**
 * Backend `tensorflow`: tfjs-node's backend on our addon. Lives in this folder: the addon's interface, the backend, the kernels that
 * replace tfjs-node's. What differs from tfjs-node: a tensor that is lost is released when V8 collects it, and while `compile()` traces, hooks
 * stand between a kernel and the addon.
 */
import type { DataType, Tensor, TensorInfo } from "@tensorflow/tfjs";
import * as tf from "@tensorflow/tfjs";
import type { Binding, BindingValues, OpAttribute, TensorMetadata } from "./binding.ts";
import { NodeBackendBase } from "./tfjs-node.ts";
import { isTracer, refuseTracer, type TensorRecord, type TraceableBackend, type TraceHooks } from "./trace-hooks.ts";

/** An input that is no tensor of TensorFlow.js: tfjs-node's scalar of 64 bits. */
interface Int64Scalar {
  readonly valueArray: Int32Array;
}

export class TensorFlowBackend extends NodeBackendBase implements TraceableBackend {
  #hooks: TraceHooks | undefined;
  readonly #dtypes: ReadonlyMap<number, DataType>;
  readonly #int64Ids = new WeakMap<object, number>();
  /** What `tensorMap` holds, without its detour for tensors of other backends: it is asked for every input of every op. */
  readonly #records: WeakMap<object, TensorRecord>;

  constructor(binding: Binding) {
    super(binding, "gradbook");
    this.#records = (this.tensorMap as unknown as { data: WeakMap<object, TensorRecord> }).data;
    this.#dtypes = new Map<number, DataType>([
      [binding.TF_FLOAT, "float32"],
      [binding.TF_INT32, "int32"],
      [binding.TF_BOOL, "bool"],
      [binding.TF_COMPLEX64, "complex64"],
      [binding.TF_STRING, "string"],
      // TensorFlow.js has no such dtypes. Kernels pass int64 and handles of resources from op to op, under these names.
      [binding.TF_INT64, "int32"],
      [binding.TF_UINT8, "int32"],
      [binding.TF_RESOURCE, "string"],
      [binding.TF_VARIANT, "string"],
      [binding.TF_BFLOAT16, "float32"],
    ]);
  }

  /** Set from the first `traceBegin` to the last `traceEnd`: see `TraceHooks`. */
  setTraceHooks(hooks: TraceHooks | undefined): void {
    this.#hooks = hooks;
  }

  /** A tensor for what an op gave. `metadata` becomes its data id. */
  override createOutputTensor(metadata: TensorMetadata): Tensor {
    const { id, shape, dtype } = metadata;
    const record = { shape, dtype, id, values: null, refCount: 1 };
    this.tensorMap.set(metadata, record);
    this.#hooks?.created(metadata, record);
    const name = this.#dtypes.get(dtype);
    if (name === undefined) throw new Error(`TensorFlow.js has no dtype for TensorFlow's dtype number ${dtype}.`);
    return tf.engine().makeTensorFromTensorInfo({ dataId: metadata, shape, dtype: name });
  }

  /** A tensor of a concrete id, which it owns from then on. */
  concrete(id: number, shape: readonly number[], dtype: DataType): Tensor {
    const dataId = {};
    this.binding.own(dataId, id);
    const number = this.getDTypeInteger(dtype);
    const record = { shape: [...shape], dtype: number, id, values: null, refCount: 1, owned: true };
    this.tensorMap.set(dataId, record);
    return tf.engine().makeTensorFromTensorInfo({ dataId, shape: record.shape, dtype });
  }

  /**
   * Has the native tensor released as soon as V8 collects `dataId`, in the middle of a synchronous loop too. For tensors
   * that no scope will dispose: owning costs the garbage collector something.
   */
  ownData(dataId: object): void {
    const record = this.#records.get(dataId);
    if (record === undefined || record.owned || record.values !== null || record.trace !== undefined) return;
    this.binding.own(dataId, record.id);
    record.owned = true;
  }

  /** The id of a tensor with a value; uploads values that wait. Throws for a tensor that has none. */
  idOf({ dataId }: TensorInfo): number {
    const record = this.#records.get(dataId) ?? this.#missingRecord(dataId);
    if (record.values !== null) this.#upload(dataId, record, record.values);
    else if (record.trace !== undefined) refuseTracer(dataId);
    return record.id;
  }

  #upload(dataId: object, record: TensorRecord, values: BindingValues): void {
    if (isTracer(dataId)) refuseTracer(dataId);
    record.id = this.binding.createTensorEager(record.shape, record.dtype, values);
    record.values = null;
    this.binding.own(dataId, record.id);
    record.owned = true;
  }

  /** `get` of the map fetches values from the backend that has them; for a disposed tensor there is none. */
  #missingRecord(dataId: object): TensorRecord {
    const { tensorInfo } = (tf.engine() as unknown as { state: { tensorInfo: WeakMap<object, object> } }).state;
    if (isTracer(dataId) || !tensorInfo.has(dataId)) refuseTracer(dataId);
    return this.tensorMap.get(dataId);
  }

  override getInputTensorIds(inputs: readonly TensorInfo[]): number[] {
    if (this.#hooks) return this.#hooks.inputIds(inputs);
    const ids = new Array<number>(inputs.length);
    for (let i = 0; i < inputs.length; i++) {
      const input = inputs[i]!;
      const { valueArray } = input as unknown as Int64Scalar;
      ids[i] = valueArray ? this.#int64Id(input, valueArray) : this.idOf(input);
    }
    return ids;
  }

  #int64Id(scalar: object, values: Int32Array): number {
    let id = this.#int64Ids.get(scalar);
    if (id === undefined) {
      id = this.binding.createTensorEager([], this.binding.TF_INT64, values);
      this.binding.own(scalar, id);
      this.#int64Ids.set(scalar, id);
    }
    return id;
  }

  #execute(name: string, attributes: OpAttribute[], inputs: number[], outputs: number): TensorMetadata[] {
    if (this.#hooks) return this.#hooks.execute(name, attributes, inputs, outputs);
    return this.binding.executeOp(name, attributes, inputs, outputs);
  }

  override executeSingleOutput(name: string, attributes: OpAttribute[], inputs: readonly TensorInfo[]): Tensor {
    const made = this.#execute(name, attributes, this.getInputTensorIds(inputs), 1)[0]!;
    return this.createOutputTensor(made.dtype === this.binding.TF_UINT8 ? this.#cast(made, "int32") : made);
  }

  /** Decoded images are uint8. TensorFlow.js believes them to be int32, so they become that. */
  #cast(metadata: TensorMetadata, to: DataType | undefined): TensorMetadata {
    if (to === undefined) return metadata;
    const { TF_ATTR_TYPE, TF_ATTR_BOOL } = this.binding;
    const attributes = [
      { name: "SrcT", type: TF_ATTR_TYPE, value: metadata.dtype },
      { name: "DstT", type: TF_ATTR_TYPE, value: this.getDTypeInteger(to) },
      { name: "Truncate", type: TF_ATTR_BOOL, value: false },
    ];
    const cast = this.#execute("Cast", attributes, [metadata.id], 1)[0]!;
    this.binding.deleteTensor(metadata.id);
    return cast;
  }

  /** As tfjs-node's, with results of dtypes that TensorFlow.js lacks cast to int32 or float32. */
  override runSavedModel(
    id: number,
    inputs: readonly TensorInfo[],
    inputInfos: readonly { name: string; tfDtype?: string }[],
    outputNames: readonly string[],
  ): Tensor[] {
    const { tensorIds, newTensors } = this.getMappedInputTensorIds(inputs, inputInfos);
    const names = inputInfos.map(({ name }) => name).join(",");
    try {
      const outputs = this.binding.runSavedModel(id, tensorIds, names, outputNames.join(","));
      return outputs.map((output) => this.createOutputTensor(this.#cast(output, this.#nearest(output.dtype))));
    } finally {
      for (const index of newTensors) this.binding.deleteTensor(tensorIds[index]!);
    }
  }

  /** The dtype of TensorFlow.js that holds what a SavedModel gave. */
  #nearest(dtype: number): DataType | undefined {
    const { TF_UINT8, TF_INT64 } = this.binding;
    const [TF_DOUBLE, TF_HALF, TF_INT16, TF_INT8, TF_UINT16] = [2, 19, 5, 6, 17];
    if ([TF_UINT8, TF_INT64, TF_INT16, TF_INT8, TF_UINT16].includes(dtype)) return "int32";
    if ([TF_DOUBLE, TF_HALF, this.binding.TF_BFLOAT16].includes(dtype)) return "float32";
    return undefined;
  }

  override executeMultipleOutputs(
    name: string,
    attributes: OpAttribute[],
    inputs: readonly TensorInfo[],
    outputs: number,
  ): Tensor[] {
    const made = this.#execute(name, attributes, this.getInputTensorIds(inputs), outputs);
    return made.map((metadata) => this.createOutputTensor(metadata));
  }

  override move(
    dataId: object,
    values: BindingValues | null,
    shape: number[],
    dtype: DataType,
    refCount: number,
  ): void {
    super.move(dataId, values, shape, dtype, refCount);
    this.#hooks?.created(dataId, this.tensorMap.get(dataId));
  }

  override readSync(dataId: object): never {
    return this.#values(dataId) as never;
  }

  override async read(dataId: object): Promise<never> {
    return this.#values(dataId) as never;
  }

  #values(dataId: object): BindingValues {
    const known = this.#hooks?.read(dataId);
    if (known !== undefined) return known;
    if (isTracer(dataId)) refuseTracer(dataId);
    const record = this.#records.get(dataId) ?? this.#missingRecord(dataId);
    if (record.values !== null) return record.values;
    if (record.trace !== undefined) refuseTracer(dataId);
    return this.binding.tensorDataSync(record.id);
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: false };
  }
}
