/** Fetches TensorFlow's shared libraries: wheels by pip, of which the libraries and headers are unpacked. */
import { spawnSync } from "node:child_process";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  fetchedInstallation,
  findInstallation,
  libraryName,
  runtimeFolder,
  tensorflowVersion,
} from "../../lib/engine/runtime/locate.ts";
import { setupError } from "./errors.ts";
import { askGpus } from "./gpus.ts";
import type { Places } from "./places.ts";
import type { Step } from "./steps.ts";
import { cudaRequirements, downloadArguments, type Machine, planWheels, type WheelPlan } from "./tensorflow-plan.ts";

const withoutTensorflow =
  "Setup goes on without it: notebooks then compute with WebAssembly, on one processor and several times slower.";

/** `machine` describes this one lazily, because asking for GPUs takes a moment. */
export function tensorflowStep(places: Places, env = process.env, machine = () => thisMachine(env)): Step {
  const asked = env["GRADBOOK_TENSORFLOW"] || undefined;
  const ownChoice = asked === "cpu" || asked === "cuda" ? asked : undefined;
  const folder = runtimeFolder({ env, packageRoot: places.packageRoot });
  let known: WheelPlan | undefined;
  const plan = () => {
    known ??= planWheels(machine(), ownChoice);
    return known;
  };
  return {
    title: "TensorFlow runtime",
    get doing() {
      const { requirement, downloadBytes, variant } = plan();
      const cuda = variant === "cuda" ? " with the CUDA libraries" : "";
      return `fetching ${requirement.replace("==", " ")}${cuda} (${gigabytes(downloadBytes)}) into ${folder}`;
    },
    without: withoutTensorflow,
    applies: () => asked !== "off",
    isDone: () => {
      if (asked !== undefined && ownChoice === undefined) {
        const found = findInstallation({ env, packageRoot: places.packageRoot });
        if ("missing" in found) throw setupError("GB_SETUP_TENSORFLOW_OTHER", found);
        return true;
      }
      return isThere(folder, plan().variant);
    },
    run: () => fetchRuntime(places, folder, plan(), env),
  };
}

function isThere(folder: string, variant: "cpu" | "cuda"): boolean {
  return existsSync(join(fetchedInstallation(folder, variant).libraries, libraryName(process.platform)));
}

/** Everything happens in a folder aside, which takes its name at the end: what has the name is whole. */
function fetchRuntime(places: Places, folder: string, plan: WheelPlan, env: NodeJS.ProcessEnv): void {
  const python = (args: string[]) => runPython(places, args, env);
  prepareFolder(folder);
  removeLeftovers(folder);
  requireSpace(folder, plan.diskBytes);
  const partial = join(folder, `partial-${process.pid}`);
  const unpacked = join(partial, "unpacked");
  try {
    const [wheel] = download(places, plan, [plan.requirement], join(partial, "tensorflow"), env);
    const wheels = [wheel!];
    if (plan.variant === "cuda") {
      const metadata = python([unpackScript, "--metadata", wheel!]);
      wheels.push(...download(places, plan, cudaRequirements(metadata), join(partial, "nvidia"), env));
    }
    python([unpackScript, unpacked, ...wheels]);
    if (plan.variant === "cuda") linkCudaLibraries(join(unpacked, "nvidia"));
    putInPlace(unpacked, folder, plan.variant);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  if (places.isCheckout) removeOtherVersions(folder);
}

function prepareFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code;
    if (reason === undefined) throw error;
    throw setupError("GB_SETUP_TENSORFLOW_FOLDER", { folder, reason });
  }
}

/** Throws GB_SETUP_TENSORFLOW_DISK, before gigabytes have been downloaded in vain. */
export function requireSpace(folder: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize >= bytes) return;
  const [needed, free] = [gigabytes(bytes), gigabytes(bavail * bsize)];
  throw setupError("GB_SETUP_TENSORFLOW_DISK", { needed, free, folder });
}

