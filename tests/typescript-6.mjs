/**
 * `node --import ./tests/typescript-6.mjs tool`: the tool gets TypeScript 6 where it asks for `typescript`. TypeScript 7
 * checks and builds; it has no compiler API, which dependency-cruiser needs to read imports.
 */
import { registerHooks } from "node:module";

registerHooks({
  resolve: (specifier, context, next) => next(specifier.replace(/^typescript(?=$|\/)/, "typescript-6"), context),
});
