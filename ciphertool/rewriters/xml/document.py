"""An XML document: its sites, and what selectors find. Writing is for `edits`, comparing for `proof`."""

from __future__ import annotations

import bisect
from functools import cached_property
from typing import TYPE_CHECKING

from ciphertool.errors import NoMatchError, SelectorError
from ciphertool.rewriters.base import Document, Site
from ciphertool.rewriters.xml import aliases, judge
from ciphertool.rewriters.xml.holder import Holder, hold
from ciphertool.rewriters.xml.paths import Paths
from ciphertool.rewriters.xml.scan import Scan
from ciphertool.rewriters.xml.select import TEXT, Node, Select

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from lxml import etree

    from ciphertool.rewriters.base import Change, Edit


class XmlDocument(Document):
    """A parsed XML file: `tree` is lxml's, `scan` finds the tags of the same text."""

    def __init__(self, data: bytes) -> None:
        """Decode and parse a file's bytes; raise `ConfigSyntaxError`."""
        self.source = judge.decode(data)
        is_utf8 = self.source.codec == "utf-8" and not self.source.bom
        self.tree, self.undeclared = judge.parse(data if is_utf8 else self.source.text.encode("utf-8"))
        self.scan = Scan(self.source.text)
        self._holders: dict[int, Holder] = {}  # those that a selector has named, which a rewrite asks for again

    def sites(self) -> Iterator[Site]:
        """Yield every attribute and the text of every element without child elements, in document order."""
        paths = Paths(undeclared=self.undeclared)
        for number, element in enumerate(self.tree.iter("*")):
            holder = hold(number, element, self.scan)
            for slot in holder.slots():
                yield self._site(element, holder, slot, paths, told=False)

    def locate(self, selectors: Sequence[str]) -> list[tuple[Site, ...] | SelectorError]:
        """Return, for each XPath, the sites it names, or why it is refused."""
        select = Select(self.tree, undeclared=self.undeclared)
        found: list[list[Node] | SelectorError] = []
        for selector in selectors:
            try:
                found.append(select.nodes(selector))
            except SelectorError as error:
                found.append(error)
        holders = self._holders_of({element for nodes in found if isinstance(nodes, list) for element, _ in nodes})
        paths = Paths(undeclared=self.undeclared)
        located: list[tuple[Site, ...] | SelectorError] = []
        for selector, nodes in zip(selectors, found, strict=True):
            try:
                if isinstance(nodes, SelectorError):
                    raise nodes
                located.append(self._located(selector, nodes, holders, paths))
            except SelectorError as error:
                located.append(error)
        return located

    def edits(self, changes: Sequence[Change]) -> list[Edit]:
        """Return the edits that make the changes; raise `UnrepresentableValueError` where XML cannot hold one."""
        from ciphertool.rewriters.xml.edits import edits

        return edits(self, changes)

    def proves(self, before: Document, changes: Sequence[Change]) -> bool:
        """Tell whether lxml sees exactly the changes, and nothing else, between `before` and this document."""
        from ciphertool.rewriters.xml.proof import proves

        return isinstance(before, XmlDocument) and proves(before, self, changes)

    def holders_at(self, numbers: Iterable[int]) -> dict[int, Holder]:
        """Return the elements of those numbers with their places in the text, in document order."""
        numbers = set(numbers)
        if not numbers <= self._holders.keys():
            self._hold({number: element for number, element in enumerate(self.tree.iter("*")) if number in numbers})
        return {number: self._holders[number] for number in sorted(numbers) if number in self._holders}

    def _holders_of(self, elements: Collection[etree._Element]) -> dict[etree._Element, Holder]:
        if elements:
            self._hold({number: element for number, element in enumerate(self.tree.iter("*")) if element in elements})
        return {holder.element: holder for holder in self._holders.values()}

    def _hold(self, elements: Mapping[int, etree._Element]) -> None:
        for number, element in elements.items():
            if number not in self._holders:
                self._holders[number] = hold(number, element, self.scan)

    def number_of(self, site: Site) -> int:
        """Return the number of the element that holds a site: of the last start tag that starts before it."""
        return bisect.bisect_left(self.scan.starts, site.start) - 1

    @cached_property
    def prefix(self) -> str | None:
        """The prefix that the root binds to the secret vault's namespace; `svns` if there is none of another kind."""
        bound = {prefix for prefix, uri in self.tree.getroot().nsmap.items() if prefix and uri.startswith(aliases.URI)}
        if bound:
            return aliases.PREFIX if aliases.PREFIX in bound else min(bound)
        return None

    @cached_property
    def _is_prefix_taken(self) -> bool:
        """Whether the root binds the usual prefix to a namespace of another kind."""
        return self.prefix is None and aliases.PREFIX in self.tree.getroot().nsmap

    @cached_property
    def _rebound_inside(self) -> bool:
        """Whether some element below the root may bind the prefix anew."""
        text, prefix = self.source.text, self.prefix or aliases.PREFIX
        return text.count(f"xmlns:{prefix}") > int(prefix in self.tree.getroot().nsmap)

    def _located(
        self, selector: str, nodes: list[Node], holders: dict[etree._Element, Holder], paths: Paths
    ) -> tuple[Site, ...]:
        if not nodes:
            raise NoMatchError(selector, self._why_nothing())
        sites = []
        line: int | None = None
        for element, slot in nodes:
            holder = holders[element]
            self._refuse(selector, element, holder, slot)
            site = self._site(element, holder, slot, paths, told=True)
            if site.value or site.reference:
                sites.append(site)
            line = line or site.line
        if not sites:
            raise NoMatchError(selector, "the value is empty", line=line)
        return tuple(sites)

    def _why_nothing(self) -> str:
        if self.scan.declares_attributes:
            return "matches nothing that stands in the file itself (a default of its DTD does not)"
        return "matches nothing"

    def _refuse(self, selector: str, element: etree._Element, holder: Holder, slot: str) -> None:
        """Raise `SelectorError` where a slot cannot be protected."""
        reason, hint = "", ""
        if slot == TEXT and holder.content is None:
            reason, hint = (
                "the element has child elements",
                "name the child element or the attribute that holds the value",
            )
        elif slot != TEXT and aliases.is_alias(slot):
            reason, hint = "is the alias of a secret, not a value", "name the element or attribute that it stands for"
        elif holder.is_foreign(slot, self.source.text):
            reason, hint = "the value comes from an entity that the DTD defines", "write the value in its place"
        elif self._foreign_prefix(element):
            prefix = self.prefix or aliases.PREFIX
            reason = f"the prefix {prefix} is bound to another namespace"
            hint = f"bind {prefix} to {aliases.NAMESPACE} or rename it"
        if reason:
            line = self.source.line(self.scan.starts[holder.number])
            raise SelectorError(selector, reason, line=line, hint=hint)

    def _foreign_prefix(self, element: etree._Element) -> bool:
        if self._is_prefix_taken or not self._rebound_inside:
            return self._is_prefix_taken
        prefix = self.prefix or aliases.PREFIX
        return not element.nsmap.get(prefix, aliases.URI).startswith(aliases.URI)

    def _site(self, element: etree._Element, holder: Holder, slot: str, paths: Paths, *, told: bool) -> Site:
        start, end = holder.span(slot)
        selector, key = paths.of(element, slot)
        reference, beside = holder.references(slot, told=told)
        return Site(selector, key, holder.value(slot), start, end, self.source.line(start), reference, beside)
