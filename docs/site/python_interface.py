"""The public interface of the Python package, read from its stub and its sources; nothing is imported.

The stub build/python/pcxx/_pcxx.pyi is made of the built module, so what is read here is what type checkers see.
"""

import ast
import dataclasses
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
STUB = ROOT / "build/python/pcxx/_pcxx.pyi"
SOURCES = ROOT / "python/pcxx"
PAGES = ROOT / "docs/api/python"

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef | ast.Assign | ast.AnnAssign
LISTED = re.compile(r"^```{python-api}[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class InterfaceError(Exception):
    """The stub is missing, or pages and package differ."""


@dataclasses.dataclass
class Symbol:
    """A public name: what it is, how it is called (one signature for each overload), what is said of it."""

    name: str
    kind: str  # of Sphinx's Python domain: class, exception, function, method, property, attribute, data, ...
    signatures: list[str]
    documentation: list[str]
    type: str = ""  # of a property or of data
    bases: list[str] = dataclasses.field(default_factory=list)
    members: list["Symbol"] = dataclasses.field(default_factory=list)
    static: bool = False


def definitions_of(module: ast.Module) -> dict[str, list[Definition]]:
    """Returns the definitions of each public name at the top of a module; several where a function is overloaded."""
    found: dict[str, list[Definition]] = {}
    for node in module.body:
        if isinstance(node, Function | ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names = [node.target.id]
        elif isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        else:
            continue
        for name in names:
            if not name.startswith("_"):
                found.setdefault(name, []).append(node)
    return found


def package_of(module: str) -> str:
    """Returns the folder, under python/pcxx, from which a module imports its neighbours: "" or one that ends with /."""
    folder = module if (SOURCES / module / "__init__.py").exists() else module.rpartition("/")[0]
    return f"{folder}/" if folder else ""


def parsed(module: str) -> ast.Module:
    """Returns the syntax tree of a module by its path under python/pcxx, "" for the package itself."""
    path = STUB if module == "_pcxx" else SOURCES / f"{module}.py"
    if not path.is_file():
        path = SOURCES / module / "__init__.py"
    if not path.is_file():
        raise InterfaceError(f"[python-api] '{STUB.name}' is missing; expected it beside the built module; run `make python-package`")
    return ast.parse(path.read_text(encoding="utf-8"))


def exported(module: str) -> dict[str, list[Definition]]:
    """Returns the public names of a module, those that it imports from its neighbours under a public name included."""
    tree = parsed(module)
    found = definitions_of(tree)
    for node in tree.body:
        if not isinstance(node, ast.ImportFrom) or node.level != 1 or not node.module:
            continue
        source = exported(package_of(module) + node.module)
        for alias in node.names:
            if alias.name == "*":
                found |= source
            elif alias.asname == alias.name and alias.name in source:
                found[alias.name] = source[alias.name]
    return found


def modules() -> list[str]:
    """Returns the modules that `pcxx` offers by their own names, at once or when they are first used."""
    imports = [node for node in ast.walk(parsed("")) if isinstance(node, ast.ImportFrom) and node.level == 1 and not node.module]
    return sorted(alias.name for node in imports for alias in node.names if alias.asname == alias.name and alias.name[0] != "_")


class _Short(ast.NodeTransformer):
    """Removes what readers do not need from types and defaults: the module of a name, quotes of a type's name."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        root: ast.expr = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if isinstance(root, ast.Name) and root.id.islower():
            return ast.Name(node.attr)
        return self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if isinstance(node.value, ast.Name) and node.value.id == "Literal":
            return node
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str) and node.value.isidentifier():
            return ast.Name(node.value)
        return node


def type_text(node: ast.expr | None) -> str:
    return "" if node is None else ast.unparse(_Short().visit(node))


def default_text(node: ast.expr) -> str:
    value = node.value if isinstance(node, ast.Constant) else None
    return f"{value:.6g}" if isinstance(value, float) and len(repr(value)) > 8 else ast.unparse(node)


def parameter_texts(arguments: list[ast.arg], defaults: list[ast.expr | None]) -> list[str]:
    """Returns `name: type = default` of each argument; a position that only the stub names is left unnamed."""
    texts = []
    for argument, default in zip(arguments, defaults):
        text = argument.arg
        if argument.annotation is not None:
            text += f": {type_text(argument.annotation)}"
        if default is not None:
            text += f" = {default_text(default)}"
        texts.append(text)
    return texts


def signature_of(function: Function, name: str, bound: bool) -> str:
    """Returns `name(parameters) -> type`; without self where the function is bound."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
    if bound:
        positional, defaults = positional[1:], defaults[1:]
    texts = parameter_texts(positional, defaults)
    if arguments.vararg:
        texts += ["*" + parameter_texts([arguments.vararg], [None])[0]]
    elif arguments.kwonlyargs:
        texts += ["*"]
    texts += parameter_texts(arguments.kwonlyargs, arguments.kw_defaults)
    if arguments.kwarg:
        texts += ["**" + parameter_texts([arguments.kwarg], [None])[0]]
    result = "" if function.name == "__init__" else type_text(function.returns)
    return f"{name}({', '.join(texts)})" + (f" -> {result}" if result else "")


def decorators(function: Function) -> set[str]:
    return {ast.unparse(decorator).rpartition(".")[2] for decorator in function.decorator_list}


def call_texts(name: str, nodes: list[Function], bound: bool) -> list[str]:
    """Returns what is said of each overload once, after the call that it is said of where they differ."""
    said = {text: node for node in reversed(nodes) if (text := ast.get_docstring(node))}
    texts = list(reversed(said.items()))
    if len(texts) < 2:
        return list(said)
    return [f"`{name}({', '.join(argument.arg for argument in node.args.args[bound:])})`: {text}" for text, node in texts]


def function_symbol(name: str, nodes: list[Function], bound: bool, kind: str) -> Symbol:
    documentation = call_texts(name, nodes, bound)
    return Symbol(name, kind, [signature_of(node, name, bound) for node in nodes], documentation)


def class_symbol(node: ast.ClassDef) -> Symbol:
    """Returns a class with its documented members; the signatures of __init__ are its own."""
    bases = [type_text(base) for base in node.bases]
    methods: dict[str, list[Function]] = {}
    attributes: list[Symbol] = []
    for i, child in enumerate(node.body):
        if isinstance(child, Function):
            methods.setdefault(child.name, []).append(child)
        elif isinstance(child, ast.Assign | ast.AnnAssign):
            target = child.target if isinstance(child, ast.AnnAssign) else child.targets[0]
            following = node.body[i + 1] if i + 1 < len(node.body) else None
            if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant) and isinstance(target, ast.Name):
                attributes.append(Symbol(target.id, "attribute", [target.id], [str(following.value.value).strip()],
                                         type_text(child.annotation) if isinstance(child, ast.AnnAssign) else ""))
    made = methods.pop("__init__", [])
    signatures = [signature_of(each, node.name, True) for each in made] or [node.name]
    documentation = [text for text in (ast.get_docstring(node), *call_texts(node.name, made, True)) if text]
    kind = "exception" if any(base.endswith(("Error", "Exception")) for base in bases) else "class"
    enumeration = "Enum" in bases
    symbol = Symbol(node.name, kind, [node.name] if enumeration else signatures, documentation,
                    bases=[] if enumeration else bases, members=attributes)
    for name, overloads in methods.items():
        marks = set().union(*map(decorators, overloads))
        static = "staticmethod" in marks
        if marks & {"property", "cached_property"}:
            member = function_symbol(name, overloads[:1], True, "property")
            member.signatures, member.type = [name], type_text(overloads[0].returns)
        else:
            member = function_symbol(name, overloads, not static, "method")
            member.static = static
        if member.documentation and not (name.startswith("_") and not name.endswith("__")):
            symbol.members.append(member)
    return symbol


def symbol_of(name: str, nodes: list[Definition]) -> Symbol:
    first = nodes[0]
    if isinstance(first, ast.ClassDef):
        return class_symbol(first)
    if isinstance(first, Function):
        return function_symbol(name, [node for node in nodes if isinstance(node, Function)], False, "function")
    return Symbol(name, "data", [name], [], type_text(first.annotation) if isinstance(first, ast.AnnAssign) else "")


def interface() -> dict[str, Symbol]:
    """Returns every public symbol by the name that a user writes after `pcxx.`."""
    symbols = {name: symbol_of(name, nodes) for name, nodes in exported("").items()}
    for module in modules():
        symbols |= {f"{module}.{name}": symbol_of(name, nodes) for name, nodes in exported(module).items()}
    return symbols


def listed() -> dict[str, str]:
    """Returns the names that pages of docs/api/python list, each with its page. Raises InterfaceError for one listed twice."""
    pages: dict[str, str] = {}
    for path in sorted(PAGES.glob("*.md")):
        for block in LISTED.findall(path.read_text(encoding="utf-8")):
            for name in block.split():
                if name in pages:
                    raise InterfaceError(f"[python-api] '{name}' is listed in {pages[name]} and {path.name}; expected once")
                pages[name] = path.name
    return pages


def require_complete(names: set[str]) -> None:
    """Raises InterfaceError with the names that pages lack, or list without there being such a symbol."""
    pages = listed()
    problems = []
    if missing := sorted(names - pages.keys()):
        problems.append(f"no page of docs/api/python lists {', '.join(missing)}; add each to the page of its area")
    if unknown := sorted(pages.keys() - names):
        problems.append(f"pages of docs/api/python list {', '.join(unknown)}, which the package does not have; remove them")
    if problems:
        raise InterfaceError("[python-api] " + "; ".join(problems))
