"""Tutorials on the site: for the text of a percent file, the notebook that `make notebooks` made of it."""

import hashlib
import pathlib

import nbformat

NOTEBOOKS = pathlib.Path(__file__).resolve().parents[2] / "build/notebooks"


def executed(text: str) -> nbformat.NotebookNode:
    """Returns the executed notebook of a tutorial. Raises ValueError if there is none of this very text."""
    wanted = hashlib.sha256(text.encode()).hexdigest()
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        if notebook.metadata.get("pcxx", {}).get("tutorial") == wanted:
            return notebook
    raise ValueError(f"[notebooks] build/notebooks has none of the tutorial {text.splitlines()[0]}; run `make notebooks`")
