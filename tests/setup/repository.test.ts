/** What may not be in the repository, whatever file it is in. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findPlaces } from "../../kernel/setup/places.ts";

const { packageRoot } = findPlaces();

/** Tracked files and those that would be added, without what is no text. */
function textFiles(): string[] {
  const list = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: packageRoot,
    encoding: "utf8",
  });
  return list
    .split("\0")
    .filter((file) => file !== "" && !/\.(png|gif|jpg|woff2?|onnx|bin|safetensors)$/.test(file))
    .filter((file) => existsSync(join(packageRoot, file)) && statSync(join(packageRoot, file)).isFile());
}

// Written so that this file does not match itself.
const forbidden: [string, RegExp][] = [
  [
    "a registry's host",
    new RegExp(["registry\\.npm", "js\\.org|registry\\.yarnpkg|py", "pi\\.org|pythonhosted\\.org"].join("")),
  ],
  ["a path of one machine", new RegExp(["(?<![\\w.~:/-])/(?:wo", "rk|ro", "ot)/\\w"].join(""))],
  ["somebody's home folder", new RegExp(["(?<![\\w.~:/-])/(?:ho", "me|Us", "ers)/[a-z]\\w*/"].join(""))],
];

// A downloaded archive has no .git to ask.
test.skipIf(!existsSync(join(packageRoot, ".git"))).each(forbidden)("no file names %s", (_what, pattern) => {
  const found = textFiles().flatMap((file) => {
    const lines = readFileSync(join(packageRoot, file), "utf8").split("\n");
    return lines.flatMap((line, i) => (pattern.test(line) ? [`${file}:${i + 1}: ${line.trim().slice(0, 120)}`] : []));
  });
  expect(found).toEqual([]);
});

test("the lock file leaves it to the user's npm where packages come from", () => {
  expect(readFileSync(join(packageRoot, "package-lock.json"), "utf8")).not.toContain('"resolved"');
});
