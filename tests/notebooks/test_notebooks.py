"""Every notebook runs from top to bottom without a server, as nbclient, nbconvert and papermill run it."""

import os
import pathlib
import re
import unittest

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = pathlib.Path(__file__).resolve().parents[2] / "notebooks"


def execute(name, **env):
    """The notebook with its outputs. Throws when a cell fails."""
    path = NOTEBOOKS / name
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="gradbook",
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute(env={**os.environ, **env})
    return notebook


def outputs_of(notebook):
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def printed(notebook):
    return "".join(output.text for output in outputs_of(notebook) if output.output_type == "stream")


def text_of(notebook, cell_id):
    """What a cell printed and showed, as plain text."""
    cell = next(cell for cell in notebook.cells if cell.id == cell_id)
    return "\n".join(
        output.text if output.output_type == "stream" else output.data["text/plain"] for output in cell.outputs
    )


def html_of(notebook, cell_id):
    cell = next(cell for cell in notebook.cells if cell.id == cell_id)
    return "".join(output.data.get("text/html", "") for output in cell.outputs if output.output_type != "stream")


def number_after(text, words):
    """The first number behind these words."""
    found = re.search(re.escape(words) + r"\D*?(-?\d+(?:\.\d+)?(?:e[+-]\d+)?)", text)
    if found is None:
        raise AssertionError(f"no number after {words!r} in {text!r}")
    return float(found[1])


class Notebooks(unittest.TestCase):
    def test_every_notebook_is_tested_here(self):
        names = {path.name for path in NOTEBOOKS.glob("*.ipynb")}
        self.assertEqual(names, {"01-spam-filter.ipynb", "02-tensors-and-compile.ipynb"})

    def test_notebooks_are_kept_without_outputs(self):
        for path in sorted(NOTEBOOKS.glob("*.ipynb")):
            with self.subTest(path.name):
                self.assertEqual(outputs_of(nbformat.read(path, as_version=4)), [])


class SpamFilter(unittest.TestCase):
    def test_finds_spam_on_tensorflow(self):
        self.check(execute("01-spam-filter.ipynb"), "TensorFlow 2.")

    def test_finds_spam_without_tensorflow(self):
        self.check(execute("01-spam-filter.ipynb", GRADBOOK_TENSORFLOW="off"), "TensorFlow.js")

    def check(self, notebook, engine):
        self.assertIn(engine, text_of(notebook, "device"))
        scores = re.search(r"F1 on spam: ([\d.]+) \(naive Bayes: ([\d.]+)\)", printed(notebook))
        self.assertIsNotNone(scores, printed(notebook)[-2000:])
        self.assertGreaterEqual(float(scores[1]), 0.95)
        shown = {kind for output in outputs_of(notebook) for kind in output.get("data", {})}
        self.assertIn("image/svg+xml", shown, "the loss curve")
        self.assertIn("text/html", shown, "the tables")


class TensorsAndCompile:
    """What notebook 02 promises on every backend. `notebook` is the executed one."""

    def text(self, cell_id):
        return text_of(self.notebook, cell_id)

    def html(self, cell_id):
        return html_of(self.notebook, cell_id)

    def test_gradients_agree_with_finite_differences(self):
        self.assertLess(number_after(self.text("check"), "differ by"), 0.005)
        errors = self.text("step-size")
        self.assertLess(number_after(errors, "tf.grad"), 1e-5)
        self.assertGreater(number_after(errors, "h = 0.000001"), number_after(errors, "h = 0.01 "))

    def test_a_large_tensor_is_drawn_and_not_printed(self):
        self.assertIn("<svg", self.html("heat-map"))
        self.assertIn("<svg", self.html("big"))
        self.assertLess(len(self.html("big")), 100_000)

    def test_a_compiled_function_computes_what_the_eager_one_does(self):
        self.assertLess(number_after(self.text("first-compile"), "the two:"), 1e-5)
        self.assertLess(number_after(self.text("same"), "of the losses:"), 1e-4)
        self.assertRegex(self.text("where"), r"\[ 0\.5, 1, 1\.5 \] \[ 0\.1000")

    def test_unseeded_draws_differ_and_seeded_ones_do_not(self):
        pair = r"(-?\d+\.\d{3}\s+-?\d+\.\d{3})"
        draws = re.findall(rf"[123]\s+{pair}\s+{pair}", self.text("random"))
        self.assertEqual(len(draws), 3)
        self.assertEqual(len({free for free, _ in draws}), 3)
        self.assertEqual(len({seeded for _, seeded in draws}), 1)

    def test_variables_are_read_and_written_at_each_call(self):
        states = re.findall(r"(\d+)\s*$", self.text("variables"), re.M)
        self.assertEqual(states, ["0", "6", "12", "100", "115"])

    def test_the_transformer_learns(self):
        losses = self.text("training")
        self.assertLess(number_after(losses, " to "), number_after(losses, "went from"))
        self.assertEqual(len(self.text("recite").rstrip("\n")), 250)

    def test_all_three_ways_of_a_step_are_measured(self):
        self.assertEqual(len(re.findall(r"<td>[\d.e+]+ ms</td>", self.html("step-race"))), 3)

    def test_a_compiled_layers_model_learns_the_same(self):
        rows = re.findall(r"(?:as it is|compile\.model)\s+([\d.]+)\s+([\d.]+)", self.text("layers"))
        self.assertEqual(len(rows), 2)
        self.assertAlmostEqual(float(rows[0][0]), float(rows[1][0]), delta=0.005)
        self.assertGreater(float(rows[1][1]), 0.85)

    def test_memory_goes_back(self):
        growth = re.findall(r"\s(\d+)\s+(\d+\.\d\d)\s*$", self.text("tidy"), re.M)
        self.assertEqual(growth, [("4", "2.00"), ("1", "0.00"), ("1", "0.00"), ("0", "0.00")])
        self.assertRegex(self.text("using"), r"using\s+0\s+0\.00")
        lost = self.text("lost")
        self.assertLess(number_after(lost, "at most"), number_after(lost, "made") / 2)
        collected = self.text("collect")
        self.assertLess(number_after(collected, "now"), number_after(collected, "before the rounds") + 1)

    def test_running_a_cell_again_releases_what_it_held(self):
        before = number_after(self.text("collect"), "now")
        once, again = (number_after(self.text(cell), "live:") for cell in ["again-1", "again-2"])
        self.assertAlmostEqual(once, before + 8, delta=1)
        self.assertAlmostEqual(again, once, delta=1)

    def test_float32_is_as_exact_as_the_text_says(self):
        self.assertIn("2^24 + 1 = 16777216", self.text("float32"))
        self.assertLess(number_after(self.text("bfloat16"), "compiled, float32"), 1e-5)


