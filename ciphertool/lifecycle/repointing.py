"""Makes the references of a document name another alias, and finds references in files that nothing names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ciphertool import files, references, rewriters
from ciphertool.errors import CipherToolError, UnknownFormatError
from ciphertool.references import Syntax
from ciphertool.rewriters.base import Change, Edit, rewrite, splice
from ciphertool.vault.resolver import reference_sites

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ciphertool.rewriters.base import Document, Rewriter

_SETTINGS = "ciphertool.toml"
_SKIPPED = frozenset({".git", ".hg", ".svn", ".venv", "node_modules", "__pycache__", files.COPIES})
_MOST_BYTES = 16 << 20


def repointed(rewriter: Rewriter, document: Document, alias: str, new: str) -> bytes:
    """Return a document's bytes with every reference to an alias naming the new one, proved by parsing them again.

    Only the alias changes; a reference that is spelled with escapes is spelled anew. Raises what `rewrite` raises.
    """
    changes = []
    for site, every in reference_sites(document):
        named = [one for one in every if one.alias == alias]
        if not named:
            continue
        if site.reference is not None and site.reference.syntax is Syntax.ATTRIBUTE:
            changes.append(Change(site, site.reference._replace(alias=new)))
        elif site.reference is not None:
            changes.append(Change(site, str(site.reference._replace(alias=new))))
        else:
            edits = tuple(Edit(one.start, one.end, str(one._replace(alias=new))) for one in named)
            changes.append(Change(site, splice(site.value, edits), edits))
    literal = _literal(document, changes, alias, new)
    if document.is_proved_by(rewriter, literal, changes):
        return literal
    return rewrite(rewriter, document, changes)


def _literal(document: Document, changes: Sequence[Change], alias: str, new: str) -> bytes:
    """Return the document with the aliases replaced where references stand literally, and the other changes made."""
    text, edits, others = document.source.text, [], []
    for change in changes:
        start, end = change.site.start, change.site.end
        spelled = text[start:end]
        for syntax in Syntax:
            spelled = spelled.replace(_spelled(syntax, alias), _spelled(syntax, new))
        if isinstance(change.to, str) and spelled != text[start:end]:
            edits.append(Edit(start, end, spelled))
        else:
            others.append(change)
    return document.source.encode(splice(text, [*edits, *document.edits(others)]))


def _spelled(syntax: Syntax, alias: str) -> str:
    return syntax.value.replace("ALIAS", alias)


def elsewhere(root: Path, alias: str, known: Collection[Path]) -> list[tuple[Path, int]]:
    """Return the places of references to an alias in files below a directory, except in known ones: path and line.

    A file of no known format counts as text. Directories with settings of their own are not searched, nor are links.
    """
    apart = {os.path.realpath(path) for path in known}
    found = []
    for path in _files(root):
        if os.path.realpath(path) in apart:
            continue
        try:
            data = files.read(path, most=_MOST_BYTES).bytes
        except CipherToolError:
            continue
        if references.has_mark(data):
            found += [(path, line) for line in sorted(_lines(path, data, alias))]
    return found


def _files(root: Path) -> Iterator[Path]:
    for directory, names, inside in os.walk(root):
        if _SETTINGS in inside and Path(directory) != root:
            names.clear()
            continue
        names[:] = sorted(name for name in names if name not in _SKIPPED)
        for name in sorted(inside):
            path = Path(directory, name)
            if path.is_file() and not path.is_symlink() and not files.is_passing(name):
                yield path


def _lines(path: Path, data: bytes, alias: str) -> set[int]:
    try:
        document = rewriters.for_path(path).parse(data)
        return {site.line for site, every in reference_sites(document) for one in every if one.alias == alias}
    except (UnknownFormatError, CipherToolError):
        text = data.decode("utf-8", "replace")
        spelled = [_spelled(syntax, alias) for syntax in Syntax]
        return {number for number, line in enumerate(text.split("\n"), 1) if any(each in line for each in spelled)}
