"""A stream's documents as trees that selectors are run on. Nothing here knows of text or of sites.

Merge keys are keys like any other, and an entry whose key is no scalar is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ciphertool.rewriters.yaml.stream import Alias, Mark, Properties

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ciphertool.rewriters.jsonpath import Location
    from ciphertool.rewriters.yaml.stream import Stream

MERGE = "<<"
# To look a member up in its enumeration takes ten times as long.
_MAPPING, _SEQUENCE, _END, _VALUE = Mark.MAPPING, Mark.SEQUENCE, Mark.END, Mark.VALUE


@dataclass(frozen=True, slots=True, eq=False)
class Borrowed:
    """A leaf where an alias stands; `node` is what has the anchor."""

    node: object


def grow(stream: Stream, leaves: Iterable[object]) -> list[object]:
    """Return the documents as trees, with `leaves` for the values, in order, and `Borrowed` for the aliases."""
    trees: list[object] = []
    around: Any = trees
    key: str | None = None
    outer: list[tuple[Any, str | None]] = []
    anchors: dict[str, object] = {}
    anchor: str | None = None
    values = iter(leaves)
    for entry in stream.shape:
        node: Any
        if entry is _VALUE:
            node = next(values)
        elif type(entry) is str:
            key, anchor = entry, None
            continue
        elif entry is _END:
            around, key = outer.pop()
            continue
        elif isinstance(entry, Properties):
            anchor = entry.anchor
            continue
        elif isinstance(entry, Alias):
            node = Borrowed(anchors.get(entry.name))
        elif entry is _MAPPING or entry is _SEQUENCE:
            node = {} if entry is _MAPPING else []
        else:
            key = None  # at a key that is no scalar, and at a new document
            continue
        if anchor is not None:
            anchors[anchor] = node
            anchor = None
        if type(around) is list:
            around.append(node)
        elif key is not None:
            around[key] = node
        if entry is _MAPPING or entry is _SEQUENCE:
            outer.append((around, key))
            around = node
    return trees


def leaves(tree: object) -> Iterator[tuple[Location, object]]:
    """Yield every leaf of a tree with its location, in document order."""
    location: list[str | int] = []
    pending: list[Iterator[tuple[str | int, object]]] = []
    children = _children(tree)
    if children is None:
        yield (), tree
        return
    pending.append(children)
    while pending:
        for step, node in pending[-1]:
            children = _children(node)
            if children is None:
                yield (*location, step), node
            else:
                location.append(step)
                pending.append(children)
                break
        else:
            pending.pop()
            if location:
                location.pop()


def follow(tree: object, location: Location) -> Any:
    """Return the node at a location that the tree has."""
    node: Any = tree
    for step in location:
        node = node[step]
    return node


def is_borrowed(tree: object, steps: Location) -> bool:
    """Tell whether the steps lead somewhere once aliases and merge keys are followed."""
    nodes: list[Any] = [tree]
    for step in steps:
        nodes = [node[step] for node in _lenders(nodes) if _has(node, step)]
    return bool(nodes)


def entries_with_merged(tree: object) -> int:
    """Return how many entries a tree's mappings have together once each has its merged ones: it may be exponential."""
    total = 0
    entries: dict[int, int] = {}
    pending: list[tuple[Any, bool]] = [(tree, False)]
    while pending:
        node, are_children_done = pending.pop()
        if are_children_done:
            entries[id(node)] = len(node) + sum(entries.get(id(source), 0) for source in _merged(node))
            total += entries[id(node)]
        elif isinstance(node, dict | list):
            pending.append((node, True))
            pending += [(child, False) for child in reversed(list(node.values() if isinstance(node, dict) else node))]
    return total


def _children(node: object) -> Iterator[tuple[str | int, object]] | None:
    return iter(node.items()) if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else None


def _has(node: object, step: str | int) -> bool:
    if isinstance(step, str):
        return isinstance(node, dict) and step in node
    return isinstance(node, list) and -len(node) <= step < len(node)


def _lenders(nodes: Iterable[object]) -> list[Any]:
    """Return the nodes and all that they take their content from, each once: they may form cycles."""
    found: dict[int, object] = {}
    pending = [_lent(node) for node in nodes]
    while pending:
        node = pending.pop()
        if id(node) not in found:
            found[id(node)] = node
            pending += _merged(node)
    return list(found.values())


def _lent(node: object) -> object:
    return node.node if isinstance(node, Borrowed) else node


def _merged(node: object) -> list[object]:
    """Return what a node's merge key merges into it."""
    merged = _lent(node[MERGE]) if isinstance(node, dict) and MERGE in node else []
    return [_lent(source) for source in merged] if isinstance(merged, list) else [merged]
