/**
 * `kernel/compat`: what notebooks written for other kernels expect: the module `tslab`, Deno's `Deno` global and its
 * import specifiers. Each is a thin layer over an output channel; nothing here is loaded before a cell asks for it.
 */

/**
 * Deno's specifiers as Node's: `npm:lodash@4/fp` is `lodash/fp`, found where any package is found. Others are unchanged.
 * @throws Error for `jsr:`, `http:` and `https:`, which Node cannot load, with what to do instead
 */
export function translateSpecifier(specifier: string): string {
  if (specifier.startsWith("npm:")) return fromNpm(specifier);
  if (specifier.startsWith("jsr:")) {
    const name = /^jsr:\/?((?:@[^/]+\/)?[^@/]+)/.exec(specifier)?.[1] ?? "@scope/name";
    throw unsupported(
      `Cannot import "${specifier}": the Gradbook kernel runs on Node, which has no jsr: imports. ` +
        `Install the package with "npx jsr add ${name}" in the notebook's folder and import "${name}".`,
    );
  }
  if (/^https?:\/\//.test(specifier)) {
    throw unsupported(
      `Cannot import "${specifier}": the Gradbook kernel runs on Node, which does not import from the web. ` +
        "Install the package with npm in the notebook's folder and import it by its name.",
    );
  }
  return specifier;
}

/** `npm:[/]name[@version][/path]`, the name with or without a scope. The version is what is installed. */
function fromNpm(specifier: string): string {
  const parts = /^npm:\/?((?:@[^/@]+\/)?[^/@]+)(?:@[^/]*)?(\/.*)?$/.exec(specifier);
  if (!parts) {
    throw unsupported(`Cannot import "${specifier}": expected npm:NAME, npm:NAME@VERSION or npm:NAME@VERSION/PATH.`);
  }
  return `${parts[1]}${parts[2] ?? ""}`;
}

function unsupported(message: string): Error {
  return Object.assign(new TypeError(message), { code: "ERR_UNSUPPORTED_ESM_URL_SCHEME" });
}
