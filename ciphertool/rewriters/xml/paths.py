"""The normalized XPath and the dotted key of an element or attribute. Knows no values."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ciphertool.rewriters.xml.children import local
from ciphertool.rewriters.xml.select import TEXT

if TYPE_CHECKING:
    from lxml import etree

    from ciphertool.rewriters.xml.children import Children


class Paths:
    """Makes paths within one tree and keeps those of ancestors, so it is made for one batch."""

    def __init__(self, children: Children) -> None:
        self._children = children
        self._of_attributes: tuple[etree._Element | None, dict[str, str]] = (None, {})
        self._parents: dict[etree._Element, tuple[str, str]] = {}
        self._positions: dict[tuple[etree._Element, str], dict[etree._Element, int]] = {}

    def of(self, element: etree._Element, slot: str) -> tuple[str, str]:
        """Return the absolute XPath that finds a slot again, and its dotted path of local names."""
        selector, key = self._element(element)
        if slot == TEXT:
            return selector, key
        name = local(slot)
        if self._of_attributes[0] is not element:
            self._of_attributes = element, _positions(element)
        return f"{selector}/@{name}{self._of_attributes[1].get(slot, '')}", f"{key}.{name}"

    def _element(self, element: etree._Element) -> tuple[str, str]:
        name = local(str(element.tag))
        parent = element.getparent()
        if parent is None:
            return f"/{name}", name
        above = self._parents.get(parent)
        if above is None:
            above = self._parents[parent] = self._element(parent)
        siblings = self._children.named(parent, name)
        if len(siblings) == 1:
            return f"{above[0]}/{name}", f"{above[1]}.{name}"
        positions = self._positions.get((parent, name))
        if positions is None:
            positions = self._positions[parent, name] = {child: place for place, child in enumerate(siblings, 1)}
        return f"{above[0]}/{name}[{positions[element]}]", f"{above[1]}.{name}"


def _positions(element: etree._Element) -> dict[str, str]:
    """Return the positions of an element's attributes whose local name is not theirs alone."""
    keys: dict[str, list[str]] = defaultdict(list)
    for key in element.keys():  # noqa: SIM118 - lxml's method
        keys[local(key)].append(key)
    return {key: f"[{n}]" for same in keys.values() if len(same) > 1 for n, key in enumerate(same, 1)}
