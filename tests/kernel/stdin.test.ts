/** A cell asks the user for input through the front end. */
import { expect, test } from "vitest";
import { sharedKernel, sleep } from "./suite.ts";

const kernel = sharedKernel();

test("prompt asks and gives the answer", async () => {
  let asked: unknown;
  const run = await kernel().run('const name = await prompt("Name? "); console.log("Hello " + name)', {
    onInputRequest: (content) => {
      asked = content;
      return "Ada";
    },
  });
  expect(asked).toMatchObject({ prompt: "Name? ", password: false });
  expect(run.text).toBe("Hello Ada\n");
});

test("a password is asked as one and is not shown", async () => {
  let asked: unknown;
  const run = await kernel().run('const key = await prompt("Key? ", { password: true }); console.log(key.length)', {
    onInputRequest: (content) => {
      asked = content;
      return "secret";
    },
  });
  expect(asked).toMatchObject({ prompt: "Key? ", password: true });
  expect(run.text).toBe("6\n");
  expect(JSON.stringify(run.messages.map((message) => message.content.text ?? ""))).not.toContain("secret");
});

test("several prompts of one cell are answered in order", async () => {
  const run = await kernel().run("for (const q of ['a', 'b', 'c']) console.log(await prompt(q))", {
    onInputRequest: (content) => `${content.prompt}!`,
  });
  expect(run.text).toBe("a!\nb!\nc!\n");
});

test("what was printed before a prompt arrives before its input_request", async () => {
  const run = await kernel().run("console.log('first this'); await prompt('then?')", { onInputRequest: () => "x" });
  const all = kernel().messages;
  const printed = all.findIndex((message) => message.content.text?.includes("first this"));
  const asked = all.findIndex((message) => message.type === "input_request" && message.parent.msg_id === run.id);
  expect(printed).toBeGreaterThanOrEqual(0);
  expect(printed).toBeLessThan(asked);
});

test("an empty answer and one with emoji and newlines come through", async () => {
  const answers = ["", "😀\nzwei"];
  const run = await kernel().run(
    "const a = await prompt('?'); const b = await prompt('?'); console.log(JSON.stringify([a, b]))",
    {
      onInputRequest: () => answers.shift(),
    },
  );
  expect(JSON.parse(run.text)).toEqual(["", "😀\nzwei"]);
});

test("an interrupt ends a prompt that waits, and the next prompt works", async () => {
  const cell = kernel().start("console.log('asking'); await prompt('never answered')", { allowStdin: true });
  await cell.message("input_request");
  await kernel().interrupt();
  expect((await cell.done).reply.ename).toBe("KeyboardInterrupt");
  const run = await kernel().run("console.log(await prompt('again?'))", { onInputRequest: () => "yes" });
  expect(run.text).toBe("yes\n");
});

test("an answer that comes after the interrupt does not reach the next prompt", async () => {
  const cell = kernel().start("await prompt('too late')", { allowStdin: true });
  const request = await cell.message("input_request");
  await kernel().interrupt();
  await cell.done;
  await kernel().send("stdin", "input_reply", { status: "ok", value: "stale" }, { parent: request.header });
  await sleep(50);
  const run = await kernel().run("console.log(await prompt('fresh?'))", { onInputRequest: () => "fresh" });
  expect(run.text).toBe("fresh\n");
});

test("where input is not allowed, prompt is an error that says so and asks nobody", async () => {
  const run = await kernel().execute("await prompt('not here')", { allowStdin: false });
  expect(run.reply.status).toBe("error");
  expect(`${run.error?.ename} ${run.error?.evalue}`).toMatch(/input|stdin|prompt/i);
  expect(
    kernel().messages.some((message) => message.type === "input_request" && message.parent.msg_id === run.id),
  ).toBe(false);
});

test("a cell that waits for input does not block heartbeat and control", async () => {
  const cell = kernel().start("console.log(await prompt('waiting'))", { allowStdin: true });
  const request = await cell.message("input_request");
  expect(await kernel().heartbeat()).toBe("ping");
  expect((await kernel().kernelInfo("control")).status).toBe("ok");
  await kernel().send("stdin", "input_reply", { status: "ok", value: "done" }, { parent: request.header });
  expect((await cell.done).text).toBe("done\n");
});
