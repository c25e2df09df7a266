/**
 * The arrows of ARCHITECTURE.md. Imports run one way: the library knows nothing of the kernel; within the kernel, `wire`
 * is the ground, `display`, `language`, `compat` and `commands` know nothing of sockets or cells, `cells` and `requests`
 * stand on them, and the entry files on everything.
 */
const entries = ["^kernel/(main|worker|cli|index)\\.ts$"];

/** The one file whose packages `build.mjs` copies into `dist/`. */
const bundled = "^lib/engine/tensorflow/tfjs-node\\.ts$";

/** A folder of the kernel that may import from itself and from `allowed`, and from no other folder of the kernel. */
function room(name, allowed) {
  return {
    name: `kernel-${name}`,
    comment: `kernel/${name} imports only from ${[name, ...allowed].join(", ")}`,
    severity: "error",
    from: { path: `^kernel/${name}/` },
    // notebook-api.ts is the contract of what a cell sees: types that whoever implements it may name.
    to: { path: "^kernel/", pathNot: [`^kernel/(${[name, ...allowed].join("|")})/`, "^kernel/notebook-api\\.ts$"] },
  };
}

module.exports = {
  forbidden: [
    {
      name: "lib-knows-no-kernel",
      comment: "the training library reaches whoever runs it through lib/host.ts and never imports the kernel",
      severity: "error",
      from: { path: "^lib/" },
      to: { path: "^kernel/" },
    },
    {
      name: "kernel-knows-only-the-host",
      comment: "of the library the kernel sees lib/host.ts; everything else it preloads by the public name",
      severity: "error",
      from: { path: "^kernel/", pathNot: "^kernel/setup/" },
      to: { path: "^lib/", pathNot: "^lib/host(-console)?\\.ts$" },
    },
    {
      name: "setup-knows-the-runtime",
      comment: "setup fetches what lib/engine/runtime finds and loads, and sees nothing else of the library",
      severity: "error",
      from: { path: "^kernel/setup/" },
      to: { path: "^lib/", pathNot: "^lib/engine/runtime/" },
    },
    {
      name: "runtime-is-bare",
      comment:
        "setup and doctor load lib/engine/runtime: it knows types of the engine, and neither TensorFlow.js nor a host",
      severity: "error",
      from: { path: "^lib/engine/runtime/" },
      to: {
        path: "^(lib/|node_modules/@tensorflow/)",
        pathNot: "^lib/engine/runtime/",
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "index-is-above-all",
      comment: "index.ts is the only file that sees both halves, and nobody imports it by its path",
      severity: "error",
      from: { path: "^(kernel|lib)/" },
      to: { path: "^index\\.ts$" },
    },
    room("wire", []),
    room("display", []),
    room("language", []),
    room("compat", ["display"]),
    room("commands", ["display"]),
    room("cells", ["wire", "display", "language", "commands", "compat"]),
    room("requests", ["wire", "language", "commands", "cells"]),
    // Only to know where the history file is.
    room("setup", ["wire"]),
    {
      name: "entries-are-on-top",
      comment: "the files that a process starts with are imported by nobody",
      severity: "error",
      from: { path: "^(kernel|lib)/" },
      to: { path: entries },
    },
    {
      name: "setup-is-apart",
      comment: "setup never runs inside a kernel: only the command imports it",
      severity: "error",
      from: { path: "^(kernel|lib)/", pathNot: ["^kernel/setup/", "^kernel/cli\\.ts$"] },
      to: { path: "^kernel/setup/" },
    },
    {
      name: "nothing-imports-tests",
      severity: "error",
      from: { pathNot: "^tests/" },
      to: { path: "^tests/" },
    },
    {
      name: "no-cycles",
      comment: "at run time; types vanish, so an interface and its implementation may name each other",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "no-orphans",
      comment: "a file that nobody imports and that imports nothing is dead, or is missing from this list",
      severity: "error",
      from: {
        orphan: true,
        pathNot: ["^tests/.*\\.test\\.ts$", "\\.d\\.ts$", "^(vitest\\.config|kernel/setup/bootstrap)\\.m?[tj]s$"],
      },
      to: {},
    },
    {
      name: "resolvable",
      comment: "every import leads somewhere; the bench's peers are installed by `npm run bench:setup`",
      severity: "error",
      from: { path: "^(kernel|lib|tests|index\\.ts)", pathNot: "^tests/bench/engine/peers/" },
      to: { couldNotResolve: true },
    },
    {
      name: "no-dev-packages-in-the-product",
      comment: "what an installed package needs is in dependencies; types alone may come from devDependencies",
      severity: "error",
      from: { path: "^(kernel|lib|index\\.ts)", pathNot: ["^kernel/setup/build\\.mjs$", bundled] },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"] },
    },
  ],
  options: {
    // Run with tests/typescript-6.mjs: TypeScript 7 has no compiler API to read imports with.
    parser: "tsc",
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    // The JupyterLab extension is a package of its own.
    exclude: { path: "^(dist|kernel/lab)/" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default", "types"],
    },
  },
};
