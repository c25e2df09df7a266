"""Notebooks are executed by nbclient, as nbconvert, papermill and `jupyter execute` do, with the installed kernelspec `gradbook`."""

import os
import tempfile
import unittest

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

KERNEL = "gradbook"
# Not into the history of whoever runs the tests.
os.environ.setdefault("GRADBOOK_HISTORY", os.path.join(tempfile.mkdtemp(), "history.sqlite"))


def notebook(*cells):
    """A notebook of these cells: code as text, or made by nbformat."""
    made = [new_code_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    return new_notebook(cells=made, metadata={"kernelspec": {"name": KERNEL, "language": "typescript", "display_name": KERNEL}})


def execute(*cells, **options):
    """The notebook after its execution."""
    nb = notebook(*cells)
    NotebookClient(nb, **{"kernel_name": KERNEL, "timeout": 60, **options}).execute()
    nbformat.validate(nb)
    return nb


def text(cell, name="stdout"):
    return "".join(output["text"] for output in cell.outputs if output.output_type == "stream" and output.name == name)


class Outputs(unittest.TestCase):
    def test_state_streams_results_and_counts_are_stored(self):
        nb = execute(
            new_markdown_cell("# A title"),
            "const x: number = 20\nconsole.log('printed', x)",
            "console.error('to stderr')\nx * 2 + 2",
            "await new Promise(r => setTimeout(r, 20)); display.html`<b>shown</b>`;",
        )
        _, first, second, third = nb.cells
        self.assertEqual(text(first), "printed 20\n")
        self.assertEqual(text(second, "stderr"), "to stderr\n")
        result = [output for output in second.outputs if output.output_type == "execute_result"]
        self.assertEqual([output.data["text/plain"] for output in result], ["42"])
        self.assertEqual([output.data["text/html"] for output in third.outputs], ["<b>shown</b>"])
        self.assertEqual([cell.execution_count for cell in nb.cells[1:]], [1, 2, 3])
        self.assertEqual(nb.metadata.language_info.name, "typescript")
        self.assertEqual(nb.metadata.language_info.file_extension, ".ts")

    def test_displays_are_updated_in_place_and_cleared(self):
        nb = execute(
            "const h = display('first', { id: true }); for (let i = 0; i < 10; i++) h.update('step ' + i)",
            "h.update('from another cell')",
            "console.log('gone'); clearOutput(); console.log('stays')",
        )
        shown = [output for output in nb.cells[0].outputs if output.output_type == "display_data"]
        self.assertEqual(len(shown), 1)
        self.assertIn("from another cell", shown[0].data["text/plain"])
        self.assertEqual(text(nb.cells[2]), "stays\n")

    def test_everything_that_a_cell_prints_is_stored(self):
        nb = execute("for (let i = 0; i < 20000; i++) console.log('line ' + i)")
        self.assertEqual(text(nb.cells[0]), "".join(f"line {i}\n" for i in range(20000)))

    def test_outputs_of_a_cell_do_not_land_in_the_next(self):
        nb = execute("setTimeout(() => console.log('late'), 100);", "await new Promise(r => setTimeout(r, 400)); console.log('second')")
        self.assertEqual(text(nb.cells[1]), "second\n")

    def test_the_notebooks_folder_is_the_working_folder(self):
        nb = execute("console.log(process.cwd())", resources={"metadata": {"path": os.path.dirname(__file__)}})
        self.assertEqual(text(nb.cells[0]).strip(), os.path.dirname(os.path.abspath(__file__)))


class Errors(unittest.TestCase):
    def test_an_error_stops_the_notebook_with_our_ename_and_evalue(self):
        with self.assertRaises(CellExecutionError) as caught:
            execute("const ok = 1", "throw new RangeError('too far')", "console.log('never')")
        self.assertEqual(caught.exception.ename, "RangeError")
        self.assertEqual(caught.exception.evalue, "too far")
        self.assertIn("throw new RangeError('too far')", str(caught.exception))

    def test_a_rejected_await_stops_the_notebook(self):
        with self.assertRaises(CellExecutionError) as caught:
            execute("await Promise.reject(new TypeError('rejected'))")
        self.assertEqual(caught.exception.ename, "TypeError")

    def test_allow_errors_goes_on(self):
        nb = execute("throw new Error('first')", "console.log('went on')", allow_errors=True)
        error = nb.cells[0].outputs[-1]
        self.assertEqual((error.output_type, error.ename, error.evalue), ("error", "Error", "first"))
        self.assertTrue(error.traceback)
        self.assertEqual(text(nb.cells[1]), "went on\n")

    def test_a_cell_tagged_raises_exception_may_fail(self):
        cell = new_code_cell("throw new SyntaxError('expected')", metadata={"tags": ["raises-exception"]})
        nb = execute(cell, "console.log('went on')")
        self.assertEqual(nb.cells[0].outputs[-1].ename, "SyntaxError")
        self.assertEqual(text(nb.cells[1]), "went on\n")

    def test_allow_error_names_are_our_enames(self):
        nb = execute("throw new RangeError('allowed')", "1 + 1", allow_error_names=["RangeError"])
        self.assertEqual(nb.cells[1].outputs[0].data["text/plain"], "2")

    def test_input_is_not_allowed_and_says_so(self):
        with self.assertRaises(CellExecutionError) as caught:
            execute("await prompt('name?')")
        self.assertRegex(f"{caught.exception.ename} {caught.exception.evalue}", r"(?i)input|stdin|prompt")

    def test_process_exit_does_not_kill_the_kernel(self):
        try:
            nb = execute("process.exit(1)", "console.log('alive')", allow_errors=True)
        except DeadKernelError:
            self.fail("process.exit in a cell ended the kernel")
        self.assertEqual(text(nb.cells[1]), "alive\n")


class Timeouts(unittest.TestCase):
    def test_a_cell_over_time_stops_the_notebook(self):
        with self.assertRaises(CellTimeoutError):
            execute("while (true) {}", timeout=2)

    def test_interrupt_on_timeout_stops_the_cell_and_the_next_one_runs(self):
        for endless in ("while (true) {}", "await new Promise(() => {})"):
            with self.subTest(endless):
                nb = execute(endless, "console.log('next')", timeout=2, interrupt_on_timeout=True, allow_errors=True)
                self.assertEqual(nb.cells[0].outputs[-1].ename, "KeyboardInterrupt")
                self.assertEqual(text(nb.cells[1]), "next\n")


class Widgets(unittest.TestCase):
    def test_comm_messages_of_a_cell_do_not_disturb_nbclient(self):
        nb = execute(
            "const comm = kernel.comm.open('some.target', { state: {} }); comm.send({ method: 'update' }, { buffers: [new Uint8Array(3)] });",
            "comm.close(); 'closed'.length",
        )
        self.assertEqual(nb.cells[1].outputs[-1].data["text/plain"], "6")


if __name__ == "__main__":
    unittest.main()
