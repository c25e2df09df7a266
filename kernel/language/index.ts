/**
 * Answers to questions about code as it is being typed: completion, inspection, whether a cell is finished. Everything
 * here runs in the I/O thread and learns about the running program only through `LiveValues`, without side effects and
 * without waiting for it. Here: reading unfinished code, asking V8, finding declarations in executed cells. Not here:
 * running or rewriting cells (`cells/`), protocol messages (`wire/`), showing values (`display/`).
 */
export { type Completion, complete } from "./complete.ts";
export { type Inspection, inspect } from "./inspect.ts";
export { type InspectorSession, InspectorValues } from "./inspector-values.ts";
export { type Completeness, isComplete } from "./is-complete.ts";
export type { LanguageContext } from "./language-context.ts";
export type { LiveValues, RemoteProperty, RemoteValue } from "./live-values.ts";
