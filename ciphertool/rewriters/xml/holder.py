"""One element joined with its place in the text: its slots, their values, spans and references."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from ciphertool import references
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters.xml import aliases
from ciphertool.rewriters.xml.children import MANY
from ciphertool.rewriters.xml.children import attributes as attributes_of
from ciphertool.rewriters.xml.scan import Content, is_foreign
from ciphertool.rewriters.xml.select import TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ciphertool.rewriters.base import Site
    from ciphertool.rewriters.xml.scan import Attribute, Scan, Tag

_string = etree.XPath("string()", smart_strings=False)


def bears_alias(site: Site) -> bool:
    """Return whether the alias attribute of a site's element stands for this site, or beside its plaintext."""
    return site.beside is not None or (site.reference is not None and site.reference.syntax is Syntax.ATTRIBUTE)


@dataclass(slots=True, eq=False)  # one for every element: freezing it takes longer than everything else
class Holder:
    """An element that holds values. `content` and `text` are None if it has child elements.

    `attributes` are lxml's keys and values in document order, `spans` their places in the text. `alias_key` is the key
    of the secret alias attribute and `alias` its value (None if empty); `bearer` is the slot that it stands for.
    """

    element: etree._Element
    tag: Tag
    content: Content | None
    text: str | None
    attributes: Mapping[str, str]
    spans: Mapping[str, Attribute]
    alias_key: str | None = None
    alias: str | None = None
    bearer: str | None = None

    def value(self, slot: str) -> str:
        """Return the value of a slot; "" if there is none."""
        return self.text or "" if slot == TEXT else self.attributes.get(slot, "")

    def span(self, slot: str) -> tuple[int, int]:
        """Return the span of a slot's value: an attribute's with its quotes, a text without surrounding white space."""
        if slot != TEXT:
            return self.spans[slot].start, self.spans[slot].end
        if self.content is None:
            raise AssertionError("an element with child elements has no text of its own")
        return self.content.start, self.content.end

    def slots(self) -> list[str]:
        """Return the slots in document order, without the alias attribute."""
        slots = [key for key in self.attributes if not aliases.is_alias(key)] if self.attributes else []
        return slots if self.content is None else [*slots, TEXT]

    def is_foreign(self, slot: str, text: str) -> bool:
        """Return whether a slot's spelling holds an entity that a DTD defines."""
        if slot == TEXT:
            return self.content is not None and self.content.foreign
        start, end = self.span(slot)
        return is_foreign(text[start:end])

    def references(self, slot: str, *, told: bool) -> tuple[Reference | None, str | None]:
        """Return the reference that stands for a slot, and the alias beside its plaintext.

        `told` means that a person has named the slot, which decides what the alias stands for if the rule does not.
        """
        value = self.value(slot)
        in_place = references.parse(value) if "$" in value else None
        if self.alias is None:
            return in_place, None
        bears = slot == self.bearer or (told and self._may_be_told(slot, self.alias))
        if bears and (value == aliases.PASSWORD or not value):
            return Reference(self.alias, Syntax.ATTRIBUTE, 0, len(value)), None
        if bears or (self.bearer is None and value == aliases.PASSWORD):
            return in_place, self.alias
        return in_place, None

    def _may_be_told(self, slot: str, alias: str) -> bool:
        if slot == TEXT:
            return aliases.named(alias, self.attributes) is None
        return self.value(slot) == aliases.PASSWORD and self.text != aliases.PASSWORD


_NO_ATTRIBUTES: Mapping[str, str] = {}
_NO_SPANS: Mapping[str, Attribute] = {}


def hold(element: etree._Element, tag: Tag, scan: Scan) -> Holder:
    """Join an element with its start tag."""
    plain = scan.plain(tag)
    if plain is not None:
        return Holder(element, tag, Content(tag.end, tag.text_end), plain, _NO_ATTRIBUTES, _NO_SPANS)
    content, text = None, None
    if not len(element):
        content = scan.content(tag)
        text = element.text or ""
    elif next(element.iterchildren("*"), None) is None:
        content = scan.content(tag)
        # An entity reference is a separate child: its text counts as part of the value, and is refused later.
        text = str(_string(element)) if content.foreign else _text(element)
    if content is not None and text is not None:
        text = text[content.lead : len(text) - content.trail]
    spans = [span for span in tag.attributes if span.name != "xmlns" and not span.name.startswith("xmlns:")]
    if not spans:
        return Holder(element, tag, content, text, _NO_ATTRIBUTES, _NO_SPANS)
    attributes = dict(element.items()) if len(spans) < MANY else attributes_of(element)
    placed = dict(zip(attributes, spans, strict=True))
    key = next((key for key in attributes if aliases.is_alias(key)), None)
    alias = attributes[key].strip() if key else ""
    if not alias:
        return Holder(element, tag, content, text, attributes, placed, key)
    bearer = aliases.bearer(alias, text, attributes)
    return Holder(element, tag, content, text, attributes, placed, key, alias, bearer)


def _text(element: etree._Element) -> str:
    return (element.text or "") + "".join(child.tail or "" for child in element)
