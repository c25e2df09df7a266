"""The command-line tools around Jupyter work with the installed kernelspec `gradbook`."""

import os
import re
import subprocess
import sys
import tempfile
import unittest

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

# Not into the history of whoever runs the tests.
os.environ["GRADBOOK_HISTORY"] = os.path.join(tempfile.mkdtemp(), "history.sqlite")


def run(tool, *arguments, cwd, stdin=None):
    """Runs `jupyter TOOL` of this environment; its output, stderr included, when it succeeded."""
    done = subprocess.run(
        [os.path.join(os.path.dirname(sys.executable), f"jupyter-{tool}"), *arguments],
        cwd=cwd,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        env={**os.environ, "TERM": "dumb", "NO_COLOR": "1"},
    )
    if done.returncode != 0:
        raise AssertionError(f"jupyter {tool} {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def write_notebook(folder, *codes):
    metadata = {"kernelspec": {"name": "gradbook", "language": "typescript", "display_name": "Gradbook (TypeScript)"}}
    path = os.path.join(folder, "made.ipynb")
    nbformat.write(new_notebook(cells=[new_code_cell(code) for code in codes], metadata=metadata), path)
    return path


class Tools(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def test_jupyter_run_runs_a_script(self):
        script = os.path.join(self.folder, "script.ts")
        with open(script, "w") as file:
            file.write("const words: string[] = ['from', 'jupyter', 'run'];\nconsole.log(words.join(' '))\n")
        self.assertIn("from jupyter run\n", run("run", "--kernel=gradbook", script, cwd=self.folder))

    def test_jupyter_console_takes_cells_and_shows_results(self):
        cells = "const x: number = 20\nx + 1\nconsole.log('printed')\nexit\n"
        output = run("console", "--kernel=gradbook", "--simple-prompt", cwd=self.folder, stdin=cells)
        self.assertRegex(output, r"(?m)\b21\b")
        self.assertIn("printed", output)

    def test_jupyter_execute_stores_the_outputs(self):
        path = write_notebook(self.folder, "const a = 1", "a + 41")
        run("execute", "--inplace", path, cwd=self.folder)
        self.assertEqual(nbformat.read(path, as_version=4).cells[1].outputs[0].data["text/plain"], "42")

    def test_nbconvert_executes_and_highlights_typescript(self):
        path = write_notebook(self.folder, "const answer: number = 42\nanswer", "display.html`<b id='shown'>bold</b>`;")
        # Executing stores the language_info that the kernel gives; converting highlights by it.
        run("nbconvert", "--to", "notebook", "--inplace", "--execute", path, cwd=self.folder)
        run("nbconvert", "--to", "html", path, cwd=self.folder)
        with open(os.path.join(self.folder, "made.html"), encoding="utf-8") as file:
            body = file.read().partition("<body")[2]
        self.assertTrue(re.search(r'<span class="k[a-z]?">const</span>', body), body)
        self.assertTrue(re.search(r'<span class="k[a-z]?">number</span>', body), body)
        self.assertTrue(re.search(r"<pre>42</pre>", body), body)
        self.assertTrue(re.search(r'<b id="shown">bold</b>', body), body)

    def test_nbconvert_to_script_gives_a_ts_file(self):
        path = write_notebook(self.folder, "const a: number = 1")
        run("nbconvert", "--to", "notebook", "--inplace", "--execute", path, cwd=self.folder)
        run("nbconvert", "--to", "script", path, cwd=self.folder)
        with open(os.path.join(self.folder, "made.ts"), encoding="utf-8") as file:
            self.assertIn("const a: number = 1", file.read())


if __name__ == "__main__":
    unittest.main()
