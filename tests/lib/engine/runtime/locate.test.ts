import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  addonPath,
  fetchedInstallation,
  findInstallation,
  findRuntime,
  type Installation,
  libraryName,
  runtimeFolder,
  tensorflowVersion,
} from "../../../../lib/engine/runtime/locate.ts";

let folder: string;
let packageRoot: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gradbook-locate-"));
  packageRoot = join(folder, "gradbook");
  put("gradbook/package.json", '{ "name": "gradbook" }');
  put("gradbook/lib/engine/native/addon.cc", "int one;");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(path: string, content = ""): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

const library = libraryName(process.platform);
const find = (env: Record<string, string> = {}) => findRuntime({ env, packageRoot, home: folder });
const installation = (env: Record<string, string> = {}): Installation => {
  const found = findInstallation({ env, packageRoot, home: folder });
  if ("missing" in found) throw new Error(found.missing);
  return found;
};

/** Puts what setup fetches into its place, with the addon or without. */
function fetched(variant: "cpu" | "cuda", addon = true): Installation {
  const made = fetchedInstallation(runtimeFolder({ env: {}, packageRoot, home: folder }), variant);
  mkdirSync(made.libraries, { recursive: true });
  writeFileSync(join(made.libraries, library), "");
  if (addon) writeFileSync(addonPath(packageRoot, made), "");
  return made;
}

test("a checkout keeps the runtime in itself, an installed package in the user's cache", () => {
  const at = (env: Record<string, string>, platform: NodeJS.Platform = "linux") =>
    runtimeFolder({ env, platform, packageRoot, home: "/h" });
  expect(at({})).toBe(join("/h", ".cache", "gradbook", "runtime"));
  expect(at({ XDG_CACHE_HOME: "/c" })).toBe(join("/c", "gradbook", "runtime"));
  expect(at({}, "darwin")).toBe(join("/h", "Library", "Caches", "gradbook", "runtime"));
  put("gradbook/kernel/setup/bootstrap.mjs");
  expect(at({ XDG_CACHE_HOME: "/c" })).toBe(join(packageRoot, ".runtime"));
});

test("without a runtime one sentence says what is missing and which command fetches it", () => {
  expect(find()).toEqual({
    missing: expect.stringMatching(/^TensorFlow 2\.\S+ is not in .+: "npx gradbook setup" fetches it\.$/),
  });
  put("gradbook/kernel/setup/bootstrap.mjs");
  expect(find()).toEqual({ missing: expect.stringContaining('"npm run setup" fetches it.') });
});

test("what setup fetched is found, and the addon beside it", () => {
  const made = fetched("cpu");
  expect(find()).toEqual({
    libraries: made.libraries,
    addon: addonPath(packageRoot, made),
    version: tensorflowVersion,
    variant: "cpu",
  });
});

test("CUDA's libraries come first, and GRADBOOK_TENSORFLOW chooses", () => {
  fetched("cpu");
  fetched("cuda");
  expect(find()).toMatchObject({ variant: "cuda" });
  expect(find({ GRADBOOK_TENSORFLOW: "cpu" })).toMatchObject({ variant: "cpu" });
  expect(find({ GRADBOOK_TENSORFLOW: "off" })).toEqual({ missing: expect.stringContaining("GRADBOOK_TENSORFLOW=off") });
  rmSync(fetchedInstallation(runtimeFolder({ env: {}, packageRoot, home: folder }), "cuda").libraries, {
    recursive: true,
  });
  expect(find()).toMatchObject({ variant: "cpu" });
  expect(find({ GRADBOOK_TENSORFLOW: "cuda" })).toEqual({ missing: expect.stringContaining("(cuda) is not in") });
});

test("an addon of other sources is not taken for ours", () => {
  fetched("cpu");
  expect(find()).toMatchObject({ variant: "cpu" });
  put("gradbook/lib/engine/native/addon.cc", "int two;");
  expect(find()).toEqual({
    missing: expect.stringMatching(/^The native addon is not compiled .*"npx gradbook setup" compiles it\.$/),
  });
});

test.each([
  ["the folder of the libraries", "venv/lib/python3.12/site-packages/tensorflow"],
  ["the folder of Python's packages", "venv/lib/python3.12/site-packages"],
  ["a virtual environment", "venv"],
])("another installation is found by %s", (_what, named) => {
  put(`venv/lib/python3.12/site-packages/tensorflow/${library}`);
  put("venv/lib/python3.12/site-packages/tensorflow_cpu-2.20.0.dist-info/METADATA");
  const found = installation({ GRADBOOK_TENSORFLOW: join(folder, named) });
  const libraries = join(folder, "venv", "lib", "python3.12", "site-packages", "tensorflow");
  expect(found).toMatchObject({ libraries, headers: join(libraries, "include"), version: "2.20.0", variant: "other" });
  expect(found.addonFolder.startsWith(runtimeFolder({ env: {}, packageRoot, home: folder }))).toBe(true);
});

test("another installation with CUDA packages beside it counts as one for GPUs", () => {
  put(`site-packages/tensorflow/${library}`);
  put("site-packages/tensorflow/include/tensorflow/core/public/release_version.h", versionHeader);
  put("site-packages/nvidia/cuda_runtime/lib/libcudart.so.12");
  const env = { GRADBOOK_TENSORFLOW: join(folder, "site-packages") };
  expect(installation(env)).toMatchObject({ variant: "cuda", version: "2.19.1" });
});

const versionHeader = "#define TF_MAJOR_VERSION 2\n#define TF_MINOR_VERSION 19\n#define TF_PATCH_VERSION 1\n";

test("two installations elsewhere have an addon each", () => {
  put(`one/${library}`);
  put(`two/${library}`);
  const [one, two] = ["one", "two"].map((name) => installation({ GRADBOOK_TENSORFLOW: join(folder, name) }));
  expect(addonPath(packageRoot, one!)).not.toBe(addonPath(packageRoot, two!));
});

test("a folder without the library is named in the message", () => {
  const env = { GRADBOOK_TENSORFLOW: join(folder, "nowhere") };
  expect(find(env)).toEqual({
    missing: expect.stringContaining(`names ${join(folder, "nowhere")}, and there is no ${library} in it`),
  });
});
