/**
 * JSON for the wire. An unpaired surrogate becomes U+FFFD, because strict clients cannot encode what they would decode.
 * @throws TypeError for what JSON cannot hold (cycles, bigint)
 */
export function toJson(value: unknown): string {
  const text = JSON.stringify(value);
  // JSON.stringify escapes an unpaired surrogate as \udXXX in lower case; a pair stays as it is.
  if (!text.includes("\\ud")) return text;
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === "string" ? item.toWellFormed() : item));
}
