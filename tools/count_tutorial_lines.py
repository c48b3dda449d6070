#!/usr/bin/env python3
"""Counts the lines of model and training code in our tutorials and in PCX's notebooks.

  count_tutorial_lines.py PCX_CHECKOUT     the table of docs/porting_from_pcx.md

The rules, the same for both:
- comments, blank lines, docstrings, Markdown, imports, assertions, magics and shell commands do not count;
- of the statements at the top of a file or cell, functions and classes included, those do not count that draw (they call
  pyplot or pcxx.plot) or get data (they name torch's or torchvision's data sets and loaders, make_moons, two_moons,
  load_fashion_mnist, or a random generator's normal numbers), and what these alone use is not traced further;
- a line counts if any token of what is left stands on it; tokens are counted, too, so that long lines gain nothing.
"""

import argparse
import ast
import io
import json
import pathlib
import sys
import tokenize

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAIRS = {"Two moons": ("two_moons", "0_two_moons"), "Decoder": ("decoder", "5_decoder_pc"), "Z-IL": ("zil", "6_zil"),
         "MCPC": ("mcpc", "7_mcpc")}
DRAWING = {"plt", "plot"}
DATA = {"torch", "torchvision", "TorchDataloader", "get_dataloaders", "make_moons", "two_moons", "load_fashion_mnist", "default_rng",
        "randn", "normal"}
LAYOUT = {tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.COMMENT, tokenize.ENDMARKER, tokenize.ENCODING}


def cells_of(path):
    """Returns the code of a notebook's cells, or of a percent file as one."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return [text]
    sources = ["".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    return ["\n".join("" if line.lstrip().startswith(("!", "%")) else line for line in source.splitlines()) for source in sources]


def names_in(statement):
    """Returns the names and attributes that a statement reads or calls."""
    return ({node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
            | {node.attr for node in ast.walk(statement) if isinstance(node, ast.Attribute)})


def is_left_out(statement):
    if isinstance(statement, ast.Import | ast.ImportFrom | ast.Assert):
        return True
    if isinstance(statement, ast.ClassDef) and statement.name in DATA:
        return True
    return bool(names_in(statement) & (DRAWING | DATA))


def lines_of(nodes):
    """Returns the lines that nodes stand on, from their first decorator on."""
    return {line for node in nodes
            for line in range(min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))]), node.end_lineno + 1)}


def count(code):
    """Returns lines and tokens of model and training code."""
    tree = ast.parse(code)
    inner = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom | ast.Assert)]
    docstrings = [node.body[0] for node in ast.walk(tree)
                  if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None]
    left_out = lines_of([statement for statement in tree.body if is_left_out(statement)] + inner + docstrings)
    tokens = [token for token in tokenize.generate_tokens(io.StringIO(code).readline)
              if token.type not in LAYOUT and token.start[0] not in left_out]
    return len({token.start[0] for token in tokens}), len(tokens)


def counts_of(path):
    counts = [count(code) for code in cells_of(path)]
    return sum(lines for lines, _ in counts), sum(tokens for _, tokens in counts)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=pathlib.Path, help="folder of PCX's sources, with examples/")
    checkout = parser.parse_args().checkout
    print("| tutorial | lines, pcxx | lines, PCX | ratio | tokens, pcxx | tokens, PCX | ratio |\n|---|---|---|---|---|---|---|")
    for title, (ours, theirs) in PAIRS.items():
        path = checkout / "examples" / f"{theirs}.ipynb"
        if not path.exists():
            sys.exit(f"[count] '{path}' is missing; expected a checkout of PCX: git clone https://github.com/liukidar/pcx")
        (lines, tokens), (their_lines, their_tokens) = counts_of(ROOT / f"python/tutorials/{ours}.py"), counts_of(path)
        print(f"| {title} | {lines} | {their_lines} | {lines / their_lines:.2f} | {tokens} | {their_tokens} | "
              f"{tokens / their_tokens:.2f} |")


if __name__ == "__main__":
    main()
