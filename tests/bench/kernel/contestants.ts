/** The kernels that are compared, each started as its kernelspec starts it. Peers are installed on demand, pinned by package.json. */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kernelspecFor } from "../../../kernel/setup/kernelspec.ts";
import { repository } from "../../kernel/client.ts";

export interface Contestant {
  name: string;
  version: string;
  /** Command line with `{connection_file}`. */
  command: string[];
  /** How its kernelspec wants to be interrupted: `interrupt_request`, or SIGINT where the kernelspec says nothing. */
  interruptMode: "message" | "signal";
}

export const contestantNames = ["gradbook", "tslab", "deno"];

/** @throws Error when our kernel is not built or the peers cannot be installed */
export function contestants(): Contestant[] {
  const main = join(repository, "dist", "kernel", "main.js");
  if (!existsSync(main)) throw new Error(`${main} is missing: run "npm run build" first.`);
  const peers = installPeers();
  const versionOf = (folder: string) =>
    (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string }).version;
  const ours = kernelspecFor(process.execPath, main);
  const tslab = join(peers, "tslab");
  return [
    { name: "gradbook", version: versionOf(repository), command: ours.argv, interruptMode: ours.interrupt_mode },
    {
      name: "tslab",
      version: versionOf(tslab),
      command: [process.execPath, join(tslab, "bin", "tslab"), "kernel", "--config-path", "{connection_file}"],
      interruptMode: "signal",
    },
    {
      name: "deno",
      version: versionOf(join(peers, "deno")),
      command: [denoBinary(peers), "jupyter", "--kernel", "--conn", "{connection_file}"],
      interruptMode: "signal",
    },
  ];
}

/** The folder with the peers' packages. `GRADBOOK_BENCH_PEERS` names a `node_modules` that has them already. */
function installPeers(): string {
  const given = process.env["GRADBOOK_BENCH_PEERS"];
  if (given) return given;
  const folder = join(repository, ".cache", "bench");
  const manifest = join(import.meta.dirname, "package.json");
  const installed = join(folder, "installed.json");
  const modules = join(folder, "node_modules");
  const wanted = readFileSync(manifest, "utf8");
  const complete = existsSync(join(modules, "tslab")) && existsSync(join(modules, "deno"));
  if (complete && existsSync(installed) && readFileSync(installed, "utf8") === wanted) return modules;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), wanted);
  console.error("Installing tslab and Deno into .cache/bench (once) ...");
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  // Nested, as `npm install -g` does it: with its dependencies hoisted, tslab does not find Node's types and refuses `console`.
  rmSync(modules, { recursive: true, force: true });
  const flags = ["--ignore-scripts", "--install-strategy=nested", "--no-audit", "--no-fund", "--no-package-lock"];
  execFileSync(npm, ["install", ...flags], {
    cwd: folder,
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
  });
  copyFileSync(manifest, installed);
  return modules;
}

/** The package `deno` starts a binary from the package of the platform; the bench starts that binary itself. */
function denoBinary(peers: string): string {
  const name = process.platform === "win32" ? "deno.exe" : "deno";
  const scopes = [join(peers, "deno", "node_modules", "@deno"), join(peers, "@deno")].filter((path) =>
    existsSync(path),
  );
  const binary = scopes
    .flatMap((scope) => readdirSync(scope).map((platform) => join(scope, platform, name)))
    .find((path) => existsSync(path));
  if (!binary) throw new Error(`No Deno binary in ${peers}: npm has no package of Deno for this platform.`);
  return binary;
}
