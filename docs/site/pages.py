"""What the documentation site adds to Sphinx: headers and Python symbols from their own comments, links, formulas."""

import re
import textwrap

from breathe.directives.file import DoxygenFileDirective
from docutils import nodes
from docutils.statemachine import StringList
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

import python_interface
from python_interface import Symbol

SECTIONS = ("briefdescription detaileddescription innernamespace innerclass public-type public-attrib public-func "
            "public-static-func public-static-attrib enum typedef func var")
CODE = re.compile(r"(`[^`\n]+`)")
SPECIAL = re.compile(r"([$<*\[])")  # what Markdown would take for its own
WORD = re.compile(r"(?<![\w.])([A-Za-z_][\w.]*\w(?:\(\))?)(?![\w(])")


class Header(DoxygenFileDirective):
    """`doxygenfile` with the sections that every header of ours is shown with."""

    def run(self) -> list[nodes.Node]:
        self.options.setdefault("sections", SECTIONS)
        return super().run()


class Names:
    """What words in prose refer to: symbols and their members, first those within the scopes that are given."""

    def __init__(self, symbols: dict[str, Symbol]) -> None:
        self.known = symbols.keys() | {f"{name}.{member.name}" for name, symbol in symbols.items() for member in symbol.members}
        self.exceptions = {name for name, symbol in symbols.items() if symbol.kind == "exception"}

    def target(self, text: str, scopes: list[str]) -> str:
        """Returns the full name that `text` refers to, or nothing."""
        name = text.removesuffix("()").removeprefix("pcxx.")
        return next((f"pcxx.{scope}{name}" for scope in [*scopes, ""] if scope + name in self.known), "")

    def linked(self, prose: str, scopes: list[str]) -> str:
        """Returns Markdown in which code, exceptions and calls that name a symbol are references to it."""
        def reference(text: str, otherwise: str) -> str:
            target = self.target(text, scopes)
            return f"{{py:obj}}`{text} <{target}>`" if target else otherwise

        def word(match: re.Match[str]) -> str:
            text = match[1]
            return reference(text, text) if text.endswith("()") or text in self.exceptions else text

        return "".join(reference(part[1:-1], part) if CODE.fullmatch(part) else WORD.sub(word, SPECIAL.sub(r"\\\1", part))
                       for part in CODE.split(prose))

    def markdown(self, documentation: str, scopes: list[str]) -> str:
        """Returns a docstring as Markdown: prose is linked, indented blocks are Python."""
        blocks: list[list[str]] = [[]]
        for line in documentation.splitlines():
            indented = line.startswith("    ") if line.strip() else blocks[-1][:1] != [] and blocks[-1][0].startswith("    ")
            if blocks[-1] and indented != blocks[-1][0].startswith("    "):
                blocks.append([])
            blocks[-1] += [line] if line.strip() or blocks[-1] else []
        texts = ["\n".join(block).strip("\n") for block in blocks]
        return "\n\n".join(f"```python\n{textwrap.dedent(text)}\n```" if text.startswith("    ") else self.linked(text, scopes)
                           for text in texts if text)


class PythonApi(SphinxDirective):
    """Describes the public symbols that its content names, one a line, from the stub of the package."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        for path in (python_interface.STUB, *python_interface.SOURCES.rglob("*.py")):
            self.env.note_dependency(str(path))
        self.symbols = symbols_of(self.env.app)
        self.names = Names(self.symbols)
        result: list[nodes.Node] = []
        for name in " ".join(self.content).split():
            result += self.described(name)
        return result

    def described(self, name: str) -> list[nodes.Node]:
        module, _, _ = name.rpartition(".")
        symbol = self.symbols[name]
        prefix = f"{module}." if module else ""
        scopes = [f"{name}.", prefix]
        context = self.env.ref_context
        context["py:module"] = "pcxx"
        result = self.entry(symbol, scopes, prefix)
        context["py:class"], context["py:classes"] = name, [name]
        content = next(node for node in result[-1].children if isinstance(node, addnodes.desc_content))
        for member in symbol.members:
            content += self.entry(member, scopes)
        for key in ("py:module", "py:class", "py:classes"):
            context.pop(key, None)
        return result

    def entry(self, symbol: Symbol, scopes: list[str], prefix: str = "") -> list[nodes.Node]:
        """Returns one symbol, without its members, as Sphinx's own directive describes it."""
        text = "\n\n".join(self.names.markdown(part, scopes) for part in symbol.documentation)
        shown = [base for base in symbol.bases if base not in ("object", "Exception")]
        if shown:
            text = f"Extends {', '.join(self.names.linked(f'`{base}`', scopes[1:]) for base in shown)}. {text}"
        options: dict[str, object] = {"static": None} if symbol.static else {"type": symbol.type} if symbol.type else {}
        directive = self.env.domains["py"].directive(symbol.kind)
        source = self.get_source_info()[0]
        content = StringList(text.splitlines(), source=source)
        return directive(f"py:{symbol.kind}", ["\n".join(prefix + signature for signature in symbol.signatures)], options, content, self.lineno, self.content_offset, "",
                         self.state, self.state_machine).run()


class LinkedNames(SphinxTransform):
    """Makes inline code that begins with a symbol's name, `pcxx.Trainer(...)`, a reference to it, on every page."""

    default_priority = 400

    def apply(self, **_: object) -> None:
        names = Names(symbols_of(self.env.app))
        for literal in list(self.document.findall(nodes.literal)):
            match = re.match(r"pcxx\.[\w.]*\w", literal.astext())
            target = names.target(match[0], []) if match else ""
            if target and not isinstance(literal.parent, addnodes.pending_xref):
                reference = addnodes.pending_xref("", literal.deepcopy(), refdomain="py", reftype="obj", reftarget=target,
                                                  refexplicit=True, refwarn=True, refdoc=self.env.docname)
                literal.replace_self(reference)


def math_as_mathml(translator: HTML5Translator, node: nodes.Element) -> None:
    """Writes a formula as browsers draw it themselves, so that a page needs no script from elsewhere."""
    is_block = isinstance(node, nodes.math_block)
    try:
        formula = tex2mathml(node.astext().strip(), as_block=is_block)
    except MathError as error:
        raise ExtensionError(f"[math] '{node.astext().strip()}': {error}") from error
    translator.body.append(f'<div class="math">{formula}</div>' if is_block else formula)
    raise nodes.SkipNode


def symbols_of(app: Sphinx) -> dict[str, Symbol]:
    """Returns the interface, read once for each build."""
    if not hasattr(app, "pcxx_symbols"):
        app.pcxx_symbols = python_interface.interface()  # type: ignore[attr-defined]
    return app.pcxx_symbols  # type: ignore[attr-defined,no-any-return]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("doxygenfile", Header, override=True)
    app.add_directive("python-api", PythonApi)
    app.add_transform(LinkedNames)
    app.add_html_math_renderer("mathml", (math_as_mathml, None), (math_as_mathml, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
