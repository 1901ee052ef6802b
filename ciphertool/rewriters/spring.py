"""`.properties` files of several documents, as Spring Boot divides them by lines `#---` or `!---`.

Other readers see a comment there, and of equal keys the last. A key that several documents have is selected in one of
them, `doc[0]KEY` in the first; any other key is selected by itself.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from ciphertool.rewriters.properties import PropertiesDocument, PropertiesRewriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ciphertool.rewriters.base import Site, Source
    from ciphertool.rewriters.lines import Entries

_DIVISION = re.compile(r"(?:\A|(?<=[\r\n]))[#!]---[ \t]*+(?=[\r\n]|\Z)")
_DOCUMENT = re.compile(r"doc\[(?:0|[1-9][0-9]{0,5})\]")


class SpringDocument(PropertiesDocument):
    """A parsed file with the documents that it is divided into. `key` is the key alone."""

    def __init__(self, source: Source, entries: Entries) -> None:
        super().__init__(source, entries)
        found = [match.start() for match in _DIVISION.finditer(source.text)]
        self._divisions = [offset for offset in found if not self._is_in_value(offset)]
        is_clear = self._divisions and not any(map(_DOCUMENT.match, self.index))
        self._keys: Mapping[str, list[int]] = dict(self.repeated) if is_clear else {}
        for key, ordinals in self._keys.items():
            for ordinal in ordinals:
                entries.selectors[ordinal] = f"doc[{self._number(entries.heads[ordinal])}]{key}"
        if self._keys:
            del self.index, self.repeated  # of the former names

    def ordinals(self, selector: str) -> Sequence[int]:
        """Return which entries a selector names, first to last: a key by itself those of all documents."""
        return self._keys.get(selector) or super().ordinals(selector)

    def key(self, selector: str) -> str:
        """Return the key of a selector's entry."""
        prefix = _DOCUMENT.match(selector) if self._keys else None
        key = selector[prefix.end() :] if prefix else selector
        return key if key in self._keys else selector

    def way_out(self, selector: str) -> str:
        """Return what to do about a selector that names several entries."""
        if selector not in self._keys:
            return super().way_out(selector)
        return f"name the document: doc[0]{selector} is in the first"

    def number(self, site: Site) -> int:
        """Return the number of the document that holds a site."""
        return self._number(site.start)

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield the key and value of every entry, in order; of several with one key, the last takes effect."""
        return ((self.key(selector), value) for selector, value in super().pairs())

    def _number(self, offset: int) -> int:
        return bisect_right(self._divisions, offset)

    def _is_in_value(self, offset: int) -> bool:
        """Return whether an offset is in a line that continues an entry."""
        before = bisect_right(self.entries.heads, offset) - 1
        return before >= 0 and offset < self.entries.ends[before]


class SpringRewriter(PropertiesRewriter):
    """Java `.properties`, of one document or of several."""

    def parse(self, data: bytes) -> SpringDocument:
        """Parse a file's bytes; raise `ConfigSyntaxError` for text in another encoding or a malformed `\\uXXXX`."""
        document = super().parse(data)
        return SpringDocument(document.source, document.entries)
