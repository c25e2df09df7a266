import { describe, expect, it } from "vitest";
import { translateSpecifier } from "../../../kernel/compat/specifier.ts";

describe("Deno's import specifiers", () => {
  it.each([
    ["npm:lodash", "lodash"],
    ["npm:lodash@4", "lodash"],
    ["npm:lodash@^4.17/fp", "lodash/fp"],
    ["npm:/lodash@4/fp/get.js", "lodash/fp/get.js"],
    ["npm:@scope/name", "@scope/name"],
    ["npm:@scope/name@1.2.3/a/b", "@scope/name/a/b"],
    ["node:fs", "node:fs"],
    ["./npm.ts", "./npm.ts"],
    ["lodash", "lodash"],
  ])("%s is %s", (specifier, expected) => {
    expect(translateSpecifier(specifier)).toBe(expected);
  });

  it.each([
    ["jsr:@std/assert@1/equals", /npx jsr add @std\/assert/],
    ["https://deno.land/std/assert/mod.ts", /does not import from the web/],
    ["npm:", /expected npm:NAME/],
  ])("%s cannot be had, and the error says what to do", (specifier, message) => {
    expect(() => translateSpecifier(specifier)).toThrow(message);
  });
});
