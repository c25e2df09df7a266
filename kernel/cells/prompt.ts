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
  readonly #waiting: { resolve: (value: string) => void; context: number }[] = [];

  constructor(post: Post) {
    this.#post = post;
  }

  /** @throws StdinNotAllowed where the front end cannot ask */
  readonly prompt = (text = "", options: PromptOptions = {}): Promise<string> => {
    const context = currentContext();
    if (!context.allowStdin) return Promise.reject(new StdinNotAllowed());
    return new Promise((resolve) => {
      this.#waiting.push({ resolve, context: context.id });
      this.#post.send({
        type: "input_request",
        context: context.id,
        prompt: String(text),
        password: options.password === true,
      });
    });
  };

  answer(value: string): void {
    this.#waiting.shift()?.resolve(value);
  }

  /** Prompts of a cell that has ended are not answered any more. */
  forget(context: number): void {
    for (let i = this.#waiting.length - 1; i >= 0; i--)
      if (this.#waiting[i]!.context === context) this.#waiting.splice(i, 1);
  }
}
