"""The documentation site has every public symbol of the package, by the name that users write."""

import importlib
import inspect
import pathlib
import sys
import typing

import pytest

import pcxx

SITE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "site"
sys.path.insert(0, str(SITE))
python_interface = importlib.import_module("python_interface")
sys.path.remove(str(SITE))


@pytest.fixture(autouse=True)
def stub_of_this_package(monkeypatch):
    monkeypatch.setattr(python_interface, "STUB", pathlib.Path(pcxx.__file__).parent / "_pcxx.pyi")


def test_pages_list_every_public_symbol_once():
    python_interface.require_complete(set(python_interface.interface()))


def test_what_is_read_from_stub_and_sources_is_what_the_package_has():
    public = {name: value for name, value in vars(pcxx).items() if not name.startswith("_") and not hasattr(typing, name)}
    names = {name for name, value in public.items() if not inspect.ismodule(value)}
    assert {name for name in python_interface.interface() if "." not in name} == names


def test_symbols_have_signatures_and_documentation():
    symbols = python_interface.interface()
    flatten, network, flow = symbols["flatten"], symbols["Network"], symbols["Flow"]
    assert flatten.signatures == ["flatten(x: Tensor) -> Tensor", "flatten() -> SampleTransform"]
    assert flatten.documentation[0].startswith("`flatten(x)`: ") and flatten.documentation[1].startswith("`flatten()`: ")
    assert network.signatures == ["Network()", "Network(parent: Network, name: str)"]
    assert {"node", "predict", "energy", "phase"} <= {member.name for member in network.members}
    assert next(member for member in flow.members if member.name == "network").kind == "property"
    assert symbols["ShapeError"].kind == "exception" and symbols["ShapeError"].bases == ["ArgumentError"]
    assert symbols["Span"].signatures == ["Span"] and [member.name for member in symbols["Span"].members] == ["shared", "per_sample"]


def test_a_missing_and_an_unknown_symbol_are_named():
    names = set(python_interface.interface())
    with pytest.raises(python_interface.InterfaceError, match=r"no page of docs/api/python lists brand_new; add each"):
        python_interface.require_complete(names | {"brand_new"})
    with pytest.raises(python_interface.InterfaceError, match=r"pages of docs/api/python list Network, which the package does not have"):
        python_interface.require_complete(names - {"Network"})
