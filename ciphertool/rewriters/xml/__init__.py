"""XML: the rewriter itself. lxml validates, our own scanner finds the spans; both are imported on first use.

The modules: `parsing` decodes and parses, `scan` finds tags in the text, `xpath` and `select` interpret selectors,
`aliases` determines what a `svns:secretAlias` stands for, `holder` and `document` join them, `spelling` and `edits`
write, `proof` compares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.references import Reference, Syntax

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml import etree

    from ciphertool.rewriters.xml.document import XmlDocument

__all__ = ["XmlRewriter"]


class XmlRewriter:
    """XML files, selected by XPath 1.0 in which an unprefixed name means the local name in any namespace."""

    name = "xml"
    suffixes = frozenset({".xml"})
    syntax = Syntax.ATTRIBUTE

    def __init__(self, encoding: str | None = None) -> None:
        """Read files in this encoding, which no file may contradict; without one, each in its own encoding or UTF-8."""
        self._encoding = encoding

    def parse(self, data: bytes) -> XmlDocument:
        """Parse a file's bytes; raise `ConfigSyntaxError`, which never quotes the text."""
        from ciphertool.rewriters.xml.document import XmlDocument

        return XmlDocument(data, self._encoding)

    def load(self, data: bytes, reveal: Callable[[Reference], str]) -> etree._ElementTree:
        """Return lxml's tree of the file with every reference replaced by what `reveal` returns.

        The `svns:` attributes that stood for a value are removed. Raise `SelectorError` if it is unclear what such an
        attribute stands for, and `UnrepresentableValueError` for a value that XML cannot hold.
        """
        from ciphertool.rewriters.xml.resolve import resolved

        return resolved(self, data, reveal).tree
