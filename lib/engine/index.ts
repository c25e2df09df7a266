/**
 * The engine: TensorFlow.js as the API, with the backends that run it. Lives here: starting a backend, what a backend
 * lacks, `compile`, who owns a tensor and how it shows itself. May not live here: layers, models, data, anything of Jupyter but
 * the display symbol. Importing loads TensorFlow.js synchronously; `startEngine` then starts a backend, which may take a turn or two.
 */
import { installCutOffRepair } from "./cut-off.ts";
import { installOwnership } from "./memory.ts";
import { installTensorDisplay } from "./tensor-display.ts";

installOwnership();
installCutOffRepair();
installTensorDisplay();

export { startEngine } from "./backends.ts";
export {
  type Compiled,
  CompileError,
  type CompileOptions,
  type CompileStats,
  compile,
  type Precision,
  type RandomState,
  randomState,
  setRandomState,
  type TraceStats,
} from "./compile/index.ts";
export { type Device, device } from "./device.ts";
export { type ScanOptions, scan } from "./recurrent/index.ts";
export * as tf from "./tf.ts";
