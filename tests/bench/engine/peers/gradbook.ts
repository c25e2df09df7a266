/** PROTOTYPE, until the engine is there. */
import { createRequire } from "node:module";
import util from "node:util";
import type * as tensorflow from "@tensorflow/tfjs";
import { tensorflowjsTasks } from "../tensorflowjs.ts";
import { serve } from "../worker.ts";

Object.assign(util, { isNullOrUndefined: (value: unknown) => value == null, isArray: Array.isArray });
const mode = process.env["GRADBOOK_BENCH_MODE"];
type F = (...t: tensorflow.Tensor[]) => tensorflow.Tensor;
if (process.env["GRADBOOK_TENSORFLOW"] === "off") {
  const { startEngine, tf: wasmTf } = await import("../../../../lib/engine/index.ts");
  await startEngine();
  await serve(
    "wasm",
    tensorflowjsTasks({
      tf: wasmTf as typeof tensorflow,
      wrap:
        (fn) =>
        (...t) =>
          wasmTf.tidy(() => fn(...t)),
      wrapModel: () => undefined,
    }),
  );
} else {
  process.env["TFJS_NODE_MODULES"] = "/tmp/p/node_modules";
  const e = createRequire("/tmp/p/x.js")("/tmp/p/eng.js") as {
    tf: typeof tensorflow;
    compile: (f: F, o: object) => F;
    compileModel: (m: object, o: object) => void;
  };
  const o = { xla: mode === "xla" };
  await serve(
    `prototype`,
    tensorflowjsTasks({
      tf: e.tf,
      wrap: (fn) => (mode === "eager" ? (...t) => e.tf.tidy(() => fn(...t)) : e.compile(fn, o)),
      wrapModel: (m) => {
        if (mode !== "eager") e.compileModel(m, o);
      },
    }),
  );
}
