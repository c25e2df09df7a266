/** Telling XLA's refusals from other failures of a compiled function. */

/** Sentences of TensorFlow 2.21 for what XLA cannot compile. An error of the data (an index out of range) is in none of them. */
const refusals = [
  /Detected unsupported operations when trying to compile graph/,
  /must be a compile-time constant/,
  /XLA compilation requires/,
  /XLA can't/,
  /is not supported (?:by|in|on) XLA/i,
  /No (?:registered|unary|suitable) .*XLA/,
];

/** Why XLA refused to compile, in few words, when that is what the error says. */
export function xlaRefusal(error: unknown): string | undefined {
  const message = error instanceof Error ? error.message : String(error);
  if (!refusals.some((pattern) => pattern.test(message))) return undefined;
  const ops = new Set(message.matchAll(/No registered '(\w+)' OpKernel/g).map((match) => match[1]!));
  // Not ops, but the function's own inputs and outputs.
  if (/DT_STRING/.test(message) && (ops.has("_Arg") || ops.has("_Retval"))) return "XLA has no strings";
  if (ops.size > 0) return `XLA has no kernel for ${[...ops].join(", ")}`;
  const constant = /node [`{]*([\w/]+)[`}]*.*?with op (\w+)/.exec(message) ?? /with op (\w+)/.exec(message);
  if (/compile-time constant/.test(message))
    return `XLA needs an operand of ${constant?.at(-1) ?? "an op"} to be constant, and here it is computed`;
  return `XLA refuses: ${message.split("\n", 1)[0]!.slice(0, 200)}`;
}
