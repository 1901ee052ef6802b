"""How the secrets of a file are spelled, where putting them back would spell them in another way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.errors import CipherToolError
from ciphertool.rewriters.base import Change, splice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ciphertool.rewriters.base import Document, Edit, Rewriter
    from ciphertool.targets.matching import Match


def spellings(
    rewriter: Rewriter, before: Document, after: bytes, matches: Sequence[Match], edits: Sequence[Edit]
) -> Mapping[str, str]:
    """Return the text of each secret, by its alias, that a rewriter would spell otherwise than it stands in a file.

    `after` is the file with the edits, which put references in the place of the matches. Only a secret that is a whole
    value has a spelling.
    """
    written = {edit.start: edit.text for edit in edits}
    doubtful = {
        match.site.selector: match
        for match in matches
        if match.part is None and not before.comes_back(match.site, written.get(match.site.start, ""))
    }
    if not doubtful:
        return {}
    try:
        protected = rewriter.parse(after)
        sites = [site for site in protected.pick(list(doubtful)) if site.reference is not None]
        back = [Change(site, doubtful[site.selector].value) for site in sites]
        text = splice(protected.source.text, protected.edits(back))
        found = rewriter.parse(before.source.encode(text)).pick([site.selector for site in sites])
    except CipherToolError:
        return {}
    spelled = {}
    for site in found:
        match = doubtful[site.selector]
        own = before.source.text[match.site.start : match.site.end]
        if text[site.start : site.end] != own:
            spelled[match.alias] = own
    return spelled
