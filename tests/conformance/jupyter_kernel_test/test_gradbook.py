"""jupyter_kernel_test (the Jupyter project's own test of kernels) against the installed kernelspec `gradbook`.

Every group is filled in: a group without samples would be skipped. Run with
    .venv/bin/python -m unittest discover -v -s tests/conformance/jupyter_kernel_test        (pytest runs it, too)
JUPYTER_PATH may name a folder with the kernelspec where it is not in the environment's own.
"""

import os
import tempfile
import unittest

import jupyter_kernel_test

KERNEL = "gradbook"
# Not into the history of whoever runs the tests.
os.environ.setdefault("GRADBOOK_HISTORY", os.path.join(tempfile.mkdtemp(), "history.sqlite"))


class GradbookKernelTests(jupyter_kernel_test.KernelTests):
    kernel_name = KERNEL

    # What kernel_info must say.
    language_name = "typescript"
    file_extension = ".ts"

    code_hello_world = "console.log('hello, world')"
    code_stderr = "console.error('to stderr')"

    completion_samples = [
        {"text": "Array.isA", "matches": ["isArray"]},
        {"text": "const n = Math.hyp", "matches": ["hypot"]},
        {"text": "clearOut", "matches": ["clearOutput"]},
        {"text": "'\U0001f600'; JSON.str", "matches": ["stringify"]},
    ]

    complete_code_samples = [
        "1 + 1",
        "const x: number = 1",
        "function f(a: string): void {}",
        "await Promise.resolve(1)",
        "class A<T> { constructor(private x: T) {} }",
        "`template ${1}`",
        "// only a comment",
        "enum E { A, B }",
        "",
    ]
    incomplete_code_samples = [
        "function f() {",
        "const x =",
        "console.log(",
        "[1, 2,",
        "`an open template",
        "/* an open comment",
        "for (const x of [1]) {",
        "const f = (x: number) =>",
    ]
    invalid_code_samples = [
        "const 1 = 2",
        "}",
        "foo())",
        "let x = 1 2",
        "class { }",
    ]

    code_page_something = "kernel.page('a page of text')"

    code_generate_error = "throw new TypeError('made by the test')"

    code_execute_result = [
        {"code": "6 * 7", "result": "42"},
        {"code": "Math.max(1, 2)", "result": "2"},
        {"code": "[1, 2, 3].length", "result": "3"},
        {"code": "await Promise.resolve(true)", "result": "true"},
        {"code": "({ [Symbol.for('Jupyter.display')]: () => ({ 'text/html': '<b>1</b>' }) })", "mime": "text/html"},
    ]

    code_display_data = [
        {"code": "display.html`<b>bold</b>`;", "mime": "text/html"},
        {"code": "display.markdown`# title`;", "mime": "text/markdown"},
        {"code": "display.latex`x^2`;", "mime": "text/latex"},
        {"code": "display.json({ a: 1 });", "mime": "application/json"},
        {"code": "display.svg`<svg xmlns='http://www.w3.org/2000/svg'/>`;", "mime": "image/svg+xml"},
        {"code": "display({ any: 'value' });", "mime": "text/plain"},
    ]

    supported_history_operations = ("tail", "range", "search")
    # One result of the list above matches it, three times after the other groups have run it.
    code_history_pattern = "6 ? 7"

    code_inspect_sample = "Math.max"

    code_clear_output = "clearOutput()"


class GradbookWelcomeTests(jupyter_kernel_test.IopubWelcomeTests):
    kernel_name = KERNEL
    support_iopub_welcome = True


if __name__ == "__main__":
    unittest.main()
