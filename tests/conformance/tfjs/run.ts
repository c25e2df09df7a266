/**
 * Runs one of the published suites on backend `tensorflow`:
 *
 *     node tests/conformance/tfjs/run.ts core|node [part of a spec's name]
 *
 * With a part of a name, the list of exceptions is not asked. Ends with code 1 when anything is not as it should be.
 */
import { tensorflowBackend } from "../../../lib/engine/tensorflow/start.ts";
import { ready, tf } from "../../../lib/index.ts";
import { bundleCoreSuite, bundleNodeSuite, runBundle } from "./bundle.ts";
import { coreExceptions } from "./exceptions.ts";
import { runSpecs } from "./jasmine.ts";
import { nodeExceptions, nodeFiles } from "./node-exceptions.ts";
import { type Exceptions, judge, verdictLine } from "./verdict.ts";

const suites: Record<string, { bundle: () => Promise<string>; exceptions: readonly Exceptions[] }> = {
  core: { bundle: bundleCoreSuite, exceptions: coreExceptions },
  node: { bundle: () => bundleNodeSuite(nodeFiles), exceptions: nodeExceptions },
};

async function main([name = "", filter]: string[]): Promise<void> {
  const suite = suites[name];
  if (!suite) throw new Error(`Which suite? Expected "core" or "node", got "${name}".`);
  await ready();
  const binding = tensorflowBackend()?.binding;
  if (!binding)
    throw new Error(`These suites test backend tensorflow, and ${tf.getBackend()} runs: see "npm run doctor".`);
  const text = await suite.bundle();
  const specs = await runSpecs(() => {
    runBundle(text, { "the binding": binding, "@tensorflow/tfjs-node-gpu/dist/index": tf });
  }, filter);
  const verdict = judge(specs, filter === undefined ? suite.exceptions : []);
  for (const failure of verdict.failures) console.error(failure);
  console.log(verdictLine(verdict));
  // TensorFlow's threads and a test's timers need not hold up the end.
  process.exit(verdict.failures.length === 0 ? 0 : 1);
}

await main(process.argv.slice(2));
