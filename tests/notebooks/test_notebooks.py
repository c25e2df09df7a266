"""Every notebook runs from top to bottom without a server, as nbclient, nbconvert and papermill run it."""

import pathlib
import re
import unittest

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = pathlib.Path(__file__).resolve().parents[2] / "notebooks"


def execute(path):
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        timeout=600,
        kernel_name="gradbook",
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    return notebook


def outputs_of(notebook):
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def printed(notebook):
    return "".join(output.text for output in outputs_of(notebook) if output.output_type == "stream")


class Notebooks(unittest.TestCase):
    def test_every_notebook_runs_and_shows_what_it_promises(self):
        names = [path.name for path in sorted(NOTEBOOKS.glob("*.ipynb"))]
        self.assertIn("01-spam-filter.ipynb", names)
        for name in names:
            with self.subTest(name):
                notebook = execute(NOTEBOOKS / name)
                if name == "01-spam-filter.ipynb":
                    self.check_spam_filter(notebook)

    def check_spam_filter(self, notebook):
        scores = re.search(r"F1 on spam: ([\d.]+) \(naive Bayes: ([\d.]+)\)", printed(notebook))
        self.assertIsNotNone(scores, printed(notebook)[-2000:])
        self.assertGreaterEqual(float(scores[1]), 0.95)
        shown = {kind for output in outputs_of(notebook) for kind in output.get("data", {})}
        self.assertIn("image/svg+xml", shown, "the loss curve")
        self.assertIn("text/html", shown, "the tables")

    def test_notebooks_are_kept_without_outputs(self):
        for path in sorted(NOTEBOOKS.glob("*.ipynb")):
            with self.subTest(path.name):
                self.assertEqual(outputs_of(nbformat.read(path, as_version=4)), [])


if __name__ == "__main__":
    unittest.main()
