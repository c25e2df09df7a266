/** FEATURES.md is true to the day: a line that says *proved here* names a command, and what the command names exists. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const states = ["proved here", "written, never run", "absent"];

interface Feature {
  line: number;
  name: string;
  state: string;
  evidence: string;
}

function readFeatures(text: string): Feature[] {
  return text.split("\n").flatMap((line, i) => {
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    if (cells.length !== 5 || /^:?-+:?$/.test(cells[1]!) || cells[2] === "state") return [];
    return [{ line: i + 1, name: cells[1]!, state: cells[2]!, evidence: cells[3]! }];
  });
}

/** What is wrong with a line, in words; an empty list when it keeps its promise. */
function problemsOf(feature: Feature): string[] {
  const where = `FEATURES.md:${feature.line} (${feature.name})`;
  if (!states.includes(feature.state))
    return [`${where}: the state "${feature.state}" is none of ${states.join("; ")}`];
  if (feature.state === "absent") return [];
  if (feature.state === "written, never run")
    return feature.evidence === "" ? [`${where}: says not why it never ran`] : [];
  const commands = [...feature.evidence.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
  const runnable = commands.filter((command) => /^(npm|npx|node|\.ci\/run)\b/.test(command));
  if (runnable.length === 0) return [`${where}: no command proves it`];
  return runnable.flatMap((command) =>
    [...missingFiles(command), ...missingScripts(command)].map((what) => `${where}: ${what}`),
  );
}

function missingFiles(command: string): string[] {
  const files = command.split(/\s+/).filter((word) => /^(tests|notebooks|docs)\//.test(word));
  return files.filter((file) => !existsSync(join(root, file))).map((file) => `there is no ${file}`);
}

function missingScripts(command: string): string[] {
  const script = /^npm (?:run )?([\w:-]+)/.exec(command)?.[1];
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const builtIn = ["pack", "install", "ci"];
  return script && !builtIn.includes(script) && !scripts[script] ? [`package.json has no script "${script}"`] : [];
}

const features = readFeatures(readFileSync(join(root, "FEATURES.md"), "utf8"));

test("FEATURES.md lists features in all its tables", () => {
  expect(features.length).toBeGreaterThan(10);
});

test("every line of FEATURES.md that is proved names a command and files that exist", () => {
  expect(features.flatMap(problemsOf)).toEqual([]);
});

test.each([
  ["| Cells | proved here | it works |", "no command proves it"],
  ["| Cells | proved here | `npm test -- tests/nowhere.test.ts` |", "there is no tests/nowhere.test.ts"],
  ["| Cells | proved here | `npm run nothing` |", 'has no script "nothing"'],
  ["| Cells | written, never run | |", "says not why"],
  ["| Cells | works | `npm test` |", "is none of"],
])("the line %s would be found out", (line, problem) => {
  expect(readFeatures(line).flatMap(problemsOf).join()).toContain(problem);
});
