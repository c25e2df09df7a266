/** The parts of `npm test`, in the order in which they run: what reads the sources first, browsers last. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { findChromium } from "../kernel/setup/chromium.ts";
import { readVerdict } from "./conformance/tfjs/verdict.ts";
import { type Part, type PartResult, sumOf, type Toolbox } from "./toolbox.ts";

const dependencyRoots = ["index.ts", "kernel", "lib", "tests", "vitest.config.ts"];

export const checkParts: Part[] = [
  { name: "types", run: (tools) => tools.tool("typescript/bin/tsc", ["-p", "tsconfig.json"]) },
  { name: "lint", run: (tools) => tools.tool("@biomejs/biome/bin/biome", ["check", "--error-on-warnings"]) },
  { name: "dependency rules", run: checkDependencies },
  { name: "dead code", run: (tools) => tools.tool("knip/bin/knip.js", []) },
];

export const allParts: Part[] = [
  ...checkParts,
  {
    name: "unit and kernel",
    run: (tools) => tools.vitest(["--exclude", "tests/browser/**", "--exclude", "tests/package/**"]),
  },
  { name: "conformance", run: (tools) => pythonPart(tools, "tests/conformance") },
  { name: "tfjs's own tests", run: runPublishedTests },
  { name: "notebooks", run: (tools) => pythonPart(tools, "tests/notebooks") },
  { name: "installed package", run: (tools) => tools.vitest(["tests/package"]) },
  { name: "browser", run: checkBrowser },
];

/** What `--all` adds beside the tests named *.slow.test.ts: that the benches still measure every kernel and engine. */
export const slowParts: Part[] = [
  { name: "bench", run: runBenchOnce },
  { name: "bench of the engine", run: runEngineBenchOnce },
];

export function filteredPart(filters: string[]): Part {
  return { name: filters.join(" "), run: (tools) => tools.vitest(filters) };
}

function checkDependencies(tools: Toolbox): Promise<PartResult> {
  const roots = dependencyRoots.filter((path) => existsSync(join(tools.places.packageRoot, path)));
  const flags = ["--import", "./tests/typescript-6.mjs"];
  return tools.tool(
    "dependency-cruiser/bin/dependency-cruiser.mjs",
    ["--config", ".dependency-cruiser.cjs", ...roots],
    flags,
  );
}

async function pythonPart(tools: Toolbox, folder: string): Promise<PartResult> {
  const folders = tools.foldersWithPythonTests(folder);
  if (folders.length === 0) return { passed: 0, failed: 1, note: `${folder} holds no test_*.py` };
  const results: PartResult[] = [];
  for (const each of folders) results.push(await tools.pythonTests(each));
  return sumOf(results);
}

/** The suites that come with tfjs-core and tfjs-node, on backend `tensorflow`. */
async function runPublishedTests(tools: Toolbox): Promise<PartResult> {
  const results: PartResult[] = [];
  for (const suite of ["core", "node"]) {
    const { output } = await tools.run(process.execPath, ["tests/conformance/tfjs/run.ts", suite]);
    const { note, ...counts } = readVerdict(output);
    results.push({ ...counts, note: `${suite}: ${note}` });
  }
  return sumOf(results);
}

/** Without a browser the part is skipped and says so; where a machine decides (CI=true), that is a failure. */
async function checkBrowser(tools: Toolbox): Promise<PartResult> {
  if (findChromium() !== undefined) return await tools.vitest(["tests/browser"]);
  const note = "NO CHROMIUM: browser tests did not run (Debian, Ubuntu: apt-get install chromium)";
  console.error(note);
  return { passed: 0, failed: process.env["CI"] === "true" ? 1 : 0, note };
}

async function runBenchOnce(tools: Toolbox): Promise<PartResult> {
  const size = ["--rounds", "1", "--cells", "3", "--lines", "1000", "--line-rounds", "1"];
  const { code } = await tools.run(process.execPath, ["tests/bench/kernel/bench.ts", ...size]);
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** On tiny sizes; peers that bench:setup has not installed are left out. Fails where losses differ or our engine fails. */
async function runEngineBenchOnce(tools: Toolbox): Promise<PartResult> {
  const size = ["--tiny", "--rounds", "1", "--turn", "20"];
  const { code } = await tools.run(process.execPath, ["tests/bench/engine/bench.ts", ...size]);
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}