const unpackScript = fileURLToPath(new URL("./unpack-wheels.py", import.meta.url));

/** Returns the wheels' paths. Throws GB_SETUP_TENSORFLOW_FAILED. */
function download(
  places: Places,
  plan: WheelPlan,
  requirements: string[],
  folder: string,
  env: NodeJS.ProcessEnv,
): string[] {
  const quiet = ["--disable-pip-version-check", "--no-input", "--retries", "3"];
  // CUDA's gigabytes would be on disk twice.
  if (plan.variant === "cuda") quiet.push("--no-cache-dir");
  // A terminal gets pip's progress bar.
  const progress = process.stdout.isTTY ? [] : ["--quiet"];
  const args = ["-m", "pip", ...downloadArguments(plan, requirements, folder), ...quiet, ...progress];
  const pip = spawnSync(places.venvPython, args, {
    encoding: "utf8",
    env,
    stdio: ["ignore", process.stdout.isTTY ? "inherit" : "pipe", "pipe"],
  });
  if (pip.status !== 0) {
    const output = lastLines(pip.error?.message ?? `${pip.stdout ?? ""}${pip.stderr}`);
    throw setupError("GB_SETUP_TENSORFLOW_FAILED", { what: requirements.join(", "), output });
  }
  return readdirSync(folder).map((name) => join(folder, name));
}

function runPython(places: Places, args: string[], env: NodeJS.ProcessEnv): string {
  const { status, stdout, stderr, error } = spawnSync(places.venvPython, args, { encoding: "utf8", env });
  if (status === 0) return stdout;
  throw setupError("GB_SETUP_TENSORFLOW_UNPACK", { output: lastLines(error?.message ?? stderr) });
}

/** Libraries that TensorFlow opens by name, but whose folder is not in its own search path (RUNPATH). */
const unreached = ["cusolver", "nvjitlink", "cuda_nvrtc", "curand"];

/**
 * TensorFlow's library searches the folders of most CUDA packages beside it (`../nvidia`) by itself. The others are linked into one of
 * those folders; their own search paths are relative and hold from there as well. So nobody sets LD_LIBRARY_PATH.
 */
function linkCudaLibraries(nvidia: string): void {
  const target = join(nvidia, "cuda_runtime", "lib");
  for (const name of unreached) {
    const from = join(nvidia, name, "lib");
    if (!existsSync(from) || !existsSync(target)) continue;
    for (const library of readdirSync(from)) {
      if (library.includes(".so") && !existsSync(join(target, library))) {
        symlinkSync(join("..", "..", name, "lib", library), join(target, library));
      }
    }
  }
}

/** Another setup may have been faster; then this one's files go. */
function putInPlace(unpacked: string, folder: string, variant: "cpu" | "cuda"): void {
  const { addonFolder } = fetchedInstallation(folder, variant);
  if (isThere(folder, variant)) return;
  rmSync(addonFolder, { recursive: true, force: true });
  renameSync(unpacked, addonFolder);
}

/** What setups that were killed have left. */
function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = /^partial-(\d+)$/.exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

function removeOtherVersions(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (/^tensorflow-\d/.test(name) && !name.startsWith(`tensorflow-${tensorflowVersion}-`)) {
      rmSync(join(folder, name), { recursive: true, force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function thisMachine(env: NodeJS.ProcessEnv): Machine {
  const { platform, arch } = process;
  const linux = platform === "linux";
  return {
    platform,
    arch,
    ...(linux && { glibc: glibcVersion() }),
    hasAvx: !linux || arch !== "x64" || /^flags\s*:.*\bavx\b/m.test(readFileSync("/proc/cpuinfo", "utf8")),
    gpus: askGpus(env),
  };
}

/** "" on a system with another C library. */
function glibcVersion(): string {
  // The report would look up network interfaces' names otherwise.
  (process.report as { excludeNetwork?: boolean }).excludeNetwork = true;
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime ?? "";
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

function lastLines(output: string): string {
  return output.trim().split("\n").slice(-15).join("\n");
}
