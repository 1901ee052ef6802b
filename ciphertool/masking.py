"""Finds secret values in text and bytes that pass by, and masks them. A courtesy: who means to leak a value, can.

A value is found as it is and in the spellings in which programs usually show one: with Python's or JSON's escapes,
percent-encoded as in a URL, with XML's entities, and each long line of one that has several. Values under four
characters are left alone: masking `no` in every line would hide more than it protects.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from ciphertool.secret import MASK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SHORTEST = 4
"""How many characters a value needs to be masked."""


def spellings(value: str) -> set[str]:
    """Return the spellings in which a value is looked for; none of a value that is too short."""
    from json import dumps
    from urllib.parse import quote, quote_plus
    from xml.sax.saxutils import escape

    whole = {value, *(line.strip() for line in value.splitlines())}
    found = set()
    for text in whole:
        data = text.encode("utf-8", "surrogatepass")
        found |= {text, repr(text)[1:-1], repr(data)[2:-1], dumps(text)[1:-1], dumps(text, ensure_ascii=False)[1:-1]}
        found |= {quote(data), quote(data, safe=""), quote_plus(data), escape(text), escape(text, {'"': "&quot;"})}
    return {text for text in found if len(text) >= SHORTEST} if len(value) >= SHORTEST else set()


class Masker:
    """Masks values in a stream of bytes, in whatever pieces they come: `feed` each, and `finish` at the end.

    What may be the beginning of a value is held back until it is known whether it is one. Values that overlap are
    masked together.
    """

    def __init__(self, values: Iterable[str]) -> None:
        patterns = {text.encode("utf-8", "surrogatepass") for value in values for text in spellings(value)}
        self._sorted = sorted(patterns)
        self._longest = max(map(len, patterns), default=0)
        # A lookahead finds values that overlap; of several that start at one place, the longest.
        alternatives = b"|".join(map(re.escape, sorted(patterns, key=len, reverse=True))) or b"(?!)"
        self._find = re.compile(b"(?=(" + alternatives + b"))").finditer
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """Return what can be shown now."""
        return self._mask(self._held + data, final=False)

    def finish(self) -> bytes:
        """Return what was held back."""
        return self._mask(self._held, final=True)

    def mask(self, text: str) -> str:
        """Return a text that stands for itself with every value masked; what is held back is not touched."""
        data = text.encode("utf-8", "surrogatepass")
        return b"".join(self._pieces(data, len(data))[0]).decode("utf-8", "surrogatepass")

    def _mask(self, data: bytes, *, final: bool) -> bytes:
        parts, position = self._pieces(data, len(data) if final else self._start_of_open_value(data))
        self._held = data[position:]
        return b"".join(parts)

    def _pieces(self, data: bytes, limit: int) -> tuple[list[bytes], int]:
        """Return the masked pieces of the data up to the limit, or to where a value runs over it, and that place."""
        parts: list[bytes] = []
        position = 0
        for start, end in self._values(data):
            if start >= limit:
                break
            if end > limit:  # it runs into what is open: more may belong to it
                limit = start
                break
            parts += data[position:start], MASK.encode()
            position = end
        limit = max(limit, position)
        return [*parts, data[position:limit]], limit

    def _start_of_open_value(self, data: bytes) -> int:
        for start in range(max(len(data) - self._longest + 1, 0), len(data)):
            tail = data[start:]
            place = bisect_right(self._sorted, tail)  # where what begins with the tail would stand, if it is longer
            if place < len(self._sorted) and self._sorted[place].startswith(tail):
                return start
        return len(data)

    def _values(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Yield the span of each value, or of several that overlap."""
        span: tuple[int, int] | None = None
        for match in self._find(data):
            start, end = match.span(1)
            if span is not None and start < span[1]:
                span = span[0], max(span[1], end)
                continue
            if span is not None:
                yield span
            span = start, end
        if span is not None:
            yield span
