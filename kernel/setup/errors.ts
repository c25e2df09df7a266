/** Every message with which setup, start and doctor stop. One place, so that each says what to install or to type. */

const messages = {
  GB_SETUP_NODE24_MISSING: (d: { wanted: string; running: string }) =>
    `Gradbook's kernel runs on Node 24. This is Node ${d.running}, and the npm package "${d.wanted}", which brings Node 24 along, is not installed.\n` +
    `Install the packages without leaving out optional ones (npm install --include=optional), or put Node 24 first on PATH.`,
  GB_SETUP_NO_PYTHON: (d: { tried: string }) =>
    `JupyterLab needs Python 3.10 or newer, and none was found (tried: ${d.tried}).\n` +
    `Install it (Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python; Windows: winget install Python.Python.3.13), then run this again.`,
  GB_SETUP_PYTHON_TOO_OLD: (d: { found: string }) =>
    `JupyterLab needs Python 3.10 or newer; only ${d.found} was found.\n` +
    `Install a newer one and see that python3 or python3.13 on PATH starts it, then run this again.`,
  GB_SETUP_NO_VENV: (d: { executable: string; version: string }) =>
    `Python ${d.version} (${d.executable}) cannot make virtual environments: its modules venv and ensurepip are not installed.\n` +
    `Install them (Debian, Ubuntu: apt-get install python3-venv), then run this again.`,
  GB_SETUP_VENV_FAILED: (d: { folder: string; output: string }) =>
    `Python could not make the virtual environment ${d.folder}:\n${d.output}`,
  GB_SETUP_VENV_NOT_A_VENV: (d: { folder: string }) =>
    `${d.folder} exists, but is not a Python virtual environment, so setup leaves it alone.\n` +
    `Name another folder with --venv, or move this one away.`,
  GB_SETUP_PIP_FAILED: (d: { file: string; output: string }) =>
    `pip could not install the Python packages of ${d.file}:\n${d.output}\n` +
    `If a package index could not be reached, check the network and pip's configuration (pip config list), then run this again.`,
  GB_SETUP_NOT_BUILT: (d: { main: string }) =>
    `${d.main} does not exist: the kernel has not been built.\nRun "npm run build" in a checkout, or install the package again.`,
  GB_SETUP_TENSORFLOW_NONE: (d: { why: string }) => `There is no TensorFlow library for this machine: ${d.why}.`,
  GB_SETUP_TENSORFLOW_OTHER: (d: { missing: string }) => d.missing,
  GB_SETUP_TENSORFLOW_DISK: (d: { needed: string; free: string; folder: string }) =>
    `TensorFlow takes ${d.needed} of disk, and ${d.folder} has ${d.free} free.\n` +
    `Make room, or set GRADBOOK_TENSORFLOW to the folder of another installation, and run this again.`,
  GB_SETUP_TENSORFLOW_FOLDER: (d: { folder: string; reason: string }) =>
    `The TensorFlow runtime belongs into ${d.folder}, which cannot be written (${d.reason}).\n` +
    `Make it writable, or name another cache folder in the environment variable XDG_CACHE_HOME, and run this again.`,
  GB_SETUP_TENSORFLOW_FAILED: (d: { what: string; output: string }) =>
    `pip could not download ${d.what}:\n${d.output}\n` +
    `If a package index could not be reached, check the network and pip's configuration (pip config list), then run this again.`,
  GB_SETUP_TENSORFLOW_UNPACK: (d: { output: string }) => `The wheels of TensorFlow could not be unpacked:\n${d.output}`,
  GB_SETUP_ADDON_NO_COMPILER: (d: { tried: string }) =>
    `Gradbook's native addon is compiled here, and no C++ compiler was found (tried: ${d.tried}).\n` +
    `Install one (Debian, Ubuntu: apt-get install g++; macOS: xcode-select --install), then run this again.`,
  GB_SETUP_ADDON_NO_HEADERS: (d: { folder: string }) =>
    `Gradbook's native addon needs TensorFlow's C headers, and ${d.folder} has no tensorflow/c/c_api.h.\n` +
    `Set GRADBOOK_TENSORFLOW to an installation that has them (Python's package does), or leave it unset.`,
  GB_SETUP_ADDON_FAILED: (d: { compiler: string; output: string }) =>
    `${d.compiler} could not compile Gradbook's native addon:\n${d.output}`,
  GB_START_NO_FOLDER: (d: { folder: string }) =>
    `There is no folder ${d.folder} to open. Make it first, or name another one: gradbook start <folder>`,
  GB_START_PORT_TAKEN: (d: { port: number }) =>
    `Port ${d.port} is in use. Choose another one with --port, or leave --port out and a free one is found.`,
  GB_START_ENDED: (d: { code: string }) =>
    `JupyterLab ended before it answered (${d.code}). What it printed above says why; "gradbook doctor" checks the rest.`,
  GB_CLI_USAGE: (d: { problem: string }) => `${d.problem}\nSee: gradbook --help`,
} as const;

export type SetupErrorCode = keyof typeof messages;
type Details<Code extends SetupErrorCode> = Parameters<(typeof messages)[Code]>[0];

/** An error that is a message to the user: printed without a stack. */
export class SetupError extends Error {
  readonly code: SetupErrorCode;

  constructor(code: SetupErrorCode, message: string) {
    super(message);
    this.name = "SetupError";
    this.code = code;
  }
}

export function setupError<Code extends SetupErrorCode>(code: Code, details: Details<Code>): SetupError {
  const template = messages[code] as (details: Details<Code>) => string;
  return new SetupError(code, template(details));
}
