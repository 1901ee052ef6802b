"""Passwords among the items of a command that is a list: `["mysqladmin", "-pSECRET"]`. Judges no values."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import TYPE_CHECKING

from ciphertool.detection import patterns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ciphertool.rewriters.base import Outline

_COMMAND = re.compile(patterns.CREDENTIALS[patterns.COMMAND])
_ITEM = re.compile(r"\[\d+\]$")
_MOST = 64  # items of one command
_SEPARATOR = '", "'


def items_with_option(outline: Outline) -> list[int]:
    """Return the indexes of the items of lists that begin with a dash."""
    if "\0-" not in "\0".join(("", *outline.values)):
        return []
    selectors = outline.selectors
    options = [index for index, value in enumerate(outline.values) if value[:1] == "-"]
    return [index for index in options if _ITEM.search(selectors[index])]


def operands(outline: Outline, options: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the index of each item with a password of a command, and where in the item it begins.

    `options` are the indexes of items that begin with a dash.
    """
    seen = -1
    for option in options:
        if option > seen:
            items = _list_around(outline.selectors, option)
            seen = items[-1]
            yield from _in_list(items[:_MOST], [outline.values[index] for index in items[:_MOST]])


def _list_around(selectors: Sequence[str], item: int) -> range:
    """Return the indexes of all items of the list that has this one."""
    first = last = item
    parent = _parent(selectors[item])
    while first and _parent(selectors[first - 1]) == parent:
        first -= 1
    while last + 1 < len(selectors) and _parent(selectors[last + 1]) == parent:
        last += 1
    return range(first, last + 1)


def _in_list(indexes: Sequence[int], values: Sequence[str]) -> Iterator[tuple[int, int]]:
    starts = [0, *accumulate(len(value) + len(_SEPARATOR) for value in values)]
    line = _SEPARATOR.join(values)
    for found in _COMMAND.finditer(f'"{line}"'):
        begin = found.start() - 1
        start = next(found.start(group) for group, text in found.groupdict().items() if text) - 1
        at = next(n for n in range(len(values)) if starts[n + 1] > start)
        if begin < starts[at]:  # otherwise the item has all of the command, and is judged as any value is
            yield indexes[at], start - starts[at]


def _parent(selector: str) -> str:
    return selector.rpartition("[")[0]
