/** Recurrent models by XLA, which takes seconds to compile each. */
import { afterEach, beforeAll, expect, test } from "vitest";
import { compile, ready, tf } from "../../../../lib/index.ts";
import { apart, recurrentModels, use } from "./models.ts";

beforeAll(() => ready());
afterEach(() => tf.disposeVariables());

test.each(Object.entries(recurrentModels))("%s: eager and XLA agree", { timeout: 300_000 }, async (_, item) => {
  const data = { x: item.x(), y: item.y() };
  const eager = await use(item, (model) => model, data);
  const xla = await use(item, (model) => compile.model(model), data);
  expect(apart(eager, xla)).toBeLessThan(1e-5);
});
