/** What a cell prints, by whatever way, arrives whole, in order, on the cell that printed it. */
import { describe, expect, test } from "vitest";
import { startKernel } from "./client.ts";
import { sharedKernel, sleep } from "./suite.ts";

const kernel = sharedKernel();

describe("console", () => {
  test("log, info, debug, table and dir go to stdout, error, warn and trace to stderr", async () => {
    const run = await kernel().run(`
      console.log("log"); console.info("info"); console.debug("debug"); console.dir({ dir: 1 }); console.table([{ col: "cell" }]);
      console.error("error"); console.warn("warn"); console.trace("trace"); console.assert(false, "assertion")`);
    for (const text of ["log\n", "info\n", "debug\n", "dir: 1", "col", "cell"]) expect(run.text).toContain(text);
    for (const text of ["error\n", "warn\n", "trace", "assertion"]) expect(run.errorText).toContain(text);
  });

  test("console.log formats, groups, counts and times as Node does", async () => {
    const run = await kernel().run(`
      console.log("%s is %d years and %o", "Ada", 36, { a: 1 }); console.group("outer"); console.log("inner"); console.groupEnd();
      console.count("c"); console.count("c"); console.time("t"); console.timeEnd("t"); console.log("after")`);
    expect(run.text).toContain("Ada is 36 years and { a: 1 }\nouter\n  inner\nc: 1\nc: 2\nt: ");
    expect(run.text).toMatch(/after\n$/);
  });

  test("process.stdout and process.stderr write without a newline and call back", async () => {
    const run = await kernel().run(`
      process.stdout.write("a"); process.stdout.write(Buffer.from("b")); process.stdout.write("c\\n", "utf8", () => {});
      process.stderr.write("e"); await new Promise<void>(done => process.stdout.write("last\\n", () => done()))`);
    expect(run.text).toBe("abc\nlast\n");
    expect(run.errorText).toBe("e");
  });

  test("a stream can be piped into process.stdout", async () => {
    const run = await kernel().run(`
      const { Readable } = require("node:stream");
      await new Promise(done => Readable.from(["one ", "two\\n"]).on("end", done).pipe(process.stdout, { end: false }))`);
    expect(run.text).toBe("one two\n");
  });

  test("colours are kept as ANSI sequences", async () => {
    expect((await kernel().run("console.log('\\x1b[31mred\\x1b[0m')")).text).toBe("\x1b[31mred\x1b[0m\n");
  });

  test("a console of one's own, and console.log taken as a value, work", async () => {
    const run = await kernel().run(
      "const { log } = console; [1, 2].forEach(n => log(n)); new console.Console(process.stdout).log('own')",
    );
    expect(run.text).toBe("1\n2\nown\n");
  });
});

describe("order", () => {
  test("stdout, stderr and displays keep their order", async () => {
    const run = await kernel().run(
      "for (let i = 0; i < 20; i++) { console.log('o' + i); console.error('e' + i); display('d' + i) }",
    );
    const seen = run.outputs.map((output) => {
      if (output.type === "stream") return output.text.trim();
      if (output.type === "display") return /d\d+/.exec(JSON.stringify(output.data))?.[0];
      return output.type;
    });
    expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => [`o${i}`, `e${i}`, `d${i}`]).flat());
  });

  test("writes of a native kind keep their order among console.log", async () => {
    const run = await kernel().run(`
      const fs = require("node:fs");
      for (let i = 0; i < 20; i++) { console.log("js " + i); fs.writeSync(1, "native " + i + "\\n") }
      console.log("end")`);
    const expected = Array.from({ length: 20 }, (_, i) => `js ${i}\nnative ${i}\n`).join("");
    expect(run.text).toBe(`${expected}end\n`);
    expect(run.idleAfterAll).toBe(true);
  });

  test("native writes to file descriptor 2 come as stderr", async () => {
    const run = await kernel().run("require('node:fs').writeSync(2, 'native error\\n')");
    expect(run.errorText).toBe("native error\n");
  });

  test("the output of a child process with inherited streams is shown between what is printed before and after", async () => {
    const run = await kernel().run(`
      const { spawnSync, execSync } = require("node:child_process");
      console.log("before"); spawnSync("sh", ["-c", "echo from the child; echo to stderr >&2"], { stdio: "inherit" });
      console.log("between"); execSync("echo second child", { stdio: "inherit" }); console.log("after")`);
    expect(run.text).toBe("before\nfrom the child\nbetween\nsecond child\nafter\n");
    expect(run.errorText).toBe("to stderr\n");
    expect(run.idleAfterAll).toBe(true);
  });

  test("an asynchronous child with inherited streams is shown before idle", async () => {
    const run = await kernel().run(`
      const { spawn } = require("node:child_process");
      const child = spawn("sh", ["-c", "for i in 1 2 3; do echo line $i; done"], { stdio: "inherit" });
      await new Promise(done => child.on("exit", done)); console.log("done")`);
    expect(run.text).toBe("line 1\nline 2\nline 3\ndone\n");
    expect(run.idleAfterAll).toBe(true);
  });

  test("native output and a display keep their order", async () => {
    const run = await kernel().run(
      "require('node:fs').writeSync(1, 'first\\n'); display('second'); require('node:fs').writeSync(1, 'third\\n');",
    );
    expect(run.outputs.map((output) => output.type)).toEqual(["stream", "display", "stream"]);
  });

  test("output before an interrupt is not lost", async () => {
    const cell = kernel().start("for (let i = 0; i < 100; i++) console.log('line ' + i); while (true) {}");
    await cell.printed("line 99");
    await kernel().interrupt();
    const run = await cell.done;
    expect(run.text).toBe(Array.from({ length: 100 }, (_, i) => `line ${i}\n`).join(""));
  });
});

