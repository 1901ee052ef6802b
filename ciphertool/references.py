"""The only place that knows how references to secrets and placeholders of products are spelled.

A reference stands for a secret: `${sec:a}`, `$secret{a}`, `secretAlias:a`, `{wso2:vault-lookup('a')}`, the attribute
`svns:secretAlias="a"`, or `{ciphertool:a}`, in which no shell and no loader of `.env` files finds anything to expand.
A placeholder stands for something else that a product fills in: `${env:X}`, `${X}`, `$env{X}`, `{{ x }}`.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.deferred import pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


class Syntax(Enum):
    """A way of spelling a reference; the value is the pattern with `ALIAS` in it."""

    SEC = "${sec:ALIAS}"
    SECRET = "$secret{ALIAS}"  # noqa: S105 - a pattern, not a password
    SECRET_ALIAS = "secretAlias:ALIAS"  # noqa: S105 - a pattern, not a password
    LOOKUP = "{wso2:vault-lookup('ALIAS')}"
    ATTRIBUTE = 'svns:secretAlias="ALIAS"'
    INERT = "{ciphertool:ALIAS}"
    INERT_VERBATIM = "{ciphertool-verbatim:ALIAS}"
    INERT_ESCAPED = "{ciphertool-escaped:ALIAS}"


class Reference(NamedTuple):
    """A reference to the secret `alias`. `start` and `end` are its position in the value that contains it.

    `in_url` is True if it is the password of a URL, where the secret is percent-encoded unless it is verbatim.
    """

    alias: str
    syntax: Syntax
    start: int = 0
    end: int = 0
    in_url: bool = False

    def __str__(self) -> str:
        return self.syntax._value_.replace("ALIAS", self.alias)  # `value` is looked up ten times as long


ENCODED = "ciphertool-base64:"
"""The mark of a value that stands for its base64: what follows it has references, and is encoded once they resolve."""
MARKS = ("${sec:", "$secret{", "secretAlias", "wso2:vault-lookup(", "{ciphertool")
"""A file that refers to a secret contains one of these texts, unless it spells them with escapes."""
_MARKED = pattern("|".join(map(re.escape, MARKS)))
_MARK = pattern("|".join(map(re.escape, MARKS)).encode())
# Escapes of characters that no mark contains: quotes, blanks, the escape characters themselves, all beyond ASCII.
_HARMLESS = pattern(
    rb"\\(?:[\"\\/bfnrt]|u(?!00[0-7])[0-9A-Fa-f]{4})|&(?:lt|gt|amp|quot|apos|#(?:[2-9]\d|1[3-9])\d|#[1-9]\d{3,});"
)
# Other ways to spell a character of a mark, or to interrupt a mark: an escape, an entity, a comment, CDATA.
_ESCAPE = pattern(rb"[\\&]|<!\[CDATA\[|(?:--|\?)>[^\s<]")

# Strict in what is written, lenient in what is read: anything without `}` and control characters.
_WRITTEN_ALIAS = pattern(r"[A-Za-z0-9._@:/-]+")
_NEVER = r"}\x00-\x1f\x7f"
# After a dollar sign the braces are those of an expression, of which the call is only a part.
_CALL = rf"(?<!\$)\{{wso2:vault-lookup\(\s*+'(?P<lookup>[^'{_NEVER}]++)'\s*+\)\}}"
_OPENINGS = {
    "sec": r"\$\{sec:",
    "secret": r"\$secret\{",
    "inert": r"\{ciphertool:",
    "verbatim": r"\{ciphertool-verbatim:",
    "escaped": r"\{ciphertool-escaped:",
}
_ALONE = pattern("|".join([*(rf"{o}(?P<{n}>[^{_NEVER}]++)\}}" for n, o in _OPENINGS.items()), _CALL]))
_OPENING = pattern("|".join([*(f"(?P<{n}>{o})" for n, o in _OPENINGS.items()), _CALL]))
WRITTEN = "|".join(rf"{opening}[^{_NEVER}]++\}}" for opening in _OPENINGS.values())
"""The pattern of a reference that stands alone in a text of any grammar."""
_ALIAS = pattern(rf"[^{_NEVER}]*+")
_BRACE = "{"  # every reference has one, except `secretAlias:a`
_WHOLE = pattern(rf"secretAlias:(?P<whole>[^{_NEVER}]++)")
_SYNTAXES = {
    "sec": Syntax.SEC,
    "secret": Syntax.SECRET,
    "inert": Syntax.INERT,
    "verbatim": Syntax.INERT_VERBATIM,
    "escaped": Syntax.INERT_ESCAPED,
    "lookup": Syntax.LOOKUP,
    "whole": Syntax.SECRET_ALIAS,
}
_LOOKUP = "wso2:vault-lookup("
_MENTION = pattern(rf"wso2:vault-lookup\(\s*+(?:'(?P<single>[^'{_NEVER}]++)'|\"(?P<double>[^\"{_NEVER}]++)\")\s*+\)")
_FILLED_IN = pattern(r"\$(?:env|sys|ref)\{[^{}]++\}")
_PROVIDED = pattern(r"[^:]++:[^:]++:[^:]++")
# The places of the user's password and of the query's values in a URL.
_USER = pattern(r"://(?=[^/?#@:\s]*+(:))")
_QUERY = pattern(r"://[^?#\s]*+((?:\?[^#\s]*+)?)")
_NAME = pattern(r"[?&][^?&=]*+=")
_FILLED = pattern(
    r"\$\{(?P<kind>env|sys):(?P<name>[^{},]++)(?:,(?P<default>[^{}]*+))?+\}|\$(?P<bare>env|sys)\{(?P<only>[^{}]++)\}"
)
_PLACEHOLDER = pattern(r"\$\{[^{}]++\}|\$(?:env|sys|ref)\{[^{}]++\}|\{\{(?:[^{}]|\}(?!\})|(?!))*+\}\}")


def is_writable_alias(alias: str) -> bool:
    """Return whether an alias may be written: `[A-Za-z0-9._@:/-]+`."""
    return _WRITTEN_ALIAS.fullmatch(alias) is not None


def find(value: str, *, whole: bool = False) -> Iterator[Reference]:
    """Yield the references in a value, first to last; with `whole`, also `secretAlias:a` as the whole value."""
    alone = parse(value, whole=whole)
    if alone is not None:
        yield alone
    elif _BRACE in value and _MARKED.search(value):
        yield from _inside(value)


def _inside(value: str) -> Iterator[Reference]:
    in_url = _in_urls(value)
    position = alias_end = 0
    for opening in _OPENING.finditer(value):
        start, end = opening.span()
        if start < position:  # within the alias of another reference
            continue
        group = opening.lastgroup or ""
        if group == "lookup":
            alias = opening[group]
        else:
            if alias_end < end:  # else it ends at the same place as the alias of an earlier, unclosed opening
                alias_end = _ALIAS.match(value, end).end()  # type: ignore[union-attr]  # it matches everywhere
            alias = value[end:alias_end]
            if not alias or not value.startswith("}", alias_end):
                continue
            end = alias_end + 1
        position = end
        yield Reference(alias.strip(), _SYNTAXES[group], start, end, group != "verbatim" and in_url(start, end))


def has_mark(data: bytes) -> bool:
    """Return whether a file contains the start of a reference, in any encoding: UTF-16 has a NUL in each character."""
    return _MARK.search(data.replace(b"\0", b"")) is not None


def has_escapes(data: bytes) -> bool:
    """Return whether a file without such a mark may still refer to a secret by escapes, which only its parser reads."""
    return _ESCAPE.search(_HARMLESS.sub(b"", data.replace(b"\0", b""))) is not None


def within(values: Sequence[str], *, whole: bool = False) -> list[int]:
    """Return the indexes of the values in which `find` or `mentions` yields a reference."""
    text = "\0".join(values)
    marks = [mark for mark in MARKS if mark in text]
    marked = {n for mark in marks for n, value in enumerate(values) if mark in value}
    return sorted(n for n in marked if any(find(values[n], whole=whole)) or any(mentions(values[n])))


def mentions(value: str) -> Iterator[Reference]:
    """Yield the references that an expression in a value makes: `wso2:vault-lookup('a')` without braces of its own.

    They are evaluated by the product. No secret could take their place, so that `find` does not yield them.
    """
    if _LOOKUP not in value:
        return
    replaced = {reference.start + 1 for reference in find(value) if reference.syntax is Syntax.LOOKUP}
    for match in _MENTION.finditer(value):
        if match.start() not in replaced:
            yield Reference((match["single"] or match["double"]).strip(), Syntax.LOOKUP, *match.span())


def may_mention(text: str) -> bool:
    """Return whether a document may have values in which `mentions` yields a reference."""
    return _LOOKUP in text


def names_provider(alias: str) -> bool:
    """Return whether an alias has the form `provider:repository:alias`, which names a secret of another provider."""
    return _PROVIDED.fullmatch(alias) is not None


def is_in_url(value: str, start: int, end: int) -> bool:
    """Return whether a part of a value is the password of a URL, in its authority or its query."""
    return _in_urls(value)(start, end)


def _in_urls(value: str) -> Callable[[int, int], bool]:
    """Return `is_in_url` for any number of parts of one value, which is scanned once."""
    if "://" not in value:
        return lambda _start, _end: False
    passwords = {user.end(1) for user in _USER.finditer(value)}
    queried = {name.end() for url in _QUERY.finditer(value) for name in _NAME.finditer(value, *url.span(1))}
    return lambda start, end: start in queried or (start in passwords and value.startswith("@", end))


def parse(value: str, *, whole: bool = False) -> Reference | None:
    """Return the reference that makes up a whole value, or None."""
    inside = _BRACE in value
    if not (inside or whole):
        return None  # almost every value
    match = (_ALONE if inside else _WHOLE).fullmatch(value)
    if match is None:
        return None
    group = match.lastgroup or ""
    return Reference(match[group].strip(), _SYNTAXES[group], 0, len(value))


def substitute(value: str, reveal: Callable[[Reference], str], *, whole: bool = False) -> str:
    """Return the value with every reference replaced by what `reveal` returns for it; the result is not scanned again.

    If `reveal` is a `Filling`, the value's placeholders are filled in as well.
    """
    fill = reveal.fill if isinstance(reveal, Filling) else None
    parts: list[str] = []
    position = 0
    for reference in find(value, whole=whole):
        between = value[position : reference.start]
        parts += fill(between) if fill else between, reveal(reference)
        position = reference.end
    rest = value[position:]
    result = "".join(parts) + (fill(rest) if fill else rest)
    return result if marked(value) is None else encoded(result[len(ENCODED) :])


def marked(value: str) -> str | None:
    """Return what a value with the mark `ENCODED` stands for the base64 of; None without mark or references."""
    return value[len(ENCODED) :] if value.startswith(ENCODED) and any(find(value)) else None


def encoded(text: str) -> str:
    """Return the base64 of a text in UTF-8."""
    from base64 import b64encode  # lazy: few files have such values

    return b64encode(text.encode()).decode()


class Filling:
    """The replacements that `substitute` makes for references and placeholders.

    `look_up` is called with a placeholder's kind ("env" or "sys"), its name and its default (None if it has none).
    """

    def __init__(self, reveal: Callable[[Reference], str], look_up: Callable[[str, str, str | None], str]) -> None:
        self._reveal = reveal
        self._look_up = look_up

    def __call__(self, reference: Reference) -> str:
        """Return what a reference stands for."""
        return self._reveal(reference)

    def fill(self, text: str) -> str:
        """Return a text without references with its `${env:X}`, `${sys:X}`, `$env{X}` and `$sys{X}` filled in."""
        if "$" not in text:
            return text
        return _FILLED.sub(lambda match: self._look_up(*_named(match), match["default"]), text)


def placeholders(value: str) -> set[tuple[str, str]]:
    """Return the kinds and names of the placeholders that a `Filling` would fill in a value."""
    return {_named(match) for match in _FILLED.finditer(value)}


def _named(match: re.Match[str]) -> tuple[str, str]:
    return match["kind"] or match["bare"], (match["name"] or match["only"]).strip()


def is_placeholder(value: str) -> bool:
    """Return whether a whole value is a product's placeholder, not a reference to a secret."""
    return _BRACE in value and _PLACEHOLDER.fullmatch(value) is not None and parse(value) is None


def has_placeholder(value: str) -> bool:
    """Return whether a value is a product's placeholder or contains `$env{X}`, `$sys{X}` or `$ref{X}`."""
    return is_placeholder(value) or _FILLED_IN.search(value) is not None
