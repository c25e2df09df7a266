/**
 * What Deno's kernel shows better than plain text: values known by their shape (Vega charts, Polars frames, canvases, DOM
 * elements). Shapes as in Deno's `Deno.jupyter.format`.
 */
import type { MimeBundle } from "../../lib/host.ts";

/** The bundle of a value with one of the known shapes, else undefined. Errors of the value's own methods pass through. */
export function bundleByShape(value: unknown): MimeBundle | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const object = value as Record<string, unknown>;
  if (typeof object["toDataURL"] === "function") return canvas(String(object["toDataURL"]()));
  if (typeof object["toSpec"] === "function") return vega(object["toSpec"]());
  if (isFrame(object)) return frame(object);
  const outer = object["outerHTML"];
  if (typeof outer === "string") return outer.startsWith("<svg") ? { "image/svg+xml": outer } : { "text/html": outer };
  return undefined;
}

function canvas(url: string): MimeBundle | undefined {
  const parts = /^data:([^;,]+);base64,(.*)$/s.exec(url);
  return parts ? { [parts[1] as string]: parts[2] } : undefined;
}

function vega(spec: unknown): MimeBundle | undefined {
  const schema = (spec as { $schema?: unknown } | null)?.$schema;
  if (typeof schema !== "string") return undefined;
  const parts = /\/schema\/(vega|vega-lite)\/v(\d+)/.exec(schema);
  const type = parts?.[1] === "vega-lite" ? "vegalite" : "vega";
  return { [`application/vnd.${type}.v${parts?.[2] ?? 5}+json`]: spec };
}

interface Frame {
  schema: Record<string, { toJSON?(): unknown }>;
  head(rows: number): { toRecords(): Record<string, unknown>[] };
}

function isFrame(object: Record<string, unknown>): object is Record<string, unknown> & Frame {
  const schema = object["schema"];
  return (
    typeof schema === "object" &&
    schema !== null &&
    typeof object["head"] === "function" &&
    typeof object["toRecords"] === "function"
  );
}

const integers = /^U?Int\d+$/;
const jsonTypes: Record<string, string> = {
  Null: "null",
  Bool: "boolean",
  Float32: "number",
  Float64: "number",
  List: "array",
  Struct: "object",
};

/** A Polars data frame: 50 rows as a data resource, 10 as HTML. */
function frame(df: Frame): MimeBundle {
  const fields = Object.entries(df.schema).map(([name, type]) => {
    const json = type?.toJSON?.() as { DataType?: unknown } | undefined;
    const polars = typeof json?.DataType === "string" ? json.DataType : String(type);
    return { name, type: integers.test(polars) ? "integer" : (jsonTypes[polars] ?? "string") };
  });
  const row = (tag: string, cells: unknown[]) =>
    `<tr>${cells.map((value) => `<${tag}>${escapeHtml(String(value))}</${tag}>`).join("")}</tr>`;
  const body = df
    .head(10)
    .toRecords()
    .map((record) =>
      row(
        "td",
        fields.map(({ name }) => record[name]),
      ),
    );
  const header = row(
    "th",
    fields.map(({ name }) => name),
  );
  return {
    "application/vnd.dataresource+json": { data: df.head(50).toRecords(), schema: { fields } },
    "text/html": `<table><thead>${header}</thead><tbody>${body.join("")}</tbody></table>`,
  };
}

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => entities[char] as string);
}
