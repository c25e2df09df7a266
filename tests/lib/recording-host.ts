import type { Host, HostComm, MimeBundle } from "../../lib/host.ts";

/** A host that writes down what the library asks of it, and whose stop button a test can press. */
export class RecordingHost implements Host {
  readonly shown: string[] = [];
  readonly updates: string[] = [];
  readonly logged: string[] = [];
  readonly interruptListeners = new Set<() => void>();
  /** Called after each update, with how many there were. */
  onUpdate: (count: number) => void = () => {};

  show(bundle: MimeBundle) {
    this.shown.push(String(bundle["text/plain"]));
    return {
      update: (next: MimeBundle) => {
        this.updates.push(String(next["text/plain"]));
        this.onUpdate(this.updates.length);
      },
      clear: () => {},
    };
  }

  openComm(): HostComm {
    throw new Error("This test opens no comm.");
  }

  onCutOff(): () => void {
    return () => {};
  }

  onInterrupt(listener: () => void): () => void {
    this.interruptListeners.add(listener);
    return () => void this.interruptListeners.delete(listener);
  }

  interrupt(): void {
    for (const listener of [...this.interruptListeners]) listener();
  }

  log(line: string): void {
    this.logged.push(line);
  }

  now(): number {
    return performance.now();
  }
}
