/**
 * How values, progress and commands reach a reader: any value becomes a MIME bundle, `display` shows it through an
 * `OutputChannel`, handles change it, `$` runs commands whose output streams the same way.
 * Nothing here knows of sockets, threads or cells, and nothing here may import `wire`, `cells` or `language`. What is
 * shown may be hostile: no accessor or proxy trap of a value runs, and no value is too large.
 */
export {
  type BundleOptions,
  isEmptyBundle,
  mimeBundleOf,
  type ShownValue,
} from "./bundle.ts";
export type { DisplayContent, OutputChannel } from "./channel.ts";
export { createConsoleChannel } from "./console-channel.ts";
export { createDisplay, type Display, type DisplayHandle, type DisplayOptions, type DisplaySystem } from "./display.ts";
export type { Progress, ProgressBar, ProgressOptions } from "./progress.ts";
export { createShell, type Shell, ShellCommand, ShellError, type ShellOptions, ShellResult } from "./shell.ts";
