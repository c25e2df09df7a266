/**
 * The main thread of a kernel: cells are compiled here (by the I/O thread, which has the time), run, interrupted, and their
 * errors told. User code lives on this thread and may do anything to it, so everything here is written to survive that:
 * built-ins that matter are taken before the first cell, and nothing waits for a promise that a cell could keep.
 * Not here: sockets and the protocol's bookkeeping (wire/), how values look (display/).
 */
export { startCells } from "./start.ts";
