"""Values as Java's DataOutputStream writes them, read within bounds, and text written. Independent of formats."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ciphertool.keystore.limits import StoreBudget


class DataInput:
    """A cursor over big-endian values; reading past the end raises `MalformedKeystoreError`."""

    def __init__(self, data: bytes, budget: StoreBudget, position: int = 0) -> None:
        self.data = data
        self.budget = budget
        self.position = position

    def take(self, length: int) -> bytes:
        """Return the next `length` bytes."""
        end = self.position + length
        if end > len(self.data):
            raise self.budget.malformed("it ends within an entry")
        taken = self.data[self.position : end]
        self.position = end
        return taken

    def number(self, size: int) -> int:
        """Return the next unsigned number of `size` bytes."""
        return int.from_bytes(self.take(size), "big")

    def count(self, limit: int, what: str) -> int:
        """Return the next 4-byte count; raise if it exceeds the limit."""
        count = self.number(4)
        if count > limit:
            raise self.budget.malformed(f"{count} {what}, more than {limit}")
        return count

    def block(self) -> bytes:
        """Return the next bytes, preceded by their 4-byte length."""
        return self.take(self.number(4))

    def text(self) -> str:
        """Return the next string, in Java's modified UTF-8."""
        raw = self.take(self.number(2))
        try:
            if raw.isascii():
                return raw.decode("ascii")
            # Two departures from UTF-8: U+0000 takes two bytes, and characters above U+FFFF are pairs of surrogates.
            units = raw.replace(b"\xc0\x80", b"\0").decode("utf-8", "surrogatepass")
            return units.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise self.budget.malformed("a name that is no text") from None

    def date(self) -> datetime | None:
        """Return the next time, stored in milliseconds since 1970, or None if it is out of range."""
        return date_of(int.from_bytes(self.take(8), "big", signed=True))


def date_of(milliseconds: int) -> datetime | None:
    """Return the time that Java counts in milliseconds since 1970, or None if it is out of range."""
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def encode_text(text: str) -> bytes | None:
    """Return the text as `DataInput.text` reads it, after its 2-byte length, or None if that cannot hold it."""
    try:
        units = text.encode("utf-16-be")
    except UnicodeEncodeError:  # half of a pair of surrogates
        return None
    pairs = "".join(chr(int.from_bytes(units[start : start + 2], "big")) for start in range(0, len(units), 2))
    raw = pairs.encode("utf-8", "surrogatepass").replace(b"\0", b"\xc0\x80")
    return len(raw).to_bytes(2, "big") + raw if len(raw) <= 0xFFFF else None
