"""The only place that knows how a reference to a secret is spelled, and how a product's placeholder is.

A reference stands for a secret: `${sec:a}`, `$secret{a}`, `secretAlias:a`, `{wso2:vault-lookup('a')}`, or the attribute
`svns:secretAlias="a"`.
A placeholder stands for something else that a product fills in: `${env:X}`, `${X}`, `$env{X}`, `{{ x }}`.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


class Syntax(Enum):
    """A way of spelling a reference; the value is the pattern with `ALIAS` in it."""

    SEC = "${sec:ALIAS}"
    SECRET = "$secret{ALIAS}"  # noqa: S105 - a pattern, no password
    SECRET_ALIAS = "secretAlias:ALIAS"  # noqa: S105 - a pattern, no password
    LOOKUP = "{wso2:vault-lookup('ALIAS')}"
    ATTRIBUTE = 'svns:secretAlias="ALIAS"'


class Reference(NamedTuple):
    """A reference to the secret `alias`. `start` and `end` are its place in the value it was found in.

    `in_url` tells that it stands where a URL has its password, which is percent-encoded there.
    """

    alias: str
    syntax: Syntax
    start: int = 0
    end: int = 0
    in_url: bool = False

    def __str__(self) -> str:
        return self.syntax.value.replace("ALIAS", self.alias)


MARKS = ("${sec:", "$secret{", "secretAlias", "{wso2:vault-lookup(")
"""Texts of which a file that refers to a secret holds one, unless it spells them with escapes."""

# What is written is narrow, what is read is wide: anything without `}` and control characters.
_WRITTEN_ALIAS = re.compile(r"[A-Za-z0-9._@:/-]+")
_INSIDE = re.compile(
    r"\$\{sec:(?P<sec>[^}\x00-\x1f\x7f]++)\}|\$secret\{(?P<secret>[^}\x00-\x1f\x7f]++)\}"
    r"|\{wso2:vault-lookup\(\s*+'(?P<lookup>[^'}\x00-\x1f\x7f]++)'\s*+\)\}"
)
_LOOKUP = "{wso2:"
_SYNTAXES = {"sec": Syntax.SEC, "secret": Syntax.SECRET, "lookup": Syntax.LOOKUP}
_BEFORE_PASSWORD = re.compile(r"://[^/?#@:\s]*+:\Z")
_BEFORE_QUERY_VALUE = re.compile(r"://[^?#\s]*+\?(?:[^#\s]*[?&])?[^?&=#\s]*=\Z")
_WHOLE = re.compile(r"secretAlias:(?P<alias>[^}\x00-\x1f\x7f]++)")
_FILLED = re.compile(
    r"\$\{(?P<kind>env|sys):(?P<name>[^{},]++)(?:,(?P<default>[^{}]*+))?+\}|\$(?P<bare>env|sys)\{(?P<only>[^{}]++)\}"
)
_PLACEHOLDER = re.compile(r"\$\{[^{}]++\}|\$(?:env|sys|ref)\{[^{}]++\}|\{\{(?:[^{}]|\}(?!\}))*+\}\}")


def is_writable_alias(alias: str) -> bool:
    """Tell whether an alias may be written: `[A-Za-z0-9._@:/-]+`."""
    return _WRITTEN_ALIAS.fullmatch(alias) is not None


def find(value: str, *, whole: bool = False) -> Iterator[Reference]:
    """Yield the references inside a value, first to last; with `whole`, also `secretAlias:a` as the whole value."""
    if "$" in value or _LOOKUP in value:
        for match in _INSIDE.finditer(value):
            group = match.lastgroup or ""
            start, end = match.span()
            yield Reference(match[group].strip(), _SYNTAXES[group], start, end, is_in_url(value, start, end))
    elif whole and (alias := _WHOLE.fullmatch(value)):
        yield Reference(alias["alias"].strip(), Syntax.SECRET_ALIAS, 0, len(value))


def within(values: Sequence[str], *, whole: bool = False) -> list[int]:
    """Return the indexes of the values in which `find` finds a reference."""
    return [
        n
        for n, value in enumerate(values)
        if ("$" in value or _LOOKUP in value or (whole and "secretAlias:" in value)) and any(find(value, whole=whole))
    ]


def is_in_url(value: str, start: int, end: int) -> bool:
    """Tell whether a part of a value is the password of a URL, in its authority or in its query."""
    if "://" not in value[:start]:
        return False
    if value.startswith("@", end) and _BEFORE_PASSWORD.search(value[:start]):
        return True
    return _BEFORE_QUERY_VALUE.search(value[:start]) is not None


def parse(value: str, *, whole: bool = False) -> Reference | None:
    """Return the reference that a value consists of and nothing else, or None."""
    if not whole and "$" not in value and _LOOKUP not in value:
        return None  # as nearly all are
    for reference in find(value, whole=whole):
        return reference if (reference.start, reference.end) == (0, len(value)) else None
    return None


def substitute(value: str, reveal: Callable[[Reference], str], *, whole: bool = False) -> str:
    """Return the value with every reference replaced by what `reveal` gives for it; the result is not scanned again.

    Where `reveal` is a `Filling`, the value's placeholders are filled in as well.
    """
    fill = reveal.fill if isinstance(reveal, Filling) else None
    parts: list[str] = []
    position = 0
    for reference in find(value, whole=whole):
        between = value[position : reference.start]
        parts += fill(between) if fill else between, reveal(reference)
        position = reference.end
    rest = value[position:]
    return "".join(parts) + (fill(rest) if fill else rest)


class Filling:
    """What `substitute` puts in place of references and of placeholders.

    `look_up` is given a placeholder's kind ("env" or "sys"), its name and its default, None where it states none.
    """

    def __init__(self, reveal: Callable[[Reference], str], look_up: Callable[[str, str, str | None], str]) -> None:
        self._reveal = reveal
        self._look_up = look_up

    def __call__(self, reference: Reference) -> str:
        """Return what a reference stands for."""
        return self._reveal(reference)

    def fill(self, text: str) -> str:
        """Return a text that holds no reference with its `${env:X}`, `${sys:X}`, `$env{X}` and `$sys{X}` filled in."""
        if "$" not in text:
            return text
        return _FILLED.sub(lambda match: self._look_up(*_named(match), match["default"]), text)


def placeholders(value: str) -> set[tuple[str, str]]:
    """Return kind and name of the placeholders that a `Filling` would fill in a value."""
    return {_named(match) for match in _FILLED.finditer(value)}


def _named(match: re.Match[str]) -> tuple[str, str]:
    return match["kind"] or match["bare"], (match["name"] or match["only"]).strip()


def is_placeholder(value: str) -> bool:
    """Tell whether a whole value is a product's placeholder (and not a reference to a secret)."""
    return _PLACEHOLDER.fullmatch(value) is not None and parse(value) is None
