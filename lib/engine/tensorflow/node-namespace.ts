/** The types of `tf.node`, in our words, so that an installed package needs no declarations of tfjs-node. */
import type { CustomCallback, InferenceModel, NamedTensorMap, Tensor, Tensor3D, Tensor4D } from "@tensorflow/tfjs";

/** A SavedModel that was loaded: `predict` runs its signature. Release it with `dispose`. */
export interface SavedModel extends InferenceModel {
  predict(inputs: Tensor | Tensor[] | NamedTensorMap): Tensor | Tensor[] | NamedTensorMap;
  dispose(): void;
}

/** Shapes, dtypes and names of a SavedModel's inputs and outputs, by tags and signature. */
export interface MetaGraph {
  tags: string[];
  signatureDefs: Record<
    string,
    {
      inputs: Record<string, { dtype: string; tfDtype: string; name: string; shape: (number | undefined)[] }>;
      outputs: Record<string, { dtype: string; tfDtype: string; name: string; shape: (number | undefined)[] }>;
    }
  >;
}

/** Writes files that TensorBoard reads. */
export interface SummaryFileWriter {
  scalar(name: string, value: Tensor | number, step: number, description?: string): void;
  histogram(name: string, data: Tensor, step: number, buckets?: number, description?: string): void;
  flush(): void;
}

/** `tf.node`: images, SavedModels and TensorBoard (https://js.tensorflow.org/api_node). Needs the backend `tensorflow`. */
export interface NodeNamespace {
  decodeImage(contents: Uint8Array, channels?: number, dtype?: string, expandAnimations?: boolean): Tensor3D | Tensor4D;
  decodeBmp(contents: Uint8Array, channels?: number): Tensor3D;
  decodeGif(contents: Uint8Array): Tensor4D;
  decodePng(contents: Uint8Array, channels?: number, dtype?: string): Tensor3D;
  decodeJpeg(
    contents: Uint8Array,
    channels?: number,
    ratio?: number,
    fancyUpscaling?: boolean,
    tryRecoverTruncated?: boolean,
    acceptableFraction?: number,
    dctMethod?: string,
  ): Tensor3D;
  encodeJpeg(
    image: Tensor3D,
    format?: "" | "grayscale" | "rgb",
    quality?: number,
    progressive?: boolean,
    optimizeSize?: boolean,
    chromaDownsampling?: boolean,
    densityUnit?: "in" | "cm",
    xDensity?: number,
    yDensity?: number,
    xmpMetadata?: string,
  ): Promise<Uint8Array>;
  encodePng(image: Tensor3D, compression?: number): Promise<Uint8Array>;
  summaryFileWriter(
    logdir: string,
    maxQueue?: number,
    flushMillis?: number,
    filenameSuffix?: string,
  ): SummaryFileWriter;
  tensorBoard(logdir?: string, options?: { updateFreq?: "batch" | "epoch"; histogramFreq?: number }): CustomCallback;
  loadSavedModel(folder: string, tags?: string[], signature?: string): Promise<SavedModel>;
  getMetaGraphsFromSavedModel(folder: string): Promise<MetaGraph[]>;
  getNumOfSavedModels(): number;
}
