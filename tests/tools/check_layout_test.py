"""Shows that the layout check accepts an orderly tree and can fail on every rule it has."""

import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import check_layout  # noqa: E402

JOB = "/// Says what this file does.\n"
HEADER = JOB + "#pragma once\n"


class LayoutTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def problems(self):
        return check_layout.Checker(self.root).run()

    def assert_problem(self, text):
        problems = self.problems()
        self.assertEqual(len(problems), 1, problems)
        self.assertIn(text, problems[0])

    def test_accepts_an_orderly_tree(self):
        self.write("include/pcxx/core/shape.h", HEADER + "#include <vector>\n")
        self.write("include/pcxx/tensor/tensor.h", HEADER + '#include "pcxx/core/shape.h"\n')
        self.write("include/pcxx/pcxx.h", HEADER + '#include "pcxx/tensor/tensor.h"\n')
        self.write("src/tensor/op.h", HEADER)
        self.write("src/program/pass.cpp", JOB + '#include "tensor/op.h"\n#include <fmt/core.h>\n')
        self.write("src/run/recipe.cpp", JOB + '#include "pcxx/core/shape.h"\n')
        self.write("cli/main.cpp", JOB + '#include "pcxx/pcxx.h"\n#include <CLI/CLI.hpp>\n')
        self.write("tools/do.sh", "#!/usr/bin/env bash\n# Does what is needed.\n")
        self.write("build/generated.cpp", "int generated;\n")
        self.assertEqual(self.problems(), [])

    def test_rooms_include_downwards_only(self):
        self.write("src/network/node.h", HEADER)
        self.write("src/tensor/gradient.cpp", JOB + '#include "network/node.h"\n')
        self.assert_problem("tensor includes 'network/node.h'; it may include: core")

    def test_public_headers_follow_the_rooms_too(self):
        self.write("include/pcxx/core/shape.h", HEADER + '#include "pcxx/learn/trainer.h"\n')
        self.assert_problem("core includes 'pcxx/learn/trainer.h'; it may include: nothing else")

    def test_only_the_seam_names_a_backend(self):
        self.write("src/backend/backend.h", HEADER)
        self.write("src/backend/cpu/product.h", HEADER)
        self.write("src/backend/choose.cpp", JOB + '#include "backend/cpu/product.h"\n')
        self.write("src/backend/cpu/run.cpp", JOB + '#include "backend/backend.h"\n')
        self.write("src/network/executor.cpp", JOB + '#include "backend/backend.h"\n')
        self.assertEqual(self.problems(), [])
        self.write("src/network/executor.cpp", JOB + '#include "backend/cpu/product.h"\n')
        self.assert_problem("network includes 'backend/cpu/product.h'")
        self.write("src/network/executor.cpp", JOB)
        self.write("src/backend/backend.h", HEADER + '#include "backend/cpu/product.h"\n')
        self.assert_problem("backend includes 'backend/cpu/product.h'")

    def test_backends_do_not_name_each_other(self):
        self.write("src/backend/cpu/run.cpp", JOB + '#include "backend/reference/run.h"\n')
        self.assert_problem("backend/cpu includes 'backend/reference/run.h'")

    def test_rooms_do_not_include_the_umbrella(self):
        self.write("src/run/train.cpp", JOB + '#include "pcxx/pcxx.h"\n')
        self.assert_problem("run includes 'pcxx/pcxx.h'")

    def test_rooms_are_known(self):
        self.write("src/utils/misc.cpp", JOB + "#include <vector>\n")
        self.assert_problem("room 'utils' is unknown")

    def test_public_headers_need_the_standard_library_only(self):
        self.write("include/pcxx/core/shape.h", HEADER + "#include <fmt/core.h>\n")
        self.assert_problem("public header includes 'fmt/core.h'")

    def test_public_headers_name_no_private_header(self):
        self.write("include/pcxx/core/shape.h", HEADER + '#include "core/detail.h"\n')
        self.assert_problem("public header includes 'core/detail.h'")

    def test_the_command_line_names_public_headers_only(self):
        self.write("src/run/train.h", HEADER)
        self.write("cli/train.cpp", JOB + '#include "run/train.h"\n')
        self.assert_problem("cli includes the private header 'run/train.h'")

    def test_benchmarks_may_name_kernels_but_not_all(self):
        self.write("src/backend/cpu/product.h", HEADER)
        self.write("src/run/train.h", HEADER)
        self.write("benchmarks/product.cpp", JOB + '#include "backend/cpu/product.h"\n')
        self.assertEqual(self.problems(), [])
        self.write("benchmarks/train.cpp", JOB + '#include "run/train.h"\n')
        self.assert_problem("benchmarks includes the private header 'run/train.h'")

    def test_files_begin_with_their_job(self):
        for name, text in (("src/core/a.cpp", "#include <vector>\n"), ("src/core/a.cpp", "/// Things.\n"),
                           ("src/core/a.cpp", ""), ("tools/a.py", "import os\n"),
                           ("tools/a.sh", "#!/bin/bash\nset -e\n"), ("cmake/a.cmake", "set(A 1)\n")):
            with self.subTest(name=name, text=text):
                self.write(name, text)
                self.assert_problem("job")
                (self.root / name).unlink()

    def test_files_are_short(self):
        self.write("src/core/long.cpp", JOB + "int a;\n" * (check_layout.MAX_LINES - 1))
        self.assertEqual(self.problems(), [])
        self.write("src/core/long.cpp", JOB + "int a;\n" * check_layout.MAX_LINES)
        self.assert_problem("has 551 lines; at most 550")

    def test_headers_have_pragma_once(self):
        self.write("src/core/a.h", JOB)
        self.assert_problem("lacks '#pragma once'")

    def test_the_umbrella_is_a_table_of_contents(self):
        includes = "".join(f'#include "pcxx/core/h{i}.h"\n' for i in range(21))
        self.write("include/pcxx/pcxx.h", HEADER + includes)
        self.assert_problem("has 21 includes")

    def test_headers_compile_alone(self):
        self.write("include/pcxx/core/a.h", HEADER + "inline std::vector<int> values;\n")
        problems = check_layout.Checker(self.root).check_alone("c++")
        self.assertEqual(len(problems), 1, problems)
        self.assertIn("does not compile alone", problems[0])
        self.write("include/pcxx/core/a.h", HEADER + "#include <vector>\ninline std::vector<int> values;\n")
        self.assertEqual(check_layout.Checker(self.root).check_alone("c++"), [])


if __name__ == "__main__":
    unittest.main()
