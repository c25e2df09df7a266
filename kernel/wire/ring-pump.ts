/** Takes what cells print out of the ring and publishes it, native output at its place among it. */
import type { NativeReader } from "./native-reader.ts";
import type { Publisher } from "./publisher.ts";
import { RecordKind, RingReader } from "./ring.ts";

/** With this many messages waiting for slow readers, the ring is left full, and the cell waits. */
const mostBacklog = 200;
const pause = 5;
/** Records taken in one go, so that an interrupt or a heartbeat gets its turn in a flood. */
const atOnce = 2000;

export class RingPump {
  readonly #ring: RingReader;
  readonly #publisher: Publisher;
  readonly #native: NativeReader | undefined;
  readonly #backlog: () => number;
  #scheduled = false;

  constructor(memory: SharedArrayBuffer, publisher: Publisher, native: NativeReader | undefined, backlog: () => number) {
    this.#ring = new RingReader(memory);
    this.#publisher = publisher;
    this.#native = native;
    this.#backlog = backlog;
  }

  /** The writer says that there is something. */
  wake(): void {
    if (this.#scheduled) return;
    for (let n = 0; n < atOnce && this.#backlog() < mostBacklog; n++) {
      if (!this.#one()) {
        if (this.#ring.rest()) return;
      }
    }
    this.#scheduled = true;
    setTimeout(() => {
      this.#scheduled = false;
      this.wake();
    }, this.#backlog() < mostBacklog ? 0 : pause);
  }

  /** Publishes everything up to a position of the ring, without pause: something comes after it. */
  upTo(position: number): void {
    while (!this.#ring.hasRead(position) && this.#one());
  }

  /** Publishes what is there now. */
  all(): void {
    for (let n = 0; n < atOnce && this.#one(); n++);
  }

  #one(): boolean {
    const record = this.#ring.next();
    if (!record) return false;
    if (record.kind === RecordKind.nativeMark) this.#native?.readTo(record.context);
    else this.#publisher.stream(record.context, record.kind === RecordKind.stdout ? "stdout" : "stderr", record.payload);
    return true;
  }
}
