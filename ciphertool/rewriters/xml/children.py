"""The children of each element by local name. Independent of selectors."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_Elements: TypeAlias = "list[etree._Element]"

_values = etree.XPath("@*", smart_strings=False)

MANY = 32  # from so many attributes on, their values are read as nodes
_NAMES = 16  # up to this many names are searched for in the whole tree, each in one walk by lxml


@lru_cache(maxsize=1024)
def local(name: str) -> str:
    """Return the local part of a tag or attribute key, also of one with an undeclared prefix."""
    return name.rpartition("}")[2].rpartition(":")[2]


def attributes(element: etree._Element) -> Mapping[str, str]:
    """Return an element's attributes in document order; lxml's own functions search all of them for each value."""
    keys = element.keys()
    if len(keys) < MANY:
        return dict(element.items())
    return dict(zip(keys, _values(element), strict=True))


class Children:
    """An index of one tree, which must not change meanwhile: asking lxml for thousands of parents takes far longer."""

    def __init__(self, tree: etree._ElementTree, *, undeclared: bool) -> None:
        self._tree = tree
        self._root = tree.getroot()
        self._undeclared = undeclared
        self._in_order: dict[str, _Elements] = {}
        self._by_name: dict[str, dict[etree._Element | None, _Elements]] = {}
        self._by_parent: dict[etree._Element, dict[str, _Elements]] = {}

    def every(self, name: str) -> _Elements:
        """Return all elements with a local name, in document order; an undeclared prefix is part of the name."""
        found = self._in_order.get(name)
        if found is None:
            found = self._in_order[name] = list(self._tree.iter(f"{{*}}{name}"))
        return found

    def named(self, parent: etree._Element, name: str) -> Sequence[etree._Element]:
        """Return an element's child elements with a local name, in document order."""
        of_name = self._by_name.get(name)
        if of_name is None and parent is not self._root and len(self._by_name) < _NAMES and not self._undeclared:
            of_name = self._by_name[name] = defaultdict(list)
            for element in self.every(name):
                of_name[element.getparent()].append(element)
        if of_name is not None:
            return of_name.get(parent, ())
        of_parent = self._by_parent.get(parent)
        if of_parent is None:
            of_parent = self._by_parent[parent] = _grouped(parent.iterchildren("*"))
        return of_parent.get(name, ())


def _grouped(elements: Iterable[etree._Element]) -> dict[str, _Elements]:
    grouped: dict[str, _Elements] = defaultdict(list)
    for element in elements:
        grouped[local(str(element.tag))].append(element)
    return grouped
