"""A document with its references replaced by what they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool import references
from ciphertool.rewriters.base import Change, rewrite

if TYPE_CHECKING:
    from collections.abc import Callable

    from ciphertool.references import Reference
    from ciphertool.rewriters.xml import XmlRewriter
    from ciphertool.rewriters.xml.document import XmlDocument


def resolved(rewriter: XmlRewriter, data: bytes, reveal: Callable[[Reference], str]) -> XmlDocument:
    """Return the document with every reference replaced by what `reveal` returns for it.

    Text beside an alias attribute is not a reference and stays, as does the attribute. Raise `SelectorError` for a
    reference that cannot be resolved where it is.
    """
    document = rewriter.parse(data)
    for error in document.strays():
        raise error
    changes: list[Change] = []
    for site in document.sites():
        if site.reference:
            changes.append(Change(site, reveal(site.reference)))
        elif ("$" in site.value or "{" in site.value) and (
            value := references.substitute(site.value, reveal)
        ) != site.value:
            changes.append(Change(site, value))
    return rewriter.parse(rewrite(rewriter, document, changes)) if changes else document
