"""Which elements and attributes a selector names. Knows lxml's tree, but not the text.

lxml takes 85 ms for one XPath over 12 MB. Plain paths are therefore walked once for all selectors that share their
beginning, and their predicates are looked up in an index.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, TypeAlias

from lxml import etree

from ciphertool.errors import SelectorError
from ciphertool.rewriters.xml import xpath
from ciphertool.rewriters.xml.children import attributes, local

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ciphertool.rewriters.xml.children import Children
    from ciphertool.rewriters.xml.xpath import Predicate, Step

TEXT = ""
"""The slot of an element's text; any other slot is an attribute's key in lxml's spelling."""

Node: TypeAlias = tuple[etree._Element, str]
"""An element and one of its slots."""

_Elements: TypeAlias = "list[etree._Element]"

_EXAMPLE = "an XPath is, for example, `/Server/Connector/@keystorePass` or `//Password`"
_FEW = 8  # up to this many elements are searched again rather than remembered

_string = etree.XPath("string()", smart_strings=False)


class Select:
    """Evaluates selectors over one tree; keeps what they share, so create one for each batch."""

    def __init__(self, tree: etree._ElementTree, children: Children, *, undeclared: bool, few: int = _FEW) -> None:
        self._tree = tree
        self._of = children
        self._undeclared = undeclared
        self._few = few
        self._elements: dict[str, _Elements] = {}
        self._indexes: dict[tuple[str, str, str], dict[str | int, _Elements]] = {}
        self._keys: dict[etree._Element, dict[str, list[str]]] = {}

    def nodes(self, selector: str) -> list[Node]:
        """Return what a selector names, or raise `SelectorError` for anything but elements, texts and attributes."""
        plain = xpath.plain(selector)
        return self.evaluate(selector) if plain is None else self._walk(*plain)

    def evaluate(self, selector: str) -> list[Node]:
        """Return what a selector names, evaluated by lxml alone."""
        expression = xpath.translate(selector, undeclared=self._undeclared)
        if expression is None:
            raise SelectorError(selector, "is not an XPath 1.0 expression", hint=_EXAMPLE)
        try:
            found = self._tree.xpath(expression)
        except (etree.XPathError, ValueError):
            reason = "is not an XPath 1.0 expression that can be evaluated"
            raise SelectorError(selector, reason, hint=_EXAMPLE) from None
        if not isinstance(found, list):
            raise SelectorError(selector, "evaluates to a number, string or boolean, not to a place in the document")
        nodes = dict.fromkeys(_node(selector, node) for node in found)
        return list(nodes)

    def _walk(self, steps: Sequence[Step], literals: Sequence[str]) -> list[Node]:
        elements: _Elements | None = None
        path = ""
        values = iter(literals)
        for test, predicates in steps:
            if test[0] == "@":
                return [(element, key) for element in elements or () for key in self._attributes(element, test[1:])]
            path = f"{path}/{test}"
            elements = self._children(path, elements, test)
            for predicate in predicates:
                value = next(values) if predicate.value is None else predicate.value
                elements = self._filter(path, elements, predicate, value)
                path = f"{path}{predicate.text}{value!r}"
        return [(element, TEXT) for element in elements or ()]

    def _children(self, path: str, parents: _Elements | None, test: str) -> _Elements:
        known = self._elements.get(path)
        if known is not None:
            return known
        prefix, _, name = test.rpartition(":")
        if parents is None:
            root = self._tree.getroot()
            found = [root] if name in ("*", local(str(root.tag))) else []
        elif name == "*":
            found = [child for parent in parents for child in parent.iterchildren("*")]
        else:
            found = [child for parent in parents for child in self._of.named(parent, name)]
        if prefix:
            found = [element for element in found if _prefix(element) == prefix]
        if parents is None or len(found) > self._few:
            self._elements[path] = found
        return found

    def _attributes(self, element: etree._Element, name: str) -> Sequence[str]:
        """Return the keys of an element's attributes with a local name."""
        keys = self._keys.get(element)
        if keys is None:
            keys = self._keys[element] = defaultdict(list)
            for key in element.keys():  # noqa: SIM118 - lxml's method
                keys[local(key)].append(key)
        return keys.get(name, ())

    def _filter(self, path: str, elements: _Elements, predicate: Predicate, value: str | int) -> _Elements:
        if len(elements) <= self._few:
            return [element for element, answer in _answers(elements, predicate) if answer == value]
        key = (path, predicate.kind, predicate.name)
        index = self._indexes.get(key)
        if index is None:
            index = self._indexes[key] = defaultdict(list)
            for element, answer in _answers(elements, predicate):
                index[answer].append(element)
        return index.get(value, [])


def _answers(elements: _Elements, predicate: Predicate) -> Iterator[tuple[etree._Element, str | int]]:
    """Yield each element once for each value for which the predicate holds."""
    if predicate.kind == "position":
        parent, number = None, 0
        for element in elements:
            number = number + 1 if element.getparent() is parent else 1
            parent = element.getparent()
            yield element, number
        return
    name = predicate.name
    for element in elements:
        if predicate.kind == "child":
            answers = [_string_value(child) for child in element.iterchildren("*") if local(str(child.tag)) == name]
        else:
            answers = [value for key, value in attributes(element).items() if key == name or local(key) == name]
            if predicate.kind == "has":
                answers = [""] if answers else []
        for answer in answers if len(answers) < 2 else dict.fromkeys(answers):
            yield element, answer


def _string_value(element: etree._Element) -> str:
    return str(_string(element)) if len(element) else element.text or ""


def _prefix(element: etree._Element) -> str | None:
    """Return the prefix of an element's name; an undeclared one is part of its local name."""
    return element.prefix or str(element.tag).rpartition("}")[2].rpartition(":")[0] or None


def _node(selector: str, node: object) -> Node:
    if isinstance(node, etree._Element) and isinstance(node.tag, str):
        return node, TEXT
    if isinstance(node, etree._ElementUnicodeResult):
        parent = node.getparent()
        if parent is not None and node.is_tail:
            parent = parent.getparent()
        if parent is not None:
            return parent, str(node.attrname) if node.is_attribute else TEXT
    raise SelectorError(selector, "names a comment, a processing instruction or a namespace, not a value")
