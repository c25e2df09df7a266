/** `await prompt("Name? ")`: asks whoever runs the cell, over the stdin channel. */
import { currentContext } from "./context.ts";
import type { Post } from "./post.ts";

class StdinNotAllowed extends Error {
  constructor() {
    super(
      "This front end cannot answer prompts (allow_stdin is false, as in nbclient and other headless runs). Give the value in the notebook, as a parameter or as an environment variable.",
    );
    this.name = "StdinNotAllowed";
  }
}

export interface PromptOptions {
  /** Hides what is typed. */
  password?: boolean;
}

export class Prompts {
  readonly #post: Post;
  readonly #isRunning: (context: number) => boolean;
  readonly #waiting = new Map<number, { resolve: (value: string) => void; context: number }>();
  #last = 0;

  /** @param isRunning whether the cell of a context still runs: only then its front end listens */
  constructor(post: Post, isRunning: (context: number) => boolean) {
    this.#post = post;
    this.#isRunning = isRunning;
  }

  /** @throws StdinNotAllowed where the front end cannot ask @throws Error when the cell has ended */
  readonly prompt = (text = "", options: PromptOptions = {}): Promise<string> => {
    const context = currentContext();
    if (!context.allowStdin) return Promise.reject(new StdinNotAllowed());
    if (!this.#isRunning(context.id)) {
      return Promise.reject(new Error("prompt() asks only while its cell runs: await it in the cell."));
    }
    return new Promise((resolve) => {
      const request = ++this.#last;
      this.#waiting.set(request, { resolve, context: context.id });
      const password = options.password === true;
      this.#post.send({ type: "input_request", context: context.id, request, prompt: String(text), password });
    });
  };

  answer(request: number, value: string): void {
    this.#waiting.get(request)?.resolve(value);
    this.#waiting.delete(request);
  }

  /** Prompts of a cell that has ended are not answered any more. */
  forget(context: number): void {
    for (const [request, waiting] of this.#waiting) if (waiting.context === context) this.#waiting.delete(request);
  }
}
