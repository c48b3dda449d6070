"""Shows that the comparison pairs, divides and judges the lines of programs that stand in for real ones."""

import contextlib
import io
import json
import pathlib
import stat
import sys
import tempfile
import unittest
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import compare  # noqa: E402

PCXX = """#!/usr/bin/env python3
import json, pathlib, sys
words = sys.argv[1:]
if words == ["--version"]:
    print("9.9")
elif words[0] == "train":
    folder = pathlib.Path(words[words.index("--out") + 1])
    records = [{"event": "start"}]
    records += [{"event": "epoch", "seconds": s, "test_accuracy": 0.9} for s in (9, 1, 1)]
    (folder / "log.jsonl").write_text("".join(json.dumps(r) + chr(10) for r in records))
else:
    bf16 = "bf16" in words
    print(json.dumps({"median_ms": 1.5 if bf16 else 2, "min_ms": 1, "first_step_s": 0.01}))
"""
PCX = """import json, sys
if sys.argv[1] == "fmnist":
    for seconds in (9, 4, 4):
        print(json.dumps({"seconds": seconds, "test_accuracy": 0.8}))
else:
    print(json.dumps({"median_ms": 5, "min_ms": 4, "jax": "1.2"}))
"""


class CompareTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.pcxx = self.folder / "pcxx"
        self.pcxx.write_text(PCXX, encoding="utf-8")
        self.pcxx.chmod(self.pcxx.stat().st_mode | stat.S_IXUSR)
        (self.folder / "pcx_reference.py").write_text(PCX, encoding="utf-8")

    def run_compare(self, *options, load=0.0):
        out, errors = io.StringIO(), io.StringIO()
        with mock.patch("os.getloadavg", return_value=(load, 0, 0)), \
             contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
            status = compare.main(["--pcxx", str(self.pcxx), "--peers", str(self.folder), *options])
        return status, out.getvalue(), errors.getvalue()

    def test_divides_medians_and_judges_by_the_bound(self):
        status, text, _ = self.run_compare("--only", "mlp128,mlp512")
        self.assertEqual(status, 0)
        self.assertIn("| 784-128×3-10, B=256, T=8 | 2 ms | 5 ms | 0.40 (min 0.25) ≤ 0.45 | – ≤ 0.75 |", text)
        self.assertIn("0.30 (min 0.25) ≤ 0.55", text)  # bf16 of width 512
        self.assertIn("| 0.010 |", text)
        self.assertIn("pcxx 9.9", text)
        self.assertIn("jax 1.2", text)

    def test_a_miss_is_shown_as_a_miss(self):
        _, text, _ = self.run_compare("--only", "moons")
        self.assertIn("**0.40 (min 0.25) > 0.12** ✗", text)

    def test_pictures_stand_in_a_table_of_their_own(self):
        _, text, _ = self.run_compare("--only", "moons,vgg5")
        self.assertEqual(text.count("| work | pcxx | PCX |"), 2)
        self.assertIn("| VGG-5 on noise, B=32, T=5 | 2 ms | 5 ms | **0.40 (min 0.25) > 0.33** ✗ |", text)
        self.assertIn("0.008 beyond a later one", text)

    def test_epochs_leave_out_the_first(self):
        _, text, _ = self.run_compare("--only", "fmnist", "--rounds", "2")
        self.assertIn("| 1.00 s | 4.00 s | 0.25 (min 0.25) ≤ 0.35 |", text)

    def test_accuracies_of_every_seed(self):
        _, text, _ = self.run_compare("--only", "accuracy")
        self.assertIn("| PC-SE | 0.9000 | 0.9000 | 0.9000 | 0.9000 | ≥ 0.893 | 1.00 |", text)

    def test_says_what_is_missing(self):
        _, text, _ = self.run_compare("--only", "mlp128")
        self.assertIn("Left out: deepity: deepity_reference.py is not in the folder of --peers; "
                      "probe: no --probe", text)

    def test_refuses_a_busy_machine(self):
        status, text, errors = self.run_compare("--only", "moons", load=1000.0)
        self.assertEqual((status, text), (2, ""))
        self.assertIn("load average 1000.0", errors)
        status, text, _ = self.run_compare("--only", "moons", "--busy", load=1000.0)
        self.assertEqual(status, 0)
        self.assertIn("Measured on a busy machine", text)

    def test_keeps_raw_lines_and_the_machine(self):
        file = self.folder / "lines.json"
        self.run_compare("--only", "moons", "--json", str(file))
        record = json.loads(file.read_text(encoding="utf-8"))
        self.assertEqual(record["machine"]["pcxx"], "9.9")
        self.assertEqual({line["column"] for line in record["lines"]}, {"pcxx", "pcx"})

    def test_writes_tables_between_the_comments(self):
        page = self.folder / "page.md"
        page.write_text(f"before\n{compare.BEGIN}\nold\n{compare.END}\nafter\n", encoding="utf-8")
        _, text, _ = self.run_compare("--only", "moons", "--into", str(page))
        self.assertEqual(page.read_text(encoding="utf-8"),
                         f"before\n{compare.BEGIN}\n\n{text}\n{compare.END}\nafter\n")
        page.write_text("no place\n", encoding="utf-8")
        with self.assertRaisesRegex(SystemExit, "lacks '<!-- compare: begin -->'"):
            self.run_compare("--only", "moons", "--into", str(page))

    def test_stops_when_pcxx_fails(self):
        self.pcxx.write_text("#!/bin/sh\necho broken >&2\nexit 3\n", encoding="utf-8")
        with self.assertRaisesRegex(SystemExit, "pcxx on moons: ended with status 3: broken"):
            self.run_compare("--only", "moons")

    def test_refuses_unknown_work(self):
        with self.assertRaises(SystemExit):
            self.run_compare("--only", "mlp129")


if __name__ == "__main__":
    unittest.main()
