/** Who is compared, how each is started, and which tasks it has. Peers that are not installed say what is missing. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../../kernel/client.ts";

/** Where bench:setup puts what only the bench needs. */
export const peersFolder = join(repository, ".cache", "bench-engine");
export const peersPython =
  process.platform === "win32"
    ? join(peersFolder, "venv", "Scripts", "python.exe")
    : join(peersFolder, "venv", "bin", "python");

/** Packages of requirements.txt: their module, and the file that bench:setup leaves once that can be imported. */
export const pythonPackages: Record<string, { module: string; marker: string }> = {
  "tensorflow-cpu": { module: "tensorflow", marker: join(peersFolder, "venv", "tensorflow.ready") },
  torch: { module: "torch", marker: join(peersFolder, "venv", "torch.ready") },
};

export interface Contestant {
  name: string;
  /** To be followed by the task's name and the folder of the problem. */
  command: string[];
  env: Record<string, string>;
  /** Names of tasks, or their part before the dash. */
  tasks: string[];
  /** Why it cannot take part. */
  missing?: string;
}

const all = ["add", "call", "matmul", "gpt", "lstm"];
const file = (name: string) => join(import.meta.dirname, "peers", name);
const installed = (name: string) => existsSync(join(peersFolder, "node_modules", name, "package.json"));

export function contestants(): Contestant[] {
  const ours = (mode: string, tasks: string[], env: Record<string, string> = {}): Omit<Contestant, "name"> => ({
    command: [process.execPath, file("gradbook.ts")],
    env: { GRADBOOK_BENCH_MODE: mode, ...env },
    tasks,
  });
  const node = (name: string, tasks: string[], present: boolean): Contestant => ({
    name,
    command: [process.execPath, file(`${name}.ts`)],
    env: { GRADBOOK_BENCH_ENGINE: peersFolder },
    tasks,
    ...(present ? {} : { missing: "npm run bench:setup installs it" }),
  });
  const python = (name: string, script: string, tasks: string[], env: Record<string, string> = {}): Contestant => {
    const { marker } = pythonPackages[script === "pytorch.py" ? "torch" : "tensorflow-cpu"]!;
    return {
      name,
      command: [peersPython, file(script)],
      env,
      tasks,
      ...(existsSync(marker) ? {} : { missing: "npm run bench:setup installs it, where Python has it" }),
    };
  };
  const binding = join(peersFolder, "node_modules", "@tensorflow", "tfjs-node", "lib", "napi-v8", "tfjs_binding.node");
  return [
    { name: "gradbook", ...ours("eager", ["add", "matmul", "gpt", "lstm"]) },
    { name: "gradbook graph", ...ours("graph", all) },
    { name: "gradbook xla", ...ours("xla", all) },
    node("tfjs-node", ["add", "matmul", "gpt", "lstm"], existsSync(binding)),
    { name: "wasm", ...ours("eager", ["add", "matmul", "gpt", "lstm"], { GRADBOOK_TENSORFLOW: "off" }) },
    node("jax-js", ["add", "call", "matmul", "gpt"], installed("@jax-js/jax")),
    python("tensorflow", "tensorflow-python.py", all),
    python("tensorflow jit", "tensorflow-python.py", ["call", "matmul", "gpt", "lstm"], { GRADBOOK_BENCH_JIT: "1" }),
    python("pytorch", "pytorch.py", ["add", "matmul", "gpt", "lstm"]),
  ];
}
