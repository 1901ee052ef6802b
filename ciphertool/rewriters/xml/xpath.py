"""XPath 1.0 as text: name tests made independent of namespaces, and plain paths taken apart. Evaluates nothing.

An unprefixed name means the local name in any namespace and `p:N` the literal qualified name, as the Java tool, which
reads documents without namespaces, understands them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FIRST = (
    r"A-Z_a-z\xc0-\xd6\xd8-\xf6\xf8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f\u2c00-\u2fef"
    r"\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_NAME = rf"[{_FIRST}][{_FIRST}.0-9\xb7\u0300-\u036f\u203f-\u2040-]*+"
_S = r"[ \t\r\n]*+"
_LITERAL = r"""(?:"[^"]*+"|'[^']*+')"""
_TOKEN = re.compile(
    rf"(?P<literal>{_LITERAL})"
    r"|(?P<number>[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)"
    rf"|(?P<variable>\$(?:{_NAME}:)?{_NAME})"
    rf"|(?P<name>(?P<prefix>{_NAME}):(?:\*|(?!:){_NAME})|{_NAME})"
    r"|(?P<star>\*)"
    r"|(?P<operator>//|::|!=|<=|>=|[/|+\-=<>@,(\[])"
    r"|(?P<end>\.\.|[.)\]])"
    r"|(?P<white>[ \t\r\n]++)"
)
# A name or a star after one of these is a test; after anything else it is an operator (XPath 1.0, section 3.7).
_EXPECTS_OPERATOR = frozenset({"literal", "number", "variable", "name", "end"})
_FOLLOWED_BY_CALL = re.compile(rf"{_S}(?:\(|::)")


def translate(expression: str, *, undeclared: bool = False) -> str | None:
    """Return the expression with every name test spelled as a test of the name's text, or None if it is no XPath.

    With `undeclared`, names may hold an undeclared prefix, which lxml takes for a part of the local name.
    """
    parts: list[str] = []
    position, before = 0, "operator"
    while position < len(expression):
        match = _TOKEN.match(expression, position)
        if match is None:
            return None
        kind, position = match.lastgroup or "white", match.end()
        text = match[0]
        if kind == "white":
            parts.append(text)
            continue
        if kind in ("name", "prefix", "star") and before in _EXPECTS_OPERATOR:
            kind = "operator"
        elif kind in ("name", "prefix"):
            kind = "name"
            if _FOLLOWED_BY_CALL.match(expression, position):
                kind = "operator"  # a function, a node type or an axis
            else:
                text = _test(text, undeclared=undeclared)
        elif kind == "star":
            kind = "name"
        parts.append(text)
        before = kind
    return "".join(parts)


def _test(name: str, *, undeclared: bool) -> str:
    prefix, _, local = name.rpartition(":")
    if local == "*":
        return f"*[starts-with(name(),'{prefix}:')]"
    if prefix:
        return f"*[name()='{name}']"
    if undeclared:
        return f"*[local-name()='{name}' or substring-after(local-name(),':')='{name}']"
    return f"*[local-name()='{name}']"


@dataclass(frozen=True, slots=True)
class Predicate:
    """A predicate that an index can answer: `[name='value']`, `[@name='value']`, `[@name]` or `[number]`."""

    kind: str
    name: str
    value: str | int
    start: int
    """Where it stands in the expression: everything before it names what it is asked of."""


@dataclass(frozen=True, slots=True)
class Step:
    """A child step; `test` is a name, a qualified name or `*`. `end` is where its test ends in the expression."""

    test: str
    predicates: tuple[Predicate, ...]
    end: int


@dataclass(frozen=True, slots=True)
class PlainPath:
    """An absolute path of child steps and, perhaps, a final `@attribute`."""

    steps: tuple[Step, ...]
    attribute: str | None


_QNAME = rf"{_NAME}(?::{_NAME})?+"
_PREDICATE = re.compile(
    rf"\[{_S}(?:(?P<at>@)?+{_S}(?P<name>{_NAME}){_S}(?:={_S}(?P<value>{_LITERAL}))?+|(?P<number>[0-9]{{1,9}}+)){_S}\]"
)
_STEP = re.compile(rf"/(?:(?P<test>{_QNAME}|\*)|@(?P<attribute>{_NAME})\Z)")


def plain(expression: str) -> PlainPath | None:
    """Return an expression as a plain path, or None if it is more than that."""
    steps: list[Step] = []
    position = 0
    while position < len(expression):
        match = _STEP.match(expression, position)
        if match is None:
            return None
        if match["attribute"]:
            return PlainPath(tuple(steps), match["attribute"]) if steps else None
        position = end = match.end()
        predicates: list[Predicate] = []
        while found := _PREDICATE.match(expression, position):
            predicate = _predicate(found)
            if predicate is None:
                return None
            predicates.append(predicate)
            position = found.end()
        steps.append(Step(match["test"], tuple(predicates), end))
    return PlainPath(tuple(steps), None) if steps else None


def _predicate(match: re.Match[str]) -> Predicate | None:
    if match["number"]:
        return Predicate("position", "", int(match["number"]), match.start())
    if match["value"]:
        kind = "attribute" if match["at"] else "child"
        return Predicate(kind, match["name"], match["value"][1:-1], match.start())
    return Predicate("has", match["name"], "", match.start()) if match["at"] else None
