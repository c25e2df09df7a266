/** How the browser tests begin: one server and one browser for a file, fresh windows and kernels for each test. */
import { afterAll, afterEach, beforeAll, describe } from "vitest";
import { hasBrowser, Lab, noBrowser } from "./lab.ts";

/**
 * `describe` with a running lab. Skipped aloud where there is no browser; where a machine decides (CI=true) the tests
 * fail instead.
 */
export function describeInBrowser(name: string, tests: (lab: () => Lab) => void): void {
  const skipped = !hasBrowser && process.env["CI"] !== "true";
  if (skipped) console.warn(noBrowser);
  describe.skipIf(skipped)(name, () => {
    let lab: Lab | undefined;
    beforeAll(async () => {
      lab = await Lab.start();
    }, 90_000);
    afterEach(async () => await lab?.closeAll());
    afterAll(async () => await lab?.stop(), 30_000);
    tests(() => lab!);
  });
}
