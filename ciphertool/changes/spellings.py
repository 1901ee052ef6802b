"""How the secrets of a file are spelled, where putting them back would spell them in another way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ciphertool.errors import CipherToolError
from ciphertool.rewriters.base import Change, splice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ciphertool.rewriters.base import Document, Rewriter, Site


class Spelled(Protocol):
    """A secret of a file: a match of a target, or something like it."""

    @property
    def alias(self) -> str: ...  # noqa: D102

    @property
    def site(self) -> Site: ...  # noqa: D102

    @property
    def value(self) -> str: ...  # noqa: D102

    @property
    def part(self) -> object: ...  # noqa: D102


def spellings(rewriter: Rewriter, before: Document, after: bytes, matches: Sequence[Spelled]) -> Mapping[str, str]:
    """Return the text of each secret, by its alias, that a rewriter would spell otherwise than it stands in a file.

    `after` is the file with references in the place of the matches. Only a secret that is a whole value has a spelling.
    """
    whole = {match.site.selector: match for match in matches if match.part is None}
    try:
        protected = rewriter.parse(after)
        sites = [site for site in protected.pick(list(whole)) if site.reference is not None]
        changes = [Change(site, whole[site.selector].value) for site in sites]
        text = splice(protected.source.text, protected.edits(changes))
        if text == before.source.text or len(changes) < len(matches):
            return {}
        found = rewriter.parse(before.source.encode(text)).pick(list(whole))
    except CipherToolError:
        return {}
    spelled = {}
    for site in found:
        match = whole[site.selector]
        own = before.source.text[match.site.start : match.site.end]
        if text[site.start : site.end] != own:
            spelled[match.alias] = own
    return spelled
