/** Our engine, eager or compiled as GRADBOOK_BENCH_MODE says; on the WebAssembly backend where GRADBOOK_TENSORFLOW is "off". */
import * as tfjs from "@tensorflow/tfjs";
import { compile, startEngine } from "../../../../lib/engine/index.ts";
import { tensorflowjsTasks } from "../tensorflowjs.ts";
import { serve } from "../worker.ts";

const mode = process.env["GRADBOOK_BENCH_MODE"];
const wanted = process.env["GRADBOOK_TENSORFLOW"] === "off" ? "wasm" : "tensorflow";
await startEngine();
if (tfjs.getBackend() !== wanted) throw new Error(`The backend "${wanted}" does not start; run "npm run setup" first.`);
const options = { xla: mode === "xla" };
await serve(
  tfjs.version.tfjs,
  tensorflowjsTasks({
    tf: tfjs,
    wrap: (fn) =>
      mode === "eager"
        ? (...tensors) => tfjs.tidy(() => fn(...tensors))
        : compile((...tensors: tfjs.Tensor[]) => fn(...tensors), options),
    wrapModel: (model) => {
      if (mode !== "eager") compile.model(model, options);
    },
  }),
);
