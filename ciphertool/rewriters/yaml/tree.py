"""A stream's documents as trees that selectors are run on. Nothing here knows of text or of sites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ciphertool.rewriters.yaml.stream import KEY, Alias, Mark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ciphertool.rewriters.jsonpath import Location
    from ciphertool.rewriters.yaml.stream import Stream

MERGE = "<<"


@dataclass(frozen=True, slots=True, eq=False)
class Borrowed:
    """A leaf where an alias stands; `node` is what has the anchor, None if nothing has."""

    node: object


def grow(stream: Stream, leaf: Callable[[int], object]) -> list[object]:
    """Return the documents as trees, `leaf(index)` standing for the scalar with that index in the stream.

    Aliases are leaves, merge keys are keys like any other, and an entry whose key is no scalar is left out.
    """
    trees: list[object] = []
    around: Any = trees
    key: str | None = None
    outer: list[tuple[Any, str | None]] = []
    anchors: dict[str | None, object] = {}
    for index, (entry, form) in enumerate(zip(stream.entries, stream.forms, strict=True)):
        node: Any
        if entry is Mark.END:
            around, key = outer.pop()
            continue
        if entry is Mark.DOCUMENT:
            continue
        if isinstance(entry, str):
            node = leaf(index)
        elif isinstance(entry, Alias):
            node = Borrowed(anchors.get(entry.name))
        else:
            node = {} if entry is Mark.MAPPING else []
        if index in stream.properties:
            anchors[stream.properties[index][0]] = node
        if form & KEY:
            key = entry if isinstance(entry, str) else None
        elif type(around) is list:
            around.append(node)
        elif key is not None:
            around[key] = node
        if isinstance(entry, Mark):
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
        nodes = [children[step] for node in _lenders(nodes) if step in (children := dict(_children(node) or ()))]
    return bool(nodes)


def _children(node: object) -> Iterator[tuple[str | int, object]] | None:
    return iter(node.items()) if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else None


def _lenders(nodes: Iterable[object]) -> list[Any]:
    """Return the nodes and all that they take their content from, each once: they may form cycles."""
    found: dict[int, object] = {}
    pending = list(nodes)
    while pending:
        node = pending.pop()
        if id(node) in found:
            continue
        found[id(node)] = node
        if isinstance(node, Borrowed):
            pending.append(node.node)
        elif isinstance(node, dict) and MERGE in node:
            merged = node[MERGE]
            pending += merged if isinstance(merged, list) else [merged]
    return list(found.values())
