/**
 * The I/O thread: ZeroMQ sockets, signatures, message types, heartbeat, routing, history. It never runs user code and never
 * blocks, so it can answer while a cell does. It knows cells only as text in and messages out.
 * Not here: what values look like (display/), how a cell runs (cells/), what a request asks for (requests/). The main thread
 * imports only ring.ts, thread-messages.ts, connection.ts and children.ts of this room, because this file loads ZeroMQ.
 */
export { Children } from "./children.ts";
export { socketFiles } from "./connection.ts";
export { History } from "./history.ts";
export { Interrupter } from "./interrupter.ts";
export { Codec, type Header, type Message, protocolVersion } from "./message.ts";
export { NativeReader } from "./native-reader.ts";
export { Publisher } from "./publisher.ts";
export { RingPump } from "./ring-pump.ts";
export { Sockets } from "./sockets.ts";
export type {
  CellFailure,
  Content,
  ExecuteOutcome,
  FromMain,
  ToMain,
  WorkerGo,
  WorkerStart,
} from "./thread-messages.ts";
export { State } from "./thread-messages.ts";
