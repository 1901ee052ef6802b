"""What masking means, in the plainest way: a regular expression of all spellings, looked for at every byte.

The judge of `ciphertool.redaction.masking`, which must show the same, and sooner.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ciphertool.redaction.masking import spellings

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable


def random_case(chance: random.Random) -> tuple[list[str], bytes]:
    """Return values that overlap, repeat, begin and end one another, and a stream of them, their parts and the like."""
    letters = chance.choice(
        ["a", "ab", "abc", 'ab&"', "a\n", "aä€", "\0\x01ÿ", "a😀\ud800", "abcdefghijklmnop0123456789"]
    )

    def text(length: int) -> str:
        return "".join(chance.choices(letters, k=length))

    whole = text(chance.choice((10, 30, 60, 200)))
    values = []
    for _ in range(chance.choice((1, 2, 3, 8, 12, 30, 120))):
        place = chance.randrange(len(whole))
        length = chance.choice((4, 5, 6, 7, 8, 14, 15, 16, 30, 100))
        repeated = text(chance.randrange(1, 4)) * chance.randrange(2, 20) + text(chance.randrange(3))
        lines = "\n".join(whole[start : start + 20] for start in range(0, len(whole), 20))
        values.append(
            chance.choice((whole[place : place + length], whole[:place], repeated, lines, text(length), text(length)))
        )
    patterns = [found.encode("utf-8", "surrogatepass") for value in values for found in spellings(value)] or [b"x"]
    parts = []
    for _ in range(chance.randrange(1, 25)):
        pattern = chance.choice(patterns)
        place = chance.randrange(len(pattern) + 1)
        run = text(1) * chance.randrange(50)
        others = (run.encode("utf-8", "surrogatepass"), text(9).encode("utf-8", "surrogatepass"), chance.randbytes(4))
        parts.append(chance.choice((pattern, pattern, pattern[:place], pattern[place:], *others)))
    return values, b"".join(parts)


class ReferenceMasker:
    """Masks values in a stream of bytes, slowly."""

    def __init__(self, values: Iterable[str]) -> None:
        found = {text.encode("utf-8", "surrogatepass") for value in values for text in spellings(value)}
        self._patterns = sorted(found, key=len, reverse=True)
        # A lookahead finds values that overlap; of several that start at one place, the longest.
        alternatives = b"|".join(map(re.escape, self._patterns)) or b"(?!)"
        self._find = re.compile(b"(?=(" + alternatives + b"))").finditer
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """Return what can be shown now."""
        return self._show(self._held + data, final=False)

    def finish(self) -> bytes:
        """Return what was held back."""
        return self._show(self._held, final=True)

    def _show(self, data: bytes, *, final: bool) -> bytes:
        limit = (
            len(data) if final else next((start for start in range(len(data)) if self._open(data[start:])), len(data))
        )
        spans: list[tuple[int, int]] = []
        for match in self._find(data):
            start, end = match.span(1)
            if spans and start < spans[-1][1]:
                spans[-1] = spans[-1][0], max(spans[-1][1], end)
            else:
                spans.append((start, end))
        shown, position = b"", 0
        for start, end in spans:
            if start >= limit:
                break
            if end > limit:  # it runs into what is open: more may belong to it
                limit = start
                break
            shown += data[position:start] + b"****"
            position = end
        limit = max(limit, position)
        self._held = data[limit:]
        return shown + data[position:limit]

    def _open(self, text: bytes) -> bool:
        """Tell whether a text may be the beginning of a value."""
        return any(len(pattern) > len(text) and pattern.startswith(text) for pattern in self._patterns)
