#!/usr/bin/env node
/**
 * The command `gradbook`. It must load on Node 20, where npx may start it: it then runs itself again on Node 24. What
 * it imports at the top is therefore kept to the two files that know where things are.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { SetupError, setupError } from "./setup/errors.ts";
import { findNode24, majorOf, runInTerminal, wantedNodeMajor } from "./setup/node-runtime.ts";
import { findPlaces, packageVersion } from "./setup/places.ts";

const help = `gradbook: TypeScript notebooks in JupyterLab

  gradbook setup                   install what notebooks need: a Python environment with JupyterLab, TensorFlow's
                                   library, the kernelspec
  gradbook start [folder]          setup, then JupyterLab; without a folder, with the notebooks that come along
      --port <number>              the port to listen on (default: the first free one from 8888)
      --no-browser                 print the address only
  gradbook doctor                  what works on this machine, what does not, and how to get it
  gradbook kernel <file>           run a kernel on a Jupyter connection file
  gradbook --version

  --venv <folder>                  another Python environment than .venv (setup, start, doctor)
`;

async function main(args: string[]): Promise<number> {
  const places = findPlaces();
  if (majorOf(process.version) < wantedNodeMajor) {
    return await runInTerminal(findNode24(places.packageRoot).path, [fileURLToPath(import.meta.url), ...args]);
  }
  const { values, positionals } = readArguments(args);
  const [command, ...operands] = positionals;
  if (values.version) {
    console.log(packageVersion(places));
    return 0;
  }
  if (values.help || command === undefined) {
    console.log(help);
    return values.help ? 0 : 2;
  }
  return await run(command, operands, values);
}

type Options = ReturnType<typeof readArguments>["values"];

function readArguments(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        port: { type: "string" },
        "no-browser": { type: "boolean", default: false },
        venv: { type: "string" },
        "for-tests": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
        version: { type: "boolean", short: "v", default: false },
      },
    });
  } catch (error) {
    throw setupError("GB_CLI_USAGE", { problem: (error as Error).message });
  }
}

async function run(command: string, operands: string[], options: Options): Promise<number> {
  const places = findPlaces(options.venv === undefined ? {} : { venv: options.venv });
  switch (command) {
    case "setup": {
      const { setup } = await import("./setup/setup.ts");
      await setup(places, { forTests: options["for-tests"] });
      return 0;
    }
    case "start": {
      const { start } = await import("./setup/start.ts");
      return await start(places, {
        folder: operands[0],
        port: readPort(options.port),
        browser: !options["no-browser"],
      });
    }
    case "doctor": {
      const { doctor } = await import("./setup/doctor.ts");
      return doctor(places);
    }
    case "kernel": {
      const file = operands[0];
      if (file === undefined) throw setupError("GB_CLI_USAGE", { problem: "gradbook kernel needs a connection file." });
      const { kernelFlags } = await import("./setup/kernelspec.ts");
      return await runInTerminal(findNode24(places.packageRoot).path, [...kernelFlags, places.kernelMain, file]);
    }
    default:
      throw setupError("GB_CLI_USAGE", { problem: `There is no command "${command}".` });
  }
}

function readPort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65536) return port;
  throw setupError("GB_CLI_USAGE", { problem: `--port takes a number from 1 to 65535, not "${text}".` });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = error.code === "GB_CLI_USAGE" ? 2 : 1;
}
