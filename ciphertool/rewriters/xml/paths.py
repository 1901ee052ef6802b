"""The normalized XPath and the dotted key of an element or attribute. Knows no values."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ciphertool.rewriters.xml.select import TEXT, local

if TYPE_CHECKING:
    from lxml import etree


class Paths:
    """Makes paths within one tree and keeps those of ancestors, so it is made for one batch."""

    def __init__(self, *, undeclared: bool) -> None:
        self._undeclared = undeclared
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
        return f"{above[0]}/{name}{self._position(parent, element, name)}", f"{above[1]}.{name}"

    def _position(self, parent: etree._Element, element: etree._Element, name: str) -> str:
        """Return an element's position among its siblings of the same local name, "" if it is the only one."""
        positions = self._positions.get((parent, name))
        if positions is None:
            if self._undeclared:  # lxml's own test of a local name does not know an undeclared prefix
                siblings = [child for child in parent.iterchildren("*") if local(str(child.tag)) == name]
            else:
                siblings = list(parent.iterchildren(f"{{*}}{name}"))
            if len(siblings) == 1:
                return ""
            positions = self._positions[parent, name] = {child: place for place, child in enumerate(siblings, 1)}
        return f"[{positions[element]}]"


def _positions(element: etree._Element) -> dict[str, str]:
    """Return the positions of an element's attributes whose local name is not theirs alone."""
    keys: dict[str, list[str]] = defaultdict(list)
    for key in element.keys():  # noqa: SIM118 - lxml's method
        keys[local(key)].append(key)
    return {key: f"[{n}]" for same in keys.values() if len(same) > 1 for n, key in enumerate(same, 1)}
