import type { DisplayContent, OutputChannel } from "../../../kernel/display/channel.ts";

export type Sent =
  | { kind: "display" | "update"; data: Record<string, unknown>; metadata: Record<string, unknown>; displayId?: string }
  | { kind: "clear"; wait: boolean }
  | { kind: "write"; name: "stdout" | "stderr"; text: string };

/** A channel that keeps what is sent through it, in order. */
export function createRecorder(
  updatable = true,
): OutputChannel & { sent: Sent[]; text(name?: "stdout" | "stderr"): string; shown(): string[] } {
  const sent: Sent[] = [];
  return {
    sent,
    updatable,
    display: (content: DisplayContent) => void sent.push({ kind: "display", ...content }),
    update: (content) => void sent.push({ kind: "update", ...content }),
    clear: (wait) => void sent.push({ kind: "clear", wait }),
    write: (name, text) => void sent.push({ kind: "write", name, text }),
    text: (name = "stdout") => sent.map((one) => (one.kind === "write" && one.name === name ? one.text : "")).join(""),
    shown: () =>
      sent.flatMap((one) =>
        one.kind === "display" || one.kind === "update" ? [`${one.data["text/plain"] as string}`] : [],
      ),
  };
}
