/** The step that compiles the addon, with a small C++ file and stand-ins for TensorFlow's libraries. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { addonStep, findCompiler, linkArguments } from "../../kernel/setup/native-addon.ts";
import { findPlaces, type Places } from "../../kernel/setup/places.ts";
import { loadBinding } from "../../lib/engine/runtime/load.ts";
import { fetchedInstallation, findRuntime, libraryName, type Runtime } from "../../lib/engine/runtime/locate.ts";

const own = findPlaces();

let folder: string;
let places: Places;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gradbook-addon-test-"));
  put("clone/package.json", '{ "name": "gradbook" }');
  put("clone/kernel/setup/bootstrap.mjs", "");
  put("clone/lib/engine/native/answer.h", "#pragma once\nint answer();\n");
  put(
    "clone/lib/engine/native/answer.cc",
    'extern "C" int tensorflow_version();\nint answer() { return tensorflow_version(); }\n',
  );
  put("clone/lib/engine/native/addon.cc", addonSource);
  symlinkSync(join(own.packageRoot, "node_modules"), join(folder, "clone", "node_modules"));
  places = findPlaces({ packageRoot: join(folder, "clone") });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(path: string, content: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

const addonSource = `
#include <node_api.h>
#include <tensorflow/c/c_api.h>
#include "answer.h"
static napi_value Init(napi_env env, napi_value exports) {
  napi_value number;
  napi_create_int32(env, answer() + WANTED, &number);
  napi_set_named_property(env, exports, "answer", number);
  return exports;
}
NAPI_MODULE(answer, Init)
`;

const installation = () => fetchedInstallation(join(folder, "clone", ".runtime"), "cpu");

/** Libraries with TensorFlow's names and a header, as setup leaves them. */
function fetchTensorflow(): void {
  put("clone/.runtime/tensorflow-2.21.0-cpu/tensorflow/include/tensorflow/c/c_api.h", "#define WANTED 1\n");
  put("tensorflow.cc", 'extern "C" int tensorflow_version() { return 41; }\n');
  for (const part of ["cc", "framework"] as const) {
    const name = libraryName(process.platform, part);
    const args = ["-shared", "-fPIC", join(folder, "tensorflow.cc"), `-Wl,-soname,${name}`];
    execFileSync("c++", [...args, "-o", join(installation().libraries, name)]);
  }
}

const env: NodeJS.ProcessEnv = { ...process.env, GRADBOOK_TENSORFLOW: "" };
const find = () => findRuntime({ env, packageRoot: places.packageRoot });

/** What the addon of the clone in `place` answers. */
function answerIn(place: string): string {
  const addons = readdirSync(join(place, ".runtime", "tensorflow-2.21.0-cpu")).filter((name) => name.endsWith(".node"));
  expect(addons.length).toBe(1);
  const script = `console.log(require(${JSON.stringify(join(place, ".runtime", "tensorflow-2.21.0-cpu", addons[0]!))}).answer)`;
  return spawnSync(process.execPath, ["-e", script], { encoding: "utf8" }).stdout.trim();
}

test("the addon is compiled once, found, loads after the clone was moved, and is compiled again for other sources", async () => {
  fetchTensorflow();
  const step = addonStep(places, env);
  expect(step.isDone()).toBe(false);
  await step.run();
  expect(step.isDone()).toBe(true);
  expect(find()).toMatchObject({ variant: "cpu", libraries: installation().libraries });
  expect(answerIn(join(folder, "clone"))).toBe("42");

  put("clone/lib/engine/native/answer.cc", "int answer() { return 6; }\n");
  expect(step.isDone()).toBe(false);
  expect(find()).toEqual({ missing: expect.stringContaining('"npm run build" compiles it') });
  await step.run();
  renameSync(join(folder, "clone"), join(folder, "moved"));
  // One addon: the old one is gone.
  expect(answerIn(join(folder, "moved"))).toBe("7");
});

test("a TensorFlow that lacks a function is refused when the addon is loaded, instead of ending the process later", async () => {
  fetchTensorflow();
  await addonStep(places, env).run();
  put("tensorflow.cc", 'extern "C" int something_else() { return 41; }\n');
  for (const part of ["cc", "framework"] as const) {
    const target = join(installation().libraries, libraryName(process.platform, part));
    execFileSync("c++", ["-shared", "-fPIC", join(folder, "tensorflow.cc"), "-o", target]);
  }
  expect(() => loadBinding(find() as Runtime)).toThrow(/could not be loaded: .*undefined symbol: tensorflow_version/);
});

test("what the compiler says of wrong sources reaches the user, and no addon is left", async () => {
  fetchTensorflow();
  put("clone/lib/engine/native/answer.cc", "int answer() { return nothing; }\n");
  await expect(addonStep(places, env).run()).rejects.toThrow(
    /could not compile Gradbook's native addon:\n[\s\S]*answer\.cc:1[\s\S]*nothing/,
  );
  expect(readdirSync(join(folder, "clone", ".runtime", "tensorflow-2.21.0-cpu"))).toEqual(["tensorflow"]);
});

test("without a compiler one message names what to install", async () => {
  fetchTensorflow();
  const without = addonStep(places, { ...env, PATH: folder });
  await expect(without.run()).rejects.toThrow(
    /no C\+\+ compiler was found \(tried: c\+\+, g\+\+, clang\+\+\)\.\n.*apt-get install g\+\+/,
  );
});

test("CXX names the compiler, with a launcher before it or not", () => {
  expect(findCompiler({ ...env, CXX: "g++" })?.command).toEqual(["g++"]);
  expect(findCompiler({ ...env, CXX: "env g++" })?.command).toEqual(["env", "g++"]);
  expect(findCompiler({ ...env, CXX: join(folder, "none") })).toBeUndefined();
});

test("an installation without headers is named", async () => {
  fetchTensorflow();
  rmSync(installation().headers, { recursive: true });
  await expect(addonStep(places, env).run()).rejects.toThrow(`${installation().headers} has no tensorflow/c/c_api.h`);
});

test("without a runtime there is nothing to compile", () => {
  expect(addonStep(places, env).applies?.()).toBe(false);
  expect(existsSync(join(folder, "clone", ".runtime"))).toBe(false);
});

test("an installation elsewhere is found by its absolute path, our own beside the addon", () => {
  expect(linkArguments(installation(), "linux")).toContain("-Wl,-rpath,$ORIGIN/tensorflow");
  expect(linkArguments(installation(), "darwin")).toContain("-Wl,-rpath,@loader_path/tensorflow");
  const elsewhere = { ...installation(), libraries: "/opt/tf/tensorflow", addonFolder: "/c/other" };
  expect(linkArguments(elsewhere, "linux")).toContain("-Wl,-rpath,/opt/tf/tensorflow");
  // Or else a worker thread's end unloads it under TensorFlow's own threads.
  expect(linkArguments(installation(), "linux")).toContain("-Wl,-z,nodelete");
});
