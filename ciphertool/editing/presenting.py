"""A file as it is edited: its text with secrets in the place of references, and what stands where. Writes nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import files, rewriters
from ciphertool.changes.plan import Note
from ciphertool.errors import CipherToolError, ConfigError, KeystoreError
from ciphertool.vault.resolver import mention_sites, reference_sites, resolve_document

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ciphertool.files import Snapshot
    from ciphertool.references import Reference
    from ciphertool.rewriters.base import Document, Rewriter, Site
    from ciphertool.vault.resolver import Resolver


class Held(NamedTuple):
    """A value that refers to secrets: as it stands in the file, and as it is shown."""

    before: Site
    references: tuple[Reference, ...]
    shown: Site
    stable: str
    """The selector that still finds the value after others are inserted before it, if there is such a selector."""


@dataclass(frozen=True, slots=True)
class Presented:
    """A file as it was read, and the text in which it is edited.

    `notes` are about references that stand in that text as they are, since their secrets cannot be read.
    """

    snapshot: Snapshot
    rewriter: Rewriter
    before: Document
    document: Document
    data: bytes = field(repr=False)
    held: tuple[Held, ...]
    notes: tuple[Note, ...] = ()


def present(path: Path, rewriter: Rewriter, resolver: Resolver | None) -> Presented:
    """Read a file, and show its secrets in clear; without a resolver, as the references that they are.

    Raises `ConfigError` for a file that cannot be read, or in which a secret would look like a reference, and
    `KeystoreError` if the keystore does not open.
    """
    snapshot = files.read(path)
    before = rewriters.parse(rewriter, snapshot.bytes, path)
    sites = list(reference_sites(before))
    data, notes = snapshot.bytes, list[Note]()
    if resolver is not None:
        readable = _readable(resolver, {one.alias for _, every in sites for one in every}, path, notes)
        data = resolve_document(rewriter, data, path, resolver, readable)
        replaced = Counter(one.alias for _, every in sites for one in every if one.alias in readable)
        _require_readable(before, rewriters.parse(rewriter, data, path), replaced, path)
    document = rewriters.parse(rewriter, data, path)
    shown = {site.selector: site for site in document.pick([site.selector for site, _ in sites])}
    stable = document.stable_selectors([shown[site.selector] for site, _ in sites])
    held = [Held(site, every, shown[site.selector], by) for (site, every), by in zip(sites, stable, strict=True)]
    return Presented(snapshot, rewriter, before, document, data, tuple(held), tuple(notes))


def _readable(resolver: Resolver, aliases: set[str], path: Path, notes: list[Note]) -> set[str]:
    """Return the aliases whose secrets can be shown; add a note for each of the others."""
    readable = set()
    for alias in sorted(aliases):
        if resolver.is_left(alias):
            continue
        try:
            resolver.resolve(alias)
        except KeystoreError:
            raise
        except CipherToolError as error:
            notes.append(Note(f"{alias} stands as a reference: {error.message}", path))
        else:
            readable.add(alias)
    return readable


def _require_readable(before: Document, shown: Document, replaced: Counter[str], path: Path) -> None:
    """Raise `ConfigError` unless a document shows the references that are left, and no others."""
    if _named(shown) != _named(before) - replaced:
        hint = "edit the references themselves with --references"
        raise ConfigError("a secret would be read as a reference there", path=path, hint=hint)


def _named(document: Document) -> Counter[str]:
    sites = (*reference_sites(document), *mention_sites(document))
    return Counter(one.alias for _, every in sites for one in every)


def spelling(document: Document, site: Site) -> str:
    """Return the text of a value in its document, quotes included."""
    return document.source.text[site.start : site.end]


def names_of(held: Sequence[Held]) -> dict[str, None]:
    """Return the aliases that values refer to, in order."""
    return dict.fromkeys(one.alias for each in held for one in each.references)
