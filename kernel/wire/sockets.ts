/** The five sockets of a kernel. Sends on one socket are queued, because ZeroMQ takes one at a time. */
import * as zmq from "zeromq";
import { address, type Channel, type Connection } from "./connection.ts";

type Frames = (Buffer | string | Uint8Array)[];
type RouterChannel = "shell" | "control" | "stdin";

/** Messages a reader may be behind before the kernel waits for it, and how long it is waited for before output is dropped. */
const iopubQueue = 2000;
const stuckReader = 15_000;

export class Sockets {
  readonly #routers: Record<RouterChannel, zmq.Router>;
  readonly #iopub: zmq.XPublisher;
  readonly #heartbeat: zmq.Router;
  readonly #queues = new Map<zmq.Socket, Promise<void>>();
  #pending = 0;
  readonly #onLog: (line: string) => void;

  constructor(onLog: (line: string) => void) {
    this.#onLog = onLog;
    const router = () => new zmq.Router({ sendHighWaterMark: 0, receiveHighWaterMark: 0, linger: 500 });
    this.#routers = { shell: router(), control: router(), stdin: router() };
    this.#iopub = new zmq.XPublisher({
      sendHighWaterMark: iopubQueue,
      linger: 500,
      noDrop: true,
      sendTimeout: 0,
    });
    this.#iopub.verbosity = "allSubs";
    this.#heartbeat = router();
  }

  async bind(connection: Connection): Promise<void> {
    const all: [zmq.Socket, Channel][] = [
      ...Object.entries(this.#routers).map(([name, socket]): [zmq.Socket, Channel] => [socket, name as Channel]),
      [this.#iopub, "iopub"],
      [this.#heartbeat, "hb"],
    ];
    // All have to be done before any may be closed.
    const bound = await Promise.allSettled(all.map(([socket, channel]) => socket.bind(address(connection, channel))));
    const failed = bound.find((one) => one.status === "rejected");
    if (failed) throw failed.reason;
  }

  /** Echoes heartbeats and hands over what clients send, until the sockets are closed. */
  listen(onMessage: (channel: RouterChannel, frames: Buffer[]) => void, onSubscribe: (topic: Buffer) => void): void {
    void forEach(this.#heartbeat, (frames) => this.#send(this.#heartbeat, frames));
    for (const channel of ["shell", "control", "stdin"] as const)
      void forEach(this.#routers[channel], (frames) => onMessage(channel, frames));
    // First byte 1: a subscription; the rest is its topic.
    void forEach(this.#iopub, ([frame]) => {
      if (frame?.[0] === 1) onSubscribe(frame.subarray(1));
    });
  }

  reply(channel: RouterChannel, frames: Frames): void {
    this.#send(this.#routers[channel], frames);
  }

  publish(frames: Frames): void {
    this.#pending++;
    this.#send(this.#iopub, frames, () => this.#pending--);
  }

  /** Messages that wait to be handed to ZeroMQ; they pile up when a reader has fallen far behind. */
  get backlog(): number {
    return this.#pending;
  }

  /** Resolves when everything published so far has been handed to ZeroMQ. */
  flushed(): Promise<void> {
    return Promise.all(this.#queues.values()).then(() => undefined);
  }

  /** Hands over what is queued, then closes. What clients do not take within half a second is lost. */
  async close(): Promise<void> {
    await Promise.race([this.flushed(), new Promise((resolve) => setTimeout(resolve, 500))]);
    for (const socket of [...Object.values(this.#routers), this.#iopub, this.#heartbeat]) socket.close();
  }

  #send(socket: zmq.Router | zmq.XPublisher, frames: Frames, then?: () => void): void {
    const before = this.#queues.get(socket) ?? Promise.resolve();
    const sent = before
      .then(() => socket.send(frames))
      .catch((error: NodeJS.ErrnoException) => (socket === this.#iopub ? this.#whenRoom(frames, error) : undefined));
    this.#queues.set(socket, then ? sent.then(then) : sent);
  }

  /**
   * ZeroMQ had no room: a reader of iopub is behind. It is waited for, with everything that comes after; one that takes
   * nothing for long loses output, so that everybody else gets theirs.
   */
  async #whenRoom(frames: Frames, error: NodeJS.ErrnoException): Promise<void> {
    if (error.code !== "EAGAIN") return;
    const since = performance.now();
    while (performance.now() - since < stuckReader && !this.#iopub.closed) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      if (await this.#sentToIopub(frames)) return;
    }
    if (this.#iopub.closed) return;
    this.#onLog(
      `a reader of iopub has taken nothing for ${stuckReader / 1000} s; for a minute, output that it does not take is dropped for it`,
    );
    this.#iopub.noDrop = false;
    setTimeout(() => {
      if (!this.#iopub.closed) this.#iopub.noDrop = true;
    }, 60_000).unref();
    await this.#sentToIopub(frames);
  }

  async #sentToIopub(frames: Frames): Promise<boolean> {
    try {
      await this.#iopub.send(frames);
      return true;
    } catch {
      return false;
    }
  }
}

async function forEach(socket: zmq.Router | zmq.XPublisher, handle: (frames: Buffer[]) => void): Promise<void> {
  try {
    for await (const frames of socket) handle(frames as Buffer[]);
  } catch (error) {
    if (!socket.closed) throw error;
  }
}
