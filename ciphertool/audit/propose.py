"""Proposes targets for what an audit found in clear: `[[target]]` tables for `ciphertool.toml`."""

from __future__ import annotations

import glob
import json
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.audit import nested
from ciphertool.audit.model import Evidence, State
from ciphertool.audit.reading import format_of
from ciphertool.audit.tree import relative
from ciphertool.errors import UnknownFormatError
from ciphertool.rewriters import for_path
from ciphertool.secret import MASK

if TYPE_CHECKING:
    from ciphertool.audit.model import Place, Report

_NOT_WRITABLE = re.compile(r"[^A-Za-z0-9._-]+")
_NO_TEXT = re.compile(r"[\ud800-\udfff]")


class Proposal(NamedTuple):
    """Targets as TOML for the `ciphertool.toml` of the audited directory, and what they leave out, in sentences."""

    tables: str
    left_out: tuple[str, ...]


def targets(report: Report) -> Proposal:
    """Return a table for each value in clear that no target declares yet, each with an alias of its own."""
    taken = {value.alias for value in report.values if value.alias is not None}
    tables = []
    left_out: dict[str, None] = {}
    for value in report.values:
        place = value.place
        if value.state is not State.UNPROTECTED or value.evidence is Evidence.DECLARED or place.selector is None:
            continue
        if reason := _obstacle(report.root, place):
            left_out[reason] = None
            continue
        alias = base = _alias(place.path, place.selector)
        number = 2
        while alias in taken:
            alias, number = f"{base}.{number}", number + 1
        taken.add(alias)
        lines = [
            "[[target]]",
            f"file = {_quoted(glob.escape(place.path))}",
            f"selector = {_quoted(place.selector)}",
            f"alias = {_quoted(alias)}",
        ]
        if named := _format(place.path):
            lines.append(f"format = {_quoted(named)}")
        tables.append("\n".join(lines))
    return Proposal("\n\n".join(tables) + ("\n" if tables else ""), tuple(left_out))


def _obstacle(root: Path, place: Place) -> str | None:
    """Return why no target of the directory's own settings can or should name a place."""
    vault = nested.outermost(root / place.path, root)
    if vault is not None:
        return f"{relative(vault, root)}: has settings of its own, where its targets belong; audit it by itself"
    if MASK in f"{place.path}{place.selector}":
        return f"{place}: has a name that holds a secret, which no target should repeat; give it another name"
    if _NO_TEXT.search(f"{place.path}{place.selector}"):
        return f"{place}: has a name that is no Unicode text, which no target can hold"
    return None


def _format(path: str) -> str | None:
    """The format's name where the file's own name does not tell it."""
    try:
        for_path(PurePosixPath(path))
    except UnknownFormatError:
        rewriter = format_of(PurePosixPath(path).name)
        return rewriter.name if rewriter else None
    return None


def _alias(path: str, selector: str) -> str:
    stem = PurePosixPath(path).name.lstrip(".").partition(".")[0]
    words = [part for part in _NOT_WRITABLE.split(selector) if part and part not in ("", "0", ".")]
    return ".".join([_NOT_WRITABLE.sub("_", stem), *(word.strip("._-") for word in words if word.strip("._-"))])


def _quoted(text: str) -> str:
    # A JSON string without characters above U+FFFF as surrogate pairs is a TOML basic string.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
