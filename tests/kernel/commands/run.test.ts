import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCommands, type ShellOutput, type ShellSettings } from "../../../kernel/commands/run.ts";
import { recordingChannel } from "../recording-channel.ts";

function setUp(options: { names?: string[]; exitCode?: number } = {}) {
  const recording = recordingChannel();
  const ran: { command: string; settings: ShellSettings }[] = [];
  const ends: (() => void)[] = [];
  const output: ShellOutput = { stdout: "out", stderr: "", exitCode: options.exitCode ?? 0 };
  const commands = createCommands({
    channel: recording.channel,
    runShell: async (command, settings) => {
      ran.push({ command, settings });
      return output;
    },
    globalNames: () => options.names ?? [],
    onCellEnd: (fn) => ends.push(fn),
  });
  return { ...recording, commands, ran, ends, output };
}

let folder: string;
const started = process.cwd();
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "commands-")));
  process.chdir(folder);
});
afterEach(() => {
  process.chdir(started);
  rmSync(folder, { recursive: true, force: true });
});

describe("shell", () => {
  it("streams a command, and returns the output of a captured one", async () => {
    const { commands, ran, output } = setUp();
    expect(await commands.shell(["ls"], [])).toBeUndefined();
    expect(await commands.shell(["ls"], [], true)).toBe(output);
    expect(ran.map(({ settings }) => settings.stream)).toEqual([true, false]);
  });

  it("reports a failing command without throwing, and a failing script by throwing", async () => {
    const { commands, text } = setUp({ exitCode: 3 });
    await commands.shell(["false"], []);
    expect(text("stderr")).toBe("exit code 3\n");
    await expect(commands.script("bash", "exit 3")).rejects.toThrow("The bash script ended with exit code 3.");
  });

  it("shows why a captured command failed", async () => {
    const { commands, text, output } = setUp({ exitCode: 2 });
    output.stderr = "no such file\n";
    expect(await commands.shell(["ls x"], [], true)).toBe(output);
    expect(text("stderr")).toBe("no such file\nexit code 2\n");
  });

  it("keeps a value one word, also inside quotes", async () => {
    const { commands, ran } = setUp();
    await commands.shell(["cat ", ' | grep "', '"'], ["a b.txt; rm x", "$HOME"]);
    expect(ran[0]?.command).toBe("cat 'a b.txt; rm x' | grep \"\\$HOME\"");
  });
});

describe("files, folders, environment", () => {
  it("write a file with a line break at its end, and append to it", async () => {
    const { commands, text } = setUp();
    await commands.writeFile("a.txt", "one");
    await commands.writeFile("a.txt", "two\n", { append: true });
    expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe("one\ntwo\n");
    await commands.writeFile("a.txt", "");
    expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe("");
    expect(text()).toBe("Wrote a.txt\nAppended to a.txt\nOverwrote a.txt\n");
  });

  it("go to a folder, back and home, and name the folder that does not exist", () => {
    const { commands, text } = setUp();
    expect(() => commands.cd("-")).toThrow("there is none yet");
    commands.cd("..");
    commands.cd("-");
    expect(commands.pwd()).toBe(folder);
    expect(() => commands.cd("nowhere")).toThrow(`%cd: there is no folder "nowhere" (from ${folder}).`);
    commands.cd();
    expect(commands.pwd()).toBe(realpathSync(homedir()));
    expect(text().split("\n")).toHaveLength(4);
  });

  it("set, show and list environment variables", () => {
    const { commands, text } = setUp();
    commands.setEnv("GRADBOOK_TEST_NAME", "a b");
    expect(text()).toBe("env: GRADBOOK_TEST_NAME=a b\n");
    expect(commands.env("GRADBOOK_TEST_NAME")).toBe("a b");
    expect(commands.env()).toMatchObject({ GRADBOOK_TEST_NAME: "a b" });
    delete process.env["GRADBOOK_TEST_NAME"];
    expect(() => commands.env("GRADBOOK_TEST_NAME")).toThrow("GRADBOOK_TEST_NAME is not set");
  });
});

