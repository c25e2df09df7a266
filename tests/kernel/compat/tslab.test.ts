import { expect, it } from "vitest";
import { createTslab, installTslab } from "../../../kernel/compat/tslab.ts";
import { recordingChannel } from "../recording-channel.ts";

const setUp = () => {
  const recording = recordingChannel();
  return { ...recording, tslab: createTslab({ channel: recording.channel, typescript: "7.0.2" }) };
};

it("shows each of tslab's kinds with its MIME type, bytes as base64", () => {
  const { tslab, recorded } = setUp();
  const bytes = new Uint8Array([1, 2, 250]);
  const { display } = tslab;
  for (const kind of ["html", "markdown", "latex", "svg", "text"] as const) display[kind]("x");
  for (const kind of ["png", "jpeg", "gif", "pdf"] as const) display[kind](bytes.subarray(1));
  display.raw("application/x", "y");
  display.raw("application/y", bytes);
  expect(recorded.map((one) => one.type === "display" && one.content)).toEqual(
    [
      ["text/html", "x"],
      ["text/markdown", "x"],
      ["text/latex", "x"],
      ["image/svg+xml", "x"],
      ["text/plain", "x"],
      ["image/png", "Avo="],
      ["image/jpeg", "Avo="],
      ["image/gif", "Avo="],
      ["application/pdf", "Avo="],
      ["application/x", "y"],
      ["application/y", "AQL6"],
    ].map(([type, data]) => ({ data: { [type as string]: data }, metadata: {} })),
  );
});

it("shows JavaScript under both of its MIME types", () => {
  const { tslab, recorded } = setUp();
  tslab.display.javascript("x");
  const data = { "text/javascript": "x", "application/javascript": "x" };
  expect(recorded).toEqual([{ type: "display", content: { data, metadata: {} } }]);
});

it("replaces what a new display has shown, and nothing else", () => {
  const { tslab, recorded } = setUp();
  const first = tslab.newDisplay();
  const second = tslab.newDisplay();
  first.html("1");
  second.html("2");
  first.markdown("3");
  const ids = recorded.map((one) => ("content" in one ? one.content.displayId : undefined));
  expect(recorded.map((one) => one.type)).toEqual(["display", "display", "update"]);
  expect(ids[2]).toBe(ids[0]);
  expect(ids[1]).not.toBe(ids[0]);
});

it("is a module with the exports of the real one, and a default export", async () => {
  const { tslab, recorded } = setUp();
  installTslab(() => tslab);
  const module = await import("../../../kernel/compat/tslab-module.ts");
  expect(Object.keys(module).sort()).toEqual(["default", "display", "newDisplay", "versions"]);
  module.display.html("x");
  expect(recorded).toHaveLength(1);
  expect(module.versions).toEqual({
    tslab: expect.stringMatching(/^1\.0\.22/),
    typescript: "7.0.2",
    node: process.version,
  });
});
