"""Proposes targets for what an audit found in clear: `[[target]]` tables for `ciphertool.toml`."""

from __future__ import annotations

import glob
import json
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import files
from ciphertool.audit.ledger import relative
from ciphertool.audit.model import State
from ciphertool.audit.scope import nested
from ciphertool.audit.scope.reading import format_of
from ciphertool.detection.evidence import Evidence
from ciphertool.errors import CipherToolError, UnknownFormatError
from ciphertool.rewriters import for_path
from ciphertool.secret import MASK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ciphertool.audit.model import Report, Value

_NOT_WRITABLE = re.compile(r"[^A-Za-z0-9._-]+")
_POSITION = re.compile(r"\[[0-9]+\]")
# What an element is called, with the step to its value, which says nothing more.
_OWN_NAME = re.compile(r"\[\??@?[^\]=\[']*=+(?:'([^']*)'|([0-9]+))\](?:[./]@?[Vv]alue\Z)?+")
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
    proposed: dict[str, list[str]] = {}
    for value in report.values:
        place = value.place
        if value.state is not State.UNPROTECTED or value.evidence is Evidence.DECLARED:
            continue
        if value.where or place.selector is None:
            continue
        if reason := _obstacle(report.root, value):
            left_out[reason] = None
        elif place.selector not in (selectors := proposed.setdefault(place.path, [])):  # it may hold several
            selectors.append(place.selector)
    named = {path: _by_names(report.root / path, selectors) for path, selectors in proposed.items()}
    for path, selector in [(path, selector) for path, selectors in named.items() for selector in selectors]:
        alias = base = _alias(path, selector)
        number = 2
        while alias in taken:
            alias, number = f"{base}.{number}", number + 1
        taken.add(alias)
        lines = [
            "[[target]]",
            f"file = {_quoted(glob.escape(path))}",
            f"selector = {_quoted(selector)}",
            f"alias = {_quoted(alias)}",
        ]
        if format_name := _format(path):
            lines.append(f"format = {_quoted(format_name)}")
        tables.append("\n".join(lines))
    return Proposal("\n\n".join(tables) + ("\n" if tables else ""), tuple(left_out))


def _obstacle(root: Path, value: Value) -> str | None:
    """Return why no target of the directory's own settings can or should name a value's place."""
    place = value.place
    vault = nested.outermost(root / place.path, root)
    if vault is not None:
        return f"{relative(vault, root)}: has settings of its own, where its targets belong; audit it by itself"
    if MASK in f"{place.path}{place.selector}":
        return f"{place}: has a name that holds a secret, which no target should repeat; give it another name"
    if _NO_TEXT.search(f"{place.path}{place.selector}"):
        return f"{place}: has a name that is no Unicode text, which no target can hold"
    if value.doubt:
        return f"{place}: {value.doubt}; write a target with the `encoding` of its file: utf-8 or iso-8859-1"
    return None


def _by_names(path: Path, selectors: Sequence[str]) -> list[str]:
    """Return selectors of a file's sites, those with positions by names where there are such."""
    if not any(_POSITION.search(selector) for selector in selectors):
        return list(selectors)
    rewriter = format_of(path.name)
    try:
        document = rewriter.parse(files.read(path).bytes) if rewriter else None
    except CipherToolError:
        document = None  # it is no longer what was audited
    located = document.locate(selectors) if document else ()
    sites = {
        selector: found[0] for selector, found in zip(selectors, located, strict=False) if isinstance(found, tuple)
    }
    stable = document.stable_selectors([*sites.values()]) if document else ()
    named = dict(zip(sites, stable, strict=True))
    return [named.get(selector, selector) for selector in selectors]


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
    words = [part for part in _NOT_WRITABLE.split(_OWN_NAME.sub(r".\1\2", selector)) if part not in ("", "0", ".")]
    return ".".join([_NOT_WRITABLE.sub("_", stem), *(word.strip("._-") for word in words if word.strip("._-"))])


def _quoted(text: str) -> str:
    # A JSON string without characters above U+FFFF as surrogate pairs is a TOML basic string.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
