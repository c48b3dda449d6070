#!/usr/bin/env python3
"""Checks that every code block of README and docs is a slice of a file that is compiled or run.

A comment stands before the block:
  <!-- snippet: examples/quick_start.cpp#region -->  the lines between `// [region]` and
      `// [/region]` (`#` in TOML, CMake, Python), dedented; without #region the whole file
  <!-- run: build/pcxx --version -->  a console block: `$ ` and the command, then its output;
      a line `...` stands for any number of lines
  <!-- commands: .ci/run -->  a console block whose every `$ ` line is in that file
--update rewrites the blocks that differ.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import textwrap

CHECKED_LANGUAGES = {"cpp", "c++", "toml", "console", "python", "cmake"}
# Where a file is compiled, run or parsed by the tests.
SOURCE_FOLDERS = ("examples/", "experiments/", "benchmarks/", "recipes/", "tests/", "cli/", "src/",
                  "include/", "python/")
TIME_LIMIT = 300

FENCE = re.compile(r"^(?P<indent>\s*)```(?P<language>[\w+]*)\s*$")
MARKER = re.compile(r"^\s*<!--\s*(?P<kind>snippet|run|commands):\s*(?P<what>.+?)\s*-->\s*$")


class SnippetError(Exception):
    """A marker that names something which is not there."""


def region_of(root, source):
    """Returns the lines that `path#region` names, dedented."""
    path, _, region = source.partition("#")
    if not path.startswith(SOURCE_FOLDERS):
        raise SnippetError(f"'{path}' is not under {', '.join(SOURCE_FOLDERS)}")
    try:
        lines = (root / path).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise SnippetError(f"'{path}' cannot be read: {error.strerror}") from error
    if region:
        opening = re.compile(rf"^\s*(//|#)\s*\[{re.escape(region)}\]\s*$")
        closing = re.compile(rf"^\s*(//|#)\s*\[/{re.escape(region)}\]\s*$")
        begins = [i for i, line in enumerate(lines) if opening.match(line)]
        ends = [i for i, line in enumerate(lines) if closing.match(line)]
        if len(begins) != 1 or len(ends) != 1 or ends[0] < begins[0]:
            raise SnippetError(f"'{path}' has no single region [{region}] … [/{region}]")
        lines = lines[begins[0] + 1:ends[0]]
    any_marker = re.compile(r"^\s*(//|#)\s*\[/?[\w-]+\]\s*$")
    lines = [line for line in lines if not any_marker.match(line)]
    return textwrap.dedent("\n".join(lines)).strip("\n").splitlines()


def output_of(root, command):
    """Runs a command in the root; returns the block that shows it: the command and its output."""
    environment = dict(os.environ, COLUMNS="100", TERM="dumb", NO_COLOR="1")
    result = subprocess.run(["bash", "-c", command], cwd=root, env=environment, text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, timeout=TIME_LIMIT, check=False)
    if result.returncode != 0:
        raise SnippetError(f"'{command}' ended with status {result.returncode}: "
                           f"{result.stdout[-400:]}")
    return ["$ " + command, *(line.rstrip() for line in result.stdout.rstrip().splitlines())]


def matches(shown, actual):
    """Returns whether lines are equal, where a shown `...` stands for any number of lines."""
    pattern = "".join(r"(?:.*\n)*?" if line.strip() == "..." else re.escape(line) + "\n"
                      for line in shown)
    return re.fullmatch(pattern, "".join(line + "\n" for line in actual)) is not None


def unlisted_commands(root, file, block):
    """Returns the commands of a console block that a script does not contain."""
    try:
        listed = (root / file).read_text(encoding="utf-8")
    except OSError as error:
        raise SnippetError(f"'{file}' cannot be read: {error.strerror}") from error
    commands = [line[2:].split("  #")[0].strip() for line in block if line.startswith("$ ")]
    return [command for command in commands if command not in listed]


class Document:
    """One Markdown file: its lines, and what is wrong with its blocks."""

    def __init__(self, root, path, run):
        self.root, self.path, self.run = root, path, run
        self.lines = path.read_text(encoding="utf-8").splitlines()
        self.problems = []

    def problem(self, line, text):
        self.problems.append(f"{self.path.relative_to(self.root)}:{line + 1}: {text}")

    def check(self):
        """Compares every block with its source; leaves in self.lines what the file should be."""
        result, index, marker = [], 0, None
        while index < len(self.lines):
            line = self.lines[index]
            fence = FENCE.match(line)
            if not fence:
                marker = MARKER.match(line) or (marker if not line.strip() else None)
                result.append(line)
                index += 1
                continue
            end = index + 1
            while end < len(self.lines) and self.lines[end].strip() != "```":
                end += 1
            indent = len(fence["indent"])
            block = [text[indent:].rstrip() for text in self.lines[index + 1:end]]
            wanted = self.wanted(index, fence["language"], marker, block)
            shown = [(" " * indent + text).rstrip() for text in wanted]
            result += [line, *shown, *self.lines[end:end + 1]]
            index, marker = end + 1, None
        self.lines = result

    def wanted(self, line, language, marker, block):
        """Returns what the block should hold; reports it if it holds something else."""
        if marker is None:
            if language in CHECKED_LANGUAGES:
                self.problem(line, f"{language} block without a <!-- snippet/run/commands --> "
                             "marker")
            return block
        try:
            if marker["kind"] == "commands":
                for command in unlisted_commands(self.root, marker["what"], block):
                    self.problem(line, f"'{command}' is not in {marker['what']}")
                return block
            if marker["kind"] == "run":
                if not self.run:
                    return block
                actual = output_of(self.root, marker["what"])
                same = matches(block, actual)
            else:
                actual = region_of(self.root, marker["what"])
                same = block == actual
        except (SnippetError, subprocess.TimeoutExpired) as error:
            self.problem(line, str(error))
            return block
        if not same:
            self.problem(line, f"block differs from {marker['what']}; --update rewrites it")
            return actual
        return block


def documents(root):
    names = [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").rglob("*.md"))]
    return [name for name in names if name.exists()]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--update", action="store_true", help="rewrite the blocks that differ")
    parser.add_argument("--no-run", action="store_true", help="leave console blocks unchecked")
    options = parser.parse_args(arguments)
    problems = []
    for path in documents(options.root.resolve()):
        document = Document(options.root.resolve(), path, not options.no_run)
        document.check()
        if options.update and document.problems:
            path.write_text("\n".join(document.lines) + "\n", encoding="utf-8")
            document.problems = []
            again = Document(options.root.resolve(), path, not options.no_run)
            again.check()
            document = again
        problems += document.problems
    for problem in problems:
        print(problem)
    print(f"[snippets] {len(problems)} problems" if problems else "[snippets] in order")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
