/** Entry of the I/O thread: only switches the compile cache on, which must come before what is cached. */
import { enableCompileCache } from "node:module";

enableCompileCache();
await import("./io-thread.ts");
