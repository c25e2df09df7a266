/**
 * The test suites that TensorFlow.js publishes with its packages, bundled so that Node can run them: tfjs-core's are ES modules that name
 * no file extensions, tfjs-node's want packages that are not here. Lives in this folder: those suites, how they run, and the list of
 * what fails. May not live here: tests of our own.
 */
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { compileFunction } from "node:vm";
import { build, type Plugin } from "esbuild";

const fromHere = createRequire(import.meta.url);
// From where TensorFlow.js is, so that its core is the one the engine uses.
const fromTensorFlowJs = createRequire(fromHere.resolve("@tensorflow/tfjs/package.json"));

const coreFolder = join(dirname(fromTensorFlowJs.resolve("@tensorflow/tfjs-core/package.json")), "dist");
const nodePackage = "@tensorflow/tfjs-node-gpu";
const nodeFolder = join(dirname(fromHere.resolve(`${nodePackage}/package.json`)), "dist");

/** What runs first, before any module of tests looks for it. */
const preparation = `
  import "${coreFolder}/public/chained_ops/register_all_chained_ops.js";
  import "${coreFolder}/register_all_gradients.js";
  import { setTestEnvs } from "${coreFolder}/jasmine_util.js";
  setTestEnvs([{ name: "test-tensorflow", backendName: "tensorflow", flags: {}, isDataSync: true }]);
`;

/** Modules that the tests import and that are not installed, or not what they should get here. */
const standIns: Record<string, string> = {
  preparation,
  // Only its timeout is set, which ours has anyway.
  "jasmine-core/lib/jasmine-core/jasmine.js": "exports.core = () => ({});",
  tmp: `
    const { mkdtempSync } = require("node:fs");
    const { join } = require("node:path");
    exports.dirSync = () => ({ name: mkdtempSync(join(require("node:os").tmpdir(), "gradbook-tfjs-node-")) });
  `,
  "@mapbox/node-pre-gyp": 'exports.find = () => "the binding";',
};

const bundling: Plugin = {
  name: "published-tests",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /.*/ }, ({ path, resolveDir }) => {
      if (path in standIns) return { path, namespace: "stand-in" };
      const inCore = /^@tensorflow\/tfjs-core\/dist\/(.*)$/.exec(path)?.[1];
      if (inCore !== undefined) return { path: join(coreFolder, `${inCore}.js`) };
      if (!path.startsWith(".")) return undefined;
      const file = resolve(resolveDir, path);
      // tfjs-core's public face is the engine's own instance; what lies behind is copied, and meets it in global state.
      if (file === coreFolder || file === join(coreFolder, "index"))
        return { path: "@tensorflow/tfjs-core", external: true };
      // Of tfjs-node only the tests are bundled.
      if (file.startsWith(nodeFolder))
        return { path: join(nodePackage, "dist", relative(nodeFolder, file)), external: true };
      if (file === resolve(nodeFolder, "../package.json"))
        return { path: join(nodePackage, "package.json"), external: true };
      return undefined;
    });
    onLoad({ filter: /.*/, namespace: "stand-in" }, ({ path }) => ({
      contents: standIns[path]!,
      resolveDir: path === "preparation" ? coreFolder : nodeFolder,
    }));
  },
};

/** The specs of tfjs-core, as the text of a CommonJS module. */
export function bundleCoreSuite(): Promise<string> {
  return bundle(`import "preparation"; import "${coreFolder}/tests.js";`);
}

/** The specs of tfjs-node's given test files (`nodejs_kernel_backend_test`), as the text of a CommonJS module. */
export function bundleNodeSuite(files: readonly string[]): Promise<string> {
  return bundle(`import "preparation"; ${files.map((file) => `import "${nodeFolder}/${file}.js";`).join(" ")}`);
}

/** Runs such a text. `known` are modules that it gets instead of those of the name it asks for. */
export function runBundle(text: string, known: Record<string, unknown>): void {
  const require = (name: string) => known[name] ?? (name.startsWith(nodePackage) ? fromHere : fromTensorFlowJs)(name);
  const module = { exports: {} };
  const run = compileFunction(text, ["require", "module", "exports", "__dirname"], { filename: "bundled-tests.cjs" });
  run(require, module, module.exports, nodeFolder);
}

async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: entry, resolveDir: coreFolder },
    bundle: true,
    write: false,
    platform: "node",
    format: "cjs",
    logLevel: "error",
    // The packages call modules free of side effects that register ops and tests.
    ignoreAnnotations: true,
    external: [
      "@tensorflow/tfjs",
      "@tensorflow/tfjs-backend-cpu",
      "jasmine",
      "long",
      "node-fetch",
      "rimraf",
      "seedrandom",
      "the binding",
    ],
    plugins: [bundling],
  });
  return outputFiles[0]!.text;
}
