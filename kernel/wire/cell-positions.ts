/**
 * How positions in the JavaScript of a cell lead back to its TypeScript: data only, so that it crosses the threads as it is.
 */
export interface CellPositions {
  /** The cell as the user wrote it. */
  source: string;
  /**
   * The pieces of the final script that come from the compiler's output, three numbers each: offset in the script, offset in the
   * output, length. Text between them was put there by the rewrite.
   */
  pieces: number[];
  /** The compiler's output, and its map to `source` (source map v3 `mappings`). */
  compiled: string;
  mappings: string;
}
