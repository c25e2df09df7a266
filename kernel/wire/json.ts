/**
 * JSON for the wire. An unpaired surrogate becomes U+FFFD, because strict clients cannot encode what they would decode.
 * @throws TypeError for what JSON cannot hold (cycles, bigint)
 */
// Taken before any cell can change it.
const { stringify } = JSON;

export function toJson(value: unknown): string {
  const text = stringify(value);
  // JSON.stringify escapes an unpaired surrogate as \udXXX in lower case; a pair stays as it is.
  if (!text.includes("\\ud")) return text;
  return stringify(value, (_key, item: unknown) => (typeof item === "string" ? item.toWellFormed() : item));
}
