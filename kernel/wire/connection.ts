/** The connection file that Jupyter writes for each kernel (jupyter-client docs, "Connection files"). */
import { readFileSync } from "node:fs";

export interface Connection {
  transport: "tcp" | "ipc";
  ip: string;
  key: string;
  signatureScheme: string;
  ports: Record<Channel, number>;
}

export type Channel = "shell" | "control" | "stdin" | "iopub" | "hb";

const channels: readonly Channel[] = ["shell", "control", "stdin", "iopub", "hb"];

/** @throws Error that says what is wrong with the file */
export function readConnection(path: string): Connection {
  const file = readJson(path);
  const transport = file["transport"] ?? "tcp";
  if (transport !== "tcp" && transport !== "ipc")
    throw new Error(`${path}: transport is "${String(transport)}"; expected "tcp" or "ipc"`);
  const scheme = String(file["signature_scheme"] ?? "hmac-sha256");
  if (!/^hmac-[\w-]+$/.test(scheme))
    throw new Error(`${path}: signature_scheme is "${scheme}"; expected hmac-sha256 or another hmac- scheme`);
  const ports = {} as Record<Channel, number>;
  for (const channel of channels) {
    const port = file[`${channel}_port`];
    if (typeof port !== "number" || !Number.isInteger(port))
      throw new Error(`${path}: ${channel}_port is missing or not a number`);
    ports[channel] = port;
  }
  return {
    transport,
    ip: String(file["ip"] ?? "127.0.0.1"),
    key: String(file["key"] ?? ""),
    signatureScheme: scheme.slice("hmac-".length),
    ports,
  };
}

function readJson(path: string): Record<string, unknown> {
  const text = readFileSync(path, "utf8");
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new Error(`${path} is not a connection file: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Paths of the sockets' files, which ZeroMQ leaves behind; none for tcp. */
export function socketFiles({ transport, ip, ports }: Connection): string[] {
  return transport === "ipc" ? channels.map((channel) => `${ip}-${ports[channel]}`) : [];
}

/** The ZeroMQ address of a channel; for ipc the "ip" is a path prefix. */
export function address(connection: Connection, channel: Channel): string {
  const { transport, ip, ports } = connection;
  return transport === "tcp" ? `tcp://${ip}:${ports[channel]}` : `ipc://${ip}-${ports[channel]}`;
}