describe("time", () => {
  const timing = /^CPU times: user .+, sys: .+, total: .+\nWall time: .+\n$/;

  it("prints wall and CPU time and returns the value, also when the code throws", async () => {
    const { commands, text } = setUp();
    expect(await commands.time(async () => 5)).toBe(5);
    expect(text()).toMatch(timing);
    const other = setUp();
    await expect(other.commands.time(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(other.text()).toMatch(timing);
  });

  it("of a cell is printed when the cell ends", () => {
    const { commands, text, ends } = setUp();
    commands.timeCell();
    expect(text()).toBe("");
    ends[0]?.();
    expect(text()).toMatch(timing);
  });

  it("of a declaration is printed between its two calls", () => {
    const { commands, text } = setUp();
    commands.timeStart();
    commands.timeEnd();
    expect(text()).toMatch(timing);
    commands.timeEnd();
    expect(text()).toMatch(timing);
  });

  it("counts the calls it was asked for, plus the first", async () => {
    const { commands, text } = setUp();
    let calls = 0;
    const result = await commands.timeit(() => calls++, { loops: 5, runs: 3 });
    expect(calls).toBe(16);
    expect(result).toMatchObject({ loops: 5, runs: 3 });
    expect(result.all).toHaveLength(3);
    expect(text()).toMatch(/^.+ ± .+ per loop \(mean ± std\. dev\. of 3 runs, 5 loops each\)\n$/);
  });

  it("waits for each promise before the next call", async () => {
    const { commands } = setUp();
    let open = 0;
    let most = 0;
    await commands.timeit(
      async () => {
        most = Math.max(most, ++open);
        await null;
        open--;
      },
      { loops: 3, runs: 2 },
    );
    expect(most).toBe(1);
  });

  it("chooses the loops so that a run lasts", async () => {
    const { commands } = setUp();
    const wait = () => new Promise((done) => setTimeout(done, 5));
    const result = await commands.timeit(wait, { runs: 1 });
    expect(result.loops).toBeGreaterThan(5);
    expect(result.mean).toBeGreaterThan(3);
  });
});

describe("names and help", () => {
  it("list what the user made, without calling accessors", () => {
    const names = { text: "a\nb", list: [1, 2, 3], gone: null };
    let read = false;
    const lazy = () => {
      read = true;
    };
    Object.assign(globalThis, names);
    Object.defineProperty(globalThis, "lazy", { get: lazy, configurable: true });
    const { commands, text } = setUp({ names: ["text", "list", "gone", "lazy"] });
    commands.who();
    commands.whos();
    for (const name of [...Object.keys(names), "lazy"]) Reflect.deleteProperty(globalThis, name);
    expect(read).toBe(false);
    expect(
      text()
        .split("\n")
        .map((line) => line.split(/\s{2,}/)),
    ).toEqual([
      ["gone", "lazy", "list", "text"],
      ["Name", "Type", "Value"],
      ["gone", "null", "null"],
      ["lazy", "accessor"],
      ["list", "Array", "[ 1, 2, 3 ]"],
      ["text", "string", "'a\\nb'"],
      [""],
    ]);
  });

  it("explain every command, or one", () => {
    const { commands, text } = setUp();
    commands.help();
    expect(text()).toMatch(/!COMMAND .*\n%time .*\n/);
    const one = setUp();
    one.commands.help("%%writefile");
    expect(one.text()).toBe("%%writefile [-a] FILE  writes the body to a file; -a appends\n");
    expect(() => commands.help("nothing")).toThrow("There is no command %nothing.");
  });

  it("show a text as one MIME type", () => {
    const { commands, recorded } = setUp();
    commands.show("latex", "$x$");
    expect(recorded).toEqual([
      { type: "display", content: { data: { "text/latex": "$x$", "text/plain": "$x$" }, metadata: {} } },
    ]);
  });
});
