"""Shows what counts as model and training code when tutorials are compared with PCX's notebooks."""

import json
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import count_tutorial_lines  # noqa: E402


class CountTest(unittest.TestCase):
    def lines(self, code):
        return count_tutorial_lines.count(code)[0]

    def test_code_counts_by_lines_that_hold_any(self):
        self.assertEqual(self.lines("x = 1\n\ny = f(\n    x,\n)\n"), 4)
        self.assertEqual(count_tutorial_lines.count("y = f(x)\n"), (1, 6))

    def test_what_is_no_code_does_not(self):
        self.assertEqual(self.lines('"""Doc."""\n# why\n\n\ndef f():\n    """Doc,\n    long."""\n    # why\n    return 1  # so\n'), 2)

    def test_imports_and_assertions_do_not(self):
        self.assertEqual(self.lines("import a\nfrom b import (\n    c,\n)\nassert a\n\n\ndef f():\n    import d\n    assert d\n    return d\n"), 2)

    def test_drawing_does_not_with_its_whole_statement(self):
        self.assertEqual(self.lines("plt.figure()\nfor a in b:\n    axes = plt.axes()\n    axes.set(a)\npcxx.plot.energies(t)\n"), 0)

    def test_data_does_not(self):
        self.assertEqual(self.lines("X, y = make_moons()\ntrain = pcxx.two_moons(samples=3)\n\n\n@wrap\ndef get():\n    return torchvision.a\n"), 0)
        self.assertEqual(self.lines("class TorchDataloader:\n    pass\n"), 0)

    def test_decorators_count_with_what_they_decorate(self):
        self.assertEqual(self.lines("@jit(\n    a)\ndef f():\n    return 1\n"), 4)

    def test_notebooks_are_their_code_cells_without_magics(self):
        cells = [{"cell_type": "markdown", "source": ["x = 1"]}, {"cell_type": "code", "source": ["!pip install y\n", "%time\n", "x = 1\n"]},
                 {"cell_type": "code", "source": ["y = 2"]}]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "a.ipynb"
            path.write_text(json.dumps({"cells": cells}))
            self.assertEqual(count_tutorial_lines.counts_of(path), (2, 6))


if __name__ == "__main__":
    unittest.main()
