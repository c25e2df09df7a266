/**
 * `tf`: the API of TensorFlow.js (https://js.tensorflow.org/api), with what tfjs-node adds to it, and with random ops that
 * `compile()` can trace. A name exported here goes before the one of TensorFlow.js.
 */
import * as tfjs from "@tensorflow/tfjs";
import { startEngine } from "./backends.ts";
import { fileSystem, node, nodeHTTPRequest } from "./tensorflow/tfjs-node.ts";

export * from "@tensorflow/tfjs";
export {
  dropout,
  multinomial,
  rand,
  randomGamma,
  randomNormal,
  randomStandardNormal,
  randomUniform,
  randomUniformInt,
  truncatedNormal,
} from "./compile/random.ts";
export { node };

/** Waits for a backend; starts the best one that this machine has, when none was chosen. */
export async function ready(): Promise<void> {
  if (!tfjs.getBackend()) await startEngine();
  await tfjs.ready();
}

/**
 * `tf.io`, with what tfjs-node adds: `fileSystem(path)` for folders and files of this machine (`file://` addresses do the
 * same), and `nodeHTTPRequest`.
 */
export const io: typeof tfjs.io & { fileSystem: typeof fileSystem; nodeHTTPRequest: typeof nodeHTTPRequest } = {
  ...tfjs.io,
  fileSystem,
  nodeHTTPRequest,
};

// The types of the namespace.
export declare namespace io {
  export type IOHandler = tfjs.io.IOHandler;
  export type LoadHandler = tfjs.io.LoadHandler;
  export type LoadOptions = tfjs.io.LoadOptions;
  export type ModelArtifacts = tfjs.io.ModelArtifacts;
  export type ModelArtifactsInfo = tfjs.io.ModelArtifactsInfo;
  export type ModelJSON = tfjs.io.ModelJSON;
  export type ModelStoreManager = tfjs.io.ModelStoreManager;
  export type RequestDetails = tfjs.io.RequestDetails;
  export type SaveConfig = tfjs.io.SaveConfig;
  export type SaveHandler = tfjs.io.SaveHandler;
  export type SaveResult = tfjs.io.SaveResult;
  export type TrainingConfig = tfjs.io.TrainingConfig;
  export type WeightData = tfjs.io.WeightData;
  export type WeightGroup = tfjs.io.WeightGroup;
  export type WeightsManifestConfig = tfjs.io.WeightsManifestConfig;
  export type WeightsManifestEntry = tfjs.io.WeightsManifestEntry;
}
