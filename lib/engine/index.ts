/**
 * The engine: TensorFlow.js as the API, with the backends that run it. Lives here: starting a backend, what a backend
 * lacks, how a tensor shows itself. May not live here: layers, models, data, anything of Jupyter but the display symbol.
 * Importing loads TensorFlow.js synchronously; `startEngine` then starts the WebAssembly backend, which is asynchronous.
 */
import { installTensorDisplay } from "./tensor-display.ts";

installTensorDisplay();

export * as tf from "@tensorflow/tfjs";
export { startEngine } from "./backends.ts";
export { type Device, device } from "./device.ts";
