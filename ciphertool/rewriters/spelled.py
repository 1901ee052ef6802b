"""Gives a resolved file its own spelling back, byte for byte, where the vault has kept how a secret was spelled."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ciphertool.rewriters.base import SpliceError, splice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ciphertool.rewriters.base import Change, Document, Rewriter

_IN_URL = re.compile(r"[^/?#&;\s\"'<>]+")


def respelled(
    rewriter: Rewriter, document: Document, changes: Sequence[Change], resolved: bytes, spellings: Mapping[str, str]
) -> bytes:
    """Return a resolved file with secrets spelled as they were; `spellings` has their texts by their sites' selectors.

    `resolved` is the file that `changes` make of a document. A spelling belongs to the file and the place that it came
    from, and whoever can encrypt can make one up: unless it is proved that the file is the same with all of them, as it
    is of any rewrite, `resolved` is returned as it is.
    """
    data = spelled(document, changes, spellings)
    return data if data is not None and document.is_proved_by(rewriter, data, changes) else resolved


def spelled(document: Document, changes: Sequence[Change], spellings: Mapping[str, str]) -> bytes | None:
    """Return the file that changes make of a document with these texts, unproved; None if it cannot have them."""
    sites = {change.site.start: change.site for change in changes if change.site.selector in spellings}
    edits = [
        document.respelling(edit, spellings[site.selector]) if (site := sites.get(edit.start)) is not None else edit
        for edit in document.edits(changes)
    ]
    try:
        return document.source.encode(splice(document.source.text, edits))
    except (SpliceError, UnicodeEncodeError):
        return None


def in_url(value: str, spelling: str | None = None) -> str:
    """Return a secret as the password of a URL: as it was spelled there, if that is known, else percent-encoded.

    A spelling is only used if it reads as the secret, and ends where the secret does.
    """
    from urllib.parse import quote, unquote

    if spelling is not None and _IN_URL.fullmatch(spelling) and unquote(spelling) == value:
        return spelling
    return quote(value, safe="")