describe("late output", () => {
  test("output after idle goes to the cell that caused it", async () => {
    const cell = kernel().start(
      "setTimeout(() => { console.log('late'); console.error('late error'); display('late display') }, 100);",
    );
    const first = await cell.done;
    expect(first.text).toBe("");
    const second = await kernel().run("await new Promise(r => setTimeout(r, 250))");
    await cell.message("display_data");
    expect(first.text).toBe("late\n");
    expect(first.errorText).toBe("late error\n");
    expect(first.displays).toHaveLength(1);
    expect(second.outputs).toEqual([]);
  });

  test("output of an earlier cell goes to it also while another cell runs and prints", async () => {
    const cell = kernel().start(`
      let beats = 0; const beat = setInterval(() => { console.log("beat " + ++beats); if (beats === 5) clearInterval(beat) }, 20);`);
    const first = await cell.done;
    const second = await kernel().run(
      "for (let i = 0; i < 10; i++) { console.log('second ' + i); await new Promise(r => setTimeout(r, 20)) }",
    );
    await cell.printed("beat 5\n");
    expect(first.text).toBe("beat 1\nbeat 2\nbeat 3\nbeat 4\nbeat 5\n");
    expect(second.text).toBe(Array.from({ length: 10 }, (_, i) => `second ${i}\n`).join(""));
  });

  test("a promise chain that goes on after its cell prints on its cell", async () => {
    const cell = kernel().start(
      "(async () => { for (let i = 0; i < 3; i++) { await new Promise(r => setTimeout(r, 30)); console.log('step ' + i) } })();",
    );
    const first = await cell.done;
    const second = await kernel().run("await new Promise(r => setTimeout(r, 200)); console.log('second')");
    await cell.printed("step 2\n");
    expect(first.text).toBe("step 0\nstep 1\nstep 2\n");
    expect(second.text).toBe("second\n");
  });

  test("an event of an emitter that an earlier cell made prints on some cell and is not lost", async () => {
    await kernel().run(
      "const emitter = new (require('node:events'))(); emitter.on('ping', () => console.log('pong'));",
    );
    const run = await kernel().run("emitter.emit('ping');");
    expect(run.text).toBe("pong\n");
  });
});

