/** `LiveValues` for tests: an inspector session on this very thread, whose globals are made by `run`. */
import { Session } from "node:inspector";
import { runInThisContext } from "node:vm";
import { type InspectorSession, InspectorValues, type LanguageContext } from "../../../kernel/language/index.ts";

export interface LocalValues {
  values: InspectorValues;
  context: LanguageContext;
  close(): void;
}

/** Runs `script` in the global scope and gives live values of it. */
export async function localValues(script: string, context: Partial<LanguageContext> = {}): Promise<LocalValues> {
  runInThisContext(script);
  const session = new Session();
  session.connect();
  // The process is shared with the test runner, so a question may take longer than in a kernel's quiet I/O thread.
  const values = new InspectorValues(session as InspectorSession, { timeoutMs: 5000 });
  await values.refreshGlobals();
  return {
    values,
    context: { names: new Map(), cwd: process.cwd(), sources: [], ...context },
    close: () => session.disconnect(),
  };
}

/** Splits `code` at `|`: the text, and the cursor in code points. */
export function atCursor(code: string): [code: string, cursor: number] {
  const at = code.indexOf("|");
  if (at < 0) return [code, [...code].length];
  return [code.slice(0, at) + code.slice(at + 1), [...code.slice(0, at)].length];
}
