"""The documentation site has every public symbol of the package, by the name that users write."""

import importlib
import inspect
import pathlib
import re
import sys
import typing

import pytest

import pcxx

ROOT = pathlib.Path(__file__).resolve().parents[2]
CODE = re.compile(r"`([^`\n]+)`")
CLASSES = {"network": "Network", "flow": "Flow", "node": "Node", "phase": "Phase", "state": "State", "trainer": "Trainer",
           "executor": "Executor", "steps": "OptimiserSteps", "optimiser": "Optimiser", "loader": "Loader", "dataset": "Dataset"}


def module_at(folder: str, name: str):
    """Returns a module that is no part of the package: of the site or of the tools."""
    sys.path.insert(0, str(ROOT / folder))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(ROOT / folder))


python_interface = module_at("docs/site", "python_interface")
check_porting = module_at("tools", "check_porting")


def unknown_names(code: str, symbols) -> list[str]:
    """Returns what a piece of Python on a page names that is not there: `pcxx.name`, or a member of a usual variable."""
    members = {f"{name}.{member.name}" for name, symbol in symbols.items()
               for each in (symbol, *(symbols[base] for base in symbol.bases if base in symbols)) for member in each.members}
    known = symbols.keys() | members | set(python_interface.modules())
    used = [(match[0], match[1]) for match in re.finditer(r"\bpcxx\.(\w+(?:\.[a-z_]\w*)*)", code)]
    used += [(match[0], f"{CLASSES[match[1]]}.{match[2]}") for match in re.finditer(r"\b(\w+)\.([a-z_]\w*)", code)
             if match[1] in CLASSES and not code[:match.start()].endswith(".")]
    return [text for text, name in used if name not in known]


@pytest.fixture(scope="module", name="symbols")
def interface_of_this_package():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(python_interface, "STUB", pathlib.Path(pcxx.__file__).parent / "_pcxx.pyi")
        return python_interface.interface()


def test_pages_list_every_public_symbol_once(symbols):
    python_interface.require_complete(set(symbols))


def test_what_is_read_from_stub_and_sources_is_what_the_package_has(symbols):
    public = {name: value for name, value in vars(pcxx).items() if not name.startswith("_") and not hasattr(typing, name)}
    names = {name for name, value in public.items() if not inspect.ismodule(value)}
    assert {name for name in symbols if "." not in name} == names


def test_symbols_have_signatures_and_documentation(symbols):
    flatten, network, flow = symbols["flatten"], symbols["Network"], symbols["Flow"]
    assert flatten.signatures == ["flatten(x: Tensor) -> Tensor", "flatten() -> SampleTransform"]
    assert flatten.documentation[0].startswith("`flatten(x)`: ") and flatten.documentation[1].startswith("`flatten()`: ")
    assert network.signatures == ["Network()", "Network(parent: Network, name: str)"]
    assert {"node", "predict", "energy", "phase"} <= {member.name for member in network.members}
    assert next(member for member in flow.members if member.name == "network").kind == "property"
    assert symbols["ShapeError"].kind == "exception" and symbols["ShapeError"].bases == ["ArgumentError"]
    assert symbols["Span"].signatures == ["Span"] and [member.name for member in symbols["Span"].members] == ["shared", "per_sample"]


def test_a_missing_and_an_unknown_symbol_are_named(symbols):
    names = set(symbols)
    with pytest.raises(python_interface.InterfaceError, match=r"no page of docs/api/python lists brand_new; add each"):
        python_interface.require_complete(names | {"brand_new"})
    with pytest.raises(python_interface.InterfaceError, match=r"pages of docs/api/python list Network, which the package does not have"):
        python_interface.require_complete(names - {"Network"})


def test_python_spellings_of_the_porting_page_exist(symbols):
    rows = check_porting.rows(ROOT)
    assert len(rows) > 60
    unknown = [f"line {number}: {name}" for number, _, cells in rows for code in CODE.findall(cells[2])
               for name in unknown_names(code, symbols)]
    assert unknown == []


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs").glob("*.md")))
def test_names_of_the_package_in_prose_exist(page, symbols):
    text = re.sub(r"```.*?```", "", (ROOT / "docs" / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    assert [name for code in CODE.findall(text) for name in unknown_names(" ".join(re.findall(r"pcxx\.\w[\w.]*", code)), symbols)] == []


def test_a_wrong_spelling_is_found(symbols):
    assert unknown_names("pcxx.no_such_thing(1)", symbols) == ["pcxx.no_such_thing"]
    assert unknown_names("network.forward()", symbols) == ["network.forward"]
    assert unknown_names("pcxx.Mode.evaluation, flow.mode(pcxx.Mode.training), pcxx.Span.shared", symbols) == []