class TensorsAndCompileOnTensorFlow(TensorsAndCompile, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.notebook = execute("02-tensors-and-compile.ipynb")

    def test_says_what_computes(self):
        self.assertRegex(self.text("device"), r"^TensorFlow 2\.\d+ · .*XLA on")
        self.assertNotIn("compile():", printed(self.notebook))

    def test_javascript_runs_again_for_another_signature_and_only_then(self):
        ran = re.findall(r"(yes|no)\s*$", self.text("traces"), re.M)
        self.assertEqual(ran, ["yes", "no", "yes", "yes", "yes", "no"])
        self.assertIn("compile(power): 4 traces, 6 runs", self.text("trace-stats"))

    def test_a_padded_shape_needs_one_trace_where_the_others_met_the_limit(self):
        shown = self.text("retrace")
        self.assertIn("trace number 4, and 3 is the limit", shown)
        self.assertIn("Argument 1 was float32 [3], is float32 [4]", shown)
        self.assertIn("compile(paddedMean): 1 trace, 6 runs", shown)

    def test_errors_of_compiling_are_shown_with_their_line(self):
        self.assertRegex(
            self.text("no-values"),
            r"CompileError: compile\(half\): the value of a tensor was read by dataSync\(\).*\n +at Cell \[\d+\]:2:",
        )
        leaks = self.text("leaks")
        self.assertIn("compile(waits): the function returned a promise", leaks)
        self.assertIn("compile(thief): a tensor that was made while tracing is used outside", leaks)

    def test_a_step_is_one_graph_and_one_xla_program(self):
        stats = self.text("step-stats")
        self.assertRegex(stats, r"compile\(graphStep\): 1 trace,[^(]*\(int32 \[8, 32\], int32 \[256\]\) +graph ")
        self.assertRegex(stats, r"compile\(xlaStep\): 1 trace,[^(]*\(int32 \[8, 32\], int32 \[256\]\) +XLA ")

    def test_bfloat16_is_less_exact(self):
        # The factors are rounded to 8 binary digits: each is wrong by 2^-9 of itself at most, and the errors of a sum partly cancel.
        error = number_after(self.text("bfloat16"), "compiled, bfloat16")
        self.assertTrue(1e-3 < error < 1e-2, error)
        losses = re.findall(r"^ *(?:10|20|30) +([\d.]+) +([\d.]+)$", self.text("bfloat16-training"), re.M)
        self.assertEqual(len(losses), 3)
        for float32, bfloat16 in losses:
            self.assertNotEqual(float32, bfloat16)
            self.assertAlmostEqual(float(float32), float(bfloat16), delta=0.2)


class TensorsAndCompileWithoutTensorFlow(TensorsAndCompile, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.notebook = execute("02-tensors-and-compile.ipynb", GRADBOOK_TENSORFLOW="off")

    def test_says_what_computes_and_once_that_nothing_is_compiled(self):
        self.assertRegex(self.text("device"), r"^TensorFlow\.js .* · WebAssembly")
        said = printed(self.notebook).count("compile(): the wasm backend runs functions as they are")
        self.assertEqual(said, 1)

    def test_javascript_runs_at_every_call(self):
        self.assertEqual(re.findall(r"(yes|no)\s*$", self.text("traces"), re.M), ["yes"] * 6)
        self.assertEqual(self.text("trace-stats"), "compile(power): 0 traces, 0 runs")

    def test_what_cannot_be_compiled_runs(self):
        self.assertEqual(self.text("no-values").strip(), "No error.")


if __name__ == "__main__":
    unittest.main()
