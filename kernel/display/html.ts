/** The few pieces of HTML that every display here is made of: escaping, and JupyterLab's colours with fallbacks. */

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Safe inside an element and inside a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character]!);
}

/**
 * JupyterLab's own variables change with its theme. The fallbacks (other front ends, exported pages) are either the
 * surrounding colour or a middle tone that is readable on black and on white.
 */
export const colors = Object.freeze({
  text: "var(--jp-content-font-color1,inherit)",
  faint: "var(--jp-content-font-color2,#808080)",
  border: "var(--jp-border-color2,#8888)",
  rowBorder: "var(--jp-border-color3,#8884)",
  accent: "var(--jp-brand-color1,#2a7fd4)",
  good: "var(--jp-success-color1,#388e3c)",
  bad: "var(--jp-error-color1,#e05252)",
  track: "var(--jp-layout-color3,#8884)",
  string: "var(--jp-mirror-editor-string-color,#c0504d)",
  number: "var(--jp-mirror-editor-number-color,#2b9a66)",
  keyword: "var(--jp-mirror-editor-keyword-color,#2f8f5b)",
  key: "var(--jp-mirror-editor-property-color,#4a7fd0)",
});

export const codeFont =
  "font-family:var(--jp-code-font-family,ui-monospace,monospace);font-size:var(--jp-code-font-size,13px)";
export const contentFont =
  "font-family:var(--jp-content-font-family,system-ui,sans-serif);font-size:var(--jp-content-font-size1,14px)";

/** Markup as a reader without markup would see it; for `text/plain` beside `text/html`. */
export function htmlToText(html: string): string {
  const visible = html
    .slice(0, 200_000)
    .replaceAll(/<(script|style|template)\b[^>]*>[\s\S]*?<\/\1\s*>/gi, "")
    .replaceAll(/<!--[\s\S]*?-->/g, "")
    .replaceAll(/<(br|hr)\b[^>]*>|<\/(p|div|li|tr|h[1-6]|pre|table|summary)\s*>/gi, "\n")
    .replaceAll(/<\/t[dh]\s*>/gi, "\t")
    .replaceAll(/<\/?[a-z][^>]*>/gi, "")
    .replaceAll(/&(lt|gt|quot|#39|nbsp|amp);/g, (_, name: string) => named[name]!)
    .replaceAll(/[ \t]*\n\s*/g, "\n")
    .trim();
  return visible.length > 20_000 ? `${visible.slice(0, 20_000)}…` : visible;
}

const named: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', "#39": "'", nbsp: " ", amp: "&" };
