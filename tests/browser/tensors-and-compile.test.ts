/** Notebook 02 as a student meets it: opened in JupyterLab, run from top to bottom, looked at in light and in dark. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findPlaces } from "../../kernel/setup/places.ts";
import { colorOf } from "./notebook-page.ts";
import { describeInBrowser } from "./suite.ts";

const name = "02-tensors-and-compile.ipynb";
const notebook = join(findPlaces().packageNotebooks, name);
const wholeRun = 240_000;

describeInBrowser("notebook 02 in JupyterLab", (lab) => {
  test("Run All Cells measures everything: no error, heat maps, a table with bars, readable in light and dark", async () => {
    const page = await lab().open(name, { copyOf: notebook });
    await page.page.getByRole("menuitem", { name: "Run", exact: true }).click();
    await page.page.getByRole("menuitem", { name: "Run All Cells", exact: true }).click();
    await page.allRan(wholeRun);

    const outputs = (await page.allOutputs()).flat();
    expect(outputs.filter((output) => output.output_type === "error")).toEqual([]);
    expect(outputs.filter((output) => output.name === "stderr").map((output) => output.text)).toEqual([]);

    const race = indexOf("step-race");
    await page.show(race);
    for (const contestant of ["eager", "compiled to a graph", "compiled by XLA"]) {
      await page.output(race).getByText(contestant, { exact: true }).waitFor({ state: "visible" });
    }
    const bars = page.output(race).locator("td > div");
    const widths = await Promise.all((await bars.all()).map(async (bar) => (await bar.boundingBox())?.width ?? 0));
    expect(widths).toHaveLength(3);
    expect(Math.min(...widths)).toBeGreaterThan(0);

    // The numbers at the heat map's scale take the theme's text colour.
    for (const [theme, text] of [
      ["JupyterLab Light", "dark"],
      ["JupyterLab Dark", "light"],
    ]) {
      await page.command("apputils:change-theme", { theme });
      await page.show(indexOf("heat-map"));
      const heatMap = page.output(indexOf("heat-map")).locator("svg[role=img]");
      await heatMap.waitFor({ state: "visible" });
      const size = await heatMap.boundingBox();
      expect(size!.width).toBeGreaterThan(300);
      expect(size!.height).toBeGreaterThan(100);
      const shade = async () => (brightness(await heatMap.evaluate(colorOf)) < 128 ? "dark" : "light");
      await expect.poll(shade, { timeout: 30_000 }).toBe(text);
    }
  }, 300_000);
});

/** The place of a cell in the notebook. */
function indexOf(id: string): number {
  const { cells } = JSON.parse(readFileSync(notebook, "utf8")) as { cells: { id: string }[] };
  const index = cells.findIndex((cell) => cell.id === id);
  if (index < 0) throw new Error(`Notebook 02 has no cell "${id}".`);
  return index;
}

/** 0 to 255, of a colour as the browser computes it: `rgb(1, 2, 3)` or `rgba(1, 2, 3, 0.5)`. */
function brightness(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).map(Number);
  return (red + green + blue) / 3;
}
