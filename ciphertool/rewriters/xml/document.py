"""An XML document: its sites, and what selectors find. `edits` writes, `proof` compares."""

from __future__ import annotations

from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING

from ciphertool import references
from ciphertool.errors import ConfigSyntaxError, NoMatchError, SelectorError
from ciphertool.rewriters.base import Document, Edit, Site
from ciphertool.rewriters.xml import aliases
from ciphertool.rewriters.xml.children import Children
from ciphertool.rewriters.xml.holder import Holder, hold
from ciphertool.rewriters.xml.named import ByNames
from ciphertool.rewriters.xml.outline import outline
from ciphertool.rewriters.xml.parsed import ParsedXml
from ciphertool.rewriters.xml.paths import Paths
from ciphertool.rewriters.xml.scan import comments, is_foreign
from ciphertool.rewriters.xml.select import TEXT, Node, Select

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from lxml import etree

    from ciphertool.rewriters.base import Change, Outline

_start = attrgetter("site.start")


class XmlDocument(ParsedXml):
    """An XML file with its sites."""

    def sites(self) -> Iterator[Site]:
        """Yield every attribute and the text of every element without child elements, in document order."""
        paths = Paths(Children(self.tree, undeclared=self.undeclared))
        for element, tag in zip(paths.every(self.tree), self.scan.tags(), strict=True):
            plain = self.scan.plain(tag)
            if plain is None:
                holder = hold(element, tag, self.scan)
                for slot in holder.slots():
                    yield self._site(holder, slot, paths, told=False)
            else:
                reference = references.parse(plain) if "$" in plain else None
                line = self.source.line(tag.end)
                yield Site(*paths.of(element, TEXT), plain, tag.end, tag.text_end, line, reference)

    def outline(self) -> Outline:
        """Return the selectors, keys and values of all sites, without searching for their places in the text."""
        if is_foreign(self.source.text):
            return super().outline()
        return outline(self.tree.getroot())

    def pick(self, selectors: Collection[str]) -> list[Site]:
        """Return the sites that have these selectors."""
        children = Children(self.tree, undeclared=self.undeclared)
        select = Select(self.tree, children, undeclared=self.undeclared)
        nodes = [node for selector in selectors for node in select.nodes(selector)]
        holders, paths = self.hold({element for element, _ in nodes}, children), Paths(children)
        return [self._site(holders[element], slot, paths, told=False) for element, slot in nodes]

    def locate(self, selectors: Sequence[str]) -> list[tuple[Site, ...] | SelectorError]:
        """Return, for each XPath, the sites it names, or the error that refuses it."""
        children = Children(self.tree, undeclared=self.undeclared)
        select = Select(self.tree, children, undeclared=self.undeclared)
        found: list[list[Node] | SelectorError] = []
        for selector in selectors:
            try:
                found.append(select.nodes(selector))
            except SelectorError as error:
                found.append(error)
        holders = self.hold({element for nodes in found if isinstance(nodes, list) for element, _ in nodes}, children)
        paths = Paths(children)
        located: list[tuple[Site, ...] | SelectorError] = []
        for selector, nodes in zip(selectors, found, strict=True):
            try:
                if isinstance(nodes, SelectorError):
                    raise nodes
                located.append(self._located(selector, nodes, holders, paths))
            except SelectorError as error:
                located.append(error)
        return located

    def strays(self) -> Iterator[SelectorError]:
        """Yield an error for each reference that no site holds: between elements, or an alias without a slot."""
        from ciphertool.rewriters.xml.stray import strays

        return strays(self, Children(self.tree, undeclared=self.undeclared))

    def by_names(self, sites: Sequence[Site]) -> list[tuple[str, ...]]:
        """Return, for each site, an XPath by names if a name distinguishes one of its elements from others."""
        children = Children(self.tree, undeclared=self.undeclared)
        select, spelled = Select(self.tree, children, undeclared=self.undeclared), ByNames(children)
        found: list[tuple[str, ...]] = []
        for site in sites:
            path = spelled.path(*select.nodes(site.selector)[0])
            found.append((path,) if path else ())
        return found

    def edits(self, changes: Sequence[Change]) -> list[Edit]:
        """Return the edits that make the changes; raise `UnrepresentableValueError` if XML cannot hold one.

        Raises `ConfigSyntaxError` for a place that lxml's names cannot tell from others, so that nothing would prove
        the edit: `{uri}name`, where the URI has a brace.
        """
        from ciphertool.rewriters.xml.edits import edits

        for holder, _ in self.slots_of(changes):
            if any(name.count("{") + name.count("}") > 2 for name in (str(holder.element.tag), *holder.attributes)):
                reason = "a namespace whose URI has a brace, around a value to be changed"
                raise ConfigSyntaxError(reason, *self.source.position(holder.tag.start), hint="rename the namespace")
        return edits(self, changes)

    def respelling(self, edit: Edit, spelled: str) -> Edit:
        """Return the edit that puts a value back as it was spelled; the comments in it are behind the reference now."""
        kept = comments(spelled) if "<" in spelled else ""
        end = edit.end + len(kept) if self.source.text.startswith(kept, edit.end) else edit.end
        return Edit(edit.start, end, spelled)

    def proves(self, before: Document, changes: Sequence[Change]) -> bool:
        """Return whether lxml sees exactly the changes, and nothing else, between `before` and this document."""
        from ciphertool.rewriters.xml.proof import proves

        return isinstance(before, XmlDocument) and proves(before, self, changes)

    @cached_property
    def _is_prefix_taken(self) -> bool:
        """Whether the root binds the usual prefix to a namespace of another kind."""
        return self.prefix is None and aliases.PREFIX in self.tree.getroot().nsmap

    @cached_property
    def _rebound_inside(self) -> bool:
        """Whether some element below the root may rebind the prefix."""
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
            self._refuse(selector, holder, slot)
            site = self._site(holder, slot, paths, told=True)
            if site.value or site.reference:
                sites.append(site)
            line = line or site.line
        if not sites:
            raise NoMatchError(selector, "the value is empty", line=line)
        return tuple(sites)

    def _why_nothing(self) -> str:
        if self.scan.declares_attributes:
            return "matches nothing in the file itself, only a default of its DTD"
        return "matches nothing"

    def _refuse(self, selector: str, holder: Holder, slot: str) -> None:
        """Raise `SelectorError` if a slot cannot be protected."""
        reason, hint = "", ""
        if slot == TEXT and holder.content is None:
            reason, hint = (
                "the element has child elements",
                "name the child element or the attribute that holds the value",
            )
        elif slot != TEXT and aliases.is_alias(slot):
            reason, hint = "is the alias of a secret, not a value", "name the element or attribute that it stands for"
        elif holder.is_foreign(slot, self.source.text):
            reason, hint = "the value comes from an entity that the DTD defines", "replace the entity with the value"
        elif self._foreign_prefix(holder.element):
            prefix = self.prefix or aliases.PREFIX
            reason = f"the prefix {prefix} is bound to another namespace"
            hint = f"bind {prefix} to {aliases.NAMESPACE} or rename it"
        if reason:
            line = self.source.line(holder.tag.start)
            raise SelectorError(selector, reason, line=line, hint=hint)

    def _foreign_prefix(self, element: etree._Element) -> bool:
        if self._is_prefix_taken or not self._rebound_inside:
            return self._is_prefix_taken
        prefix = self.prefix or aliases.PREFIX
        return not element.nsmap.get(prefix, aliases.URI).startswith(aliases.URI)

    def _site(self, holder: Holder, slot: str, paths: Paths, *, told: bool) -> Site:
        start, end = holder.span(slot)
        selector, key = paths.of(holder.element, slot)
        reference, beside = holder.references(slot, told=told)
        return Site(selector, key, holder.value(slot), start, end, self.source.line(start), reference, beside)
