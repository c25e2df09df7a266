/** Runs specs written for Jasmine and tells how each ended. */
import jasmineCore, { type Result } from "jasmine-core";

export interface Spec {
  /** Its full name; the second of the same name has ` (2)` behind it. */
  name: string;
  /** `pending`: the suite itself has switched it off. */
  status: "passed" | "failed" | "pending";
  /** What failed, in the words of the test. */
  message: string;
}

/**
 * Declares the specs by `declare`, to which Jasmine's globals are visible, and runs those whose name has `filter` in it.
 * What the tests print on the console is dropped.
 */
export async function runSpecs(declare: () => void, filter = ""): Promise<Spec[]> {
  const env = jasmineCore.boot().getEnv();
  const specFilter = (spec: { getFullName(): string }) => spec.getFullName().includes(filter);
  env.configure({ random: false, forbidDuplicateNames: false, specFilter });
  const specs: Spec[] = [];
  const seen = new Map<string, number>();
  const record = ({ fullName, status, failedExpectations }: Result) => {
    const times = (seen.get(fullName) ?? 0) + 1;
    seen.set(fullName, times);
    const name = times === 1 ? fullName : `${fullName} (${times})`;
    const message = failedExpectations.map((each) => each.message).join("\n");
    if (status !== "excluded") specs.push({ name, status, message });
  };
  env.addReporter({
    specDone: record,
    // Only what goes wrong outside of specs, such as in an afterAll.
    suiteDone: (suite) => {
      if (suite.failedExpectations.length > 0) record({ ...suite, status: "failed" });
    },
  });
  declare();
  const restore = silence();
  try {
    const { failedExpectations } = await env.execute();
    // Only what belongs to no spec, such as a rejected promise that nobody waited for.
    if (failedExpectations.length > 0) record({ fullName: "(no spec)", status: "failed", failedExpectations });
  } finally {
    restore();
  }
  return specs;
}

function silence(): () => void {
  const { log, warn, info } = console;
  const nothing = () => {};
  Object.assign(console, { log: nothing, warn: nothing, info: nothing });
  return () => Object.assign(console, { log, warn, info });
}
