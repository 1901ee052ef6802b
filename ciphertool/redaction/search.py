"""Finds many patterns in bytes at once, at a cost that hardly grows with their number. Independent of secrets.

A text is divided into adjacent blocks of eight bytes. Wherever a pattern of fifteen bytes or more occurs, its first
fifteen, its head, contain exactly one whole block, one of eight possible ones. Those of all patterns are in one
dictionary, so scanning a text takes one look-up per block. Only if a block is known is the head compared, and then the
patterns that begin with it. For shorter patterns, blocks are shorter and closer together.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from heapq import merge
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST = 4
"""The fewest bytes of a pattern."""

_SHAPES = (("Q", 8, 8), ("I", 4, 4), ("I", 4, 2), ("I", 4, 1))
"""The array type of the blocks, their width, and the distance between the starts of two blocks."""

_FEW = 8
"""Up to this many heads per pass over the blocks are faster to find one by one."""

_STEP = 512
"""How many blocks are scanned at once."""

_start = itemgetter(0)


class PatternSearch:
    """A growing set of patterns, and the search for all of them. Threads may search while one adds."""

    def __init__(self) -> None:
        self._heads = tuple(_Heads(*shape) for shape in _SHAPES)
        self._beginnings: set[bytes] = set()

    def add(self, pattern: bytes) -> None:
        """Search for this pattern too. Raises ValueError if it is too short."""
        for number, heads in enumerate(self._heads):
            if len(pattern) >= heads.length:
                self._beginnings.update(pattern[:length] for length in range(1, heads.length))
                heads.add(pattern)
                if heads.many and number:
                    self._unite(number)
                return
        raise ValueError(f"a pattern of less than {SHORTEST} bytes")

    def _unite(self, number: int) -> None:
        """Search for longer patterns like shorter ones, since the text is scanned for those in any case."""
        for longer in self._heads[:number]:
            for pattern in longer.patterns():
                self._heads[number].add(pattern)
        self._heads = self._heads[number:]

    def find(self, data: bytes) -> Iterator[tuple[int, int, bool]]:
        """Yield where patterns begin, in order: the start, the end of the longest, and whether a longer one may follow.

        A pattern that others cover without a gap may be left out. A pattern that the end of the data cuts off is
        yielded too; its end equals its start if there is no shorter one. If it is cut off within its head, it is not:
        see `opening`.
        """
        for start, family in _in_order([heads.find(data) for heads in self._heads if heads.families]):
            here = data[start : start + family.longest]
            yield start, start + family.match(here), len(here) < family.longest and family.goes_on(here)

    def opening(self, data: bytes) -> int:
        """Return the start of the longest suffix of the data that is an incomplete head, or the data's end."""
        for start in range(max(len(data) - self._heads[0].length + 1, 0), len(data)):
            if data[start:] in self._beginnings:
                return start
        return len(data)


