"""Masks secret values in text and bytes. Best effort: it does not stop a program that wants to leak a value.

A value is found as it is and in the spellings that programs usually print: with Python's or JSON's escapes,
percent-encoded as in a URL, with XML's entities, and each long line of a multi-line value. Values under four characters
are not masked: masking `no` in every line would hide more than it protects.

No function here imports anything: a child forked during another thread's import would wait for it for ever.
"""

from __future__ import annotations

import re
from json import dumps
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from ciphertool.redaction.search import PatternSearch
from ciphertool.secret import MASK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SHORTEST = 4
"""The fewest characters of a value that is masked."""


def spellings(value: str) -> set[str]:
    """Return the spellings that are searched for a value; none if the value is too short."""
    whole = {value, *(line.strip() for line in value.splitlines())}
    found = set()
    for text in whole:
        data = text.encode("utf-8", "surrogatepass")
        found |= {text, repr(text)[1:-1], repr(data)[2:-1], dumps(text)[1:-1], dumps(text, ensure_ascii=False)[1:-1]}
        found |= {
            quote(data),
            quote(data, safe=""),
            quote_plus(data),
            _in_xml(text),
            _in_xml(text).replace('"', "&quot;"),
        }
    return {text for text in found if len(text) >= SHORTEST} if len(value) >= SHORTEST else set()


def _in_xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class Masker:
    """Masks values in a stream of bytes, however it is split: call `feed` with each piece, and `finish` at the end.

    A possible beginning of a value is held back until it is clear whether it is one. Overlapping values are masked
    together.
    """

    def __init__(self, values: Iterable[str]) -> None:
        self._search = PatternSearch()
        self._held = b""
        self._masked = 0  # how much of the held data belongs to a value whose mask has already been output
        self.add(values)

    def add(self, values: Iterable[str]) -> None:
        """Mask these values too from now on."""
        patterns = {text.encode("utf-8", "surrogatepass") for value in values for text in spellings(value)}
        for pattern in sorted(patterns, key=len):
            # A value that others cover without a gap needs no search of its own: searching for aaaa also masks aaaaaa.
            if self._spans(pattern, final=True)[0] != [(0, len(pattern))]:
                self._search.add(pattern)

    def another(self) -> Masker:
        """Return a masker of the same values for another stream."""
        other = Masker(())
        other._search = self._search
        return other

    def feed(self, data: bytes) -> bytes:
        """Return what can be output now."""
        return self._mask(self._held + data, final=False)

    def finish(self) -> bytes:
        """Return what was held back."""
        return self._mask(self._held, final=True)

    def mask(self, text: str) -> str:
        """Return a separate text with every value masked; the held data is not affected."""
        data = text.encode("utf-8", "surrogatepass")
        spans, _ = self._spans(data, final=True)
        return b"".join(_masked(data, spans, 0, len(data))).decode("utf-8", "surrogatepass") if spans else text

    def _mask(self, data: bytes, *, final: bool) -> bytes:
        spans, limit = self._spans(data, final=final, masked=self._masked)
        shown = spans.pop(0)[1] if self._masked else 0
        self._held = data[limit:]
        self._masked = max(0, (spans[-1][1] if spans else shown) - limit)
        return b"".join(_masked(data, spans, shown, limit))

    def _spans(self, data: bytes, *, final: bool, masked: int = 0) -> tuple[list[tuple[int, int]], int]:
        """Return the spans of values, overlapping ones merged, up to a possibly incomplete one; and its start.

        If the data is final, that start is its end. The part at its beginning that is already masked is a span of its
        own.
        """
        spans = [(-1, masked)] if masked else []
        limit = len(data) if final else self._search.opening(data)
        for start, end, goes_on in self._search.find(data):
            if start >= limit:
                break
            if goes_on and not final:
                limit = start
                break
            if spans and start < spans[-1][1]:
                spans[-1] = spans[-1][0], max(spans[-1][1], end)
            elif end > start:
                spans.append((start, end))
        return spans, limit


class TextMasker:
    """Masks values in whole texts as `Masker` does, and values too short for that if they stand alone.

    `spelled` are other spellings of the values, found as they are.
    """

    def __init__(self, values: Iterable[str], spelled: Iterable[str] = ()) -> None:
        known = {*values, *spelled}
        self._masker = Masker(known)
        short = sorted((re.escape(value) for value in known if 0 < len(value) < SHORTEST), key=len, reverse=True)
        self._short = re.compile(rf"(?<!\w)(?:{'|'.join(short)})(?!\w)") if short else None

    def mask(self, text: str) -> str:
        """Return the text with every value masked."""
        masked = self._masker.mask(text)
        return self._short.sub(MASK, masked) if self._short else masked


def _masked(data: bytes, spans: list[tuple[int, int]], position: int, limit: int) -> Iterator[bytes]:
    """Yield the data from the position to the limit, with the spans masked; the last span may go beyond the limit."""
    for start, end in spans:
        yield data[position:start]
        yield MASK.encode()
        position = end
    yield data[position:limit]
