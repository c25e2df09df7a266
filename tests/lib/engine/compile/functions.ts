/** Functions of TensorFlow.js with inputs for them, to be run eagerly, as a graph and by XLA. */
import { cases, type FunctionCase } from "./function-table.ts";
import "./functions-of-elements.ts";
import "./functions-of-shapes.ts";
import "./functions-of-images.ts";

export const functionCases: readonly FunctionCase[] = cases;
export { type FunctionCase, integers, numbers } from "./function-table.ts";
