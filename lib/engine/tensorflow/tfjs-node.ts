/**
 * The genuine tfjs-node, without its binary: its backend, kernels, `tf.node`, file handlers and progress bar. Everything that the
 * engine takes from that package comes through this file, which the build bundles: its install script must not run on users' machines.
 */
import { createRequire } from "node:module";
import type { KernelBackend, Tensor, TensorInfo } from "@tensorflow/tfjs";
import * as tf from "@tensorflow/tfjs";
import { ProgbarLogger } from "@tensorflow/tfjs-node-gpu/dist/callbacks.js";
import { NodeFileSystem, nodeFileSystemRouter } from "@tensorflow/tfjs-node-gpu/dist/io/file_system.js";
import { nodeHTTPRequest as tfjsNodeHTTPRequest } from "@tensorflow/tfjs-node-gpu/dist/io/node_http.js";
import { node as tfjsNode } from "@tensorflow/tfjs-node-gpu/dist/node.js";
import { NodeJSKernelBackend } from "@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js";
import * as allKernels from "@tensorflow/tfjs-node-gpu/dist/register_all_kernels.js";
import type { Binding, BindingValues, OpAttribute, TensorMetadata } from "./binding.ts";
import type { NodeNamespace } from "./node-namespace.ts";
import type { TensorRecord } from "./trace-hooks.ts";

// Loading it registers tfjs-node's kernels. An import without a name would be in our declarations too, for users to resolve.
void allKernels;

/** tfjs-node's backend as it is at run time; its declarations call half of this private. */
export interface NodeBackend extends KernelBackend {
  readonly binding: Binding;
  readonly tensorMap: tf.DataStorage<TensorRecord>;
  getDTypeInteger(dtype: tf.DataType): number;
  createOutputTensor(metadata: TensorMetadata): Tensor;
  getInputTensorIds(tensors: readonly TensorInfo[]): number[];
  executeSingleOutput(name: string, attributes: OpAttribute[], inputs: readonly TensorInfo[]): Tensor;
  executeMultipleOutputs(
    name: string,
    attributes: OpAttribute[],
    inputs: readonly TensorInfo[],
    outputs: number,
  ): Tensor[];
  getMappedInputTensorIds(
    inputs: readonly TensorInfo[],
    infos: readonly { name: string; tfDtype?: string }[],
  ): { tensorIds: number[]; newTensors: number[] };
  runSavedModel(
    id: number,
    inputs: readonly TensorInfo[],
    infos: readonly { name: string; tfDtype?: string }[],
    outputNames: readonly string[],
  ): Tensor[];
  readSync(dataId: object): never;
  read(dataId: object): Promise<never>;
  move(dataId: object, values: BindingValues | null, shape: number[], dtype: tf.DataType, refCount: number): void;
  write(values: BindingValues | null, shape: number[], dtype: tf.DataType): object;
  disposeData(dataId: object, force?: boolean): boolean;
  memory(): { unreliable: boolean };
}

/** The class to extend. `packageName` is only compared with tfjs-node-gpu's. */
export const NodeBackendBase = NodeJSKernelBackend as unknown as new (
  binding: Binding,
  packageName: string,
) => NodeBackend;

/** `tf.node`. */
export const node = tfjsNode as unknown as NodeNamespace;

/** `tf.io.fileSystem` and the like of tfjs-node. */
export const fileSystem = (path: string | string[]): tf.io.IOHandler => new NodeFileSystem(path) as tf.io.IOHandler;

/** The older name that tfjs-node has for `tf.io.http`. */
export const nodeHTTPRequest = tfjsNodeHTTPRequest as unknown as (
  path: string,
  requestInit?: RequestInit,
  weightPathPrefix?: string,
) => tf.io.IOHandler;

/** Registers what tfjs-node registers when it is imported: `file://` addresses, and the progress bar of `fit({ verbose: 1 })`. */
export function registerHandlers(): void {
  const router = nodeFileSystemRouter as unknown as Parameters<typeof tf.io.registerLoadRouter>[0];
  tf.io.registerLoadRouter(router);
  tf.io.registerSaveRouter(router);
  tf.registerCallbackConstructor(1, ProgbarLogger as unknown as Parameters<typeof tf.registerCallbackConstructor>[1]);
}

/**
 * tfjs-node calls two functions of `util` that Node has deprecated and, from 23 on, removed. They are put back, without the
 * warning of the one that Node 24 still has.
 */
export function restoreUtil(): void {
  const util = createRequire(import.meta.url)("node:util") as Record<string, unknown>;
  util["isNullOrUndefined"] = (value: unknown) => value === null || value === undefined;
  util["isArray"] = Array.isArray;
}
