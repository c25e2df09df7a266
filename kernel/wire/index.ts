/**
 * The I/O thread: ZeroMQ sockets, signatures, message types, heartbeat, routing, history. It never runs user code and never
 * blocks, so it can answer while a cell does. It knows cells only as text in and messages out.
 * Not here: what values look like (display/), how a cell runs (cells/).
 */
export * from "./connection.ts";
export * from "./message.ts";
