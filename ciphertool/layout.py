"""How text fits a width: lines end between words, and what is too long loses its middle.

A width of None has room for everything. What is shown, and that it is safe to show, is decided elsewhere.
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from ciphertool.deferred import pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

NARROWEST = 24
"""A terminal counts as at least so wide, and so does the last column."""
_CELL = 8
"""No other column gets narrower than this."""
_GAP = 2
_WORD = pattern(r" *[^ ]+")
_PART = pattern(r"[^/]*/|[^/]+")


def shortened(text: str, width: int | None) -> str:
    """Return a text that is too long without its middle; of a path's last name as much as there is room for."""
    if width is None or len(text) <= width:
        return text
    name = text.rpartition("/")[2] if "/" in text else ""
    tail = max(min(len(name) + 1, width * 3 // 4), width // 2)
    return f"{text[: width - tail - 1]}…{text[-tail:]}"


def wrapped(text: str, width: int | None, indent: str = "") -> list[str]:
    """Return a text as lines, which end between words or after a slash; those after the first begin with `indent`.

    Only what has neither, and is too long for a line of its own, is shortened.
    """
    if width is None or len(text) <= width:
        return [text]
    lines, line = [], ""
    for part in _parts(text, width - len(indent)):
        if line.strip() and len(line) + len(part) > width:
            lines.append(line)
            line = indent + part.lstrip(" ")
        else:
            line += part
    return [*lines, line]


def _parts(text: str, room: int) -> Iterator[str]:
    """Yield what a line may end with: words, each with the blanks before it; of one that is too long, its parts."""
    for word in _WORD.findall(text):
        blanks = "".join(takewhile(str.isspace, word))
        if len(word) - len(blanks) <= room:
            yield word
            continue
        for part in _PART.findall(word.lstrip(" ")):
            yield blanks + shortened(part, room)
            blanks = ""


def widths(rows: Iterable[Sequence[str]], width: int | None) -> list[int]:
    """Return how wide each column is: as its widest cell, or less, the widest ones first, so that a row fits.

    Between columns are two blanks, and none beside an empty column.
    """
    columns = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if width is None or not columns:
        return columns
    *first, last = columns
    room = width - _GAP * sum(1 for column in first if column)
    least = min(last, NARROWEST)
    while sum(first) + least > room and max(first, default=0) > _CELL:
        first[first.index(max(first))] -= 1
    return [*first, max(min(last, room - sum(first)), least)]


def columns(rows: Sequence[Sequence[str]], width: int | None) -> list[str]:
    """Return rows as lines with aligned columns; a cell of the last column has more lines if it needs them."""
    *sizes, room = widths(rows, width) or [0]
    lines = []
    for *first, last in rows:
        cells = [f"{shortened(cell, size):<{size}}" for cell, size in zip(first, sizes, strict=True) if size]
        start = "".join(f"{cell}  " for cell in cells)
        begun, *more = wrapped(last, None if width is None else room)
        lines += [f"{start}{begun}".rstrip(), *(" " * len(start) + line for line in more)]
    return lines
