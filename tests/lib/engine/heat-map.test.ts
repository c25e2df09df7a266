import { expect, test } from "vitest";
import { BlockMeans, heatMap } from "../../../lib/engine/heat-map.ts";

/** Colour of each cell of the first panel, row by row, read back from the picture. */
function coloursOf(svg: string): string[][] {
  const group = /<g transform="translate\(1 [\d.]+\)[^>]*>(.*?)<\/g>/.exec(svg)![1]!;
  const rows: string[][] = [];
  for (const [, colour, path] of group.matchAll(/<path stroke="(#[0-9a-f]{6})" d="([^"]*)"\/>/g)) {
    for (const [, x, y, length] of path!.matchAll(/M(\d+) (\d+)\.5h(\d+)/g)) {
      rows[Number(y)] ??= [];
      const row = rows[Number(y)]!;
      for (let i = 0; i < Number(length); i++) row[Number(x) + i] = colour!;
    }
  }
  return rows;
}

const red = (colour: string) => Number.parseInt(colour.slice(1, 3), 16);
const blue = (colour: string) => Number.parseInt(colour.slice(5, 7), 16);
const brightness = (colour: string) =>
  [1, 3, 5].reduce((sum, at) => sum + Number.parseInt(colour.slice(at, at + 2), 16), 0);
const legend = (svg: string) => Array.from(svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g), ([, text]) => text);
const textIn = (svg: string) => legend(svg).join("|");

test("values of both signs get a diverging map centred at zero: blue below, red above, zero the lightest", () => {
  const [[negative, zero, small, positive]] = coloursOf(heatMap([-4, 0, 1, 8], [4])!) as [string[]];
  expect(blue(negative!)).toBeGreaterThan(red(negative!));
  expect(red(positive!)).toBeGreaterThan(blue(positive!));
  expect(red(small!)).toBeGreaterThan(blue(small!));
  expect(zero).toBe("#f7f7f7");
  expect(textIn(heatMap([-4, 0, 1, 8], [4])!)).toBe("-8|8");
});

test.each([[[0, 1, 2, 3]], [[-4, -3, -2, -1]], [[100, 101, 103, 110]]])(
  "values of one sign (%j) get a sequential map that grows brighter",
  (values) => {
    const svg = heatMap(values, [2, 2])!;
    const shades = coloursOf(svg).flat().map(brightness);
    expect(shades).toEqual(shades.toSorted((a, b) => a - b));
    expect(new Set(shades).size).toBe(4);
    expect(textIn(svg)).toBe(`${values[0]}|${values[3]}`);
  },
);

test("rows are rows and columns are columns", () => {
  const colours = coloursOf(heatMap([0, 1, 2, 3, 4, 5], [2, 3])!);
  expect(colours.map((row) => row.length)).toEqual([3, 3]);
  expect(new Set(colours.flat()).size).toBe(6);
});

test("long axes are averaged in blocks that cover every value once", () => {
  const [rows, columns] = [100, 1000];
  const values = Float32Array.from({ length: rows * columns }, (_, i) => Math.floor(i / columns) * 10 + (i % columns));
  const blocks = new BlockMeans([rows, columns]);
  blocks.add(values);
  const { sums, counts } = blocks.panels[0]!;
  expect([blocks.rows, blocks.columns, blocks.averaged]).toEqual([32, 64, true]);
  expect(counts.reduce((sum, count) => sum + count)).toBe(rows * columns);
  expect(sums.reduce((sum, part) => sum + part)).toBeCloseTo(
    values.reduce((sum, value) => sum + value, 0),
    -1,
  );
  expect(Math.max(...counts) / Math.min(...counts)).toBeLessThan(1.5);
  // The first block is rows 0..3 and columns 0..15.
  expect(sums[0]! / counts[0]!).toBe(15 + 7.5);
});

