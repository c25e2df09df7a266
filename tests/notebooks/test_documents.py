"""The TypeScript in docs/engine.md runs, each block a cell of one notebook."""

import pathlib
import re
import tempfile
import unittest

import nbformat
from nbclient import NotebookClient

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs" / "engine.md"


class EngineDocument(unittest.TestCase):
    def test_its_examples_run(self):
        blocks = re.findall(r"^```ts\n(.*?)^```$", DOCUMENT.read_text(encoding="utf8"), re.M | re.S)
        self.assertGreaterEqual(len(blocks), 5)
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(block) for block in blocks])
        with tempfile.TemporaryDirectory() as folder:
            NotebookClient(
                notebook, timeout=120, kernel_name="gradbook", resources={"metadata": {"path": folder}}
            ).execute()
        self.assertIn("TensorFlow 2.", self.shown(notebook, 0))
        self.assertIn("1 trace, 100 runs", self.shown(notebook, 1))
        self.assertIn("peakBytes", self.shown(notebook, 3))
        self.assertRegex(self.shown(notebook, 4), r"\[ ?8, 8, 3 ?\]")

    def shown(self, notebook, cell):
        outputs = notebook.cells[cell].outputs
        return "".join(output.data["text/plain"] for output in outputs if output.output_type == "execute_result")


if __name__ == "__main__":
    unittest.main()
