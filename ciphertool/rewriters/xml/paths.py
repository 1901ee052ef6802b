"""The normalized XPath and the dotted key of an element or attribute. Knows no values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.rewriters.xml.select import TEXT, local

if TYPE_CHECKING:
    from lxml import etree


class Paths:
    """Makes paths within one tree and keeps those of ancestors, so it is made for one batch."""

    def __init__(self) -> None:
        self._paths: dict[etree._Element, tuple[str, str]] = {}
        self._positions: dict[tuple[etree._Element, str], dict[etree._Element, int]] = {}

    def of(self, element: etree._Element, slot: str) -> tuple[str, str]:
        """Return the absolute XPath that finds a slot again, and its dotted path of local names."""
        selector, key = self._element(element)
        if slot == TEXT:
            return selector, key
        name = local(slot)
        if sum(local(other) == name for other in element.keys()) > 1:  # noqa: SIM118 - lxml's method
            position = [other for other in element.keys() if local(other) == name].index(slot) + 1  # noqa: SIM118
            return f"{selector}/@{name}[{position}]", f"{key}.{name}"
        return f"{selector}/@{name}", f"{key}.{name}"

    def _element(self, element: etree._Element) -> tuple[str, str]:
        known = self._paths.get(element)
        if known is not None:
            return known
        name = local(str(element.tag))
        parent = element.getparent()
        if parent is None:
            selector, key = f"/{name}", name
        else:
            above, key = self._element(parent)
            position = self._position(parent, element, name)
            selector, key = f"{above}/{name}{f'[{position}]' if position else ''}", f"{key}.{name}"
        self._paths[element] = selector, key
        return selector, key

    def _position(self, parent: etree._Element, element: etree._Element, name: str) -> int:
        """Return an element's position among its siblings of the same local name, 0 if it is the only one."""
        positions = self._positions.get((parent, name))
        if positions is None:
            siblings = [child for child in parent.iterchildren("*") if local(str(child.tag)) == name]
            positions = {child: place for place, child in enumerate(siblings, 1)} if len(siblings) > 1 else {}
            self._positions[parent, name] = positions
        return positions.get(element, 0)
