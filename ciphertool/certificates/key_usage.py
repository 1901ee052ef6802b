"""The KeyUsage extension of a certificate, read from its DER alone.

`cryptography` parses all extensions or none, so that one malformed extension of a real certificate would hide the
KeyUsage, which Java finds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# RFC 5280, section 4.2.1.3: the bits in their order.
USAGES = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)

_SEQUENCE, _BIT_STRING, _OCTET_STRING, _OID, _EXTENSIONS = 0x30, 0x03, 0x04, 0x06, 0xA3
_KEY_USAGE = b"\x55\x1d\x0f"  # 2.5.29.15
_TRUE = (0x01, b"\xff")


@dataclass(frozen=True, slots=True)
class KeyUsage:
    """What a KeyUsage extension says: its usages, or None where it cannot be read, and whether it is critical."""

    usages: tuple[str, ...] | None
    critical: bool


def key_usage(tbs_certificate: bytes) -> KeyUsage | None:
    """Return the KeyUsage of a TBSCertificate's DER, None where it has none."""
    found = list(_key_usages(tbs_certificate))
    if len(found) > 1:  # Java takes no certificate that has an extension twice
        return KeyUsage(None, critical=True)
    return found[0] if found else None


def _key_usages(tbs_certificate: bytes) -> Iterator[KeyUsage]:
    for tag, wrapped in _members(_content(tbs_certificate, _SEQUENCE)):
        if tag == _EXTENSIONS:
            for _, extension in _members(_content(wrapped, _SEQUENCE)):
                (oid_tag, oid), *rest = _members(extension)
                if (oid_tag, oid) == (_OID, _KEY_USAGE):
                    yield KeyUsage(_usages(rest[-1][1]), critical=rest[0] == _TRUE)


def _usages(value: bytes) -> tuple[str, ...] | None:
    try:
        bits = _content(value, _BIT_STRING)
    except ValueError:
        return None
    if not bits or bits[0] > 7 or (len(bits) == 1 and bits[0]):
        return None
    count = 8 * (len(bits) - 1) - bits[0]
    text = "".join(f"{byte:08b}" for byte in bits[1:])[:count]
    return tuple(name for name, bit in zip(USAGES, text, strict=False) if bit == "1")


def _content(data: bytes, tag: int) -> bytes:
    """Return the content of the one element, of the tag, that the data is."""
    elements = list(_members(data))
    if len(elements) != 1 or elements[0][0] != tag:
        raise ValueError("not the element that was expected")
    return elements[0][1]


def _members(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of each DER element; ValueError if cut short. Every tag of a certificate has one byte."""
    position = 0
    while position < len(data):
        tag, length = data[position : position + 2]
        position += 2
        if length > 0x80:
            size = length & 0x7F
            length = int.from_bytes(data[position : position + size], "big")
            position += size
        content = data[position : position + length]
        if len(content) != length:
            raise ValueError("cut short")
        yield tag, content
        position += length
