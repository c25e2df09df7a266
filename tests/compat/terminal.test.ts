/** The kernel in `jupyter console` (a real terminal) and in `jupyter run`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { OwnJupyter } from "./jupyter.ts";

interface Step {
  /** A regular expression for what the screen shows since the step before. */
  expect: string;
  /** What is then typed; `\r` is the Enter key, which sends `\r` to line editors. */
  send: string;
}

const anything = "[\\s\\S]*";
const enter = "\r";
const controlC = "\x03";
const controlD = "\x04";
const promptFor = (count: number) => `In \\[${count}\\]: `;

/** Plays the steps in a terminal; resolves with everything that was on it. */
async function inConsole(steps: Step[]): Promise<string> {
  const jupyter = own();
  const console = ["-m", "jupyter_console", "--kernel=gradbook", "--no-confirm-exit"];
  // The console asks the kernel whether a cell is complete, and by default stops asking after one slow answer.
  console.push("--ZMQTerminalInteractiveShell.kernel_is_complete_timeout=30");
  const { code, stdout, stderr } = await jupyter.python(
    [join(import.meta.dirname, "terminal.py"), JSON.stringify(steps), ...console],
    // The console would ask the terminal where its cursor is, and nobody answers.
    { env: { TERM: "xterm", PROMPT_TOOLKIT_NO_CPR: "1" } },
  );
  expect(code, `${stdout}${stderr}`).toBe(0);
  return stdout.replaceAll("\r", "");
}

function own(): OwnJupyter {
  const jupyter = new OwnJupyter();
  onTestFinished(() => jupyter[Symbol.dispose]());
  return jupyter;
}

describe.skipIf(process.platform === "win32")(
  "jupyter console",
  () => {
    test("runs cells, lets a function be typed over several lines, and Ctrl+D ends it", async () => {
      const screen = await inConsole([
        { expect: promptFor(1), send: `1 + 1${enter}` },
        { expect: `Out\\[1\\]: 2${anything}${promptFor(2)}`, send: `function twice(n: number): number {${enter}` },
        { expect: "\\.\\.\\.: ", send: `return 2 * n }${enter}` },
        { expect: promptFor(3), send: `twice(21)${enter}` },
        { expect: `Out\\[3\\]: 42${anything}${promptFor(4)}`, send: controlD },
      ]);
      expect(screen).toContain("Gradbook");
      expect(screen).toContain("TypeScript");
    });

    test("asks with prompt(), and hides a password", async () => {
      const screen = await inConsole([
        { expect: promptFor(1), send: `"Hello " + await prompt("Name? ")${enter}` },
        { expect: "\\nName\\? ", send: `Ada${enter}` },
        {
          expect: `'Hello Ada'${anything}${promptFor(2)}`,
          send: `(await prompt("Key? ", { password: true })).length${enter}`,
        },
        { expect: "\\nKey\\? ", send: `open sesame${enter}` },
        { expect: `Out\\[2\\]: 11${anything}${promptFor(3)}`, send: controlD },
      ]);
      expect(screen).not.toContain("sesame");
    });

    test("Ctrl+C stops an endless loop; variables stay and the next cell runs", async () => {
      const screen = await inConsole([
        { expect: promptFor(1), send: `let kept = 6; console.log("going"); while (true);${enter}` },
        { expect: "\\ngoing\\r?\\n", send: controlC },
        { expect: promptFor(2), send: `kept * 7${enter}` },
        { expect: `Out\\[2\\]: 42${anything}${promptFor(3)}`, send: controlD },
      ]);
      expect(screen).toContain("KeyboardInterrupt");
    });

    test("an error shows the line", async () => {
      const screen = await inConsole([
        { expect: promptFor(1), send: `const n: number = 1; n.missing.field${enter}` },
        { expect: `TypeError${anything}${promptFor(2)}`, send: controlD },
      ]);
      expect(screen).toMatch(/> 1 \| const n: number = 1; n\.missing\.field/);
    });
  },
  90_000,
);

describe("jupyter run", () => {
  const arguments_ = ["-m", "jupyter_client.runapp", "--kernel=gradbook"];

  test("runs a TypeScript file: output and errors go where they belong", async () => {
    const jupyter = own();
    writeFileSync(
      join(jupyter.folder, "hello.ts"),
      `enum Color { Red, Green }\nconst name: string = "Ada";\nconsole.log("Hello, " + name);\nconsole.error("careful");\nColor[1]\n`,
    );
    const { code, stdout, stderr } = await jupyter.python([...arguments_, "hello.ts"]);
    expect(stdout).toBe("Hello, Ada\n'Green'");
    expect(stderr).toBe("careful\n");
    expect(code).toBe(0);
  });

  test("a file that throws ends with an error and shows the line", async () => {
    const jupyter = own();
    writeFileSync(join(jupyter.folder, "wrong.ts"), `console.log("before")\nthrow new RangeError("wrong")\n`);
    const { code, stdout, stderr } = await jupyter.python([...arguments_, "wrong.ts"]);
    expect(stdout).toBe("before\n");
    expect(stderr).toContain("RangeError: wrong");
    expect(stderr).toContain(`2 | throw new RangeError("wrong")`);
    expect(code).not.toBe(0);
  });

  test("reads a program from standard input", async () => {
    const { code, stdout } = await own().python(arguments_, { input: "const n: number = 20\nn + 22\n" });
    expect(stdout).toBe("42");
    expect(code).toBe(0);
  });
}, 90_000);
