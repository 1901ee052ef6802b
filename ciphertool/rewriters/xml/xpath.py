"""XPath 1.0 as text: makes name tests independent of namespaces, and parses plain paths. Evaluates nothing.

An unprefixed name means the local name in any namespace, and `p:N` the literal qualified name: that is how the Java
tool, which reads documents without namespaces, interprets them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    """Return the expression with every name test spelled as a test of the name's text; None if it is not XPath.

    With `undeclared`, names may have an undeclared prefix, which lxml takes as part of the local name.
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


class Predicate(NamedTuple):
    """A predicate that an index can answer: `[name='value']`, `[@name='value']`, `[@name]` or `[number]`.

    If `value` is None, the value is a literal of the expression.
    """

    kind: str
    name: str
    value: str | int | None
    text: str


class Step(NamedTuple):
    """A child step: `test` is a name, a qualified name or `*`; the last may be `@` and an attribute's name."""

    test: str
    predicates: tuple[Predicate, ...]


_LITERALS = re.compile(f"({_LITERAL})")
_STEPS = re.compile(r"/([^/]*+)")
_TEST = re.compile(rf"(?:{_NAME}(?::{_NAME})?+|\*|@{_NAME}\Z)")
_PREDICATE = re.compile(
    rf"\[{_S}(?:(?P<at>@)?+{_S}(?P<name>{_NAME}){_S}(?P<value>={_S}''|(?!))?+|(?P<number>[0-9]{{1,9}}+)){_S}\]"
)


def plain(expression: str) -> tuple[tuple[Step, ...], Sequence[str]] | None:
    """Return the steps of an absolute path of child steps, perhaps with a final attribute, and its literals in order.

    Return None for any other expression.
    """
    parts = _LITERALS.split(expression)  # every other part is a literal
    steps = _form("''".join(parts[::2]))
    return None if steps is None else (steps, [literal[1:-1] for literal in parts[1::2]])


@lru_cache(maxsize=1024)  # thousands of targets differ only in their literals
def _form(expression: str) -> tuple[Step, ...] | None:
    """Return the steps of an expression whose literals are empty."""
    texts = _STEPS.findall(expression)
    if not texts or len(texts) + sum(map(len, texts)) != len(expression):
        return None
    attribute = expression.find("/@")
    if attribute == 0 or 0 < attribute < len(expression) - len(texts[-1]) - 1:
        return None
    steps = [step for step in map(_step, texts) if step is not None]
    return tuple(steps) if len(steps) == len(texts) else None


def _step(text: str) -> Step | None:
    test = _TEST.match(text)
    if test is None:
        return None
    predicates: list[Predicate] = []
    position = test.end()
    while position < len(text):
        match = _PREDICATE.match(text, position)
        if match is None:
            return None
        at, name, value, number = match.groups()
        if number:
            predicates.append(Predicate("position", "", int(number), match[0]))
        elif value:
            predicates.append(Predicate("attribute" if at else "child", name, None, match[0]))
        elif at:
            predicates.append(Predicate("has", name, "", match[0]))
        else:
            return None
        position = match.end()
    return Step(test[0], tuple(predicates))
