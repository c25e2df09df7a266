import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mimeBundleOf } from "../../../kernel/display/bundle.ts";
import { createShell, ShellError, type ShellOptions, type ShellResult } from "../../../kernel/display/shell.ts";
import { commandLine } from "../../../kernel/display/shell-quote.ts";
import { createRecorder } from "./recorder.ts";

function setUp(options?: ShellOptions) {
  const channel = createRecorder();
  return { channel, $: createShell(channel, options) };
}

let folder = "";
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "gradbook-")));
});
afterAll(() => rmSync(folder, { recursive: true }));

const failure = async (command: PromiseLike<unknown>): Promise<ShellError> => {
  try {
    await command;
  } catch (error) {
    if (error instanceof ShellError) return error;
    throw error;
  }
  throw new Error("the command did not fail");
};

test("a command's output streams into the cell and is in the result", async () => {
  const { channel, $ } = setUp();
  const result = await $`echo one; echo two; echo oops >&2`;
  expect(result).toMatchObject({ exitCode: 0, stdout: "one\ntwo\n", stderr: "oops\n" });
  expect(result.lines()).toEqual(["one", "two"]);
  expect(`${result}`).toBe("one\ntwo\n");
  expect(channel.text("stdout")).toBe("one\ntwo\n");
  expect(channel.text("stderr")).toBe("oops\n");
});

test("output comes while the command runs", async () => {
  const { channel, $ } = setUp();
  const gate = join(folder, "gate");
  execFileSync("mkfifo", [gate]);
  const command = $`echo first; cat ${gate}`.then((result) => result.stdout);
  await expect.poll(() => channel.text()).toBe("first\n");
  writeFileSync(gate, "second\n");
  expect(await command).toBe("first\nsecond\n");
});

const nasty = [
  "two words",
  "it's",
  '"quoted"',
  "$HOME",
  "`id`",
  "$(id)",
  "a;b|c&d",
  "*",
  "~",
  "new\nline",
  "back\\slash",
  "",
  "-n",
  "日本 🎉",
  "A=b",
  "!x",
  "#no",
];

test("every interpolated value reaches the program as one argument, unchanged", async () => {
  const { $ } = setUp();
  const program = "process.stdout.write(JSON.stringify(process.argv.slice(1)))";
  const result = await $`${process.execPath} -e ${program} -- ${nasty}`.quiet();
  expect(result.json()).toEqual(nasty);
});

test("a value inside the command's own quotes is as safe", async () => {
  const { $ } = setUp();
  for (const value of nasty) {
    expect((await $`printf %s "<${value}>"`.quiet()).stdout).toBe(`<${value}>`);
    expect((await $`printf %s '<${value}>'`.quiet()).stdout).toBe(`<${value}>`);
    expect((await $`printf %s "$(printf %s ${value})."`.quiet()).stdout).toBe(`${value}.`);
  }
});

test("a value after a comment with an apostrophe is quoted as outside", async () => {
  const { $ } = setUp();
  expect(
    (
      await $`# don't mind
    printf %s ${"a b'"} # ${"x\necho broken"}`.quiet()
    ).stdout,
  ).toBe("a b'");
});

test("where quoting cannot be safe, a value is refused", () => {
  expect(() => commandLine(["cat <<END\n", "\nEND"], ["$(id)"])).toThrow(/here-document/);
  expect(() => commandLine(["echo `printf ", "`"], ["x"])).toThrow(/backticks/);
  expect(() => commandLine(["echo ", ""], ["a\0b"])).toThrow(/NUL/);
  for (const value of [undefined, null, {}, () => 1, [undefined]])
    expect(() => commandLine(["rm ", ""], [value])).toThrow(/can take strings, numbers/);
});

test("numbers, URLs, results and raw text go in as what they mean", async () => {
  const { $ } = setUp();
  const earlier = await $`echo "a b"`.quiet();
  expect(
    (await $`printf '[%s]' ${1.5} ${earlier} ${new URL("file:///tmp/a%20b")} ${[]} ${{ raw: "x y" }}`.quiet()).stdout,
  ).toBe("[1.5][a b][/tmp/a b][x][y]");
});

test("backslashes belong to the shell", async () => {
  const { $ } = setUp();
  expect((await $`printf 'a\tb\n' | grep -c '\.'`.nothrow().quiet()).stdout).toBe("0\n");
  expect((await $`X=1; echo "\${X}" \`echo 2\``.quiet()).stdout).toBe("1 2\n");
});

test("a command that fails rejects with its code, its text and the end of stderr", async () => {
  const { $ } = setUp();
  const error = await failure($`echo out; echo "went wrong" >&2; exit 3`);
  expect(error).toMatchObject({ name: "ShellError", exitCode: 3, stdout: "out\n", stderr: "went wrong\n" });
  expect(error.message).toBe('The command ended with exit code 3: echo out; echo "went wrong" >&2; exit 3\nwent wrong');
});

test("nothrow resolves with the exit code, also of a signal", async () => {
  const { $ } = setUp();
  expect((await $`exit 3`.nothrow()).exitCode).toBe(3);
  expect((await $`kill -TERM $$`.nothrow()).exitCode).toBe(143);
});

test("quiet shows nothing, and its result shows itself", async () => {
  const { channel, $ } = setUp();
  const quiet = await $`echo hidden`.quiet();
  const loud = await $`echo shown`;
  expect(channel.text()).toBe("shown\n");
  expect(mimeBundleOf(loud)).toEqual({ data: {}, metadata: {} });
  expect(JSON.stringify(mimeBundleOf(quiet))).toContain("hidden");
});

