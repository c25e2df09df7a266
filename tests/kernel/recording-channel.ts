/** An output channel that keeps what it is given, in order, for tests without a kernel. */
import type { DisplayContent, OutputChannel } from "../../kernel/display/channel.ts";

export type Recorded =
  | { type: "display"; content: DisplayContent }
  | { type: "update"; content: DisplayContent }
  | { type: "clear"; wait: boolean }
  | { type: "stdout" | "stderr"; text: string };

export function recordingChannel(): {
  channel: OutputChannel;
  recorded: Recorded[];
  text(name?: "stdout" | "stderr"): string;
} {
  const recorded: Recorded[] = [];
  const channel: OutputChannel = {
    updatable: true,
    display: (content) => recorded.push({ type: "display", content }),
    update: (content) => recorded.push({ type: "update", content }),
    clear: (wait) => recorded.push({ type: "clear", wait }),
    write: (type, text) => recorded.push({ type, text }),
  };
  const text = (name: "stdout" | "stderr" = "stdout") =>
    recorded.map((one) => (one.type === name ? one.text : "")).join("");
  return { channel, recorded, text };
}