class _Heads:
    """Patterns by their heads: their first bytes, the same number for each."""

    def __init__(self, code: str, width: int, stride: int) -> None:
        self.length = width + stride - 1
        self.families: dict[bytes, _Family] = {}
        self._code, self._width, self._stride = code, width, stride
        self._offsets: dict[int, tuple[int, ...]] = {}  # the offsets of a block within heads, last first

    def add(self, pattern: bytes) -> None:
        head = pattern[: self.length]
        if head in self.families:
            self.families[head].add(pattern)
            return
        for offset in range(self._stride):
            (block,) = array(self._code, head[offset : offset + self._width])
            self._offsets[block] = tuple(sorted({*self._offsets.get(block, ()), offset}, reverse=True))
        self.families[head] = _Family(pattern)  # last, so that no pattern counts as added before it can be found

    @property
    def many(self) -> bool:
        """Return whether there are enough heads for a scan of blocks."""
        return len(self.families) > _FEW * self._width // self._stride

    def patterns(self) -> Iterator[bytes]:
        """Yield every pattern."""
        for family in tuple(self.families.values()):
            yield from tuple(family.patterns)

    def find(self, data: bytes) -> Iterator[tuple[int, _Family]]:
        """Yield the places of heads, in order."""
        if self.many:
            return _in_order([self._at(shift, data) for shift in range(0, self._width, self._stride)])
        return _in_order([self._each(head, data) for head in tuple(self.families) if head in data])

    def _each(self, head: bytes, data: bytes) -> Iterator[tuple[int, _Family]]:
        family = self.families[head]
        start = data.find(head)
        while start >= 0:
            yield start, family
            # Of several overlapping heads without longer patterns, the last covers everything between.
            alone = family.longest == self.length
            last = data.rfind(head, start + 1, start + 2 * self.length - 1) if alone else -1
            start = last if last > start else data.find(head, start + (self.length if alone else 1))

    def _at(self, shift: int, data: bytes) -> Iterator[tuple[int, _Family]]:
        """Yield the heads whose block is one of the adjacent blocks from `shift` on."""
        known = self._offsets.keys()
        blocks = array(self._code, data[shift : len(data) - (len(data) - shift) % self._width])
        for first in range(0, len(blocks), _STEP):
            part = blocks[first : first + _STEP]
            if not known.isdisjoint(part):
                for number, block in enumerate(part, first):
                    if block in known:
                        yield from self._around(block, shift + number * self._width, data)

    def _around(self, block: int, place: int, data: bytes) -> Iterator[tuple[int, _Family]]:
        for offset in self._offsets[block]:
            start = place - offset  # below 0, the head is incomplete
            family = self.families.get(data[start : start + self.length])
            if family is not None:
                yield start, family


class _Family:
    """The patterns that begin with one head."""

    def __init__(self, pattern: bytes) -> None:
        self.longest = len(pattern)
        self.patterns = {pattern}
        self._tree: _Tree | None = None

    def add(self, pattern: bytes) -> None:
        self.longest = max(self.longest, len(pattern))
        self.patterns.add(pattern)

    def match(self, text: bytes) -> int:
        """Return the length of the longest pattern at the start of the text, or 0."""
        return len(text) if text in self.patterns else self._sorted().match(text)

    def goes_on(self, text: bytes) -> bool:
        """Return whether a longer pattern begins with the text."""
        return self._sorted().goes_on(text)

    def _sorted(self) -> _Tree:
        tree = self._tree
        if tree is None or tree.count != len(self.patterns):  # another thread may have added one meanwhile
            tree = self._tree = _Tree(sorted(self.patterns))
        return tree


class _Tree:
    """Patterns in order, each with the longest other pattern that it begins with: at least the empty one."""

    def __init__(self, patterns: list[bytes]) -> None:
        self.count = len(patterns)
        self._sorted = [b"", *patterns]
        self._parents, depths = [0], [0]
        # A jump skips several ancestors, so that any of them is a few steps away.
        self._jumps = [0]
        for before, pattern in pairwise(range(len(self._sorted))):
            parent = before
            while not self._sorted[pattern].startswith(self._sorted[parent]):
                parent = self._parents[parent]
            jump = self._jumps[parent]
            far = depths[parent] - depths[jump] == depths[jump] - depths[self._jumps[jump]]
            self._parents.append(parent)
            depths.append(depths[parent] + 1)
            self._jumps.append(self._jumps[jump] if far else parent)

    def match(self, text: bytes) -> int:
        """Return the length of the longest pattern at the start of the text, or 0."""
        # All prefixes of the text sort before it, and are prefixes of everything between them and the text.
        near = bisect_right(self._sorted, text) - 1
        while not text.startswith(self._sorted[near]):
            jump = self._jumps[near]
            near = self._parents[near] if text.startswith(self._sorted[jump]) else jump
        return len(self._sorted[near])

    def goes_on(self, text: bytes) -> bool:
        """Return whether a longer pattern begins with the text."""
        place = bisect_right(self._sorted, text)  # the position of longer patterns that begin with the text
        return place < len(self._sorted) and self._sorted[place].startswith(text)


def _in_order(sources: list[Iterator[tuple[int, _Family]]]) -> Iterator[tuple[int, _Family]]:
    return sources[0] if len(sources) == 1 else merge(*sources, key=_start)
