import { expect, test } from "vitest";
import { cudaRequirements, downloadArguments, type Machine, planWheels } from "../../kernel/setup/tensorflow-plan.ts";

const linux: Machine = { platform: "linux", arch: "x64", glibc: "2.36", hasAvx: true };
const gpus = "NVIDIA A100-SXM4-40GB, 40960 MiB, 570.86.15";

test.each<[string, Machine, string, string]>([
  ["Linux x64", linux, "tensorflow-cpu==2.21.0", "manylinux_2_27_x86_64"],
  ["Linux arm64", { ...linux, arch: "arm64", hasAvx: false }, "tensorflow==2.21.0", "manylinux_2_27_aarch64"],
  ["macOS arm64", { platform: "darwin", arch: "arm64", hasAvx: false }, "tensorflow==2.21.0", "macosx_12_0_arm64"],
])("%s gets the wheel for processors", (_name, machine, requirement, platform) => {
  const plan = planWheels(machine);
  expect(plan).toMatchObject({ variant: "cpu", requirement });
  expect(plan.platforms).toContain(platform);
});

test("where nvidia-smi answers, the wheel for GPUs is taken, unless the user asks for the other", () => {
  expect(planWheels({ ...linux, gpus })).toMatchObject({ variant: "cuda", requirement: "tensorflow==2.21.0" });
  expect(planWheels({ ...linux, gpus }, "cpu")).toMatchObject({
    variant: "cpu",
    requirement: "tensorflow-cpu==2.21.0",
  });
  expect(planWheels(linux, "cuda")).toMatchObject({ variant: "cuda" });
});

test.each<[string, Machine, RegExp]>([
  ["Windows", { platform: "win32", arch: "x64", hasAvx: true }, /this is win32 x64/],
  ["a Mac with an Intel processor", { platform: "darwin", arch: "x64", hasAvx: true }, /this is darwin x64/],
  ["Alpine", { ...linux, glibc: "" }, /glibc, not musl/],
  ["an old Linux", { ...linux, glibc: "2.17" }, /glibc 2\.27, and this is 2\.17/],
  ["a processor without AVX", { ...linux, hasAvx: false }, /AVX/],
])("%s is told that there is none for it", (_name, machine, message) => {
  expect(() => planWheels(machine)).toThrow(message);
});

const metadata = `Metadata-Version: 2.4
Name: tensorflow
Requires-Dist: absl-py>=1.0.0
Requires-Dist: tensorflow-io-gcs-filesystem>=0.23.1; (sys_platform != "win32") and extra == "gcs-filesystem"
Requires-Dist: nvidia-cublas-cu12<13.0,>=12.5.3.2; extra == "and-cuda"
Requires-Dist: nvidia-cudnn-cu12 (<10.0,>=9.3.0.75) ; extra == 'and-cuda'
Provides-Extra: and-cuda
`;

test("the CUDA libraries and their versions are those that the wheel names", () => {
  expect(cudaRequirements(metadata)).toEqual([
    "nvidia-cublas-cu12<13.0,>=12.5.3.2",
    "nvidia-cudnn-cu12<10.0,>=9.3.0.75",
  ]);
});

test("pip is asked for one fixed Python, whatever Python runs it, and for nothing to build", () => {
  const args = downloadArguments(planWheels(linux), ["tensorflow-cpu==2.21.0"], "/there");
  const line = args.join(" ");
  expect(line).toContain("--no-deps --only-binary=:all: --dest /there");
  expect(line).toContain("--python-version 3.12 --implementation cp --abi cp312");
  expect(args.at(-1)).toBe("tensorflow-cpu==2.21.0");
});
