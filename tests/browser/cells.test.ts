/** Small notebooks in JupyterLab, used as a person uses them: keyboard, mouse, and what is then on the screen. */
import { expect, test } from "vitest";
import { colorOf, plainText } from "./notebook-page.ts";
import { describeInBrowser } from "./suite.ts";

describeInBrowser("cells in JupyterLab", (lab) => {
  test("TypeScript is highlighted as TypeScript", async () => {
    const notebook = await lab().open("highlight.ipynb", ["interface Point { x: number }\nconst a = 1 // one"]);
    // Only a TypeScript grammar knows `interface` as a keyword; plain JavaScript and plain text do not colour it.
    const token = (text: string) => notebook.editor(0).locator("span", { hasText: new RegExp(`^${text}$`) });
    const colors: string[] = [];
    for (const text of ["interface", "Point", "1", "// one"]) {
      await token(text).first().waitFor();
      colors.push(await token(text).first().evaluate(colorOf));
    }
    expect(new Set(colors).size).toBe(4);
  });

  test("Tab completes a member of a live object and shows what it is", async () => {
    const notebook = await lab().open("complete.ipynb", ["const basket = { apples: 3, apricots: 4, weigh() {} }", ""]);
    await notebook.run(0);
    await notebook.type(1, "basket.ap");
    await notebook.page.keyboard.press("Tab");
    const menu = notebook.page.locator(".jp-Completer");
    await menu.waitFor({ state: "visible" });
    expect(await menu.locator(".jp-Completer-match").allTextContents()).toEqual(["apples", "apricots"]);
    await notebook.page.keyboard.press("ArrowDown");
    await notebook.page.keyboard.press("Enter");
    await menu.waitFor({ state: "hidden" });
    expect(await notebook.editor(1).textContent()).toBe("basket.apricots");
    expect(plainText(await notebook.run(1))).toBe("4");
  });

  test("Shift+Tab shows what a name holds", async () => {
    const source = "/** Adds a tip. */\nfunction withTip(price: number, share = 0.1) { return price * (1 + share) }";
    const notebook = await lab().open("inspect.ipynb", [source, ""]);
    await notebook.run(0);
    await notebook.type(1, "withTip");
    await notebook.page.keyboard.press("Shift+Tab");
    const tooltip = notebook.page.locator(".jp-Tooltip");
    await tooltip.waitFor({ state: "visible" });
    await tooltip.getByText("withTip(price").first().waitFor({ state: "visible" });
  });

  test("an error shows its cell, its line and the line's text", async () => {
    const notebook = await lab().open("error.ipynb", [
      "function fail(): never {\n  throw new RangeError('too deep')\n}",
      "const depth: number = 3\nfail()",
    ]);
    await notebook.run(0);
    await notebook.run(1);
    const error = notebook.output(1);
    await error.waitFor({ state: "visible" });
    const text = (await error.textContent()) ?? "";
    expect(text).toContain("RangeError: too deep");
    expect(text).toMatch(/fail.*\[1\].*2:\d+/);
    expect(text).toMatch(/\[2\].*2:\d+/);
    expect(text).toContain("throw new RangeError('too deep')");
  });

  test("the interrupt button stops an endless loop, variables stay, and the next cell runs", async () => {
    const notebook = await lab().open("interrupt.ipynb", ["let kept = 1", "kept = 2; while (true);", "kept + 40"]);
    await notebook.run(0);
    const { ended } = await notebook.start(1);
    await notebook.busy();
    await notebook.page.locator('jp-button[data-command="notebook:interrupt-kernel"]').click();
    await ended;
    expect((await notebook.outputs(1)).map((output) => output.output_type)).toEqual(["error"]);
    expect(plainText(await notebook.run(2))).toBe("42");
  });

  test("restart clears variables, and the cells run again", async () => {
    const notebook = await lab().open("restart.ipynb", ["const kept = 41", "typeof kept", "kept + 1"]);
    await notebook.run(0);
    expect(plainText(await notebook.run(1))).toContain("number");
    await notebook.page.locator('jp-button[data-command="notebook:restart-kernel"]').click();
    await notebook.restarted(() => notebook.page.locator(".jp-Dialog .jp-mod-accept").click());
    expect(plainText(await notebook.run(1))).toContain("undefined");
    await notebook.run(0);
    expect(plainText(await notebook.run(2))).toBe("42");
  });

  test("a restart ends an endless loop", async () => {
    const notebook = await lab().open("restart-busy.ipynb", ["while (true);", "6 * 7"]);
    await notebook.start(0);
    await notebook.busy();
    await notebook.page.locator('jp-button[data-command="notebook:restart-kernel"]').click();
    await notebook.restarted(() => notebook.page.locator(".jp-Dialog .jp-mod-accept").click());
    expect(plainText(await notebook.run(1))).toBe("42");
  });

  test("prompt shows an input box and gets the answer; a password is masked and not kept in the notebook", async () => {
    const notebook = await lab().open("prompt.ipynb", [
      'const name = await prompt("Name? ")\n;"Hello, " + name',
      'const key = await prompt("Key? ", { password: true })\nkey.length',
    ]);
    let box = notebook.cell(0).locator(".jp-Stdin-input");
    const asked = await notebook.start(0);
    await box.waitFor({ state: "visible" });
    expect(await notebook.page.locator(".jp-Stdin-prompt").textContent()).toContain("Name?");
    expect(await box.getAttribute("type")).not.toBe("password");
    await box.fill("Ada");
    await box.press("Enter");
    await asked.ended;
    expect(plainText(await notebook.outputs(0))).toContain("Hello, Ada");

    box = notebook.cell(1).locator(".jp-Stdin-input");
    const secret = await notebook.start(1);
    await box.waitFor({ state: "visible" });
    expect(await box.getAttribute("type")).toBe("password");
    await box.fill("open sesame");
    await box.press("Enter");
    await secret.ended;
    const outputs = await notebook.outputs(1);
    expect(plainText(outputs)).toContain("11");
    expect(JSON.stringify(outputs)).not.toContain("sesame");
  });

  test("an interrupt takes a waiting prompt away", async () => {
    const notebook = await lab().open("prompt-interrupt.ipynb", ['await prompt("Name? ")', "6 * 7"]);
    const { ended } = await notebook.start(0);
    await notebook.page.locator(".jp-Stdin-input").waitFor({ state: "visible" });
    await notebook.page.locator('jp-button[data-command="notebook:interrupt-kernel"]').click();
    await ended;
    expect((await notebook.outputs(0)).map((output) => output.output_type)).toContain("error");
    expect(plainText(await notebook.run(1))).toBe("42");
  });

  test("a progress bar moves in place", async () => {
    const notebook = await lab().open("progress.ipynb", [
      'for (const _ of display.progress([...Array(20).keys()], { label: "Waiting" })) await new Promise(r => setTimeout(r, 60))',
    ]);
    await notebook.watch(0);
    const { ended } = await notebook.start(0);
    const bar = notebook.output(0).getByRole("progressbar", { name: "Waiting" });
    await bar.waitFor({ state: "visible" });
    const early = Number(await bar.getAttribute("aria-valuenow"));
    await ended;
    expect(early).toBeLessThan(100);
    await notebook.output(0).locator('[role=progressbar][aria-valuenow="100"]').waitFor({ state: "visible" });
    expect(await notebook.output(0).count()).toBe(1);
    expect((await notebook.changes(0)).length).toBeGreaterThan(5);
  });

  test("a display handle updates what it showed; clearOutput takes all away", async () => {
    const notebook = await lab().open("handle.ipynb", [
      "const shown = display.html`<b>first</b>`;",
      'const counter = display("one", { id: true })',
      'counter.update("two")',
      'console.log("a"); display.html`<i>b</i>`; clearOutput(); console.log("c")',
    ]);
    await notebook.run(0);
    expect(await notebook.output(0).locator("b").textContent()).toBe("first");
    await notebook.run(1);
    await notebook.run(2);
    await notebook.output(1).getByText("two").waitFor({ state: "visible" });
    expect(plainText(await notebook.outputs(2))).toBe("");
    await notebook.run(3);
    expect(plainText(await notebook.outputs(3)).trim()).toBe("c");
    expect(await notebook.output(3).count()).toBe(1);
  });

  test("what a timer prints later lands under the cell that started it", async () => {
    const notebook = await lab().open("late.ipynb", [
      'let release = () => {}\nnew Promise<void>(r => { release = r }).then(() => setTimeout(() => console.log("late"), 10)); 1;',
      'release(); console.log("second")',
    ]);
    await notebook.run(0);
    await notebook.run(1);
    await notebook.output(0).getByText("late").waitFor({ state: "visible" });
    expect(plainText(await notebook.outputs(1)).trim()).toBe("second");
  });

  test("a comm carries JSON and bytes to the kernel and back", async () => {
    const notebook = await lab().open("comm.ipynb", [
      'kernel.comm.register("echo", (comm) => comm.onMessage((m) => comm.send({ echo: m.data }, { buffers: m.buffers })));',
    ]);
    await notebook.run(0);
    const answer = await notebook.comm("echo", { hello: [1, "ü"] }, [0, 127, 255]);
    expect(answer).toEqual({ data: { echo: { hello: [1, "ü"] } }, bytes: [0, 127, 255] });
  });

  test("a nested value can be opened and closed", async () => {
    const notebook = await lab().open("inspector.ipynb", [
      "({ outer: { middle: { inner: [1, { deep: 'treasure' }] } } })",
    ]);
    await notebook.run(0);
    const treasure = notebook.output(0).getByText("'treasure'", { exact: true });
    const closed = notebook.output(0).locator("details:not([open]) > summary");
    expect(await treasure.isVisible()).toBe(false);
    // Each click opens one level; there are no more than these four.
    for (let level = 0; level < 4 && !(await treasure.isVisible()); level++) await closed.first().click();
    expect(await treasure.isVisible()).toBe(true);
    await notebook.output(0).locator("summary").first().click();
    expect(await treasure.isVisible()).toBe(false);
  });

  test("an array of records is a table, a picture is a picture", async () => {
    const notebook = await lab().open("rich.ipynb", [
      "[{ name: 'Ada', born: 1815 }, { name: 'Grace', born: 1906 }]",
      'display.svg(`<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40"><rect width="80" height="40" fill="teal"/></svg>`);',
      "display.latex`e^{i\\\\pi} + 1 = 0`; display.markdown`**bold** and *italic*`;",
    ]);
    await notebook.run(0);
    expect(await notebook.output(0).locator("thead th").allTextContents()).toEqual(
      expect.arrayContaining(["name", "born"]),
    );
    expect(await notebook.output(0).locator("tbody tr").count()).toBe(2);
    await notebook.run(1);
    const picture = notebook.output(1).locator("img, svg").first();
    await picture.waitFor({ state: "visible" });
    expect((await picture.boundingBox())!.width).toBe(80);
    await notebook.run(2);
    expect(await notebook.output(2).locator("strong").textContent()).toBe("bold");
    await notebook.output(2).locator("mjx-container").first().waitFor();
  });

  test("Run All goes on after awaits, stops at an error, and leaves the rest unrun", async () => {
    const notebook = await lab().open("run-all.ipynb", [
      "md:# Title",
      "await new Promise(r => setTimeout(r, 50)); const a = 1",
      "a + 1",
      "throw new Error('stop here')",
      "'never'",
    ]);
    await notebook.command("notebook:run-all-cells");
    await notebook.output(3).getByText("stop here").first().waitFor({ state: "visible" });
    await notebook.resting();
    expect(plainText(await notebook.outputs(2))).toBe("2");
    expect(await notebook.outputs(4)).toEqual([]);
  });
});

describeInBrowser("other views of the same server", (lab) => {
  test("Notebook 7 opens a notebook with the kernel, runs a cell and highlights it", async () => {
    const notebook = await lab().open("seven.ipynb", ["interface A { b: number }\nconst a: A = { b: 42 }\na.b"], {
      app: "notebooks",
    });
    expect(plainText(await notebook.run(0))).toBe("42");
    await notebook.output(0).getByText("42").waitFor({ state: "visible" });
    const colors: string[] = [];
    for (const span of await notebook.editor(0).locator("span").all()) colors.push(await span.evaluate(colorOf));
    expect(new Set(colors).size).toBeGreaterThan(2);
    await notebook.page.getByText("Gradbook (TypeScript)").first().waitFor({ state: "visible" });
  });
});
