"""The package itself: names, documentation, types."""

import inspect
import pathlib
import subprocess
import sys

import pytest

import pcxx


def public(owner):
    return {name: value for name, value in vars(owner).items() if not name.startswith("_") and not inspect.ismodule(value)}


def test_every_public_symbol_is_documented():
    missing = []
    for name, value in public(pcxx).items():
        if not inspect.getdoc(value):
            missing.append(name)
        if inspect.isclass(value) and value.__module__.startswith("pcxx") and not issubclass(value, Exception):
            missing += [f"{name}.{member}" for member, each in public(value).items() if not inspect.getdoc(each)]
    assert missing == []


def test_functions_that_can_fail_say_how():
    silent = [name for name, value in public(pcxx).items() if name.startswith(("load_", "save_", "conv", "max_pool", "avg_pool"))
              and "Raises" not in inspect.getdoc(value)]
    assert silent == []


def test_errors_are_those_that_python_users_expect():
    assert issubclass(pcxx.ShapeError, pcxx.ArgumentError) and issubclass(pcxx.ArgumentError, (pcxx.Error, ValueError))
    assert issubclass(pcxx.DTypeError, TypeError) and issubclass(pcxx.DTypeError, ValueError)
    assert issubclass(pcxx.FileError, RuntimeError) and issubclass(pcxx.DivergenceError, RuntimeError)


def test_the_package_is_typed():
    folder = pathlib.Path(pcxx.__file__).parent
    assert (folder / "py.typed").exists() and "class Network" in (folder / "_pcxx.pyi").read_text()


def test_package_and_tutorials_pass_a_strict_type_checker():
    pytest.importorskip("mypy")
    folder = pathlib.Path(pcxx.__file__).parent
    root = pathlib.Path(__file__).resolve().parents[2]
    tutorials = sorted((root / "python" / "tutorials").glob("*.py"))
    outcome = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--config-file", root / "pyproject.toml", "--cache-dir",
                              "/dev/null", folder, *tutorials], cwd=folder.parent, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout
