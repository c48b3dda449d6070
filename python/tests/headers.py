"""What the public headers declare: classes with their public members, functions, and what functions take."""

import dataclasses
import pathlib
import re
from collections.abc import Iterator

INCLUDE = pathlib.Path(__file__).resolve().parents[2] / "include" / "pcxx"


@dataclasses.dataclass
class Declarations:
    """Names by what they are; `takes` is, by function or class that is constructed, the text of its parameters."""

    classes: dict[str, set[str]] = dataclasses.field(default_factory=dict)
    enums: dict[str, set[str]] = dataclasses.field(default_factory=dict)
    functions: set[str] = dataclasses.field(default_factory=set)
    takes: dict[str, str] = dataclasses.field(default_factory=dict)


def throwing() -> set[str]:
    """Returns the functions, not those of classes, that say in their comments what they throw."""
    found = set()
    for header in INCLUDE.rglob("*.h"):
        for comment, declaration in re.findall(r"^((?:///[^\n]*\n)+)([^/;{]+)", header.read_text(encoding="utf-8"), flags=re.M):
            if re.search(r"\b[Tt]hrows\b", comment) and not declaration.startswith(("class", "struct", "enum")):
                found.add(_function(re.sub(r"\s+", " ", declaration)))
    return found - {None}


def declarations() -> Declarations:
    """Reads all headers."""
    found = Declarations()
    for header in sorted(INCLUDE.rglob("*.h")):
        text = re.sub(r'//[^\n]*|/\*.*?\*/|^\s*#[^\n]*|"(?:\\.|[^"\\])*"', " ", header.read_text(encoding="utf-8"), flags=re.S | re.M)
        for head, body in _statements(text):
            if head.startswith("namespace pcxx") and "::" not in head and body is not None:
                _read_namespace(body, found)
    return found


def _read_namespace(text: str, found: Declarations) -> None:
    for head, body in _statements(text):
        if body is not None and (match := re.match(r"enum class (\w+)", head)):
            found.enums[match[1]] = {name for name in re.findall(r"(?:^|,)\s*(\w+)", body)}
        elif body is not None and (match := re.match(r"(class|struct) (\w+)", head)):
            found.classes.setdefault(match[2], set()).update(_members(match[1], match[2], body, found))
        elif (name := _function(head)) is not None:
            found.functions.add(name)
            found.takes[name] = found.takes.get(name, "") + head


def _members(kind: str, owner: str, text: str, found: Declarations) -> Iterator[str]:
    public = kind == "struct"
    for head, body in _statements(text):
        while match := re.match(r"(public|private|protected)\s*:\s*", head):
            public, head = match[1] == "public", head[match.end():]
        if not public or not head or re.match(r"(friend|using|static constexpr|class|struct|enum|template)\b", head):
            continue
        plain = _without_templates(head)
        if re.match(rf"(explicit )?{owner}\s*\(", plain):
            found.takes[owner] = found.takes.get(owner, "") + head
        elif "operator" not in plain and "~" not in plain:
            name = _function(head)
            yield name if name is not None else re.findall(r"\w+", re.split(r"=|\{", plain)[0])[-1]


def _function(head: str) -> str | None:
    plain = _without_templates(head)
    match = re.match(r"[^=(]*?(\w+)\s*\(", plain)
    return match[1] if match and "operator" not in plain and not plain.startswith(("using", "friend")) else None


def _without_templates(text: str) -> str:
    while (shorter := re.sub(r"<[^<>]*>", "", text)) != text:
        text = shorter
    return text


def _statements(text: str) -> Iterator[tuple[str, str | None]]:
    """Yields the statements of a text without comments, each with what is in its braces, if it defines something."""
    head, round_brackets, i = "", 0, 0
    while i < len(text):
        letter = text[i]
        round_brackets += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "{" and round_brackets == 0:
            end = _closing(text, i)
            body, opens = text[i + 1:end], head.strip()
            defines = re.match(r"(inline )?(namespace|class|struct|enum|union)\b", opens) or "(" in _without_templates(opens)
            i = end + 1
            if not defines:
                head += "{}"
                continue
            yield re.sub(r"\s+", " ", opens), body
            head = ""
        elif letter == ";" and round_brackets == 0:
            yield re.sub(r"\s+", " ", head.strip()), None
            head, i = "", i + 1
        else:
            head, i = head + letter, i + 1


def _closing(text: str, opening: int) -> int:
    depth = 0
    for i in range(opening, len(text)):
        depth += {"{": 1, "}": -1}.get(text[i], 0)
        if depth == 0:
            return i
    raise ValueError(f"an unclosed brace: {text[opening:opening + 60]}")
