"""Secrets in base64, whole or as a part of what is encoded, as in the files of Kubernetes and Docker."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from ciphertool import references
from ciphertool.errors import SelectorError
from ciphertool.targets import parts
from ciphertool.targets.parts import Part

if TYPE_CHECKING:
    from ciphertool.rewriters.base import Document, Site

_HINT = "remove `decode` from its target: the encoded value is then the secret"


def decoded(document: Document, site: Site) -> Site:
    """Return a site with the value that takes its place: a mark, and what its value encodes or encoded.

    Raises `SelectorError` for a value that would not come back as the same base64, and for formats without a mark.
    """
    if not document.holds_marks:
        raise SelectorError(site.selector, "its format has no `decode`", line=site.line, hint=_HINT)
    if references.marked(site.value) is not None:
        return site
    reason = ""
    try:
        text = base64.b64decode(site.value, validate=True).decode()
        if references.encoded(text) != site.value:
            reason = "is base64 in a spelling that would not come back"
        elif any(references.find(text)):
            reason = "encodes a reference"
    except (binascii.Error, ValueError):
        reason = "is not base64 of text"
    if reason:
        raise SelectorError(site.selector, reason, line=site.line, hint=_HINT)
    return site._replace(value=references.ENCODED + text, reference=None)


def part_of(site: Site, wanted: str | None) -> Part | None:
    """Return the part of what a decoded site encodes, all of it if none is wanted; None if it has no such part.

    Raises what `parts.find` raises.
    """
    start = len(references.ENCODED)
    inner = site._replace(value=site.value[start:])
    found = Part(0, len(inner.value), inner.value) if wanted is None else parts.find(inner, wanted)
    return None if found is None else Part(start + found.start, start + found.end, found.text)
