/** What NVIDIA's driver says of the GPUs of this machine. */
import { spawnSync } from "node:child_process";

/** Name, memory and driver of each GPU, one a line; undefined where `nvidia-smi` is missing or finds none. */
export function askGpus(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const query = ["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"];
  const { status, stdout } = spawnSync("nvidia-smi", query, { encoding: "utf8", timeout: 20_000, env });
  return (status === 0 && stdout.trim()) || undefined;
}
