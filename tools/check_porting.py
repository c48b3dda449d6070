#!/usr/bin/env python3
"""Checks that docs/porting_from_pcx.md has a row for every public symbol of PCX, and that what it names of pcxx exists.

docs/pcx_symbols.txt holds PCX's symbols as `--freeze` wrote them, with a Python that has PCX installed. In the tables below a
heading that names a module of PCX the first column holds PCX's names, the second what is said in C++; every name in a call or
behind a dot there is looked for in include/pcxx. The third column, Python, is what python/tests/test_documentation.py looks at.
"""

import argparse
import importlib
import importlib.metadata
import inspect
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = pathlib.Path("docs/porting_from_pcx.md")
SYMBOLS = pathlib.Path("docs/pcx_symbols.txt")
MODULES = ("pcx.core", "pcx.functional", "pcx.nn", "pcx.predictive_coding", "pcx.utils")  # pcx itself: all of pcx.core

HEADING = re.compile(r"^#+ +`(pcx\.\w+)`")
CODE = re.compile(r"`([^`]+)`")
NAME = re.compile(r"(?:(?<=\.)|(?<=::)|\b)([A-Za-z_]\w*)(?=\(|\{)|(?<=[\w)]\.)([a-z_]\w*)|\b([A-Z]\w*(?:::\w+)*)")


def symbols_of_pcx():
    """Returns `module.name` of all that PCX's modules export, and `module.Class.name` of what their classes define."""
    found = []
    for name in MODULES:
        module = importlib.import_module(name)
        for symbol in module.__all__:
            value = getattr(module, symbol)
            found.append(f"{name}.{symbol}")
            if inspect.isclass(value):
                found += [f"{name}.{symbol}.{member}" for member in vars(value) if not member.startswith("_")]
    return found


def freeze(root):
    version = importlib.metadata.version("pcx")
    lines = [f"# Public symbols of PCX {version}, by tools/check_porting.py --freeze.", *symbols_of_pcx()]
    (root / SYMBOLS).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return f"[porting] {len(lines) - 1} symbols of PCX {version}"


def frozen(root):
    return [line for line in (root / SYMBOLS).read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def rows(root):
    """Returns (line number, module, cells) of each row in the tables of PCX's modules."""
    found, module = [], ""
    for number, line in enumerate((root / PAGE).read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("#"):
            heading = HEADING.match(line)
            module = heading[1] if heading else ""
        elif module and line.startswith("|") and not line.startswith("|---"):
            cells = [cell.replace("\\|", "|").strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
            if cells[0] != "PCX":
                found.append((number, module, cells))
    return found


def names_in(code):
    """Returns the names of ours that a piece of C++ uses: what is called, a member, a type."""
    without_text = re.sub(r'"[^"]*"', '""', code)
    return {part for match in NAME.finditer(without_text) for part in (match[1] or match[2] or match[3]).split("::")}


def problems(root):
    known = set(frozen(root))
    headers = "\n".join(path.read_text(encoding="utf-8") for path in sorted((root / "include/pcxx").rglob("*.h")))
    ours = set(re.findall(r"\w+", headers)) | {"std", "vector"}
    found, seen = [], set()
    for number, module, cells in rows(root):
        if len(cells) < 3:
            found.append(f"{PAGE}:{number}: {len(cells)} columns; expected PCX, C++, Python")
            continue
        for name in CODE.findall(cells[0]):
            symbol = f"{module}.{name}"
            if symbol not in known:
                found.append(f"{PAGE}:{number}: '{symbol}' is not in {SYMBOLS}")
            seen.add(symbol)
        for code in CODE.findall(cells[1]):
            found += [f"{PAGE}:{number}: '{name}' is in no header" for name in sorted(names_in(code) - ours)]
    return found + [f"{PAGE}: no row for '{symbol}'" for symbol in frozen(root) if symbol not in seen]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path, default=ROOT)
    parser.add_argument("--freeze", action="store_true", help=f"write {SYMBOLS} anew, from the PCX that is installed")
    options = parser.parse_args(arguments)
    if options.freeze:
        print(freeze(options.root))
        return 0
    found = problems(options.root)
    print("\n".join([*found, f"[porting] {len(found)} problems" if found else "[porting] in order"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
