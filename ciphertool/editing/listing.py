"""The text in which a vault's secrets are edited: YAML, a line for each alias, with its value or a mark."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.errors import CipherToolError, ConfigError, ProblemsError
from ciphertool.rewriters import jsonpath
from ciphertool.rewriters.base import Edit, splice
from ciphertool.rewriters.yaml import YamlRewriter
from ciphertool.secret import repr_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ciphertool.rewriters.base import Document, Site

KEPT = "!kept"
"""What stands for a value that is not shown."""
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9]*[._/@-][A-Za-z0-9._/@-]*")
_HEAD = """\
# The secrets of {where}, an alias and its value on each line.
# Change a value, add a line for a new secret, or delete the line of one that no file refers to.
# Quote a value that is not a single word: a YAML reader takes `#`, `: ` and the like for its own.
# {kept} stands for a value that is not shown; it stays as it is unless you put another in its place.
"""


class Line(NamedTuple):
    """A secret to show: its value, or None, and why that is not shown."""

    alias: str
    value: str | None
    why: str = ""

    def __repr__(self) -> str:
        return repr_of(self, "alias")


class Typed(NamedTuple):
    """What stands for an alias in an edited text: a value, or None if it is to stay as it is."""

    value: str | None
    line: int

    def __repr__(self) -> str:
        return repr_of(self, "line")


def spell(lines: Iterable[Line], where: str) -> bytes:
    """Return secrets as a text to edit."""
    parts = [_HEAD.format(where=_comment(where), kept=KEPT)]
    for line in lines:
        why = f"  # {_comment(line.why)}" if line.why else ""
        parts.append(f"{_key(line.alias)}: {KEPT if line.value is None else _value(line.value)}{why}\n")
    return "".join(parts).encode()


def _comment(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def _key(alias: str) -> str:
    return alias if _PLAIN.fullmatch(alias) else _quoted(alias)


def _value(value: str) -> str:
    """Return a value in double quotes or, if it is several lines of plain text, as a block."""
    lines = value.removesuffix("\n").split("\n")
    if len(lines) > 1 and all(line.isprintable() and line.strip() for line in lines) and not lines[0][0].isspace():
        return "\n  ".join(["|" if value.endswith("\n") else "|-", *lines])
    return _quoted(value)


def _quoted(text: str) -> str:
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable() or character == "\t":
        return character
    return "\\n" if character == "\n" else f"\\U{ord(character):08x}"


def read(text: bytes, path: Path) -> dict[str, Typed]:
    """Return what stands for each alias of an edited text.

    Raises `ConfigSyntaxError` for a text that does not parse, and `ProblemsError`, or the error itself, for everything
    in it that is not a line of an alias and its value.
    """
    try:
        document = YamlRewriter().parse(text)
        sites = list(document.sites())
        names = _names(document, sites)
    except ConfigError as error:
        raise error.at(path) from None
    problems: list[CipherToolError] = []
    found: dict[str, Typed] = {}
    for site in sites:
        steps = jsonpath.steps(site.selector) if site.selector.startswith("$") else ()
        if len(steps) != 1 or not isinstance(steps[0], str):
            problems.append(ConfigError("not an alias and its value", line=site.line, hint="quote the value"))
            continue
        try:
            found[steps[0]] = _typed(document, site)
        except ConfigError as error:
            problems.append(error)
    if not problems and names != set(found):
        problems.append(ConfigError("holds something else than aliases and values", hint="quote the values"))
    if problems:
        located = [error.at(path) for error in problems]
        raise located[0] if len(located) == 1 else ProblemsError(located)
    return found


def _names(document: Document, sites: Iterable[Site]) -> set[str] | None:
    """Return the aliases of all that a text holds, lists and references too; None if it is not a mapping."""
    marks = [Edit(site.start - len(KEPT), site.start, '""') for site in sites if _is_kept(document, site)]
    data = YamlRewriter().load(splice(document.source.text, marks).encode(), str)
    return set(data or ()) if isinstance(data, dict | None) else None


def _is_kept(document: Document, site: Site) -> bool:
    return not site.value and document.source.text.endswith(f" {KEPT}", 0, site.start)


def _typed(document: Document, site: Site) -> Typed:
    if _is_kept(document, site):
        return Typed(None, site.line)
    if not site.value:
        hint = "delete the line to remove the secret, or quote a value that begins with one of ! & * # { ["
        raise ConfigError("has no value", line=site.line, hint=hint)
    return Typed(site.value, site.line)
