/** TensorFlow.js's own package for Node, unmodified, on its own binding that bench:setup has compiled. */
import { createRequire } from "node:module";
import { join } from "node:path";
import util from "node:util";
import type * as tensorflow from "@tensorflow/tfjs";
import { tensorflowjsTasks } from "../tensorflowjs.ts";
import { serve } from "../worker.ts";

// Node 23 removed what its JavaScript calls.
Object.assign(util, { isNullOrUndefined: (value: unknown) => value == null, isArray: Array.isArray });
const peers = process.env["GRADBOOK_BENCH_ENGINE"] ?? "";
const require = createRequire(join(peers, "package.json"));
const tf = require("@tensorflow/tfjs-node") as typeof tensorflow;
const { version } = require("@tensorflow/tfjs-node/package.json") as { version: string };

await serve(
  version,
  tensorflowjsTasks({
    tf,
    wrap:
      (fn) =>
      (...tensors) =>
        tf.tidy(() => fn(...tensors)),
    wrapModel: () => undefined,
  }),
);
