"""A secret inside a value: the password of a URL or a connection string, or a named group of a regular expression.

`part = "password"` finds `scheme://user:SECRET@host` and `;password=SECRET`, `&password=SECRET`, also as `pwd` and
`passwd`, in the quotes or braces that it may have. `part = "NAME="` finds what is assigned to one name, `NAME=SECRET`,
`NAME: SECRET`, also of an option, `--name SECRET`. Any other part is a regular expression with a group named `secret`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from ciphertool.errors import ConfigError, SelectorError
from ciphertool.rewriters.expressions import GROUP, expression

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ciphertool.rewriters.base import Site
    from ciphertool.rewriters.expressions import Expression

PASSWORD = "password"  # noqa: S105 - the name of a part, not a password
_OF_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,60}+://[^/?#@:\s]*+:(?P<secret>[^/?#\s]+)@")
_KEY = re.compile(r"(?:\A|(?P<before>[;?&\s,]))(?:password|passwd|pwd)\s*+=\s*+", re.IGNORECASE)
_QUOTED = re.compile(
    r"""(?:(?P<quote>["'])(?P<secret>(?:(?!(?P=quote))[^\\]|\\.|(?P=quote){2}|(?!))*+)(?P=quote)"""
    r"""|\{(?!wso2:|ciphertool)(?P<braced>(?:[^}]|\}\})*+)\})(?=\s|[;&,)\]]|\Z)""",
    re.DOTALL,
)
_SEPARATOR = re.compile(r"[;&,\s]")
_NEXT_PAIR = re.compile(r"([;&,\s])\s{0,9}+[\w.-]{1,60}+(?:\ [\w.-]{1,60}+|(?!)){0,3}+\s{0,9}+=")
_NAMED = re.compile(r"(-{0,2}[^\W\d][\w.\-/]{0,127})=")
_IN_QUOTES = re.compile(r"""(["'])(?P<secret>(?:(?!\1)[^\\\r\n]|\\.|(?!))*+)\1""")
_ENDS = {";": ";", "&": "&", "?": "&", ",": ","}
_HINT = "give the target a `part` that is a regular expression with a group (?P<secret>…)"


@dataclass(frozen=True, slots=True)
class Part:
    """The place of a secret within a value, and its spelling there."""

    start: int
    end: int
    text: str = field(repr=False)


def pattern(part: str) -> Expression | None:
    """Return the regular expression of a part, None for `password` and `NAME=`.

    Raises `ConfigError` if the expression is invalid or has no group named `secret`.
    """
    if part == PASSWORD or _NAMED.fullmatch(part):
        return None
    try:
        return expression(part)
    except ConfigError as error:
        raise ConfigError(
            f"part: must be password, NAME=, or an expression: {error.message}", hint=error.hint
        ) from None


def find(site: Site, part: str) -> Part | None:
    """Return the part of a site's value, or None if it has no such part or an empty one.

    Raises `SelectorError` if it is uncertain where a password ends or which one is meant, since the rest of it would
    remain in clear, and if an expression takes too long.
    """
    own, value = pattern(part), site.value
    if own is not None:
        try:
            spans = [(start, end) for _, start, end in islice(own.find([value]), 1)]
        except TimeoutError as error:
            raise SelectorError(site.selector, f"its part {error}", line=site.line, hint="simplify it") from None
    else:
        try:
            spans = list(dict.fromkeys(_passwords(value) if part == PASSWORD else _assigned(value, part[:-1])))
        except ValueError as error:
            raise SelectorError(site.selector, str(error), line=site.line, hint=_HINT) from None
    spans = [(start, end) for start, end in spans if start < end]
    if len(spans) > 1:
        raise SelectorError(site.selector, "holds several passwords", line=site.line, hint=_HINT)
    return next((Part(start, end, value[start:end]) for start, end in spans), None)


def _passwords(value: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of the passwords of a URL or connection string; raise `ValueError` if an end is uncertain."""
    if url := _OF_URL.search(value):
        yield url.span(GROUP)
    position = 0
    while key := _KEY.search(value, position):
        if quoted := _QUOTED.match(value, key.end()):
            yield quoted.span(GROUP if quoted["quote"] else "braced")
            position = quoted.end()
        else:
            position = key.end() + len(_bare(value[key.end() :], key["before"]))
            yield key.end(), position


def _assigned(value: str, name: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of what a text assigns to a name; raise `ValueError` if an end is uncertain."""
    option = r"|[ \t]++" if name.startswith("-") else ""
    for key in re.finditer(rf"(?<![\w.\-/]){re.escape(name)}(?:[\"']?[ \t]*+[=:][ \t]*+{option})", value):
        start = key.end()
        if quoted := _IN_QUOTES.match(value, start):
            yield quoted.span(GROUP)
            continue
        line = re.split(r"[\r\n]", value[start:], maxsplit=1)[0].rstrip()
        before = value[: key.start()].rpartition("\n")[2].strip(" \t")
        if not before:  # it begins its line, and all the line is its value
            if re.search(r"[;&,]\s{0,9}+[\w.-]{1,60}+\s{0,9}+=", line):
                raise ValueError("has a value without a clear end")
            yield start, start + len(line)
            continue
        secret = (re.split(_ENDS.get(before[-1], r"\s"), line, maxsplit=1)[0]).rstrip()
        if re.search(r"[\"'\\]", secret):
            raise ValueError("has a value without a clear end")
        yield start, start + len(secret)


def _bare(rest: str, before: str | None) -> str:
    """Return the password at the start of a text. `before` is the separator between its pair and the preceding one.

    If pairs are separated by `;`, a password may contain any other separator, as in ADO.NET, ODBC and JDBC.
    """
    separator = "&" if before == "?" else before
    if separator is None and (following := _NEXT_PAIR.search(rest)):
        separator = following[1]
    if separator is None:
        password = rest.rstrip("; \t\r\n")
    elif separator.isspace():
        password = rest.split(maxsplit=1)[0] if rest else ""
    else:
        password = rest.partition(separator)[0].rstrip()
    closing = {"{": "}"}.get(password[:1], password[:1])
    if password.startswith(("'", '"', "{")) and closing not in password[1:]:
        raise ValueError("has a password whose quotes do not end before the next one")
    if _SEPARATOR.search(password) and (separator != ";" or _NEXT_PAIR.search(password)):
        raise ValueError("has a password without a clear end")
    return password
