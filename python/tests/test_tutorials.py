"""The tutorials run to their end, in a short form; what they teach they check themselves."""

import os
import pathlib
import subprocess
import sys

import pytest

import pcxx

TUTORIALS = pathlib.Path(__file__).resolve().parents[1] / "tutorials"


@pytest.mark.parametrize("name, options", [("two_moons", []), ("own_rule", []), ("zil", []), ("mcpc", ["1"]), ("decoder", [])])
def test_tutorial(name, options):
    environment = {**os.environ, "PYTHONPATH": str(pathlib.Path(pcxx.__file__).parent.parent)}
    outcome = subprocess.run([sys.executable, TUTORIALS / f"{name}.py", *options], env=environment, capture_output=True, text=True,
                             check=False)
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout


def test_every_tutorial_is_tested():
    names = {name for mark in test_tutorial.pytestmark for name, _ in mark.args[1]}
    assert names == {path.stem for path in TUTORIALS.glob("*.py")}
