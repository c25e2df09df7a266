/** What completion and inspection know about the notebook without asking the running program. */
export interface LanguageContext {
  /** Names that executed cells declared, with their kind as known from syntax (`function`, `class`, `variable`, ...). */
  names: ReadonlyMap<string, string>;
  /** The notebook's folder: where packages and relative files are looked for. */
  cwd: string;
  /** Executed cells, oldest first: declarations, their types and their documentation are found in them. */
  sources?: readonly string[];
  /** Built-in names that cells have declared for themselves, with the global variable that stands for each. */
  shadowed?: ReadonlyMap<string, string>;
  /** Names of line and cell commands, without their `%`. */
  commands?: readonly string[];
}
