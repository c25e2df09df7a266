/** `gradbook setup`: the steps after the node packages and the build, the same in a checkout and an installed package. */
import { kernelspecStep, labConfigStep } from "./kernelspec.ts";
import { addonStep } from "./native-addon.ts";
import { findNode24 } from "./node-runtime.ts";
import type { Places } from "./places.ts";
import { requirementsFile, requirementsStep, testRequirementsFile, venvStep } from "./python.ts";
import { runSteps, type Step } from "./steps.ts";
import { tensorflowStep } from "./tensorflow.ts";

function setupSteps(places: Places, options: { forTests?: boolean } = {}): Step[] {
  const node = findNode24(places.packageRoot).path;
  return [
    venvStep(places),
    requirementsStep(places, requirementsFile, "JupyterLab"),
    ...(options.forTests ? [requirementsStep(places, testRequirementsFile, "Python packages for tests")] : []),
    tensorflowStep(places),
    addonStep(places),
    kernelspecStep(places, node),
    labConfigStep(places),
  ];
}

export async function setup(places: Places, options: { forTests?: boolean } = {}): Promise<void> {
  const strict = options.forTests === true || process.env["CI"] === "true";
  await runSteps(setupSteps(places, options), { strict });
}
