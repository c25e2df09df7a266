/** Runs an ES module in a fresh Node from the package's folder. Throws with all output when it ends with an error. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export async function runNode(
  source: string,
  options: { env?: NodeJS.ProcessEnv; flags?: string[] } = {},
): Promise<{ out: string; err: string }> {
  const flags = options.flags ?? [];
  const child = spawn(process.execPath, [...flags, "--input-type=module", "--eval", source], {
    cwd: fileURLToPath(new URL("../../..", import.meta.url)),
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => (err += chunk));
  const [code, signal] = await once(child, "close");
  if (code !== 0) throw new Error(`Node ended with ${code ?? signal}:\n${out}${err}`);
  return { out, err };
}
