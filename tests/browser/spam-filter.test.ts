/** The issue's own promise: the first notebook, opened in JupyterLab and run from top to bottom. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findPlaces } from "../../kernel/setup/places.ts";
import { type CellOutput, plainText } from "./notebook-page.ts";
import { describeInBrowser } from "./suite.ts";

const notebook = join(findPlaces().packageNotebooks, "01-spam-filter.ipynb");
const wholeRun = 240_000;

describeInBrowser("notebook 01 in JupyterLab", (lab) => {
  test("Run All Cells trains the spam filter: no error, bars that moved in place, a loss curve, a confusion table, F1", async () => {
    const page = await lab().open("01-spam-filter.ipynb", { copyOf: notebook });
    const withProgress = sourcesOf(notebook).flatMap((source, i) => (source.includes("display.progress") ? [i] : []));
    expect(withProgress.length).toBeGreaterThan(0);
    for (const i of withProgress) await page.watch(i);

    await page.page.getByRole("menuitem", { name: "Run", exact: true }).click();
    await page.page.getByRole("menuitem", { name: "Run All Cells", exact: true }).click();
    await page.allRan(wholeRun);

    const cells = await page.allOutputs();
    const outputs = cells.flat();
    expect(outputs.filter((output) => output.output_type === "error")).toEqual([]);
    expect(outputs.filter((output) => output.name === "stderr").map((output) => output.text)).toEqual([]);

    for (const i of withProgress) {
      // A bar that could not change in place would leave one output for each of its steps.
      expect(cells[i]!.filter(isProgress)).toHaveLength(1);
      const percents = (await page.changes(i)).map(percentOf).filter((percent) => percent !== undefined);
      expect(percents.at(-1)).toBe(100);
      expect(new Set(percents).size).toBeGreaterThan(2);
      expect(percents).toEqual(percents.toSorted((a, b) => a - b));
    }

    const curve = cells.findIndex((outputs) => outputs.some((output) => output.data?.["image/svg+xml"]));
    await page.show(curve);
    const picture = page.output(curve).locator("img, svg").first();
    await picture.waitFor({ state: "visible" });
    const size = await picture.boundingBox();
    expect(size!.width).toBeGreaterThan(300);

    const confusion = cells.findIndex((outputs) => plainText(outputs).includes("F1 on spam:"));
    await page.show(confusion);
    await page.output(confusion).getByText("called ham").waitFor({ state: "visible" });
    const line = page.output(confusion).getByText(/F1 on spam: [\d.]+/);
    await line.waitFor({ state: "visible" });
    expect(Number(/F1 on spam: ([\d.]+)/.exec((await line.textContent()) ?? "")![1])).toBeGreaterThanOrEqual(0.95);
  }, 300_000);
});

/** 40 for "Cleaning: 40% ████████░░░░░░░░░░░░ 16/40 ...". */
function percentOf(text: string): number | undefined {
  const percent = /(\d+)% [█░]{20}/.exec(text)?.[1];
  return percent === undefined ? undefined : Number(percent);
}

function isProgress({ data }: CellOutput): boolean {
  return percentOf(String(data?.["text/plain"] ?? "")) !== undefined;
}

function sourcesOf(file: string): string[] {
  const { cells } = JSON.parse(readFileSync(file, "utf8")) as { cells: { source: string | string[] }[] };
  return cells.map(({ source }) => (Array.isArray(source) ? source.join("") : source));
}
