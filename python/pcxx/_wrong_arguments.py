"""What is wrong with the arguments of a call that no signature of a C++ function fits."""

import ast
import collections.abc
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from . import _pcxx as core

_PREFIXES = re.compile(r"\b(?:pcxx\._pcxx|collections\.abc|numpy\.typing|typing|os)\.")


def explain(function: str, arguments: Sequence[object], named: Mapping[str, object]) -> str:
    """Returns the message for a call of `function`, "linear" or "Network.node", that was refused.

    Of several signatures, the one that fits the most arguments is taken to be meant.
    """
    place: Any = core
    for name in function.split("."):
        place = getattr(place, name)
    signatures = [_Signature(text) for text, *_ in place.__nb_signature__[:-1]]  # the last is the one that came here
    speaker = function.removesuffix(".__init__").rpartition(".")[2]
    is_method = "." in function
    if is_method and isinstance(arguments[0], type):  # Trainer.step(...) of the class
        return f"[{speaker}] called on the class '{arguments[0].__name__}'; expected an object of it"
    complaints = [signature.complaint(arguments, named, is_method) for signature in signatures]
    return f"[{speaker}] {max(complaints)[1]}"


class _Signature:
    """One signature of a function, and what calls have against it."""

    def __init__(self, text: str) -> None:
        definition = ast.parse(re.sub(r"\\=?\d+", "...", text) + ": ...").body[0]
        assert isinstance(definition, ast.FunctionDef)
        parameters = definition.args
        places = parameters.posonlyargs + parameters.args
        self.positional = [place.arg for place in places]
        self.annotations = {place.arg: place.annotation for place in places + parameters.kwonlyargs}
        without_default = places[:len(places) - len(parameters.defaults)]
        keyword_defaults = zip(parameters.kwonlyargs, parameters.kw_defaults)
        self.required = [place.arg for place in without_default] + [place.arg for place, default in keyword_defaults if default is None]
        self.takes_any = parameters.vararg is not None or parameters.kwarg is not None

    def complaint(self, arguments: Sequence[object], named: Mapping[str, object], is_method: bool) -> tuple[int, str]:
        """Returns how many arguments fit before the first that does not, and what is wrong with that."""
        own = 1 if is_method else 0
        positional = self.positional[own:]
        options = [name for name in self.annotations if name not in self.positional[:own]]
        if not self.takes_any and len(arguments) - own > len(positional):
            extra = [name for name in options if name not in positional]
            hint = f", and by name {', '.join(extra)}" if extra else ""
            return 0, f"{_counted(len(arguments) - own)} by place; expected {_counted(len(positional))}{hint}"
        given = {**dict(zip(positional, arguments[own:])), **named}
        if unknown := [] if self.takes_any else [name for name in named if name not in options]:
            return 0, f"unknown argument '{unknown[0]}'; known: {', '.join(options) or 'none'}"
        if twice := [name for name in positional[:len(arguments) - own] if name in named]:
            return 0, f"argument '{twice[0]}' is given twice, by place and by name; expected it once"
        for count, (name, value) in enumerate(given.items()):
            if name in options and not _fits(value, self.annotations[name]):
                return count, f"argument '{name}' is {_shown(value)}; expected {_written(self.annotations[name])}"
        if missing := [name for name in self.required if name in options and name not in given]:
            return len(given), f"argument '{missing[0]}' is missing; expected {_written(self.annotations[missing[0]])}"
        values = ", ".join(f"{name} = {_shown(value)}" for name, value in given.items())
        return len(given), f"arguments out of range: {values or 'none'}"


def _counted(arguments: int) -> str:
    return f"{arguments or 'no'} argument{'' if arguments == 1 else 's'}"


def _written(annotation: ast.expr | None) -> str:
    return _PREFIXES.sub("", ast.unparse(annotation)) if annotation is not None else "anything"


def _shown(value: object) -> str:
    if value is None or isinstance(value, (bool, int, float)):
        return f"{value!r}"
    if isinstance(value, str):
        return f"the text {value!r}"
    return f"the class '{value.__name__}'" if isinstance(value, type) else f"a '{type(value).__name__}'"


def _fits(value: object, annotation: ast.expr | None) -> bool:
    """Returns whether a value is what an annotation says; True where the annotation says too much to tell."""
    match annotation:
        case None:
            return True
        case ast.BinOp(left=left, right=right):
            return _fits(value, left) or _fits(value, right)
        case ast.Constant(value=constant):
            return isinstance(value, type(constant)) and value == constant
        case ast.Subscript(value=ast.Name(id=kind) | ast.Attribute(attr=kind), slice=inner):
            return _fits_generic(value, kind, inner)
        case ast.Name(id=kind) | ast.Attribute(attr=kind):
            return _fits_name(value, kind)
    return True


def _fits_name(value: object, kind: str) -> bool:
    builtin: dict[str, Any] = {"str": str, "bool": bool, "dict": dict, "tuple": tuple, "list": list, "PathLike": os.PathLike}
    if kind == "float":
        return hasattr(value, "__float__") and not isinstance(value, (bool, core.Tensor))
    if kind == "int":
        return hasattr(value, "__index__") and not isinstance(value, bool)
    wanted = builtin.get(kind) or getattr(core, kind, None)
    return isinstance(value, wanted) if isinstance(wanted, type) else True


def _fits_generic(value: object, kind: str, inner: ast.expr) -> bool:
    if kind == "Literal":
        return any(_fits(value, option) for option in (inner.elts if isinstance(inner, ast.Tuple) else [inner]))
    if kind == "PathLike":
        return isinstance(value, os.PathLike)
    wanted = getattr(collections.abc, kind, None)
    if not isinstance(wanted, type):
        return True
    if not isinstance(value, wanted) or kind == "Sequence" and isinstance(value, str):
        return False
    return kind != "Sequence" or all(_fits(element, inner) for element in value)  # type: ignore[attr-defined]
