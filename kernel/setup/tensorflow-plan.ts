/** Which TensorFlow wheels a machine gets. Pure: from what the machine is to what pip is asked for. */
import { tensorflowVersion } from "../../lib/engine/runtime/locate.ts";
import { setupError } from "./errors.ts";

export interface Machine {
  platform: string;
  arch: string;
  /** On Linux, the version of glibc, or "" for another C library (Alpine's musl). */
  glibc?: string;
  /** TensorFlow's x86 wheels end the process on a processor without AVX. */
  hasAvx: boolean;
  /** What `nvidia-smi` says of the GPUs; undefined where it does not answer. */
  gpus?: string | undefined;
}

export interface WheelPlan {
  variant: "cpu" | "cuda";
  /** What pip is asked for first; for CUDA its own requirements follow (`cudaRequirements`). */
  requirement: string;
  /** pip's names of the platforms whose wheels run here. */
  platforms: string[];
  /** What is downloaded, and what the disk must have room for while it is unpacked, in bytes. */
  downloadBytes: number;
  diskBytes: number;
}

/** The tag for which wheels are fetched, whatever Python is here: only shared libraries and headers are used. */
const pythonTag = { version: "3.12", implementation: "cp", abi: "cp312" } as const;

/** `asked` is the user's own choice (GRADBOOK_TENSORFLOW). Throws GB_SETUP_TENSORFLOW_NONE. */
export function planWheels(machine: Machine, asked?: "cpu" | "cuda"): WheelPlan {
  const { platform, arch } = machine;
  if (platform === "darwin" && arch === "arm64") {
    return cpuPlan("tensorflow", [...range(15, 11).map((major) => `macosx_${major}_0_arm64`)]);
  }
  if (platform !== "linux" || (arch !== "x64" && arch !== "arm64")) {
    throw none(`wheels are made for Linux (x64, arm64) and macOS (arm64), and this is ${platform} ${arch}`);
  }
  if (!isAtLeast(machine.glibc ?? "", [2, 27])) {
    throw none(
      machine.glibc
        ? `it needs glibc 2.27, and this is ${machine.glibc}`
        : "it needs glibc, not musl (use Debian's image)",
    );
  }
  if (arch === "arm64") return cpuPlan("tensorflow", manylinux("aarch64"));
  if (!machine.hasAvx) throw none("it needs a processor with AVX");
  if (asked === "cuda" || (asked === undefined && machine.gpus)) {
    const platforms = manylinux("x86_64");
    const requirement = `tensorflow==${tensorflowVersion}`;
    return { variant: "cuda", requirement, platforms, downloadBytes: 3.4e9, diskBytes: 8e9 };
  }
  return cpuPlan("tensorflow-cpu", manylinux("x86_64"));
}

function cpuPlan(name: string, platforms: string[]): WheelPlan {
  const requirement = `${name}==${tensorflowVersion}`;
  return { variant: "cpu", requirement, platforms, downloadBytes: 0.28e9, diskBytes: 1.2e9 };
}

/** The CUDA libraries that a TensorFlow wheel names in its METADATA, as pip's requirements. */
export function cudaRequirements(metadata: string): string[] {
  const lines = metadata.matchAll(/^Requires-Dist:\s*(nvidia-[^;\n]+?)\s*;\s*extra\s*==\s*["']and-cuda["']\s*$/gm);
  return [...lines].map((match) => match[1]!.replaceAll(/[\s()]/g, ""));
}

/** `pip download` for the fixed tag. `pip` takes the newest wheel that one of the platforms allows. */
export function downloadArguments(plan: WheelPlan, requirements: string[], folder: string): string[] {
  return [
    ...["download", "--no-deps", "--only-binary=:all:", "--dest", folder],
    ...["--python-version", pythonTag.version, "--implementation", pythonTag.implementation, "--abi", pythonTag.abi],
    ...plan.platforms.flatMap((platform) => ["--platform", platform]),
    ...requirements,
  ];
}

/** https://peps.python.org/pep-0600/ and the older names of the same; pip does not derive one from another. */
function manylinux(arch: string): string[] {
  const legacy = arch === "x86_64" ? ["manylinux2014", "manylinux2010", "manylinux1"] : ["manylinux2014"];
  return [...range(27, 5).map((minor) => `manylinux_2_${minor}`), ...legacy].map((name) => `${name}_${arch}`);
}

function range(from: number, downTo: number): number[] {
  return Array.from({ length: from - downTo + 1 }, (_, index) => from - index);
}

function isAtLeast(version: string, [major, minor]: [number, number]): boolean {
  const [ours = 0, ourMinor = 0] = version.split(".").map(Number);
  return ours > major || (ours === major && ourMinor >= minor);
}

function none(why: string) {
  return setupError("GB_SETUP_TENSORFLOW_NONE", { why });
}
