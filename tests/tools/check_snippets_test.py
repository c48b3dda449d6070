"""Shows that the snippet check accepts true slices, refuses everything else, and repairs on request."""

import contextlib
import io
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import check_snippets  # noqa: E402

SOURCE = """/// An example of something.
int main() {
  // [body]
  int answer = 42;
  if (answer) {
    // [inner]
    return 0;
    // [/inner]
  }
  // [/body]
}
"""


class SnippetsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.write("examples/a.cpp", SOURCE)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def check(self, readme, *options):
        self.write("README.md", readme)
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            status = check_snippets.main(["--root", str(self.root), *options])
        return status, output.getvalue()

    def assert_accepts(self, readme):
        status, output = self.check(readme)
        self.assertEqual(status, 0, output)

    def assert_refuses(self, readme, text):
        status, output = self.check(readme)
        self.assertEqual(status, 1, output)
        self.assertIn(text, output)

    def test_accepts_a_dedented_region(self):
        self.assert_accepts("<!-- snippet: examples/a.cpp#body -->\n```cpp\nint answer = 42;\n"
                            "if (answer) {\n  return 0;\n}\n```\n")
        self.assert_accepts("<!-- snippet: examples/a.cpp#inner -->\n\n```cpp\nreturn 0;\n```\n")

    def test_accepts_a_block_within_a_list(self):
        self.assert_accepts("- so:\n  <!-- snippet: examples/a.cpp#inner -->\n  ```cpp\n  return 0;\n  ```\n")

    def test_accepts_unchecked_languages(self):
        self.assert_accepts("```text\nanything\n```\n")

    def test_refuses_a_changed_line(self):
        self.assert_refuses("<!-- snippet: examples/a.cpp#inner -->\n```cpp\nreturn 1;\n```\n",
                            "README.md:2: block differs from examples/a.cpp#inner")

    def test_refuses_a_block_without_marker(self):
        for language in ("cpp", "toml", "console"):
            self.assert_refuses(f"```{language}\nx\n```\n", f"{language} block without")

    def test_a_marker_serves_one_block(self):
        self.assert_refuses("<!-- snippet: examples/a.cpp#inner -->\n```cpp\nreturn 0;\n```\n"
                            "```cpp\nreturn 0;\n```\n", "README.md:5: cpp block without")
        self.assert_refuses("<!-- snippet: examples/a.cpp#inner -->\ntext between\n"
                            "```cpp\nreturn 0;\n```\n", "README.md:3: cpp block without")

    def test_refuses_unknown_files_and_regions(self):
        self.assert_refuses("<!-- snippet: examples/b.cpp -->\n```cpp\n```\n", "cannot be read")
        self.assert_refuses("<!-- snippet: examples/a.cpp#none -->\n```cpp\n```\n", "no single region")
        self.assert_refuses("<!-- snippet: notes/a.cpp -->\n```cpp\n```\n", "is not under")

    def test_checks_docs_as_well(self):
        self.write("docs/deep/page.md", "```cpp\nx\n```\n")
        self.assert_refuses("fine\n", "docs/deep/page.md:1")

    def test_runs_commands(self):
        self.assert_accepts("<!-- run: echo hello; echo world -->\n```console\n"
                            "$ echo hello; echo world\nhello\nworld\n```\n")
        self.assert_accepts("<!-- run: seq 5 -->\n```console\n$ seq 5\n1\n...\n5\n```\n")
        self.assert_refuses("<!-- run: echo hello -->\n```console\n$ echo hello\nbye\n```\n", "differs")
        self.assert_refuses("<!-- run: false -->\n```console\n$ false\n```\n", "status 1")

    def test_finds_commands_in_scripts(self):
        self.write(".ci/run", "make test\nmake train EPOCHS=1\n")
        readme = "<!-- commands: .ci/run -->\n```console\n$ make train  # a comment\n{}```\n"
        self.assert_accepts(readme.format(""))
        self.assert_refuses(readme.format("$ make coffee\n"), "'make coffee' is not in .ci/run")

    def test_update_rewrites_what_differs(self):
        readme = ("# Title\n<!-- snippet: examples/a.cpp#inner -->\n```cpp\nold\n```\n"
                  "<!-- run: echo hello -->\n```console\n```\nend\n")
        status, output = self.check(readme, "--update")
        self.assertEqual(status, 0, output)
        self.assertEqual((self.root / "README.md").read_text(encoding="utf-8"),
                         "# Title\n<!-- snippet: examples/a.cpp#inner -->\n```cpp\nreturn 0;\n```\n"
                         "<!-- run: echo hello -->\n```console\n$ echo hello\nhello\n```\nend\n")


if __name__ == "__main__":
    unittest.main()
