/**
 * A tensor as a small picture: numbers and a shape in, one SVG element out. Nothing here knows TensorFlow.js.
 *
 * Rank 1 is a strip, rank 2 a matrix, of higher ranks the first matrices stand side by side. Long axes are averaged in blocks, so the
 * picture is bounded (at most some 2,000 cells and 30 kB) whatever the tensor's size.
 */

const limits = { rows: 32, columns: 64, panels: 4, panelRows: 20, panelColumns: 20 };
/** Shades of a colour map; odd, so that the middle one is zero's. */
const shades = 33;

/** Not finite: what a cell is marked with. A block's mark is the first of these that occurs in it. */
const marks = [
  { title: "NaN", sign: "×", path: (x: number, y: number) => `M${x + 0.25} ${y + 0.25}l.5 .5m-.5 0l.5 -.5` },
  { title: "+∞", sign: "▲", path: (x: number, y: number) => `M${x + 0.2} ${y + 0.75}l.3 -.5l.3 .5z` },
  { title: "-∞", sign: "▼", path: (x: number, y: number) => `M${x + 0.2} ${y + 0.25}l.3 .5l.3 -.5z` },
];

/**
 * The values (row-major, as TensorFlow.js holds them) of a tensor of that shape as an SVG element, or undefined when there is too
 * little to see (fewer than 3 values). Negative and positive values together get a diverging colour map centred at zero, others a sequential
 * one; both can be told apart by colour-blind people. Text takes the colour of its surroundings.
 */
export function heatMap(values: ArrayLike<number>, shape: readonly number[]): string | undefined {
  const blocks = new BlockMeans(shape);
  blocks.add(values);
  return drawHeatMap(blocks);
}

interface Panel {
  /** Its place in the leading axes, such as `[0, 2, :, :]`; empty when there is one matrix only. */
  readonly label: string;
  readonly sums: Float64Array;
  /** Finite values summed in each block. */
  readonly counts: Float64Array;
  /** One more than an index into `marks`; 0 for none. */
  readonly marked: Uint8Array;
}

/** Means of blocks of a tensor whose values arrive in order, in one piece or in many. */
export class BlockMeans {
  readonly rows: number;
  readonly columns: number;
  readonly panels: readonly Panel[];
  /** Whether a cell stands for more than one value. */
  readonly averaged: boolean;
  readonly size: number;
  readonly #height: number;
  readonly #width: number;
  #next = 0;

