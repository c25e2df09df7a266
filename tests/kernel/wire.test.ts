/** The sockets: signatures, frames that are not messages, two clients, and what the kernel says about itself. */
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { Dealer } from "zeromq";
import { address, type Kernel, KernelClient, sign, startKernel } from "./client.ts";
import { sharedKernel, sleep } from "./suite.ts";

const kernel = sharedKernel();

const delimiter = "<IDS|MSG>";
const logLines = (text: string): string[] => text.split("\n").filter((line) => line.trim() !== "");

/** The frames of a good request for 1 + 1 which prints `mark` when it runs. */
function goodFrames(target: Kernel, mark: string): (string | Uint8Array)[] {
  const content = {
    code: `console.log(${JSON.stringify(mark)})`,
    silent: false,
    store_history: true,
    allow_stdin: false,
  };
  const parts = [target.header("execute_request"), {}, {}, content].map((part) => JSON.stringify(part));
  return [delimiter, sign(target.connection.key, parts), ...parts];
}

describe("frames that are no message", () => {
  test("a message with a wrong signature is ignored, with one log line", async () => {
    await using own = await startKernel();
    const before = logLines(own.log).length;
    const frames = goodFrames(own, "forged");
    frames[1] = "0".repeat(64);
    await own.sendFrames("shell", frames);
    await own.run("1");
    await sleep(100);
    expect(own.messages.some((message) => message.content.text?.includes("forged"))).toBe(false);
    const lines = logLines(own.log).slice(before);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/signature/i);
  });

  test("a missing or shortened signature is ignored, on control too", async () => {
    await using own = await startKernel();
    for (const signature of ["", "abc", sign("another key", ["x"])]) {
      const parts = [own.header("shutdown_request"), {}, {}, { restart: false }].map((part) => JSON.stringify(part));
      await own.sendFrames("control", [delimiter, signature, ...parts]);
    }
    await sleep(100);
    expect(await own.value("1 + 1")).toBe("2");
    expect(own.ended).toBe(false);
  });

  test.each([
    ["no delimiter", ["a", "b", "c"]],
    ["nothing after the delimiter", [delimiter]],
    ["too few parts", [delimiter, "", "{}", "{}"]],
    ["one empty frame", [""]],
  ])("%s is ignored, with one log line", async (_, frames) => {
    await using own = await startKernel();
    const before = logLines(own.log).length;
    await own.sendFrames("shell", frames);
    expect(await own.value("1 + 1")).toBe("2");
    await sleep(100);
    expect(logLines(own.log).slice(before)).toHaveLength(1);
  });

  test("signed frames that are not JSON, or not objects, are ignored, with one log line each", async () => {
    await using own = await startKernel();
    const header = JSON.stringify(own.header("execute_request"));
    const bad = [
      ["{", "{}", "{}", "{}"],
      [header, "{}", "{}", "not json"],
      ["[]", "{}", "{}", "{}"],
      ["null", "{}", "{}", "{}"],
      ['{"msg_type": 5, "msg_id": "x"}', "{}", "{}", "{}"],
      [header, "{}", "{}", "[1]"],
      [header, "{}", "{}", '"text"'],
    ];
    const before = logLines(own.log).length;
    for (const parts of bad) await own.sendFrames("shell", [delimiter, sign(own.connection.key, parts), ...parts]);
    expect(await own.value("1 + 1")).toBe("2");
    await sleep(100);
    expect(logLines(own.log).slice(before)).toHaveLength(bad.length);
  });

  test("after 1,000 random malformed frames on every channel the kernel still works", async () => {
    await using own = await startKernel();
    const random = mulberry32(20_260_901);
    const channels = ["shell", "control", "stdin"] as const;
    for (let round = 0; round < 1000; round++) {
      const frames = goodFrames(own, `mutant ${round}`).map((frame) => Buffer.from(frame as string));
      const mutations = 1 + Math.floor(random() * 3);
      for (let each = 0; each < mutations; each++) mutate(frames, random);
      if (frames.length === 0) frames.push(Buffer.alloc(0));
      // One byte more makes sure that no mutant has stayed what it was.
      frames[Math.min(2, frames.length - 1)] = Buffer.concat([
        frames[Math.min(2, frames.length - 1)]!,
        Buffer.from([0x7f]),
      ]);
      await own.sendFrames(channels[round % 3]!, frames);
    }
    expect(await own.value("40 + 2")).toBe("42");
    expect((await own.kernelInfo("control")).status).toBe("ok");
    expect(await own.heartbeat()).toBe("ping");
    const ran = own.messages.filter((message) => message.type === "stream" && message.content.text?.includes("mutant"));
    expect(ran).toEqual([]);
    expect(await own.value("const name = await prompt('?'); name", { onInputRequest: () => "answered" })).toContain(
      "answered",
    );
  });

  test("random bytes on the heartbeat come back as they went", async () => {
    const socket = new Dealer({ linger: 0, receiveTimeout: 5_000 });
    socket.connect(address(kernel().connection, "hb"));
    const payload = Buffer.from([0, 255, 1, 128]);
    await socket.send(["", payload]);
    const answer = await socket.receive();
    socket.close();
    expect(answer.at(-1)).toEqual(payload);
  });
});

