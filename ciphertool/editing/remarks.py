"""What a person should know about an edit, though it can be taken. No value is quoted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.changes.plan import Note, join_names
from ciphertool.detection.detector import Detector
from ciphertool.editing.recognition import last_name
from ciphertool.lifecycle import uses
from ciphertool.redaction.masking import SHORTEST

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from ciphertool.editing.presenting import Presented
    from ciphertool.rewriters.base import Document
    from ciphertool.settings.model import Settings


def removed(settings: Settings, aliases: Collection[str], path: Path) -> Iterator[Note]:
    """Yield a note for each secret that a file no longer refers to."""
    places = uses(settings, aliases) if aliases else {}
    for alias in aliases:
        others = [use for use in places.get(alias, ()) if use.path.resolve() != path.resolve()]
        then = f"{others[0]} still refers to it" if others else f"`ciphertool remove {alias}` takes it out"
        yield Note(f"no longer refers to {alias}, which stays in the vault; {then}", path)


def in_other_files(settings: Settings, aliases: Collection[str], path: Path) -> Iterator[Note]:
    """Yield a note for each secret with a new value that other files refer to: they get that value too."""
    for alias, places in uses(settings, aliases).items() if aliases else ():
        others = dict.fromkeys(str(use) for use in places if use.path.resolve() != path.resolve())
        if others:
            yield Note(f"{alias} has its new value in other files too: {join_names(list(others))}", path)


def in_clear(presented: Presented, after: Document) -> Iterator[Note]:
    """Yield a note for each value that an edit has put in clear where no target names it, and that is a secret.

    It is one if an audit would say so, or if it is the value of a secret that the file refers to.
    """
    held = {one.shown.selector for one in presented.held}
    known = {one.shown.value: one.references[0].alias for one in presented.held if one.before.reference is not None}
    former = {(last_name(site), site.value) for site in presented.document.sites() if site.selector not in held}
    sites = [each for each in after.sites() if not each.reference and (last_name(each), each.value) not in former]
    outline = after.outline()
    detector = Detector(presented.snapshot.path.name, outline, after.source.text)
    suspicious = {outline.selectors[index] for index in detector.candidates}
    candidates = [site for site in sites if site.selector in suspicious]
    found = {each.site.selector for each in detector.suspects(candidates) if each.verdict.is_secret}
    for site in sites:
        if site.value in known and len(site.value) >= SHORTEST:
            reason = f"{site.key} has the value of {known[site.value]} in clear, and no target names it"
        elif site.selector in found:
            reason = f"{site.key} looks like a secret, and no target names it: it stays in clear"
        else:
            continue
        yield Note(f"{reason}; `ciphertool add` protects it", presented.snapshot.path, site.line)