test("values that arrive in pieces make the same picture", () => {
  const shape = [2, 3, 50, 70];
  const values = Float32Array.from({ length: 2 * 3 * 50 * 70 }, (_, i) => Math.sin(i));
  const whole = new BlockMeans(shape);
  whole.add(values);
  const pieces = new BlockMeans(shape);
  for (let i = 0; i < values.length; i += 997) pieces.add(values.subarray(i, i + 997));
  for (const [index, panel] of pieces.panels.entries()) {
    expect(panel.counts).toEqual(whole.panels[index]!.counts);
    for (const [cell, sum] of panel.sums.entries()) expect(sum).toBeCloseTo(whole.panels[index]!.sums[cell]!, 9);
  }
});

test("of higher ranks the first matrices stand side by side under their place", () => {
  const svg = heatMap(new Float32Array(2 * 3 * 4 * 5).fill(1), [2, 3, 4, 5])!;
  expect(legend(svg).slice(0, 4)).toEqual(["[0, 0, :, :]", "[0, 1, :, :]", "[0, 2, :, :]", "[1, 0, :, :]"]);
});

test.each([[[1]], [[2]], [[1, 2]], [[]], [[0, 5]]])("a tensor of shape %j has too little to see", (shape) => {
  expect(heatMap(new Float32Array(2), shape)).toBeUndefined();
});

test("NaN and infinities are marked with their signs and do not spoil the colours", () => {
  const svg = heatMap([1, Number.NaN, 3, Number.POSITIVE_INFINITY, 5, Number.NEGATIVE_INFINITY], [2, 3])!;
  const [first, second] = coloursOf(svg) as [string[], string[]];
  expect([first[1], second[0], second[2]]).toEqual(["#808080", "#808080", "#808080"]);
  expect(new Set([first[0], first[2], second[1]]).size).toBe(3);
  expect(textIn(svg)).toBe("1|5|× NaN  ▲ +∞  ▼ -∞");
  expect(heatMap([1, 2, 3], [3])).not.toContain("NaN");
});

test("one NaN in a block of thousands is marked", () => {
  const values = new Float32Array(256 * 256).fill(1);
  values[200 * 256 + 200] = Number.NaN;
  const marked = coloursOf(heatMap(values, [256, 256])!)
    .flat()
    .filter((colour) => colour === "#808080");
  expect(marked.length).toBe(1);
});

test.each([
  ["only NaN", [Number.NaN, Number.NaN, Number.NaN]],
  ["equal values", [2, 2, 2]],
  ["zeros", [0, 0, 0]],
  ["the largest floats", [-3.4e38, 3.4e38, 1]],
  ["the smallest floats", [1e-45, 2e-45, 3e-45]],
  ["doubles beyond float32", [-1.7e308, 1.7e308, 0]],
])("%s make a picture without NaN in its coordinates or colours", (_, values) => {
  const svg = heatMap(values, [3])!;
  expect(svg.replaceAll("× NaN", "")).not.toMatch(/NaN|Infinity|undefined|#(?![0-9a-f]{3}"|[0-9a-f]{6}")/);
  expect(coloursOf(svg)[0]!.length).toBe(3);
});

test.each([[[1_000_000]], [[1000, 1000]], [[1_000_000, 1]], [[10, 10, 100, 100]], [[2, 2, 2, 2, 2, 2, 2, 2, 2, 2]]])(
  "the picture of shape %j is bounded",
  (shape) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const svg = heatMap(
      Float32Array.from({ length: size }, (_, i) => Math.sin(i * i)),
      shape,
    )!;
    expect(svg.length).toBeLessThan(40_000);
    expect(Number(/height="(\d+)"/.exec(svg)![1])).toBeLessThan(260);
    expect(Number(/width="(\d+)"/.exec(svg)![1])).toBeLessThan(560);
  },
);

test("text takes the colour of its surroundings, and the picture says in words what it shows", () => {
  const svg = heatMap([1, 2, 3], [3])!;
  expect(svg).toContain('fill="currentColor"');
  expect(svg).toContain('role="img" aria-label="Heat map, dark low, bright high: 1 to 3"');
  // Ids would be shared by all pictures of a notebook.
  expect(svg).not.toContain(" id=");
});
