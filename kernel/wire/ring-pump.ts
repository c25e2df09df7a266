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
  /** Number of the last message that has come. */
  #arrived = 0;

  constructor(
    memory: SharedArrayBuffer,
    publisher: Publisher,
    native: NativeReader | undefined,
    backlog: () => number,
  ) {
    this.#ring = new RingReader(memory);
    this.#publisher = publisher;
    this.#native = native;
    this.#backlog = backlog;
  }

  /** There is something: in the ring, or in the native pipes. */
  wake(): void {
    if (this.#scheduled) return;
    for (let n = 0; n < atOnce && this.#backlog() < mostBacklog; n++) {
      if (this.#waitsForMessage()) {
        this.#ring.rest();
        return;
      }
      if (this.#one()) continue;
      this.#native?.showRest();
      if (this.#ring.rest()) return;
    }
    this.#scheduled = true;
    setTimeout(
      () => {
        this.#scheduled = false;
        this.wake();
      },
      this.#backlog() < mostBacklog ? 0 : pause,
    );
  }

  /** Publishes everything up to the place of message `number`, without pause, because the message comes next. */
  upToMessage(number: number): void {
    for (;;) {
      const mark = this.#ring.nextMessageMark();
      if (mark !== undefined && mark > number) break;
      if (!this.#one() || mark === number) break;
    }
    this.#arrived = number;
  }

  /** All messages up to `number` have come: a mark among them whose message was lost in an interrupt is not waited for. */
  messagesArrived(number: number): void {
    this.#arrived = Math.max(this.#arrived, number);
  }

  #waitsForMessage(): boolean {
    const mark = this.#ring.nextMessageMark();
    return mark !== undefined && mark > this.#arrived;
  }

  #one(): boolean {
    const record = this.#ring.next();
    if (!record) return false;
    if (record.kind === RecordKind.nativeMark) this.#native?.readTo(record.context);
    else if (record.kind !== RecordKind.messageMark)
      this.#publisher.stream(record.context, record.kind === RecordKind.stdout ? "stdout" : "stderr", record.payload);
    return true;
  }
}
