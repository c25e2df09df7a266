/**
 * `npm test`: every part in turn, whatever fails, with the seconds each took. Runs on Node 24 after setup.
 *
 *   npm test                         all parts
 *   npm run test:all                 and the slow ones
 *   npm test -- tests/kernel         only the test files whose path contains this
 *   npm run check                    only the parts that read the sources (types, lint, dependency rules, dead code)
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { findPlaces } from "../kernel/setup/places.ts";
import { allParts, checkParts, filteredPart, slowParts } from "./parts.ts";
import { type PartResult, Toolbox } from "./toolbox.ts";

const places = findPlaces();
const args = process.argv.slice(2);
const slow = args.includes("--all");
const filters = args.filter((arg) => !arg.startsWith("--"));

const scratchRoot = join(places.packageRoot, ".cache");
mkdirSync(scratchRoot, { recursive: true });
const scratch = mkdtempSync(join(scratchRoot, "test-"));
const tools = new Toolbox(places, scratch, slow);
const parts = args.includes("--check")
  ? checkParts
  : filters.length > 0
    ? [filteredPart(filters)]
    : slow
      ? [...allParts, ...slowParts]
      : allParts;

const rows: { name: string; seconds: number; result: PartResult }[] = [];
for (const part of parts) {
  console.log(`\n=== ${part.name}`);
  const started = performance.now();
  let result: PartResult;
  try {
    result = await part.run(tools);
  } catch (error) {
    console.error(error);
    result = { passed: 0, failed: 1, note: "the part itself broke" };
  }
  rows.push({ name: part.name, seconds: (performance.now() - started) / 1000, result });
}
rmSync(scratch, { recursive: true, force: true });

console.log(`\n${"part".padEnd(18)}${"seconds".padStart(9)}${"passed".padStart(9)}${"failed".padStart(9)}`);
for (const { name, seconds, result } of rows) {
  const numbers = [seconds.toFixed(1), String(result.passed), String(result.failed)];
  console.log(
    `${name.padEnd(18)}${numbers.map((n) => n.padStart(9)).join("")}${result.note ? `  ${result.note}` : ""}`,
  );
}
const sum = (pick: (row: (typeof rows)[number]) => number) => rows.reduce((total, row) => total + pick(row), 0);
console.log(
  `${"all".padEnd(18)}${sum((row) => row.seconds)
    .toFixed(1)
    .padStart(9)}\n`,
);
const failed = sum((row) => row.result.failed);
console.log(`${sum((row) => row.result.passed)} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
