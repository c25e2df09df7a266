/** Where Gradbook itself is: the same from the sources (`lib/`, `kernel/`) and from `dist/`. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The nearest folder at or above `start` whose package.json is Gradbook's. */
export function findPackageRoot(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    const file = join(folder, "package.json");
    if (existsSync(file) && JSON.parse(readFileSync(file, "utf8")).name === "gradbook") return folder;
    if (dirname(folder) === folder) throw new Error(`No package.json of gradbook above ${start}`);
  }
}

/** True for a clone of the repository, false for an installed package. */
export function isCheckout(packageRoot: string): boolean {
  return existsSync(join(packageRoot, "kernel", "setup", "bootstrap.mjs"));
}

/** What the user types to run setup again. */
export function setupCommandOf(packageRoot: string): string {
  return isCheckout(packageRoot) ? "npm run setup" : "npx gradbook setup";
}
