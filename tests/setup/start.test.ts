import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findPlaces } from "../../kernel/setup/places.ts";
import { choosePort, labArguments, ownNotebooks } from "../../kernel/setup/start.ts";

test("JupyterLab listens on this machine only", () => {
  const args = labArguments({ folder: "/n", port: 9000, path: "/lab", browser: false });
  expect(args).toContain("--ServerApp.ip=127.0.0.1");
  expect(args).toContain("--ServerApp.open_browser=False");
  expect(args.filter((arg) => /token|password/i.test(arg))).toEqual([]);
});

test("a port that is in use is refused when asked for, and passed over when not", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  await expect(choosePort(port)).rejects.toThrow(`Port ${port} is in use`);
  expect(await choosePort(undefined)).not.toBe(port);
});

test("an installed package copies its notebooks once and never over the user's", () => {
  const folder = mkdtempSync(join(tmpdir(), "gradbook-start-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const installed = join(folder, "node_modules", "gradbook");
  mkdirSync(join(installed, "notebooks"), { recursive: true });
  writeFileSync(join(installed, "notebooks", "01.ipynb"), "one");
  writeFileSync(join(installed, "notebooks", "02.ipynb"), "two");
  const places = findPlaces({ cwd: folder, packageRoot: installed });
  expect(places.isCheckout).toBe(false);
  expect(places.venv).toBe(join(folder, ".venv"));

  mkdirSync(join(folder, "notebooks"));
  writeFileSync(join(folder, "notebooks", "01.ipynb"), "mine");
  expect(ownNotebooks(places)).toBe(join(folder, "notebooks"));
  expect(readFileSync(join(folder, "notebooks", "01.ipynb"), "utf8")).toBe("mine");
  expect(readFileSync(join(folder, "notebooks", "02.ipynb"), "utf8")).toBe("two");
});
