"""Tutorials: percent files that run as they are and as notebooks; each run as a notebook is a test of its own (ctest -L notebooks)."""

import ast
import os
import pathlib
import re
import subprocess
import sys

import pytest

import pcxx

ROOT = pathlib.Path(__file__).resolve().parents[2]
TUTORIALS = sorted((ROOT / "python/tutorials").glob("*.py"))


def run(*command):
    environment = {**os.environ, "PYTHONPATH": str(pathlib.Path(pcxx.__file__).parent.parent), "MPLBACKEND": "agg"}
    return subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True, check=False)


def test_a_tutorial_runs_as_a_program():
    pytest.importorskip("matplotlib")
    outcome = run(ROOT / "python/tutorials/zil.py")
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout and not outcome.stderr


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_tutorials_are_made_alike(path):
    text = path.read_text(encoding="utf-8")
    statements = ast.parse(text).body  # no magics: a program as well
    assert ast.get_docstring(ast.parse(text)).count("\n") == 0
    cells = re.split(r"^# %%(.*)$", text, flags=re.MULTILINE)[1:]
    assert cells[0] == " [markdown]" and cells[1].startswith("\n# # "), "begins with a title"
    assert any(isinstance(statement, ast.Assert) for statement in statements), "checks what it teaches"
    page = (ROOT / "docs/tutorials.md").read_text(encoding="utf-8")
    assert f"(../python/tutorials/{path.name})" in page and f"../python/tutorials/{path.stem}\n" in page


def made(folder, code):
    """Makes a notebook of a percent file; returns the outcome and the text of the notebook, if there is one."""
    path = folder / "lesson.py"
    path.write_text(code)
    outcome = run(ROOT / "tools/make_notebooks.py", "--out", folder, "--keep", path)
    return outcome, (folder / "lesson.ipynb").read_text() if (folder / "lesson.ipynb").exists() else ""


def test_notebooks_hold_outputs_and_figures(tmp_path):
    for module in ("jupytext", "nbclient", "ipykernel", "matplotlib"):
        pytest.importorskip(module)
    lesson = ('"""Says its job."""\n\n# %% [markdown]\n# # Title\n\n# %%\n# [region]\nimport pcxx\n\n\nprint(6 * 7, __name__)\n# [/region]\n'
              'import matplotlib.pyplot as plt\nplt.plot([1, 2])\n')
    outcome, notebook = made(tmp_path, lesson)
    assert outcome.returncode == 0 and "lesson: done" in outcome.stdout, outcome.stdout + outcome.stderr
    assert "42 __main__" in notebook and "image/png" in notebook and "# Title" in notebook
    assert "Says its job" not in notebook and "region]" not in notebook and "Line2D" not in notebook
    assert "lesson: kept" in made(tmp_path, lesson)[0].stdout
    assert "lesson: done" in made(tmp_path, lesson + "print(1)\n")[0].stdout


@pytest.mark.parametrize("code, status, said", [
    ("assert 1 > 2, 'teaches nothing'", 1, "cell 1 raised AssertionError"),
    ("import warnings\nwarnings.warn('old')", 1, "cell 1 wrote to stderr"),
    ("import pcxx\npcxx.load_fashion_mnist(folder='/nowhere')", 77, "lesson: skipped, "),
])
def test_a_notebook_that_fails_says_where(tmp_path, code, status, said):
    for module in ("jupytext", "nbclient", "ipykernel"):
        pytest.importorskip(module)
    outcome, notebook = made(tmp_path, f"# %% [markdown]\n# # Title\n\n# %%\n{code}\n")
    assert outcome.returncode == status and said in outcome.stdout, outcome.stdout + outcome.stderr
    assert not notebook
