"""Three texts become one: what two people have made of the same lines. Independent of what the lines mean."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OURS, MIDDLE, THEIRS = "<<<<<<< your edit", "=======", ">>>>>>> as it is now"
"""The lines around what both have changed."""


class _Same(NamedTuple):
    """Lines that are the same in all three texts: where they begin in each, and how many there are."""

    base: int
    ours: int
    theirs: int
    size: int


def merge(base: str, ours: str, theirs: str) -> str:
    """Return a text with the changes of both sides; lines that both have changed differently stand one after another.

    They stand between `OURS`, `MIDDLE` and `THEIRS`, as git has it.
    """
    before, one, other = (text.splitlines(keepends=True) for text in (base, ours, theirs))
    made: list[str] = []
    at = _Same(0, 0, 0, 0)
    for same in _same(before, one, other):
        parts = before[at.base : same.base], one[at.ours : same.ours], other[at.theirs : same.theirs]
        made += _between(*parts)
        made += before[same.base : same.base + same.size]
        at = _Same(same.base + same.size, same.ours + same.size, same.theirs + same.size, 0)
    return "".join(made)


def is_unsettled(text: str) -> bool:
    """Return whether a text still has lines that both sides have changed."""
    return any(line.startswith((OURS, THEIRS)) for line in text.splitlines())


def _between(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> Sequence[str]:
    if ours in (base, theirs):
        return theirs
    if theirs == base:
        return ours
    end = "\r\n" if any(line.endswith("\r\n") for line in (*ours, *theirs)) else "\n"
    return [f"{OURS}{end}", *_closed(ours, end), f"{MIDDLE}{end}", *_closed(theirs, end), f"{THEIRS}{end}"]


def _closed(lines: Sequence[str], end: str) -> Sequence[str]:
    """Return lines of which the last one ends."""
    return [*lines[:-1], f"{lines[-1]}{end}"] if lines and not lines[-1].endswith(("\n", "\r")) else lines


def _same(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> Iterator[_Same]:
    """Yield what is the same in all three, in order, and last their ends."""
    one = SequenceMatcher(None, base, ours, autojunk=False).get_matching_blocks()
    other = SequenceMatcher(None, base, theirs, autojunk=False).get_matching_blocks()
    for a in one:
        for b in other:
            start, end = max(a.a, b.a), min(a.a + a.size, b.a + b.size)
            if start < end:
                yield _Same(start, a.b + start - a.a, b.b + start - b.a, end - start)
    yield _Same(len(base), len(ours), len(theirs), 0)