describe("floods", () => {
  const lines = (count: number): string => Array.from({ length: count }, (_, i) => `line ${i}\n`).join("");

  test("100,000 lines all arrive before idle", async () => {
    const run = await kernel().run("for (let i = 0; i < 100_000; i++) console.log('line ' + i)", { timeout: 60_000 });
    expect(run.text === lines(100_000)).toBe(true);
    expect(run.idleAfterAll).toBe(true);
  });

  test("100,000 lines all arrive before idle to a slow reader too", async () => {
    await using own = await startKernel();
    let reads = 0;
    const slow = await own.connect({
      iopubHighWaterMark: 10,
      beforeIopubRead: async () => {
        if (++reads % 5 === 0) await sleep(2);
      },
    });
    const run = await slow.run("for (let i = 0; i < 100_000; i++) console.log('line ' + i)", { timeout: 80_000 });
    expect(run.text === lines(100_000)).toBe(true);
    expect(run.idleAfterAll).toBe(true);
    slow.close();
  });

  test("50 MB in many writes arrive whole", async () => {
    await using own = await startKernel();
    const run = await own.run(
      "const piece = 'x'.repeat(999) + '\\n'; for (let i = 0; i < 50_000; i++) process.stdout.write(piece)",
      { timeout: 80_000 },
    );
    expect(run.text.length).toBe(50_000_000);
    expect(run.text.endsWith(`x\n`)).toBe(true);
    expect(run.idleAfterAll).toBe(true);
  });

  test("one write of 20 MB arrives whole", async () => {
    await using own = await startKernel();
    const run = await own.run("process.stdout.write('é'.repeat(10_000_000))", { timeout: 80_000 });
    expect(run.text === "é".repeat(10_000_000)).toBe(true);
  });

  test("many small writes are sent in few messages", async () => {
    const run = await kernel().run("for (let i = 0; i < 10_000; i++) process.stdout.write('.')");
    expect(run.text).toBe(".".repeat(10_000));
    expect(run.messages.filter((message) => message.type === "stream").length).toBeLessThan(200);
  });

  test("a flood does not starve an interrupt", async () => {
    const cell = kernel().start("for (let i = 0; ; i++) console.log('flood ' + i)");
    await cell.printed("flood 1000\n");
    await kernel().interrupt();
    expect((await cell.done).reply.ename).toBe("KeyboardInterrupt");
  });

  test("an asynchronous flood does not starve an interrupt either", async () => {
    const cell = kernel().start(
      "for (let i = 0; ; i++) { console.log('flood ' + i); if (i % 100 === 0) await new Promise(r => setImmediate(r)) }",
    );
    await cell.printed("flood 1000\n");
    await kernel().interrupt();
    expect((await cell.done).reply.ename).toBe("KeyboardInterrupt");
    expect(await kernel().value("1 + 1")).toBe("2");
  });

  test("a flood of native output arrives whole", async () => {
    const run = await kernel().run(
      "const line = 'n'.repeat(99) + '\\n'; for (let i = 0; i < 20_000; i++) require('node:fs').writeSync(1, line); console.log('end')",
      { timeout: 60_000 },
    );
    expect(run.text.length).toBe(20_000 * 100 + 4);
    expect(run.text.endsWith("end\n")).toBe(true);
    expect(run.idleAfterAll).toBe(true);
  });
});

describe("odd text", () => {
  test("unpaired surrogates become replacement characters, pairs stay whole", async () => {
    const run = await kernel().run("console.log('a\\ud800b'); console.log('\\udc00'); console.log('😀')");
    expect(run.text).toBe("a\ufffdb\n\ufffd\n😀\n");
  });

  test("a pair that is split over two writes is one character", async () => {
    const run = await kernel().run(
      "process.stdout.write('\\ud83d'); process.stdout.write('\\ude00\\n'); console.log('end')",
    );
    expect(["😀\nend\n", "\ufffd\ufffd\nend\n"]).toContain(run.text);
  });

  test("a character whose bytes are split over two writes is whole", async () => {
    const run = await kernel().run(
      "const bytes = Buffer.from('é\\n'); process.stdout.write(bytes.subarray(0, 1)); process.stdout.write(bytes.subarray(1)); console.log('end')",
    );
    expect(run.text).toBe("é\nend\n");
  });

  test("bytes that are no UTF-8 are shown as replacement characters and harm nothing", async () => {
    const run = await kernel().run(
      "process.stdout.write(Buffer.from([0x61, 0xff, 0xfe, 0x62, 0x0a])); require('node:fs').writeSync(1, Buffer.from([0x63, 0xff, 0x0a])); console.log('end')",
    );
    expect(run.text).toMatch(/^a\ufffd+b\nc\ufffd+\nend\n$/);
    expect(await kernel().value("1 + 1")).toBe("2");
  });

  test("null characters, carriage returns and long lines are kept", async () => {
    const run = await kernel().run("process.stdout.write('a\\0b\\r50%\\r100%\\n' + 'l'.repeat(100_000) + '\\n')");
    expect(run.text).toBe(`a\0b\r50%\r100%\n${"l".repeat(100_000)}\n`);
  });
});