  constructor(shape: readonly number[]) {
    this.size = shape.reduce((product, length) => product * length, 1);
    this.#width = shape.at(-1) ?? 1;
    this.#height = shape.at(-2) ?? 1;
    const leading = shape.slice(0, -2);
    const matrices = leading.reduce((product, length) => product * length, 1);
    const several = matrices > 1;
    this.rows = Math.min(this.#height, several ? limits.panelRows : limits.rows);
    this.columns = Math.min(this.#width, several ? limits.panelColumns : limits.columns);
    this.averaged = this.rows < this.#height || this.columns < this.#width;
    const cells = this.rows * this.columns;
    this.panels = Array.from({ length: Math.min(matrices, limits.panels) }, (_, index) => ({
      label: several ? placeOf(index, leading) : "",
      sums: new Float64Array(cells),
      counts: new Float64Array(cells),
      marked: new Uint8Array(cells),
    }));
  }

  /** The rows and columns of a matrix that go into block `index` of that axis: where they begin, and how many. */
  rowsOf(index: number): [from: number, count: number] {
    return rangeOf(index, this.#height, this.rows);
  }

  columnsOf(index: number): [from: number, count: number] {
    return rangeOf(index, this.#width, this.columns);
  }

  /** Takes means that were computed elsewhere: those of a panel's blocks, row by row, all finite. */
  setMeans(panel: number, means: ArrayLike<number>): void {
    this.panels[panel]!.sums.set(means);
    this.panels[panel]!.counts.fill(1);
  }

  /** How many values, counted from the first, the picture needs. */
  get needed(): number {
    return this.panels.length * this.#height * this.#width;
  }

  /** Takes the values that follow those given so far; what lies beyond the last panel is passed over. */
  add(values: ArrayLike<number>): void {
    const end = Math.min(this.#next + values.length, this.needed);
    const first = this.#next;
    while (this.#next < end) {
      const row = Math.floor(this.#next / this.#width);
      const rowEnd = Math.min(end, (row + 1) * this.#width);
      this.#addRow(values, this.#next - first, row, this.#next - row * this.#width, rowEnd - row * this.#width);
      this.#next = rowEnd;
    }
  }

  /** Columns `from` to `to` of row `row`, counted through all panels; they begin at `at` in `values`. */
  #addRow(values: ArrayLike<number>, at: number, row: number, from: number, to: number): void {
    const panel = this.panels[Math.floor(row / this.#height)]!;
    const base = blockOf(row % this.#height, this.#height, this.rows) * this.columns;
    for (let column = from, block = blockOf(from, this.#width, this.columns); column < to; block++) {
      const [start, length] = rangeOf(block, this.#width, this.columns);
      const blockEnd = Math.min(to, start + length);
      const cell = base + block;
      let sum = 0;
      let count = 0;
      for (; column < blockEnd; column++) {
        const value = values[at + column - from]!;
        if (value - value === 0) {
          sum += value;
          count++;
        } else panel.marked[cell] = markOf(value, panel.marked[cell]!);
      }
      panel.sums[cell]! += sum;
      panel.counts[cell]! += count;
    }
  }
}

/** The indices for which `blockOf` gives `block`. */
function rangeOf(block: number, length: number, blocks: number): [from: number, count: number] {
  const from = Math.ceil((block * length) / blocks);
  return [from, Math.ceil(((block + 1) * length) / blocks) - from];
}

/** The block that index falls in, when `length` indices are divided among `blocks`. */
function blockOf(index: number, length: number, blocks: number): number {
  return Math.floor((index * blocks) / length);
}

function markOf(value: number, before: number): number {
  const mark = Number.isNaN(value) ? 1 : value > 0 ? 2 : 3;
  return before === 0 ? mark : Math.min(before, mark);
}

function placeOf(index: number, shape: readonly number[]): string {
  const indices: (number | string)[] = [];
  for (let axis = shape.length - 1, rest = index; axis >= 0; axis--) {
    indices.unshift(rest % shape[axis]!);
    rest = Math.floor(rest / shape[axis]!);
  }
  // The first matrices differ in their last indices.
  if (indices.length > 3) indices.splice(0, indices.length - 2, "…");
  return `[${[...indices, ":", ":"].join(", ")}]`;
}

/** The picture of means that are complete; undefined when there is too little to see. */
export function drawHeatMap(blocks: BlockMeans): string | undefined {
  if (blocks.size <= 2) return undefined;
  const { rows, columns, panels } = blocks;
  const scale = scaleOf(panels);
  const cell = Math.max(4, Math.min(14, Math.floor(320 / (columns * panels.length)), Math.floor(176 / rows)));
  // A strip is wide enough to be seen.
  const [cellWidth, cellHeight] = [columns === 1 ? 14 : cell, rows === 1 ? 14 : cell];
  const [width, height, gap] = [columns * cellWidth, rows * cellHeight, 10];
  const labelled = panels.some(({ label }) => label !== "");
  const top = labelled ? 14 : 1;
  const pitch = gap + Math.max(width, ...panels.map(({ label }) => label.length * 5));

  const parts = panels.map((panel, index) => {
    const x = 1 + index * pitch;
    const label = labelled ? svgText(x, 10, panel.label) : "";
    const frame = `<rect x="${x - 0.5}" y="${top - 0.5}" width="${width + 1}" height="${height + 1}" fill="none" stroke="currentColor" stroke-opacity=".35"/>`;
    const cells = `<g transform="translate(${x} ${top}) scale(${cellWidth} ${cellHeight})" shape-rendering="crispEdges">${drawCells(panel, blocks, scale)}</g>`;
    return label + cells + frame;
  });
  const legendTop = top + height + 6;
  parts.push(drawLegend(scale, legendTop, marksIn(panels)));
  const box = [Math.max(330, panels.length * pitch + 2), legendTop + 14];
  const colours = scale.diverging ? "blue below zero, red above" : "dark low, bright high";
  const title = escapeXml(
    Number.isNaN(scale.low)
      ? "Heat map: no finite value"
      : `Heat map, ${colours}: ${shortNumber(scale.low)} to ${shortNumber(scale.high)}`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${title}" width="${box[0]}" height="${box[1]}" viewBox="0 0 ${box[0]} ${box[1]}" style="max-width: 100%; display: block" font-family="system-ui, sans-serif" font-size="10" fill="currentColor">${parts.join("")}</svg>`;
}

interface Scale {
  readonly low: number;
  readonly high: number;
  readonly diverging: boolean;
}

/** From the means that are drawn, not from the extremes that averaging hides. */
function scaleOf(panels: readonly Panel[]): Scale {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { sums, counts } of panels) {
    for (let cell = 0; cell < sums.length; cell++) {
      if (counts[cell] === 0) continue;
      const mean = sums[cell]! / counts[cell]!;
      if (mean < low) low = mean;
      if (mean > high) high = mean;
    }
  }
  if (low > high) return { low: Number.NaN, high: Number.NaN, diverging: false };
  if (low >= 0 || high <= 0) return { low, high, diverging: false };
  const bound = Math.max(-low, high);
  return { low: -bound, high: bound, diverging: true };
}

/** One path a shade: far smaller than a rectangle a cell. Cells are 1 x 1 in the coordinates of the group around. */
function drawCells(panel: Panel, { rows, columns }: BlockMeans, scale: Scale): string {
  const lines = new Map<string, string>();
  let signs = "";
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; ) {
      const colour = colourOf(panel, row * columns + column, scale);
      let end = column + 1;
      while (end < columns && colourOf(panel, row * columns + end, scale) === colour) end++;
      lines.set(colour, `${lines.get(colour) ?? ""}M${column} ${row}.5h${end - column}`);
      column = end;
    }
    for (let column = 0; column < columns; column++) {
      const mark = panel.marked[row * columns + column]!;
      if (mark) signs += marks[mark - 1]!.path(column, row);
    }
  }
  const paths = Array.from(lines, ([colour, path]) => `<path stroke="${colour}" d="${path}"/>`);
  if (signs) paths.push(`<path stroke="#fff" stroke-width=".12" fill="none" d="${signs}"/>`);
  return paths.join("");
}

/** Sequential: viridis (Smith and van der Walt, 2015). Diverging: RdBu, blue for negative (Brewer, ColorBrewer 2). */
const colourMaps = {
  sequential: "440154 482878 3e4989 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725",
  diverging: "053061 2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b 67001f",
};
const markedColour = "#808080";
const sequential = shadesOf(colourMaps.sequential);
const diverging = shadesOf(colourMaps.diverging);

function shadesOf(anchors: string): string[] {
  const stops = anchors.split(" ").map((hex) => [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)));
  return Array.from({ length: shades }, (_, shade) => {
    const place = (shade / (shades - 1)) * (stops.length - 1);
    const before = Math.min(Math.floor(place), stops.length - 2);
    const mixed = stops[before]!.map((from, i) => from + (stops[before + 1]![i]! - from) * (place - before));
    return `#${mixed.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
  });
}

function colourOf({ sums, counts, marked }: Panel, cell: number, scale: Scale): string {
  return marked[cell] || counts[cell] === 0 ? markedColour : shadeOf(sums[cell]! / counts[cell]!, scale);
}

function shadeOf(value: number, { low, high, diverging: both }: Scale): string {
  // Halves, because `high - low` of huge numbers is infinite.
  const range = high / 2 - low / 2;
  const place = range > 0 ? (value / 2 - low / 2) / range : 0.5;
  return (both ? diverging : sequential)[Math.round(place * (shades - 1))]!;
}

function marksIn(panels: readonly Panel[]): string {
  return marks
    .filter((_, index) => panels.some(({ marked }) => marked.includes(index + 1)))
    .map(({ sign, title }) => `${sign} ${title}`)
    .join("  ");
}

/** Lowest colour, a bar, highest colour, and the signs that occur. */
function drawLegend(scale: Scale, top: number, signs: string): string {
  const [left, steps, step] = [70, 11, 9];
  const parts: string[] = [];
  const nothingFinite = Number.isNaN(scale.low);
  if (!nothingFinite) {
    parts.push(svgText(left - 5, top + 9, shortNumber(scale.low), "end"));
    for (let i = 0; i < steps; i++) {
      const shade = (scale.diverging ? diverging : sequential)[Math.round((i / (steps - 1)) * (shades - 1))]!;
      parts.push(`<rect x="${left + i * step}" y="${top}" width="${step + 0.5}" height="10" fill="${shade}"/>`);
    }
    parts.push(svgText(left + steps * step + 5, top + 9, shortNumber(scale.high)));
  }
  if (signs) parts.push(svgText(nothingFinite ? 1 : left + steps * step + 70, top + 9, signs));
  return parts.join("");
}

function svgText(x: number, y: number, text: string, anchor?: "end"): string {
  return `<text x="${x}" y="${y}"${anchor ? ` text-anchor="${anchor}"` : ""}>${escapeXml(text)}</text>`;
}

/** Four significant digits; integers of up to nine digits in full. */
export function shortNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value);
  return String(Number(value.toPrecision(4)));
}

/** For element content and attribute values, of XML and of HTML. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
