"""Secrets within longer values, such as the password of a URL: what stands in their place after an edit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import references
from ciphertool.errors import SelectorError
from ciphertool.rewriters.base import Edit, splice
from ciphertool.secret import repr_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ciphertool.editing.presenting import Held
    from ciphertool.references import Reference
    from ciphertool.rewriters.base import Change, Document, Site


class Part(NamedTuple):
    """What stands for one secret in an edited value; `edit` puts the reference back, None if it is there."""

    alias: str
    value: str
    is_new: bool
    edit: Edit | None

    def __repr__(self) -> str:
        return repr_of(self, "alias", "is_new")


def find(one: Held, site: Site, *, native: bool) -> list[Part]:
    """Return what stands for each secret of a held value in the edited one.

    The text around the secrets may have changed, or the secrets, but not both at once: raises `SelectorError` then.
    """
    now = _spans(one.before.value, one.references, site.value)
    if now is None:
        now = _unchanged(one, site.value)
    if now is None:
        aliases = ", ".join(reference.alias for reference in one.references)
        reason = f"it cannot be told what stands for {aliases} now: its value and the text around it have changed"
        raise SelectorError(site.selector, reason, line=site.line, hint="change one, save, and then change the other")
    before = _spans(one.before.value, one.references, one.shown.value)
    parts = []
    for number, (reference, (start, end)) in enumerate(zip(one.references, now, strict=True)):
        text = site.value[start:end]
        if not text:
            raise SelectorError(site.selector, f"{reference.alias} is empty", line=site.line)
        spelled = one.before.value[reference.start : reference.end]
        stays = references.parse(text) is not None
        shown = None if before is None else one.shown.value[slice(*before[number])]
        value = text if stays else _decoded(text, reference, site, native=native)
        parts.append(Part(reference.alias, value, text != shown, None if stays else Edit(start, end, spelled)))
    return parts


def _spans(value: str, every: Sequence[Reference], now: str) -> list[tuple[int, int]] | None:
    """Return where a text has what a value has references for; None unless it has one reading."""
    ends = [0, *(reference.end for reference in every)]
    starts = [*(reference.start for reference in every), len(value)]
    around = [re.escape(value[end:start]) for end, start in zip(ends, starts, strict=True)]
    lazy, greedy = (re.fullmatch(group.join(around), now, re.DOTALL) for group in ("(.*?)", "(.*)"))
    if lazy is None or greedy is None or lazy.regs != greedy.regs:
        return None
    return [(start, end) for start, end in lazy.regs[1:]]


def _unchanged(one: Held, now: str) -> list[tuple[int, int]] | None:
    """Return where the unchanged secrets stand in a text that has changed around them; None unless it is certain."""
    before = _spans(one.before.value, one.references, one.shown.value)
    found, position = [], 0
    for start, end in before or ():
        secret = one.shown.value[start:end]
        if now.count(secret) != 1 or now.find(secret) < position:
            return None
        found.append((now.find(secret), now.find(secret) + len(secret)))
        position = found[-1][1]
    return found if before else None


def _decoded(text: str, reference: Reference, site: Site, *, native: bool) -> str:
    """Return the secret that a text spells: in a URL of a native vault it is percent-encoded."""
    if not (native and reference.in_url):
        return text
    from urllib.parse import unquote

    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:  # not chained: its message would quote the bytes
        pass
    raise SelectorError(site.selector, "has a percent-encoding that is not UTF-8", line=site.line)


def text(site: Site, edits: Sequence[Edit]) -> str:
    """Return an edited value with its references put back."""
    return splice(site.value, edits)


def reads_alike(edited: Document, made: Document, changes: Sequence[Change]) -> bool:
    """Return whether two documents have the same values, except for what was planned to change."""
    planned = {change.site.selector: change.to for change in changes}
    before, after = list(edited.sites()), list(made.sites())
    if [site.selector for site in before] != [site.selector for site in after]:
        return False
    for old, new in zip(before, after, strict=True):
        to = planned.get(old.selector)
        if isinstance(to, references.Reference):
            if new.reference is None or new.reference.alias != to.alias:
                return False
        elif new.value != (old.value if to is None else to):
            return False
    return True
