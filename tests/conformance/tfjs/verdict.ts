/** What a run of a published suite means: every spec must pass but for the named exceptions, and those must not. */
import type { Spec } from "./jasmine.ts";

/** Specs that do not pass, and why. */
export interface Exceptions {
  reason: string;
  specs: readonly string[];
}

export interface Verdict {
  passed: number;
  /** Named exceptions that failed, as they should. */
  excepted: number;
  /** One text for each thing that is not as it should be. */
  failures: string[];
}

export function judge(specs: readonly Spec[], exceptions: readonly Exceptions[]): Verdict {
  const reasons = new Map(exceptions.flatMap(({ reason, specs }) => specs.map((name) => [name, reason] as const)));
  const verdict: Verdict = { passed: 0, excepted: 0, failures: [] };
  for (const { name, status, message } of specs) {
    const named = reasons.delete(name);
    if (status === "passed" && named)
      verdict.failures.push(`${name}\n  passes now: take it off the list of exceptions`);
    else if (status === "passed") verdict.passed++;
    else if (named) verdict.excepted++;
    else verdict.failures.push(`${name}\n  ${status}: ${message.slice(0, 500)}`);
  }
  for (const name of reasons.keys())
    verdict.failures.push(`${name}\n  is on the list of exceptions but no spec has that name`);
  return verdict;
}

/** The last line of a run, which `readVerdict` understands. */
export function verdictLine({ passed, excepted, failures }: Verdict): string {
  return `Specs: ${passed} passed, ${excepted} named exceptions, ${failures.length} failed`;
}

/** What `npm test` counts, from the output of a run; a run that ended without its last line has failed. */
export function readVerdict(output: string): { passed: number; failed: number; note: string } {
  const line = /^Specs: (\d+) passed, (\d+) named exceptions, (\d+) failed$/m.exec(output);
  if (!line) return { passed: 0, failed: 1, note: "the run did not come to its end" };
  const [passed, excepted, failed] = line.slice(1).map(Number) as [number, number, number];
  return { passed, failed, note: `${excepted} named exceptions` };
}
