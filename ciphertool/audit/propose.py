"""Proposes targets for what an audit found in clear: `[[target]]` tables for `ciphertool.toml`."""

from __future__ import annotations

import glob
import json
import os
import re
from collections import Counter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.audit import candidates
from ciphertool.audit.ledger import relative
from ciphertool.audit.model import IN_A_BACKUP, IN_A_COMMENT, IN_TEXT, REPEATED, SiteState
from ciphertool.audit.naming import aliases
from ciphertool.audit.scope import nested
from ciphertool.audit.scope.reading import format_of
from ciphertool.changes.plan import join_names
from ciphertool.detection import patterns
from ciphertool.detection.evidence import Evidence
from ciphertool.errors import UnknownFormatError
from ciphertool.rewriters import for_path
from ciphertool.runtimes.registry import runtime_of
from ciphertool.secret import MASK

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.audit.candidates import Candidate
    from ciphertool.audit.model import Report, Value
    from ciphertool.runtimes.base import Runtime
    from ciphertool.settings import Settings

_NO_TEXT = re.compile(r"[\ud800-\udfff]")
_SHORT = re.compile(r"\['([A-Za-z_][0-9A-Za-z_]*)'\]")
_BEYOND = {
    IN_A_COMMENT: "in comments, which no target names: take them out",
    IN_TEXT: "in text, which no target names: it has no parser, or its parser refuses it",
    IN_A_BACKUP: "in a backup copy: remove it",
    REPEATED: "under a key that stands there again: leave one of them",
}


class Proposal(NamedTuple):
    """Targets as TOML for the `ciphertool.toml` of the audited directory, and what they leave out, in sentences.

    `certain` counts the targets that are proposed, `doubtful` those that are commented out, with their reasons.
    """

    tables: str
    left_out: tuple[str, ...]
    certain: int = 0
    doubtful: int = 0


def targets(report: Report, settings: Settings | None = None) -> Proposal:
    """Return a table for each value in clear that no target declares yet, each with an alias of its own.

    Live are those that certainly are secrets and that `protect` can replace; the others are commented out. Files that
    the product of the `settings` generates are left out.
    """
    runtime, of_product = runtime_of(settings.kind if settings else ""), set[str]()
    left_out: dict[str, None] = {}
    sought: dict[str, set[str]] = {}
    for value in _in_clear(report):
        if value.where or value.place.selector is None:
            continue
        if settings is not None and _is_products(runtime, settings, report.root / value.place.path):
            of_product.add(value.place.path)
        elif reason := _obstacle(report.root, value):
            left_out[reason] = None
        else:
            sought.setdefault(value.place.path, set()).add(value.place.selector)
    if of_product:
        names = join_names(sorted(of_product))
        left_out[f"the product generates these or takes them from a package: {names}"] = None
    left_out |= dict.fromkeys(_beyond(report))
    found = [each for path in sought for each in candidates.of_file(report.root, path, sought[path])]
    shown = [each for each in found if not _shows(each)]
    left_out |= {f"{each.path}:{each.line}: {_HIDDEN}": None for each in found if _shows(each)}
    taken = {value.alias for value in report.values if value.alias is not None}
    named = aliases(shown, taken, runtime.separator)
    tables = [table(each, alias) for each, alias in zip(shown, named, strict=True)]
    certain = sum(not each.reason for each in shown)
    return Proposal("".join(f"\n{each}\n" for each in tables), tuple(left_out), certain, len(shown) - certain)


_HIDDEN = "has a name that holds a secret, which no target should repeat; give it another name"


def _is_products(runtime: Runtime, settings: Settings, path: Path) -> bool:
    """Return whether the values of a file are stated elsewhere: its product takes all settings from one file."""
    stated, (_, below) = runtime.stated_in(settings), runtime.files(settings)
    if stated is None or os.path.realpath(path) == os.path.realpath(stated):
        return runtime.overwrites(settings, path)
    return not any(path.is_relative_to(directory) for directory in below)


def _in_clear(report: Report) -> list[Value]:
    """Return the values in clear that neither a target nor a reference names."""
    named = (Evidence.DECLARED, Evidence.REFERENCE)
    return [value for value in report.values if value.state is SiteState.UNPROTECTED and value.evidence not in named]


def _obstacle(root: Path, value: Value) -> str | None:
    """Return why no target of the directory's own settings can or should name a value's place."""
    place = value.place
    vault = nested.outermost(root / place.path, root)
    if vault is not None:
        return f"{relative(vault, root)}: has settings of its own, where its targets belong; audit it by itself"
    if MASK in f"{place.path}{place.selector}":
        return f"{place}: {_HIDDEN}"
    if _NO_TEXT.search(f"{place.path}{place.selector}"):
        return f"{place}: has a name that is no Unicode text, which no target can hold"
    if value.doubt:
        return f"{place}: {value.doubt}; write a target with the `encoding` of its file: utf-8 or iso-8859-1"
    return None


def _beyond(report: Report) -> list[str]:
    """Return what is left out because no selector can name it, file by file."""
    counts = Counter((value.place.path, value.where) for value in _in_clear(report) if value.where)
    return [f"{path}: {count} {_BEYOND[where]}" for (path, where), count in counts.items()]


def _shows(candidate: Candidate) -> bool:
    """Return whether the target of a place would itself contain a secret."""
    text = f"{candidate.selector}\0{candidate.part or ''}"
    return bool(patterns.secrets_in_name(text, assigned=False))


def table(candidate: Candidate, alias: str) -> str:
    """Return the `[[target]]` table of a place, commented out if there is a reason against it."""
    selector = candidate.selector
    if selector.startswith(("$", "doc[")):
        selector = _SHORT.sub(r".\1", selector)
    lines = [
        "[[target]]",
        f"file = {_quoted(glob.escape(candidate.path))}",
        f"selector = {_quoted(selector)}",
        f"alias = {_quoted(alias)}",
    ]
    if candidate.part:
        lines.append(f"part = {_quoted(candidate.part)}")
    if candidate.decode:
        lines.append(f"decode = {_quoted(candidate.decode)}")
    if format_name := format_needed(candidate.path):
        lines.append(f"format = {_quoted(format_name)}")
    if candidate.reason:
        lines = [
            f"# {line}"
            for line in (f"{PurePosixPath(candidate.path).name}:{candidate.line}: {candidate.reason}", *lines)
        ]
    return "\n".join(lines)


def format_needed(path: str) -> str | None:
    """Return the format's name if the file's name does not determine it."""
    try:
        for_path(PurePosixPath(path))
    except UnknownFormatError:
        rewriter = format_of(PurePosixPath(path))
        return rewriter.name if rewriter else None
    return None


def _quoted(text: str) -> str:
    # A JSON string without characters above U+FFFF as surrogate pairs is a TOML basic string.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
