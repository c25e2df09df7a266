/**
 * What `import ... from "gradbook"` gives: the training library and the notebook's own functions.
 * This is the only file that sees both `lib` and `kernel`.
 */
export * from "./lib/index.ts";
