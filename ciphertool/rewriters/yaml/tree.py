"""Documents as trees on which selectors are evaluated. Independent of text and sites.

A tree consists of dicts, lists and leaves: the number of a value, or `Borrowed` for an alias. Merge keys are keys like
any other, the earlier ones of equal keys are `EarlierKey`s, and an entry whose key is not a scalar is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ciphertool.rewriters.jsonpath import children

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from ciphertool.rewriters.jsonpath import Location

MERGE = "<<"


@dataclass(frozen=True, slots=True, eq=False)
class Borrowed:
    """A leaf in place of an alias; `node` is the node with the anchor."""

    node: object


def with_values(trees: Iterable[object], value: Callable[[int], object]) -> list[object]:
    """Return copies of trees with what `value` returns in place of the number of each value."""
    copies = list(trees)
    pending: list[Any] = [copies]
    while pending:
        around = pending.pop()
        for step, node in children(around) or ():
            if isinstance(node, dict | list):
                around[step] = node.copy()
                pending.append(around[step])
            elif isinstance(node, int):
                around[step] = value(node)
    return copies


def pruned(trees: Iterable[object], repeated: Mapping[int, Collection[str]]) -> list[object]:
    """Return copies of trees without what is under a repeated key, which no selector can name for certain."""
    copies = list(trees)
    pending: list[Any] = [copies]
    while pending:
        around = pending.pop()
        for step, node in list(children(around) or ()):
            if isinstance(node, dict):
                keys = repeated.get(id(node), ())
                around[step] = {key: child for key, child in node.items() if str(key) not in keys}
            elif isinstance(node, list):
                around[step] = node.copy()
            else:
                continue
            pending.append(around[step])
    return copies


def follow(tree: object, location: Location) -> Any:
    """Return the node at a location, which must exist."""
    node: Any = tree
    for step in location:
        node = node[step]
    return node


def is_borrowed(tree: object, steps: Location) -> bool:
    """Return whether the steps lead to a node if aliases and merge keys are followed."""
    nodes: list[Any] = [tree]
    for step in steps:
        nodes = [node[step] for node in _lenders(nodes) if _has(node, step)]
    return bool(nodes)


def entries_with_merged(tree: object) -> int:
    """Return the total number of entries in a tree's mappings, merged ones included; it may be exponential."""
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


def _has(node: object, step: str | int) -> bool:
    if isinstance(step, str):
        return isinstance(node, dict) and step in node
    return isinstance(node, list) and -len(node) <= step < len(node)


def _lenders(nodes: Iterable[object]) -> list[Any]:
    """Return the nodes and everything that they take content from, each once: they may form cycles."""
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
    """Return what a node's merge keys merge into it."""
    if not isinstance(node, dict) or MERGE not in node:
        return []
    found: list[object] = []
    for key, value in node.items():
        if str(key) == MERGE:
            merged = _lent(value)
            found += [_lent(source) for source in merged] if isinstance(merged, list) else [merged]
    return found
