import { expect, test } from "vitest";
import { isRecords, recordsTable } from "../../../kernel/display/table.ts";

test("columns are all keys in order of first appearance, and missing cells are empty", () => {
  expect(recordsTable([{ a: 1 }, { b: "x", a: 22.5 }]).text).toBe("   a  b\n────  ─\n   1\n22.5  x");
});

test("a table says how many rows and columns it leaves out", () => {
  const rows = Array.from({ length: 6046 }, (_, i) =>
    Object.fromEntries(Array.from({ length: 31 }, (_, j) => [`c${j}`, i * j])),
  );
  const table = recordsTable(rows, { maxRows: 10, maxColumns: 5 });
  expect(table.text).toContain("10 of 6,046 rows, 5 of 31 columns");
  expect(table.html).toContain("10 of 6,046 rows, 5 of 31 columns");
  expect(table.html.split("<tr>").length - 1).toBe(11);
  expect(table.text).not.toContain("c5");
});

test("a table that shows everything has no note", () => {
  expect(recordsTable([{ a: 1 }]).html).not.toContain(" of ");
});

test("the length of the whole can be told where only its beginning is given", () => {
  expect(recordsTable([{ a: 1 }], { totalRows: 1_000_000 }).text).toContain("1 of 1,000,000 rows");
});

test("wide characters keep the columns of a text table in line", () => {
  const lines = recordsTable([
    { name: "日本", n: 1 },
    { name: "abcd", n: 2 },
  ]).text.split("\n");
  expect(lines[2]).toBe("日本  1");
  expect(lines[3]).toBe("abcd  2");
});

test("cells are escaped, shortened and never call an accessor", () => {
  const row = {
    text: "<b>".repeat(1000),
    get trap(): number {
      throw new Error("called");
    },
    nested: { a: [1, 2] },
  };
  const table = recordsTable([row]);
  expect(table.html).not.toContain("<b>");
  expect(table.html).toContain("[Getter]");
  expect(table.html).toContain("{ a: [ 1, 2 ] }");
  expect(table.text.split("\n")[2]!.length).toBeLessThan(120);
});

test("records are plain objects with at least one key each", () => {
  expect(isRecords([{ a: 1 }, Object.assign(Object.create(null), { a: 2 })])).toBe(true);
  for (const value of [[], [{}], [1], [null], [new Date()], [[1]], {}, [new Proxy({ a: 1 }, {})]])
    expect(isRecords(value)).toBe(false);
});
