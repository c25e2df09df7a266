/** tsconfig.json is JSON with comments and trailing commas; this takes both out and leaves strings alone. */
export function parseJsonWithComments(text: string): unknown {
  const tokens = /"(?:\\.|[^"\\])*"|\/\/[^\n]*|\/\*[\s\S]*?\*\/|,(?=(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*[}\]])/g;
  return JSON.parse(text.replace(/^\uFEFF/, "").replace(tokens, (token) => (token.startsWith('"') ? token : "")));
}
