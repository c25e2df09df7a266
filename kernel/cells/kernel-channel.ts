/** The notebook's `OutputChannel`: display messages with the speaking cell as parent. */
import type { DisplayContent, OutputChannel } from "../display/channel.ts";
import { RecordKind, type RingWriter } from "../wire/ring.ts";
import { currentContext } from "./context.ts";
import type { Post } from "./post.ts";

export class KernelChannel implements OutputChannel {
  readonly updatable = true;
  readonly #post: Post;
  readonly #ring: RingWriter;

  constructor(post: Post, ring: RingWriter) {
    this.#post = post;
    this.#ring = ring;
  }

  display(content: DisplayContent): void {
    this.#post.publish("display_data", messageOf(content));
  }

  update(content: DisplayContent & { displayId: string }): void {
    this.#post.publish("update_display_data", messageOf(content));
  }

  clear(wait: boolean): void {
    this.#post.publish("clear_output", { wait });
  }

  write(name: "stdout" | "stderr", text: string): void {
    this.#ring.text(name === "stdout" ? RecordKind.stdout : RecordKind.stderr, currentContext().id, text);
  }
}

function messageOf({ data, metadata, displayId }: DisplayContent): Record<string, unknown> {
  return { data, metadata, transient: displayId === undefined ? {} : { display_id: displayId } };
}
