"""The normalized XPath and the dotted key of an element or attribute. Independent of values."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, TypeAlias

from ciphertool.rewriters.xml.children import local
from ciphertool.rewriters.xml.select import TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml import etree

    from ciphertool.rewriters.xml.children import Children

_Path: TypeAlias = tuple[str, str]


class Paths:
    """Builds paths within one tree. It keeps those of ancestors, so create one for each batch."""

    def __init__(self, children: Children) -> None:
        self._children = children
        self._of_attributes: tuple[etree._Element | None, dict[str, str]] = (None, {})
        self._parents: dict[etree._Element, _Path] = {}
        self._at_hand: tuple[etree._Element | None, _Path] = (None, ("", ""))
        self._positions: dict[tuple[etree._Element, str], dict[etree._Element, int]] = {}

    def every(self, tree: etree._ElementTree) -> Iterator[etree._Element]:
        """Yield every element in document order, its path cached: far faster than asking for paths one by one."""
        root = tree.getroot()
        upcoming = {root: self._element(root)}
        for element in tree.iter("*"):
            path = upcoming.pop(element)
            self._at_hand = element, path
            if len(element):
                upcoming.update(_below(element, *path))
            yield element

    def of(self, element: etree._Element, slot: str) -> _Path:
        """Return the absolute XPath that finds a slot again, and the slot's dotted path of local names."""
        selector, key = self._element(element)
        if slot == TEXT:
            return selector, key
        name = local(slot)
        if self._of_attributes[0] is not element:
            self._of_attributes = element, positions(element)
        return f"{selector}/@{name}{self._of_attributes[1].get(slot, '')}", f"{key}.{name}"

    def _element(self, element: etree._Element) -> _Path:
        if self._at_hand[0] is element:
            return self._at_hand[1]
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
        places = self._positions.get((parent, name))
        if places is None:
            places = self._positions[parent, name] = {child: place for place, child in enumerate(siblings, 1)}
        return f"{above[0]}/{name}[{places[element]}]", f"{above[1]}.{name}"


def every(root: etree._Element) -> Iterator[tuple[etree._Element, _Path]]:
    """Yield every element with its path, the children of each in order: faster than document order."""
    name = local(str(root.tag))
    pending = [(root, (f"/{name}", name))]
    yield pending[0]
    while pending:
        element, path = pending.pop()
        for child in _below(element, *path):
            yield child
            if len(child[0]):
                pending.append(child)


def _below(parent: etree._Element, selector: str, key: str) -> Iterator[tuple[etree._Element, _Path]]:
    """Yield each child element with its path."""
    children = list(parent.iterchildren("*"))
    names = [local(str(child.tag)) for child in children]
    steps = names if len(set(names)) == len(names) else _numbered(names)
    for child, name, step in zip(children, names, steps, strict=True):
        yield child, (f"{selector}/{step}", f"{key}.{name}")


def _numbered(names: Sequence[str]) -> Iterator[str]:
    """Yield each name; one that occurs more than once gets its position."""
    total, seen = Counter(names), Counter[str]()
    for name in names:
        seen[name] += 1
        yield f"{name}[{seen[name]}]" if total[name] > 1 else name


def positions(element: etree._Element) -> dict[str, str]:
    """Return the positions of an element's attributes that share their local name with others."""
    keys: dict[str, list[str]] = defaultdict(list)
    for key in element.keys():  # noqa: SIM118 - lxml's method
        keys[local(key)].append(key)
    return {key: f"[{n}]" for same in keys.values() if len(same) > 1 for n, key in enumerate(same, 1)}
