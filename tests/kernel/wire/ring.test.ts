/** The ring between the threads: what goes in comes out, in order and whole, however long it is. */
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { createRing, RecordKind, RingReader, RingWriter } from "../../../kernel/wire/ring.ts";

const { stdout, stderr, messageMark } = RecordKind;

function readAll(reader: RingReader): { kind: number; context: number; text: string }[] {
  const records = [];
  for (let record = reader.next(); record; record = reader.next()) {
    records.push({ kind: record.kind, context: record.context, text: new TextDecoder().decode(record.payload) });
  }
  return records;
}

describe("one thread", () => {
  test("records come out in order with their kind and context", () => {
    const memory = createRing();
    const writer = new RingWriter(memory, () => {});
    writer.text(stdout, 1, "a");
    writer.text(stderr, 2, "bé🎉");
    writer.mark(messageMark, 7);
    writer.bytes(stdout, -3, new Uint8Array([104, 105]));
    const reader = new RingReader(memory);
    expect(readAll(reader)).toEqual([
      { kind: stdout, context: 1, text: "a" },
      { kind: stderr, context: 2, text: "bé🎉" },
      { kind: messageMark, context: 7, text: "" },
      { kind: stdout, context: -3, text: "hi" },
    ]);
  });

  test("the place of a message is seen before it is read", () => {
    const memory = createRing();
    const writer = new RingWriter(memory, () => {});
    const reader = new RingReader(memory);
    expect(reader.nextMessageMark()).toBeUndefined();
    writer.text(stdout, 1, "x");
    expect(reader.nextMessageMark()).toBeUndefined();
    reader.next();
    writer.mark(messageMark, 5);
    expect(reader.nextMessageMark()).toBe(5);
  });

  test("the reader is woken once, and again after it has rested", () => {
    const memory = createRing();
    let woken = 0;
    const writer = new RingWriter(memory, () => woken++);
    const reader = new RingReader(memory);
    writer.text(stdout, 1, "a");
    writer.text(stdout, 1, "b");
    expect(woken).toBe(1);
    expect(reader.rest()).toBe(false);
    readAll(reader);
    expect(reader.rest()).toBe(true);
    writer.text(stdout, 1, "c");
    expect(woken).toBe(2);
  });

  test("records of all lengths survive the end of the ring, many times round", () => {
    const memory = createRing();
    const writer = new RingWriter(memory, () => {});
    const reader = new RingReader(memory);
    let random = 1;
    for (let i = 0; i < 3000; i++) {
      random = (random * 48271) % 2147483647;
      const text = `${i}:${"é".repeat(random % 5000)}`;
      writer.text(stdout, i, text);
      expect(
        readAll(reader)
          .map((record) => record.text)
          .join(""),
      ).toBe(text);
    }
  });
});

test("a flood larger than the ring waits for its reader and loses nothing", async () => {
  const memory = createRing();
  const url = new URL("../../../kernel/wire/ring.ts", import.meta.url).href;
  const worker = new Worker(
    `const { workerData, parentPort } = require("node:worker_threads");
     import(workerData.url).then(({ RingWriter }) => {
       const writer = new RingWriter(workerData.memory, () => {});
       for (let i = 0; i < 20000; i++) writer.text(1, 0, i + ":" + "x".repeat(i % 300) + "\\n");
       writer.text(1, 0, "y".repeat(3000000));
       parentPort.postMessage("done");
     });`,
    { eval: true, workerData: { memory, url } },
  );
  const done = new Promise((resolve) => worker.once("message", resolve));
  const reader = new RingReader(memory);
  let text = "";
  let finished = false;
  void done.then(() => (finished = true));
  while (!finished) {
    text += readAll(reader)
      .map((record) => record.text)
      .join("");
    await new Promise((resolve) => setImmediate(resolve));
  }
  text += readAll(reader)
    .map((record) => record.text)
    .join("");
  await worker.terminate();
  const expected = `${Array.from({ length: 20000 }, (_, i) => `${i}:${"x".repeat(i % 300)}\n`).join("")}${"y".repeat(3000000)}`;
  expect(text === expected).toBe(true);
});
