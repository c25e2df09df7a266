/** What kernel_info says (messaging spec, "Kernel info"). */

import type { KernelMessage } from "@jupyterlab/services";
import { type Content, protocolVersion } from "../wire/index.ts";

export function kernelInfo(version: string): KernelMessage.IInfoReply & Content {
  return {
    status: "ok",
    protocol_version: protocolVersion,
    implementation: "gradbook",
    implementation_version: version,
    language_info: {
      name: "typescript",
      version: process.versions.node,
      mimetype: "application/typescript",
      file_extension: ".ts",
      pygments_lexer: "typescript",
      codemirror_mode: "typescript",
      nbconvert_exporter: "script",
    },
    banner: `Gradbook ${version} · TypeScript on Node.js ${process.versions.node}`,
    debugger: false,
    supported_features: [],
    help_links: [
      { text: "TypeScript", url: "https://www.typescriptlang.org/docs/" },
      { text: "Node.js", url: "https://nodejs.org/docs/latest-v24.x/api/" },
      { text: "TensorFlow.js", url: "https://js.tensorflow.org/api/latest/" },
    ],
  };
}
