"""References in an XML file that cannot be resolved because of their place or spelling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from ciphertool import references
from ciphertool.errors import SelectorError
from ciphertool.rewriters.xml import aliases
from ciphertool.rewriters.xml.children import attributes as attributes_of
from ciphertool.rewriters.xml.paths import Paths
from ciphertool.rewriters.xml.scan import is_foreign
from ciphertool.rewriters.xml.select import TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ciphertool.rewriters.xml.children import Children
    from ciphertool.rewriters.xml.holder import Holder
    from ciphertool.rewriters.xml.parsed import ParsedXml

# A superset of the strays, found by libxml2 itself; it is small.
_BETWEEN = etree.XPath("//*[*][text()[contains(., '{')]]")
_ALIASED = etree.XPath(f"//*[@*[contains(name(), '{aliases.ATTRIBUTE}')]]")
_APART = "put it into a separate element, or into an attribute"


def strays(document: ParsedXml, children: Children) -> Iterator[SelectorError]:
    """Yield one error for each element that has such references."""
    if is_foreign(document.source.text):
        found = set(document.tree.iter("*"))
    else:
        found = {element for element in _BETWEEN(document.tree) if _refers_between(element)}
        found |= {element for element in _ALIASED(document.tree) if _may_be_undecided(element)}
    paths = Paths(children)
    for element, holder in document.hold(found, children).items():
        if reason := _reason(holder, document.source.text):
            line = document.source.line(holder.tag.start)
            yield SelectorError(paths.of(element, TEXT)[0], reason[0], line=line, hint=reason[1])


def _refers_between(element: etree._Element) -> bool:
    pieces = [element.text, *(child.tail for child in element)]
    return any(references.find("".join(piece or "" for piece in pieces)))


def _may_be_undecided(element: etree._Element) -> bool:
    attributes = attributes_of(element)
    alias = next((value for key, value in attributes.items() if aliases.is_alias(key)), "").strip()
    text = None if len(element) else (element.text or "").strip()
    return bool(alias) and aliases.bearer(alias, text, attributes) is None


def _reason(holder: Holder, text: str) -> tuple[str, str] | None:
    """Return what is wrong with an element's reference and what to do; None if it resolves, or there is none."""
    if holder.alias is not None and holder.bearer is None:
        if any(holder.value(slot) == aliases.PASSWORD for slot in holder.slots()):
            reason = f"it is not clear which attribute the alias {holder.alias} stands for"
            return reason, "write $secret{alias} in the attribute itself"
        if holder.content is None:
            return f"the alias {holder.alias} stands for no value: the element has child elements", _APART
    if holder.content is None and _refers_between(holder.element):
        return "a reference stands between child elements, where it is not resolved", _APART
    if any(holder.is_foreign(slot, text) and _refers(holder, slot) for slot in holder.slots()):
        return "a reference stands beside an entity that the DTD defines", "replace the entity with its value"
    return None


def _refers(holder: Holder, slot: str) -> bool:
    return holder.references(slot, told=False)[0] is not None or any(references.find(holder.value(slot)))
