"""Puts the references back into a text that somebody has edited, and takes the new values out of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import references, rewriters
from ciphertool.changes.plan import join_names
from ciphertool.changes.spellings import spellings
from ciphertool.editing import within
from ciphertool.editing.presenting import names_of, spelling
from ciphertool.editing.recognition import recognise
from ciphertool.errors import CipherToolError, ConfigError, ProblemsError
from ciphertool.references import Reference
from ciphertool.rewriters.base import Change, SpliceError, rewrite, splice
from ciphertool.secret import Secret, repr_of
from ciphertool.vault.resolver import reference_sites

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ciphertool.editing.presenting import Held, Presented
    from ciphertool.rewriters.base import Document, Site


@dataclass(frozen=True, slots=True)
class Restored:
    """An edited file with references in it, the new values of secrets, and the aliases that it no longer refers to.

    `spelled` has the texts of new values, by their aliases, that the format would spell otherwise.
    """

    data: bytes = field(repr=False)
    values: Mapping[str, Secret]
    spelled: Mapping[str, str] = field(repr=False)
    removed: tuple[str, ...]


class _Text(NamedTuple):
    """How a secret that is a part of a value is spelled in it."""

    text: str

    def __repr__(self) -> str:
        return repr_of(self)


class _Typed(NamedTuple):
    """A secret's text as it stands at one place of an edited file."""

    alias: str
    site: Site
    value: str
    is_new: bool
    part: _Text | None = None

    def __repr__(self) -> str:
        return repr_of(self, "alias", "site", "is_new")


def restore(
    presented: Presented, data: bytes, unknown: Callable[[Document], Mapping[str, str]], *, native: bool
) -> Restored:
    """Return an edited text with references where the secrets stand, and nothing else changed.

    `unknown` returns the places, by their selectors, to which targets give an alias that the vault does not have. A
    secret that has moved to such a place stays in clear: it is one of its own there.

    Raises `ConfigSyntaxError` for a text that does not parse, and `ProblemsError`, or the error itself, for everything
    that keeps a secret from being recognised.
    """
    path, rewriter = presented.snapshot.path, presented.rewriter
    edited = rewriters.parse(rewriter, data, path)
    places, doubts = recognise(presented.document, presented.held, edited)
    problems: list[CipherToolError] = [*doubts]
    other = unknown(edited)
    changes, typed, own = [], list[_Typed](), dict[str, str]()
    for one in presented.held:
        site = places.get(one.shown.selector)
        if site is None or site.reference is not None or references.is_placeholder(site.value):
            continue
        if site.selector != one.shown.selector and site.selector in other:
            continue
        try:
            change, found = _put_back(one, site, native=native)
        except CipherToolError as error:
            problems.append(error)
            continue
        changes += [change] if change is not None else []
        typed += found
        if spelling(edited, site) == spelling(presented.document, one.shown):
            own[site.selector] = spelling(presented.before, one.before)
    problems += _contradictions(typed)
    if problems:
        located = [error.at(path) for error in problems]
        raise located[0] if len(located) == 1 else ProblemsError(located)
    made = _rewritten(presented, edited, changes, own)
    new = {each.alias: each for each in typed if each.is_new}
    own_texts = spellings(rewriter, edited, made, typed, native=native).texts if new else {}
    left = names_of_document(rewriters.parse(rewriter, made, path))
    return Restored(
        made,
        {alias: Secret(each.value) for alias, each in new.items()},
        {alias: text for alias, text in own_texts.items() if alias in new},
        tuple(alias for alias in names_of(presented.held) if alias not in left),
    )


def names_of_document(document: Document) -> set[str]:
    """Return the aliases that a document refers to."""
    return {one.alias for _, every in reference_sites(document) for one in every}


def _put_back(one: Held, site: Site, *, native: bool) -> tuple[Change | None, list[_Typed]]:
    """Return the change that puts references back, None if they are there, and the secrets that stand in their place.

    A reference to a secret that was shown as a reference, and still is, stays as it is.
    """
    if one.before.reference is not None:
        reference = one.before.reference
        typed = _Typed(reference.alias, site, site.value, site.value != one.shown.value)
        return Change(site, Reference(reference.alias, reference.syntax)), [typed]
    parts = within.find(one, site, native=native)
    edits = tuple(part.edit for part in parts if part.edit is not None)
    found = [
        _Typed(part.alias, site, part.value, part.is_new, _Text(site.value[part.edit.start : part.edit.end]))
        for part in parts
        if part.edit is not None
    ]
    return (Change(site, within.text(site, edits), edits) if edits else None), found


def _contradictions(typed: Sequence[_Typed]) -> list[CipherToolError]:
    """Return an error for each secret that has got several values."""
    by_alias: defaultdict[str, list[_Typed]] = defaultdict(list)
    for each in typed:
        by_alias[each.alias].append(each)
    return [
        ConfigError(
            f"{alias}: several values, on lines {join_names([str(each.site.line) for each in every])}",
            line=next(each.site.line for each in every if each.is_new),
            hint="put the new value at all of its places, or give one of them a reference to another secret",
        )
        for alias, every in by_alias.items()
        if len({each.value for each in every}) > 1
    ]


def _rewritten(presented: Presented, edited: Document, changes: Sequence[Change], own: Mapping[str, str]) -> bytes:
    """Return the edited file with references; those of unchanged values are spelled as they were."""
    rewriter, path = presented.rewriter, presented.snapshot.path
    if not changes:
        return edited.source.encode(edited.source.text)
    try:
        made = rewrite(rewriter, edited, changes)
    except ConfigError as error:
        raise error.at(path) from None
    return _as_before(presented, edited, changes, own) or made


def _as_before(
    presented: Presented, edited: Document, changes: Sequence[Change], own: Mapping[str, str]
) -> bytes | None:
    """Return the edited file with its references spelled as `own` has them; None if it would not read the same."""
    sites = {change.site.start: change.site for change in changes if change.site.selector in own}
    edits = [
        edit._replace(text=own[site.selector]) if (site := sites.get(edit.start)) and edit.end == site.end else edit
        for edit in edited.edits(changes)
    ]
    try:
        data = edited.source.encode(splice(edited.source.text, edits))
        return data if within.reads_alike(edited, presented.rewriter.parse(data), changes) else None
    except (CipherToolError, SpliceError):
        return None