function mutate(frames: Buffer[], random: () => number): void {
  const at = Math.floor(random() * frames.length);
  const frame = frames[at];
  switch (Math.floor(random() * 6)) {
    case 0:
      frames.splice(at, 1);
      break;
    case 1:
      frames.splice(
        at,
        0,
        Buffer.from(Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 256))),
      );
      break;
    case 2:
      if (frame && frame.length > 0) frame[Math.floor(random() * frame.length)] = Math.floor(random() * 256);
      break;
    case 3:
      if (frame) frames[at] = frame.subarray(0, Math.floor(random() * frame.length));
      break;
    case 4:
      if (frame) frames.splice(at, 0, Buffer.from(frame));
      break;
    default:
      frames.reverse();
  }
}

/** A small seeded generator: the same frames in every run. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

describe("fields of the wrong type", () => {
  test.each([
    ["complete_request", { code: "con", cursor_pos: "2" }],
    ["complete_request", { code: "con", cursor_pos: 99 }],
    ["complete_request", { code: "con", cursor_pos: -5 }],
    ["complete_request", { code: 5, cursor_pos: null }],
    ["inspect_request", { code: "Math", cursor_pos: "2", detail_level: "high" }],
    ["inspect_request", { code: null }],
    ["is_complete_request", { code: 7 }],
    ["is_complete_request", {}],
    ["history_request", { hist_access_type: "range", start: "a", stop: {} }],
    ["history_request", { hist_access_type: "no such type" }],
    ["history_request", {}],
    ["comm_info_request", { target_name: 5 }],
    ["execute_request", { code: 12 }],
    ["execute_request", {}],
    ["execute_request", { code: "1", user_expressions: "no", silent: "no", store_history: 3 }],
  ])("%s %j is answered", async (type, content) => {
    const reply = await kernel().request("shell", type, content, { timeout: 10_000 });
    expect(reply.type).toBe(type.replace("_request", "_reply"));
    expect(String(reply.content.status ?? "")).toMatch(/^(ok|error|complete|incomplete|invalid|unknown)$/);
    await kernel().idle(reply.parent.msg_id!);
    expect(await kernel().value("1 + 1")).toBe("2");
  });

  test("unknown message types are ignored and the next request is answered", async () => {
    await kernel().send("shell", "no_such_request", { a: 1 });
    await kernel().send("control", "no_such_request", {});
    await kernel().send("stdin", "execute_request", { code: "1" });
    expect(await kernel().value("1 + 1")).toBe("2");
  });

  test("an input_reply that nobody asked for is ignored", async () => {
    await kernel().send("stdin", "input_reply", { value: "surprise" });
    await kernel().send("stdin", "input_reply", { value: { not: "text" } });
    expect(await kernel().value("1 + 1")).toBe("2");
  });

  test("buffers behind a request do no harm", async () => {
    const run = await kernel().run("'buffers'.length", { buffers: [new Uint8Array(1_000_000), new Uint8Array(0)] });
    expect(run.value).toBe("7");
  });

  test("metadata of the request and an odd parent header do no harm", async () => {
    const run = await kernel().run("3", { metadata: { cellId: "abc", deletedCells: [], trusted: true } });
    expect(run.value).toBe("3");
  });
});

describe("what the kernel says of itself", () => {
  test("kernel_info names the protocol, the implementation and the language that JupyterLab highlights", async () => {
    const info = await kernel().kernelInfo();
    expect(info).toMatchObject({
      status: "ok",
      protocol_version: expect.stringMatching(/^5\.[5-9]/),
      implementation: "gradbook",
      implementation_version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      banner: expect.stringMatching(/\S/),
      help_links: expect.any(Array),
      language_info: {
        name: "typescript",
        codemirror_mode: "typescript",
        mimetype: "application/typescript",
        file_extension: ".ts",
        pygments_lexer: "typescript",
        version: expect.stringMatching(/\d/),
      },
    });
    for (const link of info["help_links"] as { text: string; url: string }[]) expect(link.url).toMatch(/^https:/);
  });

  test("supported_features is a list without subshells and, until there is one, without debugger", async () => {
    const info = await kernel().kernelInfo("control");
    expect(info["supported_features"]).toBeInstanceOf(Array);
    expect(info["supported_features"]).not.toContain("kernel subshells");
    expect(info["supported_features"]).not.toContain("debugger");
  });

  test("iopub welcomes every subscriber with its subscription", async () => {
    const client = await kernel().connect();
    const welcome = await client.waitFor((message) => message.type === "iopub_welcome", "iopub_welcome");
    client.close();
    expect(welcome.content["subscription"]).toBe("");
    expect(welcome.parent).toEqual({});
  });

  test("the heartbeat answers", async () => {
    expect(await kernel().heartbeat("are you there?")).toBe("are you there?");
  });

  test("a kernel says that it is starting, once", async () => {
    const client = await kernel().connect();
    client.close();
    const starting = kernel().messages.filter((message) => message.content.execution_state === "starting");
    expect(starting.length).toBeLessThanOrEqual(1);
  });
});

describe("two clients", () => {
  test("each gets its own replies, both hear all outputs", async () => {
    await using other = await kernel().connect();
    const [mine, theirs] = await Promise.all([
      kernel().run("console.log('from mine'); 'm'.length"),
      other.run("console.log('from theirs'); 'tt'.length"),
    ]);
    expect([mine.value, theirs.value]).toEqual(["1", "2"]);
    await Promise.all([kernel().idle(theirs.id), other.idle(mine.id)]);
    expect(
      kernel()
        .messagesOf(theirs.id)
        .some((message) => message.content.text === "from theirs\n"),
    ).toBe(true);
    expect(other.messages.some((message) => message.channel === "shell" && message.parent.msg_id === mine.id)).toBe(
      false,
    );
    expect(kernel().messagesOf(theirs.id)[0]?.parent.session).toBe(other.session);
  });

  test("input is asked of the client that runs the cell", async () => {
    await using other = await kernel().connect();
    const run = await other.run("const asked = await prompt('who?'); console.log(asked)", {
      onInputRequest: () => "the other",
    });
    expect(run.text).toBe("the other\n");
    await kernel().idle(run.id);
    expect(kernel().messages.some((message) => message.channel === "stdin" && message.parent.msg_id === run.id)).toBe(
      false,
    );
  });

  test("a client that goes away in the middle of its cell leaves the kernel working", async () => {
    const other = await kernel().connect();
    other.start(
      "for (let i = 0; i < 1000; i++) { console.log(i); if (i % 100 === 0) await new Promise(r => setTimeout(r, 5)) }",
    );
    await sleep(20);
    other.close();
    expect(await kernel().value("1 + 1")).toBe("2");
  });

  test("a client with another key is not heard", async () => {
    const stranger = new KernelClient({ ...kernel().connection, key: randomUUID() });
    const header = await stranger.send("shell", "kernel_info_request", {});
    await sleep(300);
    expect(stranger.messages.filter((message) => message.parent.msg_id === header.msg_id)).toEqual([]);
    stranger.close();
  });
});

describe("transports", () => {
  test("ipc works as tcp does", async () => {
    await using own = await startKernel({ transport: "ipc" });
    const run = await own.run("console.log('over ipc'); 6 * 7");
    expect(run.text).toBe("over ipc\n");
    expect(run.value).toBe("42");
    expect(await own.heartbeat()).toBe("ping");
    const cell = own.start("console.log('running'); while (true) {}");
    await cell.printed("running");
    await own.interrupt();
    expect((await cell.done).reply.ename).toBe("KeyboardInterrupt");
  });

  test("an empty key switches signatures off", async () => {
    await using own = await startKernel({ key: "" });
    expect(await own.value("1 + 1")).toBe("2");
    expect(own.damaged).toEqual([]);
  });

  test("nothing that the kernel has sent in this file was damaged", () => {
    expect(kernel().damaged).toEqual([]);
  });
});
