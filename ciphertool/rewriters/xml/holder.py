"""One element and its place in the text joined: its slots, their values, spans and references."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from ciphertool import references
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters.xml import aliases
from ciphertool.rewriters.xml.scan import is_foreign
from ciphertool.rewriters.xml.select import TEXT

if TYPE_CHECKING:
    from ciphertool.rewriters.base import Site
    from ciphertool.rewriters.xml.scan import Attribute, Content, Scan, Tag

_string = etree.XPath("string()", smart_strings=False)


def bears_alias(site: Site) -> bool:
    """Tell whether the alias attribute of a site's element stands for this site, or beside it."""
    return site.beside is not None or (site.reference is not None and site.reference.syntax is Syntax.ATTRIBUTE)


@dataclass(frozen=True, slots=True)
class Holder:
    """An element that holds values. `content` and `text` are None where it has child elements.

    `attributes` are lxml's keys and values in document order, `spans` their places in the text in the same order.
    """

    number: int
    element: etree._Element
    tag: Tag
    content: Content | None
    text: str | None
    attributes: tuple[tuple[str, str], ...]
    spans: tuple[Attribute, ...]

    @property
    def alias_key(self) -> str | None:
        """Return the key of the element's secret alias attribute, or None."""
        if not self.attributes:
            return None
        return next(
            (key for key, _ in self.attributes if key.endswith(aliases.ATTRIBUTE) and aliases.is_alias(key)), None
        )

    @property
    def alias(self) -> str | None:
        """Return the element's secret alias, or None; an empty one is none."""
        key = self.alias_key
        return (self.value(key).strip() or None) if key else None

    def value(self, slot: str) -> str:
        """Return the value of a slot, "" if there is none."""
        if slot == TEXT:
            return self.text or ""
        return next((value for key, value in self.attributes if key == slot), "")

    def span(self, slot: str) -> tuple[int, int]:
        """Return where a slot's value is spelled: an attribute with its quotes, a text without white space around."""
        if slot != TEXT:
            attribute = self.attribute(slot)
            return attribute.start, attribute.end
        if self.content is None:
            raise AssertionError("an element with child elements has no text of its own")
        return self.content.start, self.content.end

    def attribute(self, slot: str) -> Attribute:
        """Return the place of an attribute."""
        return next(span for (key, _), span in zip(self.attributes, self.spans, strict=True) if key == slot)

    def slot_at(self, offset: int) -> str:
        """Return the slot whose span starts there."""
        for (key, _), span in zip(self.attributes, self.spans, strict=True):
            if span.start == offset:
                return key
        return TEXT

    def slots(self) -> list[str]:
        """Return the slots in document order, the alias attribute left out."""
        slots = [key for key, _ in self.attributes if not aliases.is_alias(key)]
        return slots if self.content is None else [*slots, TEXT]

    def is_foreign(self, slot: str, text: str) -> bool:
        """Tell whether a slot's spelling holds an entity that a DTD defines."""
        if slot == TEXT:
            return self.content is not None and self.content.foreign
        start, end = self.span(slot)
        return is_foreign(text[start:end])

    def references(self, slot: str, *, told: bool) -> tuple[Reference | None, str | None]:
        """Return the reference that stands for a slot, and the alias beside its plaintext.

        With `told`, a person has named the slot, which decides what the alias stands for where the rule would not.
        """
        value = self.value(slot)
        in_place = references.parse(value) if "$" in value else None
        alias = self.alias
        if alias is None:
            return in_place, None
        stands_for = aliases.bearer(alias, self.text, self.attributes)
        if told and stands_for != slot and self._may_be_told(slot, alias):
            stands_for = slot
        if stands_for == slot and (value == aliases.PASSWORD or not value):
            return Reference(alias, Syntax.ATTRIBUTE, 0, len(value)), None
        if stands_for == slot or (stands_for is None and value == aliases.PASSWORD):
            return in_place, alias
        return in_place, None

    def _may_be_told(self, slot: str, alias: str) -> bool:
        if slot == TEXT:
            return not self.text and aliases.named(alias, [key for key, _ in self.attributes]) is None
        return self.value(slot) == aliases.PASSWORD and self.text != aliases.PASSWORD


def hold(number: int, element: etree._Element, scan: Scan) -> Holder:
    """Join an element with the start tag of that number."""
    tag = scan.tag(number)
    content, text = None, None
    if not len(element):
        content = scan.content(tag)
        text = element.text or ""
    elif next(element.iterchildren("*"), None) is None:
        content = scan.content(tag)
        # An entity's reference is a child of its own: its text counts in what is shown, and is refused later.
        text = str(_string(element)) if content.foreign else _text(element)
    if content is not None and text is not None:
        text = text[content.lead : len(text) - content.trail]
    spans = tag.attributes
    for span in spans:
        if span.name.startswith("xmlns") and (span.name == "xmlns" or span.name[5] == ":"):
            spans = tuple(a for a in spans if a.name != "xmlns" and not a.name.startswith("xmlns:"))
            break
    attributes = tuple(element.items()) if spans else ()
    if len(attributes) != len(spans):
        raise AssertionError("lxml and the scanner see different attributes")
    return Holder(number, element, tag, content, text, attributes, spans)


def _text(element: etree._Element) -> str:
    return (element.text or "") + "".join(child.tail or "" for child in element)
