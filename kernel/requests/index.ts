/**
 * What the kernel does for each request of the protocol: the top of the I/O thread. Executions are queued and run one at a
 * time on the main thread; everything else is answered as it comes, also while a cell runs.
 */
export { Kernel } from "./kernel.ts";
