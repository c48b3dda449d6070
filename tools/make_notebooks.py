#!/usr/bin/env python3
"""Makes executed notebooks of the tutorials: percent files (python/tutorials/*.py) to .ipynb with outputs and figures.

  make_notebooks.py --out build/notebooks [--keep] [TUTORIAL.py ...]

Runs each with the interpreter that runs this script, which must find the package `pcxx` (PYTHONPATH). Ends with 1 if a cell
raises or writes to stderr, and says which; with 77 if data sets that are not on this machine left some undone. With --keep,
what was made of the same tutorial and the same package is not made again.
"""

import argparse
import ast
import hashlib
import os
import pathlib
import re
import sys
import tempfile

try:
    import jupytext
    import nbformat
    import pcxx
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
    from traitlets.config import Config
except ImportError as missing:
    sys.exit(f"[notebooks] {sys.executable} lacks {missing.name}; run `make notebooks`, which installs what is needed into .venv")

ROOT = pathlib.Path(__file__).resolve().parent.parent
REGION_MARKER = re.compile(r"^[ \t]*# \[/?[\w-]+\]\n?", re.MULTILINE)  # of tools/check_snippets.py
SKIPPED = 77
PACKAGE = pathlib.Path(pcxx.__file__).parent
ENVIRONMENT = {"PYTHONPATH": str(PACKAGE.parent),
               "MPLBACKEND": "module://matplotlib_inline.backend_inline",
               "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # else the debugger warns
               "OMP_WAIT_POLICY": "passive"}  # tests run beside others; threads that spin would take their time
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class MissingData(Exception):
    """A data set that is not on this machine."""


class Failure(Exception):
    """A notebook that does not run to its end as it should."""


def is_docstring(source):
    """Returns whether a cell is nothing but a docstring: the first line of a file, which says its job."""
    statements = ast.parse(source).body
    return len(statements) == 1 and ast.get_docstring(ast.Module(statements, [])) is not None


def notebook_of(text):
    """Returns the notebook that a percent file describes, without what only the file needs."""
    notebook = jupytext.reads(text, fmt="py:percent")
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = REGION_MARKER.sub("", cell.source).strip("\n")
    if notebook.cells[0].cell_type == "code" and is_docstring(notebook.cells[0].source):
        del notebook.cells[0]
    notebook.cells = [cell for cell in notebook.cells if cell.source]
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"  # the same file makes the same notebook
    notebook.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
                         "language_info": {"name": "python"}}
    return notebook


def digest_of(text):
    """Returns what changes when a tutorial or the package does."""
    digest = hashlib.sha256(text.encode() + pathlib.Path(__file__).read_bytes())
    for path in sorted(path for path in PACKAGE.rglob("*") if path.suffix in (".py", ".so")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def run(notebook):
    """Runs all cells in a kernel of their own, in an empty folder. Raises MissingData or Failure."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as sockets:
        config = Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/kernel"}})  # nobody else can connect
        client = NotebookClient(notebook, timeout=None, kernel_name="python3", config=config, shutdown_kernel="immediate",
                                extra_arguments=["--InteractiveShell.ast_node_interactivity=none"],  # shown is what is printed
                                resources={"metadata": {"path": folder}})
        try:
            client.execute(env={**os.environ, **ENVIRONMENT})
        except CellExecutionError:
            pass  # is among the outputs
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                if output.ename == "FileError":
                    raise MissingData(output.evalue)
                raise Failure(f"cell {number} raised {output.ename}\n" + COLOUR.sub("", "\n".join(output.traceback)))
            if output.get("name") == "stderr":
                raise Failure(f"cell {number} wrote to stderr: {output.text}\n{cell.source}")


def make(tutorial, out, keep):
    """Writes the executed notebook of a tutorial; returns what was done."""
    text = tutorial.read_text(encoding="utf-8")
    target = out / f"{tutorial.stem}.ipynb"
    notebook = notebook_of(text)
    notebook.metadata["pcxx"] = {"tutorial": hashlib.sha256(text.encode()).hexdigest(), "made_of": digest_of(text)}
    if keep and target.exists() and nbformat.read(target, 4).metadata.get("pcxx") == notebook.metadata["pcxx"]:
        return "kept"
    target.unlink(missing_ok=True)
    run(notebook)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times
    nbformat.write(notebook, target)
    return "done"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tutorials", nargs="*", type=pathlib.Path, help="all, if none is named")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/notebooks")
    parser.add_argument("--keep", action="store_true", help="leave alone what would come out the same")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    status = 0
    for tutorial in options.tutorials or sorted((ROOT / "python/tutorials").glob("*.py")):
        try:
            print(f"[notebooks] {tutorial.stem}: {make(tutorial, options.out, options.keep)}", flush=True)
        except MissingData as error:
            print(f"[notebooks] {tutorial.stem}: skipped, {error}", flush=True)
            status = status or SKIPPED
        except Failure as error:
            print(f"[notebooks] {tutorial.stem}: {error}", flush=True)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
