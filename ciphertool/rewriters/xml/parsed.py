"""An XML text as lxml and the scan of its tags see it, and the holders of named sites. Finds no sites itself."""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING

from ciphertool.rewriters.base import Document, SpliceError
from ciphertool.rewriters.xml import aliases, parsing
from ciphertool.rewriters.xml.holder import Holder, hold
from ciphertool.rewriters.xml.scan import FEW_NAMES, Scan

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from lxml import etree

    from ciphertool.rewriters.base import Change
    from ciphertool.rewriters.xml.children import Children
    from ciphertool.rewriters.xml.scan import Tag

_start = attrgetter("site.start")


class ParsedXml(Document):
    """A parsed XML file: `tree` is lxml's, `scan` finds the tags of the same text."""

    # A comment, an instruction or a CDATA section within a word divides it in the text, not in the value.
    escapes = re.compile(r"&|!(?<=[^\s>]<.)|\?(?<=[^\s>]<.)|\]\]>[^\s<]")

    def __init__(self, data: bytes, encoding: str | None = None) -> None:
        """Decode and parse a file's bytes; raise `ConfigSyntaxError`."""
        self.source = parsing.decode(data, encoding)
        is_utf8 = self.source.codec == "utf-8" and not self.source.bom
        self.tree, self.undeclared = parsing.parse(data if is_utf8 else self.source.text.encode("utf-8"))
        self.scan = Scan(self.source.text)
        # The holders of sites that selectors named, by the start of the site: a rewrite needs them again.
        self._holders: dict[int, tuple[Holder, str]] = {}

    @cached_property
    def prefix(self) -> str | None:
        """The prefix that the root binds to the secret vault's namespace (`svns` if it is one of several), or None."""
        bound = {prefix for prefix, uri in self.tree.getroot().nsmap.items() if prefix and uri.startswith(aliases.URI)}
        if bound:
            return aliases.PREFIX if aliases.PREFIX in bound else min(bound)
        return None

    def slots_of(self, changes: Sequence[Change]) -> Iterator[tuple[Holder, dict[str, Change]]]:
        """Yield the elements that hold changed sites, in document order, with the changes of each by slot.

        Raise `SpliceError` for a site of another document, or one that is changed twice.
        """
        unknown = [change.site.selector for change in changes if change.site.start not in self._holders]
        if unknown:
            self.locate(unknown)
        last: Holder | None = None
        slots: dict[str, Change] = {}
        for change in sorted(changes, key=_start):
            start = change.site.start
            holder, slot = self._holders.get(start, (None, ""))
            if holder is not last:
                if last is not None:
                    yield last, slots
                last, slots = holder, {}
            if holder is None or slot in slots:
                raise SpliceError("a site of another document, or one that is changed twice")
            slots[slot] = change
        if last is not None:
            yield last, slots

    def hold(self, elements: Collection[etree._Element], children: Children) -> dict[etree._Element, Holder]:
        """Return the elements with their places in the text; remember which element is at each place."""
        held: dict[etree._Element, Holder] = {}
        for element, tag in self._tags(elements, children) if elements else ():
            if element in elements:
                holder = held[element] = hold(element, tag, self.scan)
                for slot in holder.slots():
                    self._holders[holder.span(slot)[0]] = holder, slot
        return held

    def _tags(self, elements: Collection[etree._Element], children: Children) -> Iterator[tuple[etree._Element, Tag]]:
        """Yield elements and others of the same names with their start tags, in document order."""
        kinds = {(str(element.tag), element.prefix) for element in elements}
        names = {_qualified(*kind) for kind in kinds}
        tags = {_unbound(tag) for tag, _ in kinds}
        found: Iterable[etree._Element]
        if len(tags) == 1:
            found = children.every(*tags)
        elif len(tags) <= FEW_NAMES:
            found = self.tree.iter(*(f"{{*}}{tag}" for tag in tags))
        else:
            found = self.tree.iter("*")
        named = (e for e in found if e in elements or _qualified(str(e.tag), e.prefix) in names)
        return zip(named, self.scan.tags(names), strict=True)


def _unbound(tag: str) -> str:
    """Return an element's name without its namespace; an undeclared prefix is part of the name."""
    return tag.rpartition("}")[2]


@lru_cache(maxsize=1024)
def _qualified(tag: str, prefix: str | None) -> str:
    """Return an element's name as its start tag spells it."""
    return f"{prefix}:{_unbound(tag)}" if prefix else _unbound(tag)
