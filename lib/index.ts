/**
 * The training library: what `gradbook/lib` exports. It knows nothing of Jupyter; whoever runs it (a kernel, a terminal,
 * a test) is reached through `Host`. Imports run downwards (`engine` on the ground floor) and never to `kernel`.
 * No top-level await anywhere in this folder: `require("gradbook/lib")` must work, and `ready()` does the waiting.
 */
export {
  type Compiled,
  CompileError,
  type CompileOptions,
  type CompileStats,
  compile,
  type Device,
  device,
  type Precision,
  type ScanOptions,
  scan,
  type TraceStats,
  tf,
} from "./engine/index.ts";
export type { Host, HostComm, HostCommMessage, MimeBundle, Shown } from "./host.ts";
export { currentHost, installHost } from "./host.ts";
export { type ConsoleHostOptions, createConsoleHost } from "./host-console.ts";
export { ready } from "./ready.ts";
