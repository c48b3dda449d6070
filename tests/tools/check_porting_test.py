"""Shows that the check of the porting page accepts a complete one and can fail on every rule it has."""

import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import check_porting  # noqa: E402

HEADER = "Node node(const std::string& name);\nTensor linear(const Tensor& x);\nenum class Mode { training };\n"
TABLE = "### `pcx.nn`: layers\n\n| PCX | C++ | Python | |\n|---|---|---|---|\n"


class PortingTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "docs").mkdir()
        (self.root / "include/pcxx").mkdir(parents=True)
        (self.root / "include/pcxx/network.h").write_text(HEADER, encoding="utf-8")
        (self.root / check_porting.SYMBOLS).write_text("# PCX 1\npcx.nn.Linear\npcx.nn.Linear.mode\n", encoding="utf-8")

    def problems(self, rows):
        (self.root / check_porting.PAGE).write_text(TABLE + rows + "\n## After\n\n| `None` | of this |\n", encoding="utf-8")
        return check_porting.problems(self.root)

    def test_accepts_a_complete_page(self):
        self.assertEqual(self.problems("| `Linear` | `linear(x)`, `Mode::training` | any | |\n| `Linear.mode` | not needed | | |\n"), [])
        self.assertEqual(self.problems("| `Linear`, `Linear.mode` | `linear(x \\|\\| y)` | any | |\n"), [])

    def test_names_a_symbol_without_a_row(self):
        self.assertEqual(self.problems("| `Linear` | `linear(x)` | any | |\n"),
                         ["docs/porting_from_pcx.md: no row for 'pcx.nn.Linear.mode'"])

    def test_names_what_neither_side_has(self):
        found = self.problems("| `Linear`, `Linear.mode`, `Conv` | `lenear(x)`, `Mode::testing`, `net.nod()` | any | |\n")
        self.assertEqual(found, ["docs/porting_from_pcx.md:5: 'pcx.nn.Conv' is not in docs/pcx_symbols.txt",
                                 "docs/porting_from_pcx.md:5: 'lenear' is in no header",
                                 "docs/porting_from_pcx.md:5: 'testing' is in no header",
                                 "docs/porting_from_pcx.md:5: 'nod' is in no header"])

    def test_wants_three_columns(self):
        self.assertIn("2 columns; expected PCX, C++, Python", self.problems("| `Linear`, `Linear.mode` | `linear(x)` |\n")[0])

    def test_the_page_of_the_project_is_complete(self):
        self.assertEqual(check_porting.problems(ROOT), [])


if __name__ == "__main__":
    unittest.main()
