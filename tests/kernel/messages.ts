/** Messages of the Jupyter protocol (5.5) as tests read them, how they are signed, and where the sockets are. */
import { createHmac } from "node:crypto";

export interface ConnectionInfo {
  transport: "tcp" | "ipc";
  ip: string;
  shell_port: number;
  iopub_port: number;
  stdin_port: number;
  control_port: number;
  hb_port: number;
  signature_scheme: "hmac-sha256";
  key: string;
  kernel_name?: string;
}

export type Channel = "shell" | "control" | "stdin" | "iopub";

export interface Header {
  msg_id: string;
  msg_type: string;
  session: string;
  username: string;
  date: string;
  version: string;
}

/** Message content: the fields that tests read often are named, all others are unknown. */
export interface Content {
  [field: string]: unknown;
  status?: string;
  execution_state?: string;
  execution_count?: number | null;
  ename?: string;
  evalue?: string;
  traceback?: string[];
  name?: string;
  text?: string;
  code?: string;
  wait?: boolean;
  prompt?: string;
  password?: boolean;
  data?: Record<string, unknown>;
  metadata?: Record<string, unknown>;
  transient?: { display_id?: string };
  payload?: { source: string; data?: Record<string, unknown>; [field: string]: unknown }[];
  user_expressions?: Record<string, Content>;
  comm_id?: string;
  target_name?: string;
  comms?: Record<string, { target_name: string }>;
  matches?: string[];
  cursor_start?: number;
  cursor_end?: number;
  found?: boolean;
  indent?: string;
  history?: [session: number, line: number, input: string | [string, unknown]][];
}

export interface Message {
  channel: Channel;
  type: string;
  header: Header;
  parent: Partial<Header>;
  metadata: Record<string, unknown>;
  content: Content;
  buffers: Buffer[];
  /** The frames before the delimiter: the topic on iopub. */
  identities: Buffer[];
  /** `performance.now()` at arrival. */
  at: number;
}

export interface RequestOptions {
  buffers?: Uint8Array[];
  metadata?: Record<string, unknown>;
  /** Milliseconds to wait for the answer. */
  timeout?: number;
}

export interface ExecuteOptions extends RequestOptions {
  silent?: boolean;
  storeHistory?: boolean;
  stopOnError?: boolean;
  userExpressions?: Record<string, string>;
  /** Whether the cell may ask for input; true by default when `onInputRequest` is given. */
  allowStdin?: boolean;
  /** Answers input requests of this cell. */
  onInputRequest?: (content: Content) => string | undefined;
}

export interface ClientOptions {
  /** Awaited before each read from iopub: makes a slow reader. */
  beforeIopubRead?: () => Promise<void>;
  /** Messages that ZeroMQ keeps for this client on iopub; 0 (the default) is unlimited. */
  iopubHighWaterMark?: number;
}

export const delimiter = "<IDS|MSG>";
export function address(connection: ConnectionInfo, channel: Channel | "hb"): string {
  const port = connection[`${channel}_port`];
  return connection.transport === "ipc" ? `ipc://${connection.ip}-${port}` : `tcp://${connection.ip}:${port}`;
}

/** The signature of a message's four JSON frames: hex HMAC-SHA256, "" where the connection has no key. */
export function sign(key: string, frames: (Buffer | string)[]): string {
  if (key === "") return "";
  const hmac = createHmac("sha256", key);
  for (const frame of frames) hmac.update(frame);
  return hmac.digest("hex");
}
