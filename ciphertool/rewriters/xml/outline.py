"""The outline of an XML tree: the names and values of its sites, from lxml alone, without text or places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool import references
from ciphertool.rewriters.base import Outline
from ciphertool.rewriters.xml import aliases
from ciphertool.rewriters.xml.children import attributes as attributes_of
from ciphertool.rewriters.xml.children import local
from ciphertool.rewriters.xml.paths import every, positions

if TYPE_CHECKING:
    from lxml import etree


def outline(root: etree._Element) -> Outline:
    """Return the outline: every attribute, and the text of every element without child elements."""
    selectors: list[str] = []
    keys: list[str] = []
    values: list[str] = []
    marked: set[int] = set()
    for element, (selector, key) in every(root):
        first, attributes = len(values), attributes_of(element).items()
        if attributes:
            places = positions(element)
            own = [item for item in attributes if not aliases.is_alias(item[0])]
            selectors += [f"{selector}/@{local(name)}{places.get(name, '')}" for name, _ in own]
            keys += [f"{key}.{local(name)}" for name, _ in own]
            values += [value for _, value in own]
        text = _text(element) if len(element) else element.text or ""
        if text is not None:
            selectors.append(selector)
            keys.append(key)
            values.append(text)
        if attributes and len(own) < len(attributes):
            marked.update(range(first, len(values)))
    return Outline(selectors, keys, values, marked.union(references.within(values)))


def _text(element: etree._Element) -> str | None:
    """Return the text of an element that contains comments or the like; None if it has child elements."""
    if next(element.iterchildren("*"), None) is not None:
        return None
    return (element.text or "") + "".join(child.tail or "" for child in element)