test("cwd and env hold for one command", async () => {
  const { $ } = setUp();
  const result = await $`pwd; echo "$GREETING" "[$HOME]"`
    .cwd(folder)
    .env({ GREETING: "hello", HOME: undefined })
    .quiet();
  expect(result.lines()).toEqual([folder, "hello []"]);
  expect((await failure($`true`.cwd("/no/such/folder"))).message).toContain(
    "The directory /no/such/folder does not exist",
  );
});

test("json says what is wrong when the output is none", async () => {
  const { $ } = setUp();
  expect((await $`echo '{"a":1}'`.quiet()).json()).toEqual({ a: 1 });
  const bad = await $`echo hello`.quiet();
  expect(() => bad.json()).toThrow(/not JSON[\s\S]*begins "hello/);
});

test("a character split across chunks arrives whole", async () => {
  const { channel, $ } = setUp();
  const result = await $`printf '\360\237'; sleep 0.2; printf '\216\211\n'`;
  expect(result.stdout).toBe("🎉\n");
  expect(channel.text()).toBe("🎉\n");
});

test("standard input is empty, so that nothing waits for it", async () => {
  const { $ } = setUp();
  expect((await $`cat`).stdout).toBe("");
});

test("several megabytes arrive whole", async () => {
  const { channel, $ } = setUp();
  const result = await $`head -c 5000000 /dev/zero | tr '\0' x`;
  expect(result.stdout.length).toBe(5_000_000);
  expect(channel.text().length).toBe(5_000_000);
});

/** Runs still, and is not a zombie that nobody has collected. */
const alive = (pid: number) => {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !/\) Z /.test(readFileSync(stat, "utf8"));
};

test("an aborted signal stops the command and what it started", async () => {
  const controller = new AbortController();
  const { channel, $ } = setUp({ signal: () => controller.signal });
  const command = failure($`sleep 100 & echo $!; wait; sleep 100`);
  await expect.poll(() => channel.text()).toMatch(/\d+\n/);
  controller.abort();
  const error = await command;
  expect(error.message).toContain("The command was stopped");
  await expect.poll(() => alive(Number(channel.text())), { timeout: 4000 }).toBe(false);
});

test("a command that ignores the request to stop is ended", async () => {
  const controller = new AbortController();
  const { channel, $ } = setUp();
  const command = failure($`trap '' INT TERM; echo ready; while :; do sleep 0.1; done`.signal(controller.signal));
  await expect.poll(() => channel.text()).toBe("ready\n");
  controller.abort();
  expect((await command).exitCode).toBe(137);
});

test("with a signal that is aborted already nothing starts", async () => {
  const started: unknown[] = [];
  const { $ } = setUp({ signal: AbortSignal.abort(), onStart: (child) => started.push(child) });
  expect((await failure($`echo x`)).message).toContain("before it began");
  expect(started).toEqual([]);
});

test("each process that starts is reported", async () => {
  const pids: (number | undefined)[] = [];
  const { $ } = setUp({ onStart: (child) => pids.push(child.pid) });
  const result = await $`echo $$`;
  expect(pids).toEqual([Number(result.stdout)]);
});

test("a server left in the background does not hold the command up", async () => {
  const { $ } = setUp();
  const result = await $`sleep 30 & echo $!`.quiet();
  expect(alive(Number(result.stdout))).toBe(true);
  process.kill(Number(result.stdout));
});

test("settings come before the command starts", async () => {
  const { $ } = setUp();
  const command = $`true`;
  await command;
  expect(() => command.quiet()).toThrow(/runs already/);
});

test("a line runs as it is written, never rejects, and says its exit code", async () => {
  const { channel, $ } = setUp();
  const result: ShellResult = await $.line(`echo "a  b" | tr a-z A-Z; exit 4`);
  expect(result.stdout).toBe("A  B\n");
  expect(channel.text("stderr")).toBe("exit code 4\n");
  expect((await $.line("no-such-command-anywhere")).exitCode).toBe(127);
});

test("when the process that started a command is killed, the command ends too", async () => {
  const shell = new URL("../../../kernel/display/shell.ts", import.meta.url).href;
  const program = `
    import { createShell } from ${JSON.stringify(shell)};
    const $ = createShell({ updatable: false, display() {}, update() {}, clear() {}, write(_, text) { process.stdout.write(text); } });
    await $\`sleep 100 & echo $!; wait\`;`;
  const parent = spawn(process.execPath, ["--input-type=module-typescript", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const pid = await new Promise<number>((resolve) => parent.stdout.once("data", (text) => resolve(Number(`${text}`))));
  expect(alive(pid)).toBe(true);
  parent.kill("SIGKILL");
  await expect.poll(() => alive(pid), { timeout: 4000 }).toBe(false);
});

test("a plain program ends when its commands have ended", async () => {
  const shell = new URL("../../../kernel/display/shell.ts", import.meta.url).href;
  const program = `
    import { createShell } from ${JSON.stringify(shell)};
    const $ = createShell({ updatable: false, display() {}, update() {}, clear() {}, write() {} });
    console.log((await $\`echo done\`).stdout.trim());`;
  expect(
    execFileSync(process.execPath, ["--input-type=module-typescript", "-e", program], { timeout: 20_000 }).toString(),
  ).toBe("done\n");
});
