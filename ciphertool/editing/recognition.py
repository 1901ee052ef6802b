"""Finds the values of a text again after somebody has edited it. Where it is not certain which is which, it says so.

A value that a selector finds by names is found by that selector. One that only its position tells from others, an item
of a list, is the same if the list is as long as before and no secret of it is at another position; otherwise an equal
value is the same one, if there is no other that equals it. A value whose names are gone is the same as an equal one
under the same last name elsewhere, if there is only one; if its value has changed too, it is another one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.errors import NoMatchError, SelectorError
from ciphertool.protection.moved import has_position
from ciphertool.secret import repr_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from ciphertool.editing.presenting import Held
    from ciphertool.rewriters.base import Document, Site

_POSITION = re.compile(r"""'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+"|(?P<position>\Adoc\[\d++\]|\[\d++\])""")


class Recognised(NamedTuple):
    """The value that each held one has become, by its selector; and an error for each that cannot be told."""

    places: dict[str, Site]
    problems: list[SelectorError]


class _Edit(NamedTuple):
    """The values before and after, those of each list and name together; and what the secrets were."""

    before: dict[str, list[Site]]
    after: dict[str, list[Site]]
    secrets: frozenset[str]

    def __repr__(self) -> str:
        return repr_of(self)


def recognise(shown: Document, held: Sequence[Held], edited: Document) -> Recognised:
    """Return where the held values of a document stand in the edited one; those that are gone are left out."""
    places, problems = _by_name(held, edited)
    left = [one for one in held if one.shown.selector not in places]
    if not left:
        return Recognised(places, problems)
    secrets = frozenset(one.shown.value for one in held)
    edit = _Edit(_by_shape(shown.sites()), _by_shape(edited.sites()), secrets)
    by_shape: defaultdict[str, list[Held]] = defaultdict(list)
    for one in left:
        if has_position(one.stable):
            by_shape[_shape(one.shown.selector)].append(one)
    for shape, members in by_shape.items():
        _by_position(edit, shape, members, places, problems)
    _by_value(edit, [one for one in left if one.shown.selector not in places], places)
    return Recognised(places, problems)


def _by_name(held: Sequence[Held], edited: Document) -> tuple[dict[str, Site], list[SelectorError]]:
    places: dict[str, Site] = {}
    problems = []
    named = [one for one in held if not has_position(one.stable)]
    for one, found in zip(named, edited.locate([one.stable for one in named]), strict=True):
        if isinstance(found, NoMatchError):
            continue
        if isinstance(found, SelectorError):
            problems.append(found)
        elif len(found) == 1:
            places[one.shown.selector] = found[0]
    return places, problems


def _by_position(
    edit: _Edit, shape: str, members: Sequence[Held], places: dict[str, Site], problems: list[SelectorError]
) -> None:
    """Find the values of one list, or those that have only their order."""
    taken = {site.selector for site in places.values()}
    known = {one.shown.selector for one in members}
    before = [site for site in edit.before[shape] if site.selector not in places]
    after = [site for site in edit.after.get(shape, ()) if site.selector not in taken]
    if len(before) == len(after) and not _is_permuted(before, after, edit.secrets):
        places.update((a.selector, b) for a, b in zip(before, after, strict=True) if a.selector in known)
        return
    free = list(after)
    missing = []
    for one in members:
        equal = [site for site in free if site.value == one.shown.value]
        like = [site for site in before if site.value == one.shown.value]
        if len(equal) == 1 == len(like) or (equal and _are_alike(one, members, like, equal)):
            places[one.shown.selector] = equal[0]
            free.remove(equal[0])
        else:
            missing.append((one, bool(equal)))
    others = {site.value for site in before if site.selector not in known}
    new = [site for site in free if site.value not in others]
    problems += (_doubt(one, new) for one, equal in missing if equal or new)


def _is_permuted(before: Sequence[Site], after: Sequence[Site], secrets: Collection[str]) -> bool:
    """Return whether what was a secret stands at another position of a list."""
    changed = [(a.value, b.value) for a, b in zip(before, after, strict=True) if a.value != b.value]
    gone = {value for value, _ in changed if value in secrets}
    return any(value in secrets for _, value in changed) or not gone.isdisjoint(site.value for site in after)


def _are_alike(one: Held, members: Iterable[Held], like: Sequence[Site], equal: Sequence[Site]) -> bool:
    """Return whether all values that equal one are references to the same secrets, so that any of them is it."""
    alias = [reference.alias for reference in one.references]
    same = [each.shown.selector for each in members if [reference.alias for reference in each.references] == alias]
    return len(equal) <= len(like) and {site.selector for site in like} <= set(same)


def _by_value(edit: _Edit, left: Iterable[Held], places: dict[str, Site]) -> None:
    """Find values that stand under the same name elsewhere."""
    former = {(site.selector, site.value) for sites in edit.before.values() for site in sites}
    taken = {site.selector for site in places.values()}
    after = [site for sites in edit.after.values() for site in sites if site.selector not in taken]
    candidates: defaultdict[tuple[str, str], list[Site]] = defaultdict(list)
    for site in after:
        if (site.selector, site.value) not in former:
            candidates[last_name(site), site.value].append(site)
    wanted: defaultdict[tuple[str, str], list[Held]] = defaultdict(list)
    for one in left:
        wanted[last_name(one.shown), one.shown.value].append(one)
    for sought, every in wanted.items():
        if len(every) == 1 and len(found := candidates.get(sought, [])) == 1:
            places[every[0].shown.selector] = found[0]


def _doubt(one: Held, new: Sequence[Site]) -> SelectorError:
    aliases = ", ".join(dict.fromkeys(reference.alias for reference in one.references))
    line = new[0].line if new else None
    return SelectorError(
        one.shown.selector,
        f"it cannot be told which value is that of {aliases} now: its position and its value have changed",
        line=line,
        hint="add, remove or move entries first, save, and change values in a second edit",
    )


def _by_shape(sites: Iterable[Site]) -> dict[str, list[Site]]:
    found: defaultdict[str, list[Site]] = defaultdict(list)
    for site in sites:
        found[_shape(site.selector)].append(site)
    return dict(found)


def _shape(selector: str) -> str:
    """Return a selector without its positions."""
    return _POSITION.sub(lambda match: "" if match["position"] else match[0], selector)


def last_name(site: Site) -> str:
    """Return the last name in the place of a value."""
    return site.key.rpartition(".")[2]
