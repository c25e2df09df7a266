/** What `gradbook doctor` says of the engine: TensorFlow's library, the addon, GPUs, and what notebooks compute with. */
import { spawnSync } from "node:child_process";
import { extname } from "node:path";
import { findInstallation, findRuntime, type Runtime } from "../../lib/engine/runtime/locate.ts";
import type { Check, Finding } from "./doctor.ts";
import { askGpus } from "./gpus.ts";
import { findCompiler } from "./native-addon.ts";
import { findNode24 } from "./node-runtime.ts";
import type { Places } from "./places.ts";

/** What the addon answers in a process of its own. */
type Answer = { version: string; devices: { type: string; name: string }[] } | { failure: string };

export function engineChecks(places: Places, env: NodeJS.ProcessEnv = process.env): Check[] {
  const surroundings = { env, packageRoot: places.packageRoot };
  const gpus = once(() => askGpus(env));
  const runtime = once(() => findRuntime(surroundings));
  const answer = once(() => {
    const found = runtime();
    return "missing" in found ? { failure: found.missing } : askAddon(places, found, env);
  });
  const required = false;
  return [
    { name: "C++ compiler", required, run: () => checkCompiler(env) },
    { name: "TensorFlow", required, run: () => checkTensorflow(findInstallation(surroundings)) },
    { name: "native addon", required, run: () => checkAddon(runtime(), answer) },
    { name: "GPU", required, run: () => checkGpu(gpus()) },
    { name: "notebooks use", required, run: () => checkBackend(answer(), gpus(), places) },
  ];
}

function checkCompiler(env: NodeJS.ProcessEnv): Finding {
  const compiler = findCompiler(env);
  if (compiler) return { ok: true, detail: compiler.version };
  const fix =
    "The native addon is compiled with it. Debian, Ubuntu: apt-get install g++; macOS: xcode-select --install";
  return { ok: false, detail: env["CXX"] ? `CXX is "${env["CXX"]}", which does not run` : "none on PATH", fix };
}

function checkTensorflow(found: ReturnType<typeof findInstallation>): Finding {
  if ("missing" in found) return { ok: false, detail: found.missing };
  return { ok: true, detail: `${found.version} (${found.variant}) in ${found.libraries}` };
}

function checkAddon(found: ReturnType<typeof findRuntime>, answer: () => Answer): Finding {
  if ("missing" in found) return { ok: false, detail: found.missing };
  const said = answer();
  if ("failure" in said) return { ok: false, detail: said.failure };
  return { ok: true, detail: `loads TensorFlow ${said.version}; devices: ${said.devices.map(shortName).join(", ")}` };
}

function checkGpu(gpus: string | undefined): Finding {
  if (gpus) return { ok: true, detail: gpus.split("\n").join("; ") };
  return { ok: false, detail: "nvidia-smi finds none; training runs on the processor" };
}

function checkBackend(answer: Answer, gpus: string | undefined, places: Places): Finding {
  if ("failure" in answer) {
    return { ok: false, detail: "WebAssembly, on one processor: TensorFlow does not start here" };
  }
  const used = answer.devices.filter((device) => device.type === "GPU").length;
  if (used > 0) return { ok: true, detail: `TensorFlow ${answer.version} on ${used} GPU${used > 1 ? "s" : ""}` };
  const detail = `TensorFlow ${answer.version} on the processor`;
  if (!gpus) return { ok: true, detail };
  const fix = `${places.setupCommand} fetches TensorFlow with CUDA; GRADBOOK_DEVICES and GRADBOOK_TENSORFLOW may rule GPUs out.`;
  return { ok: false, detail: `${detail}, although there is a GPU`, fix };
}

/** In a process of its own: a library that does not fit the processor ends the process. */
function askAddon(places: Places, runtime: Runtime, env: NodeJS.ProcessEnv): Answer {
  const module = (name: string) =>
    new URL(`../../lib/engine/runtime/${name}${extname(new URL(import.meta.url).pathname)}`, import.meta.url).href;
  const code = `
    const { loadBinding } = await import(${JSON.stringify(module("load"))});
    const { configProto, readSettings } = await import(${JSON.stringify(module("settings"))});
    try {
      const settings = readSettings();
      const binding = loadBinding(${JSON.stringify(runtime)});
      binding.start(configProto(settings), settings.memoryLimitBytes);
      console.log(JSON.stringify({ version: binding.TF_Version, devices: binding.devices() }));
    } catch (error) {
      console.log(JSON.stringify({ failure: error.message }));
    }`;
  const { path } = findNode24(places.packageRoot);
  const result = spawnSync(path, ["--input-type=module", "-e", code], { encoding: "utf8", timeout: 60_000, env });
  const line = result.stdout?.trim().split("\n").at(-1);
  if (result.status === 0 && line) return JSON.parse(line) as Answer;
  const how = result.signal ? `the process was ended by ${result.signal}` : result.stderr?.trim().split("\n").at(-1);
  return { failure: `TensorFlow in ${runtime.libraries} does not start: ${how || "it gave no answer"}` };
}

/** `GPU:0` of `/job:localhost/replica:0/task:0/device:GPU:0`. */
function shortName(device: { name: string }): string {
  return device.name.split("/device:").at(-1)!;
}

function once<T>(work: () => T): () => T {
  let done: { value: T } | undefined;
  return () => {
    done ??= { value: work() };
    return done.value;
  };
}
