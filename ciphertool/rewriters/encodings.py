"""The encodings of text files: the known ones, those a format can have, and their synonyms. Reads no files."""

from __future__ import annotations

import codecs
import re

from ciphertool.deferred import pattern
from ciphertool.errors import UnknownEncodingError

UNICODE = ("utf-8", "utf-16", "utf-16-le", "utf-16-be")
"""UTF-16 without a byte order in its name needs a byte order mark."""

_NAME = pattern(r"[A-Za-z][A-Za-z0-9._:-]{0,39}")  # as in IANA's registry
_ASCII = bytes((0x09, 0x0A, 0x0D, *range(0x20, 0x7F)))
# Codecs that escape or shift read some of this as more than ASCII.
_TRAPS = bytes(range(128)) + rb"\u0041 &AGE- +AGE- ~{" + b"\x1b$B!!\x1b(B"
_SAME = {
    "utf-8-sig": "utf-8",  # a byte order mark is accepted anyway
    "iso-10646-ucs-2": "utf-16",
    "ucs-2": "utf-16",
}


def one_name(name: str) -> str:
    """Return the canonical name of an encoding; raise `UnknownEncodingError` if Python does not know it."""
    named = _SAME.get(name.lower(), name)
    try:
        found = codecs.lookup(named).name if _NAME.fullmatch(named) else ""
    except LookupError:
        found = ""
    if not found:
        raise UnknownEncodingError(name)
    return _SAME.get(found, re.sub(r"^iso(?=8859)", "iso-", found))


def canonical(name: str) -> str:
    """Return the canonical name of an encoding in which part of a file can change while the rest stays as it is.

    These are UTF-8, UTF-16, and those that read ASCII as ASCII, but not codecs that transform, escape or shift. Raise
    `UnknownEncodingError` for any other.
    """
    found = one_name(name)
    if found not in UNICODE and not _is_ascii(found, _TRAPS):
        raise UnknownEncodingError(name)
    return found


def reads_ascii(codec: str) -> bool:
    """Return whether a codec reads and writes printable ASCII as ASCII."""
    return _is_ascii(codec, _ASCII)


def _is_ascii(codec: str, data: bytes) -> bool:
    try:
        text = data.decode("ascii")
        return text.encode(codec) == data and data.decode(codec) == text
    except (LookupError, UnicodeError):
        return False


def agree(one: str, other: str) -> bool:
    """Return whether a file can be in both encodings, given by canonical names: `utf-16` leaves the byte order open."""
    return one == other or (min(one, other) == "utf-16" and max(one, other).startswith("utf-16-"))


def can_hold(codec: str, text: str) -> bool:
    """Return whether a text, written in a codec's encoding, reads back the same."""
    if text.isascii() or codec == "utf-8":
        return True  # callers never pass half of a surrogate pair
    try:
        return text.encode(codec).decode(codec) == text
    except UnicodeError:
        return False
