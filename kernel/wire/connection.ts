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
  const file = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  const transport = file["transport"] ?? "tcp";
  if (transport !== "tcp" && transport !== "ipc") throw new Error(`${path}: transport is "${String(transport)}"; expected "tcp" or "ipc"`);
  const scheme = String(file["signature_scheme"] ?? "hmac-sha256");
  if (!/^hmac-[\w-]+$/.test(scheme)) throw new Error(`${path}: signature_scheme is "${scheme}"; expected hmac-sha256 or another hmac- scheme`);
  const ports = {} as Record<Channel, number>;
  for (const channel of channels) {
    const port = file[`${channel}_port`];
    if (typeof port !== "number" || !Number.isInteger(port)) throw new Error(`${path}: ${channel}_port is missing or not a number`);
    ports[channel] = port;
  }
  return { transport, ip: String(file["ip"] ?? "127.0.0.1"), key: String(file["key"] ?? ""), signatureScheme: scheme.slice("hmac-".length), ports };
}

/** The ZeroMQ address of a channel; for ipc the "ip" is a path prefix. */
export function address(connection: Connection, channel: Channel): string {
  const { transport, ip, ports } = connection;
  return transport === "tcp" ? `tcp://${ip}:${ports[channel]}` : `ipc://${ip}-${ports[channel]}`;
}
