/** Values of TypeScript in a line for the POSIX shell, whether or not the user has put quotes round them. */

/** The text of a command whose `${...}` parts are `values`; each stays one word (an array: one word for each element). */
export function composeCommand(texts: readonly string[], values: readonly unknown[]): string {
  let command = texts[0] ?? "";
  for (const [index, value] of values.entries()) {
    command += quoted(value, openQuote(command)) + (texts[index + 1] ?? "");
  }
  return command;
}

function quoted(value: unknown, quote: string): string {
  const text = Array.isArray(value) && quote !== "" ? value.join(" ") : value;
  if (quote === "'") return String(text).replaceAll("'", "'\\''");
  if (quote === '"') return String(text).replace(/[\\"$`]/g, "\\$&");
  if (Array.isArray(value)) return value.map((part) => quoted(part, "")).join(" ");
  const word = String(value);
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The quote inside which the text ends, or "". */
function openQuote(text: string): string {
  let quote = "";
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string;
    if (char === "\\" && quote !== "'") i++;
    else if (quote === "" && (char === "'" || char === '"')) quote = char;
    else if (char === quote) quote = "";
  }
  return quote;
}
