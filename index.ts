/**
 * `gradbook`: all that a notebook has without an import, for plain TypeScript files too. The only file that sees both halves:
 * the training library (`gradbook/lib`) and the notebook's own names (`gradbook/kernel`).
 */
export * from "./kernel/index.ts";
export * from "./lib/index.ts";
