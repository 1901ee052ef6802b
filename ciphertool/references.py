"""The only place that knows how a reference to a secret is spelled, and how a product's placeholder is.

A reference stands for a secret: `${sec:a}`, `$secret{a}`, `secretAlias:a`, or the attribute `svns:secretAlias="a"`.
A placeholder stands for something else that a product fills in: `${env:X}`, `${X}`, `$env{X}`, `{{ x }}`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Syntax(Enum):
    """A way of spelling a reference; the value is the pattern with `ALIAS` in it."""

    SEC = "${sec:ALIAS}"
    SECRET = "$secret{ALIAS}"  # noqa: S105 - a pattern, no password
    SECRET_ALIAS = "secretAlias:ALIAS"  # noqa: S105 - a pattern, no password
    ATTRIBUTE = 'svns:secretAlias="ALIAS"'


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference to the secret `alias`. `start` and `end` are its place in the value it was found in."""

    alias: str
    syntax: Syntax
    start: int = 0
    end: int = 0

    def __str__(self) -> str:
        return self.syntax.value.replace("ALIAS", self.alias)


# What is written is narrow, what is read is wide: anything without `}` and control characters.
_WRITTEN_ALIAS = re.compile(r"[A-Za-z0-9._@:/-]+")
_INSIDE = re.compile(r"\$\{sec:(?P<sec>[^}\x00-\x1f\x7f]++)\}|\$secret\{(?P<secret>[^}\x00-\x1f\x7f]++)\}")
_WHOLE = re.compile(r"secretAlias:(?P<alias>[^}\x00-\x1f\x7f]++)")
_PLACEHOLDER = re.compile(r"\$\{[^{}]++\}|\$(?:env|sys|ref)\{[^{}]++\}|\{\{(?:[^{}]|\}(?!\}))*+\}\}")


def is_writable_alias(alias: str) -> bool:
    """Tell whether an alias may be written: `[A-Za-z0-9._@:/-]+`."""
    return _WRITTEN_ALIAS.fullmatch(alias) is not None


def find(value: str, *, whole: bool = False) -> Iterator[Reference]:
    """Yield the references inside a value, first to last; with `whole`, also `secretAlias:a` as the whole value."""
    if "$" in value:
        for match in _INSIDE.finditer(value):
            syntax = Syntax.SEC if match["sec"] is not None else Syntax.SECRET
            yield Reference((match["sec"] or match["secret"]).strip(), syntax, match.start(), match.end())
    elif whole and (alias := _WHOLE.fullmatch(value)):
        yield Reference(alias["alias"].strip(), Syntax.SECRET_ALIAS, 0, len(value))


def parse(value: str, *, whole: bool = False) -> Reference | None:
    """Return the reference that a value consists of and nothing else, or None."""
    for reference in find(value, whole=whole):
        return reference if (reference.start, reference.end) == (0, len(value)) else None
    return None


def substitute(value: str, reveal: Callable[[Reference], str], *, whole: bool = False) -> str:
    """Return the value with every reference replaced by what `reveal` gives for it; the result is not scanned again."""
    parts: list[str] = []
    position = 0
    for reference in find(value, whole=whole):
        parts += value[position : reference.start], reveal(reference)
        position = reference.end
    return "".join(parts) + value[position:] if parts else value


def is_placeholder(value: str) -> bool:
    """Tell whether a whole value is a product's placeholder (and not a reference to a secret)."""
    return _PLACEHOLDER.fullmatch(value) is not None and parse(value) is None
