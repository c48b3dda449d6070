#!/usr/bin/env python3
"""Checks the architecture: who may include whom, how files begin and how long they are."""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

MAX_LINES = 550
MAX_UMBRELLA_INCLUDES = 20
CPP_SUFFIXES = {".h", ".cpp", ".cu", ".cuh"}
SOURCE_SUFFIXES = CPP_SUFFIXES | {".py", ".sh", ".cmake"}
SKIPPED_FOLDERS = {".git", ".venv", ".ci", "runs", "__pycache__", "node_modules"}

# Rooms of src/ and include/pcxx/ and the rooms whose headers they may include, besides their own.
# backend/ itself is the seam, a header of which networks may name; its subfolders are rooms that
# nobody but the seam's sources (which choose one by name) may name.
LANGUAGE = {"program", "tensor", "core"}
MODEL = {"network", "backend"} | LANGUAGE
ROOMS = {
    "core": set(),
    "tensor": {"core"},
    "program": {"tensor", "core"},
    "backend": LANGUAGE,
    "backend/reference": {"backend"} | LANGUAGE,
    "backend/cpu": {"backend"} | LANGUAGE,
    "backend/cuda": {"backend"} | LANGUAGE,
    "network": {"backend"} | LANGUAGE,
    "learn": MODEL,
    "io": {"core"},
    "data": {"io", "core"},
    "run": {"learn", "data", "io"} | MODEL,
    "report": {"run", "io", "core"},
    "theory": MODEL,
}
# Folders outside the library, and the private rooms they may name besides public headers.
CLIENTS = {
    "cli": set(),
    "python": set(),
    "examples": set(),
    "experiments": set(),
    "tests/consumer": set(),
    "benchmarks": {"backend", "backend/cpu", "backend/reference"} | LANGUAGE,
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
STANDARD_HEADER = re.compile(r"^[a-z0-9_]+$")


class Checker:
    """Collects what is wrong in the tree under `root`."""

    def __init__(self, root):
        self.root = pathlib.Path(root).resolve()
        self.problems = []

    def problem(self, path, line, text):
        self.problems.append(f"{path.relative_to(self.root)}:{line}: {text}")

    def files(self):
        """Yields the files of the project: nothing that is built, trained or installed."""
        for folder, subfolders, names in os.walk(self.root):
            subfolders[:] = sorted(
                name for name in subfolders
                if name not in SKIPPED_FOLDERS
                and not (folder == str(self.root) and name.startswith("build")))
            for name in sorted(names):
                yield pathlib.Path(folder) / name

    def run(self):
        for path in self.files():
            if path.suffix in SOURCE_SUFFIXES or path.name == "CMakeLists.txt":
                lines = path.read_text(encoding="utf-8").splitlines()
                self.check_first_line(path, lines)
                self.check_length(path, lines)
                if path.suffix in CPP_SUFFIXES:
                    self.check_includes(path, lines)
                    self.check_pragma(path, lines)
        self.check_umbrella()
        return self.problems

    def check_first_line(self, path, lines):
        """The first line (after #!) says the file's job in at least three words."""
        if lines and lines[0].startswith("#!"):
            lines = lines[1:]
        first = lines[0].strip() if lines else ""
        if path.suffix in CPP_SUFFIXES:
            opening = r"///\s"
        elif path.suffix == ".py":
            opening = r'(?:"""|#\s)'
        else:
            opening = r"#\s"
        match = re.match(opening, first)
        if not match:
            self.problem(path, 1, f"begins with '{first[:40]}'; "
                         "the first line is a comment that says the file's job")
        elif len(first[match.end():].split()) < 3:
            self.problem(path, 1, f"'{first}' is too short to say the file's job")

    def check_length(self, path, lines):
        if len(lines) > MAX_LINES:
            self.problem(path, len(lines), f"has {len(lines)} lines; at most {MAX_LINES}; "
                         "the next concept is the next file")

    def check_pragma(self, path, lines):
        if path.suffix == ".h" and not path.name.endswith("-inl.h") and "#pragma once" not in lines:
            self.problem(path, 1, "lacks '#pragma once'")

    def check_includes(self, path, lines):
        parts = path.relative_to(self.root).parts
        for number, line in enumerate(lines, start=1):
            match = INCLUDE.match(line)
            if not match:
                continue
            target = match.group(2)
            if parts[:2] == ("include", "pcxx"):
                self.check_public(path, parts, number, match.group(1), target)
            elif parts[0] == "src":
                self.check_room(path, self.room_in(parts[1:]), number, target)
            else:
                self.check_client(path, number, target)

    def check_public(self, path, parts, number, bracket, target):
        """A public header includes the standard library and public headers below it."""
        if not target.startswith("pcxx/"):
            if bracket == '"' or not STANDARD_HEADER.match(target):
                self.problem(path, number, f"public header includes '{target}'; "
                             "only the standard library and pcxx/ may be")
        elif len(parts) > 3:  # the umbrella, include/pcxx/pcxx.h, has no room
            self.check_room(path, self.room_in(parts[2:]), number, target)

    def check_room(self, path, room, number, target):
        """A room includes its own headers and those of the rooms below it."""
        if room not in ROOMS:
            known = ", ".join(sorted(ROOMS))
            self.problem(path, number, f"room '{room}' is unknown; known: {known}")
            return
        included = self.room_of(target)
        if included is None or included == room or included in ROOMS[room]:
            return
        if room == "backend" and included.startswith("backend/") and path.suffix == ".cpp":
            return
        allowed = ", ".join(sorted(ROOMS[room])) or "nothing else"
        self.problem(path, number, f"{room} includes '{target}'; it may include: {allowed}")

    def check_client(self, path, number, target):
        """Programs around the library name public headers only."""
        relative = path.relative_to(self.root).as_posix()
        for folder, private_rooms in CLIENTS.items():
            if not relative.startswith(folder + "/") or target.startswith("pcxx/"):
                continue
            included = self.room_of(target)
            private = included is not None and (self.root / "src" / target).exists()
            if private and included not in private_rooms:
                self.problem(path, number, f"{folder} includes the private header '{target}'; "
                             "it may include pcxx/ headers only")

    @staticmethod
    def room_in(parts):
        """Returns the room of a path below src/ or include/pcxx/, given as its parts."""
        return "/".join(parts[:2]) if parts[0] == "backend" and len(parts) > 2 else parts[0]

    @classmethod
    def room_of(cls, target):
        """Returns the room of an included header, or None if it is not one of ours."""
        parts = target.split("/")
        if parts[0] == "pcxx":
            # The umbrella includes every room, so no room may include it.
            return cls.room_in(parts[1:]) if len(parts) > 2 else "pcxx.h"
        return cls.room_in(parts) if len(parts) > 1 and parts[0] in ROOMS else None

    def check_umbrella(self):
        umbrella = self.root / "include" / "pcxx" / "pcxx.h"
        if umbrella.exists():
            lines = umbrella.read_text(encoding="utf-8").splitlines()
            count = sum(bool(INCLUDE.match(line)) for line in lines)
            if count > MAX_UMBRELLA_INCLUDES:
                self.problem(umbrella, 1, f"has {count} includes; "
                             f"a table of contents has at most {MAX_UMBRELLA_INCLUDES}")

    def check_alone(self, compiler):
        """Every public header compiles by itself, without warnings."""
        include = self.root / "include"
        headers = sorted(include.rglob("*.h"))

        def compile_header(header):
            warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
            command = [compiler, "-std=c++20", "-fsyntax-only", *warnings, f"-I{include}",
                       "-x", "c++", "-"]
            source = f'#include "{header.relative_to(include).as_posix()}"\n'
            return subprocess.run(command, input=source, capture_output=True, text=True,
                                  check=False)

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for header, result in zip(headers, pool.map(compile_header, headers)):
                if result.returncode != 0:
                    self.problem(header, 1, "does not compile alone:\n" + result.stderr.rstrip())
        return self.problems


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", nargs="?", default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--compiler", help="also compile every public header alone with it")
    options = parser.parse_args()
    checker = Checker(options.root)
    checker.run()
    if options.compiler:
        checker.check_alone(options.compiler)
    for problem in checker.problems:
        print(problem)
    if checker.problems:
        print(f"[layout] {len(checker.problems)} problems")
        return 1
    print("[layout] in order")
    return 0


if __name__ == "__main__":
    sys.exit(main())
