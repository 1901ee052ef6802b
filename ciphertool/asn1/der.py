"""ASN.1 in BER and DER: elements read within bounds, and DER written. Independent of what a structure means.

The reader accepts what real stores contain, including indefinite and long-form lengths, and nothing ambiguous.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ciphertool.asn1.limits import MAX_DEPTH
from ciphertool.secret import repr_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ciphertool.asn1.limits import Budget

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
UTF8_STRING, BMP_STRING, SEQUENCE, SET = 0x0C, 0x1E, 0x30, 0x31
CONTEXT_0, CONTEXT_0_PRIMITIVE = 0xA0, 0x80
_CONSTRUCTED = 0x20


class Element(NamedTuple):
    """One element: its identifier octet, its content, and its whole encoding."""

    tag: int
    content: memoryview
    encoding: memoryview
    budget: Budget
    depth: int = 0

    def __repr__(self) -> str:
        return repr_of(self, "tag", "depth")

    def children(self) -> Iterator[Element]:
        """Yield the elements of a constructed element's content."""
        if not self.tag & _CONSTRUCTED:
            raise self.budget.malformed("a primitive element where a constructed one belongs")
        if self.depth >= MAX_DEPTH:
            raise self.budget.malformed(f"nested deeper than {MAX_DEPTH}")
        rest = self.content
        while rest:
            element = _read(rest, self.budget, self.depth + 1)
            yield element
            rest = rest[len(element.encoding) :]

    def sequence(self, at_least: int = 1, tag: int = SEQUENCE) -> list[Element]:
        """Return the children of an element that must have `tag` and `at_least` so many children."""
        children = list(self.expect(tag).children())
        if len(children) < at_least:
            raise self.budget.malformed("an incomplete structure")
        return children

    def expect(self, tag: int) -> Element:
        """Return the element itself, or raise the budget's error unless it has `tag`."""
        if self.tag != tag:
            raise self.budget.malformed(f"element {self.tag:#04x} where {tag:#04x} belongs")
        return self

    def octets(self, tag: int = OCTET_STRING) -> bytes:
        """Return an octet string's value, joined if BER splits it; `tag` is that of its primitive form."""
        if self.tag == tag | _CONSTRUCTED:
            return b"".join(segment.octets() for segment in self.children())
        return bytes(self.expect(tag).content)

    def integer(self) -> int:
        """Return the value of an INTEGER of at most 8 bytes, such as a version or a count."""
        content = self.expect(INTEGER).content
        if not 1 <= len(content) <= 8:
            raise self.budget.malformed("a number out of range")
        return int.from_bytes(content, "big", signed=True)

    def named_bits(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the names whose bits a BIT STRING sets; the first name belongs to the first bit."""
        content = self.expect(BIT_STRING).content
        if not content or content[0] > 7 or content[0] > 8 * (len(content) - 1):
            raise self.budget.malformed("a bad bit string")
        count = 8 * (len(content) - 1) - content[0]
        return tuple(name for place, name in enumerate(names[:count]) if content[1 + place // 8] & 0x80 >> place % 8)

    def oid(self) -> str:
        """Return an object identifier in dotted form."""
        content = self.expect(OID).content
        if not 1 <= len(content) <= 64 or content[-1] & 0x80:
            raise self.budget.malformed("a bad object identifier")
        arcs, arc = [], 0
        for octet in content:
            arc = arc << 7 | octet & 0x7F
            if not octet & 0x80:
                arcs.append(arc)
                arc = 0
        first = min(arcs[0] // 40, 2)
        return ".".join(str(number) for number in (first, arcs[0] - 40 * first, *arcs[1:]))


def parse(data: bytes | memoryview, budget: Budget) -> Element:
    """Return the element at the start of the data; ignore what follows it, as Java does."""
    return _read(memoryview(data), budget, 0)


def parse_all(data: bytes, budget: Budget) -> Element:
    """Return the element that makes up the data; raise the budget's error if anything follows it."""
    element = parse(data, budget)
    if len(element.encoding) != len(data):
        raise budget.malformed("unexpected data after the element")
    return element


def _read(data: memoryview, budget: Budget, depth: int) -> Element:
    budget.element()
    if len(data) < 2:
        raise budget.malformed("it ends within an element")
    tag, length, start = data[0], data[1], 2
    if tag & 0x1F == 0x1F:
        raise budget.malformed("a tag of several bytes")
    if length == 0x80:
        return _read_indefinite(data, budget, depth)
    if length > 0x80:
        start += length & 0x7F
        if length > 0x88 or len(data) < start:
            raise budget.malformed("a length out of range")
        length = int.from_bytes(data[2:start], "big")
    if length > len(data) - start:
        raise budget.malformed("it ends within an element")
    return Element(tag, data[start : start + length], data[: start + length], budget, depth)


def _read_indefinite(data: memoryview, budget: Budget, depth: int) -> Element:
    if not data[0] & _CONSTRUCTED or depth >= MAX_DEPTH:
        raise budget.malformed("an indefinite length where none may be")
    position = 2
    while (element := _read(data[position:], budget, depth + 1)).tag or len(element.encoding) != 2:
        if not element.tag:
            raise budget.malformed("a bad end of contents")
        position += len(element.encoding)
    return Element(data[0], data[2:position], data[: position + 2], budget, depth)


def encode(tag: int, *parts: bytes) -> bytes:
    """Return the DER encoding of an element with the concatenated parts as its content."""
    content = b"".join(parts)
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def encode_integer(value: int) -> bytes:
    """Return the DER encoding of a non-negative INTEGER."""
    return encode(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def encode_oid(dotted: str) -> bytes:
    """Return the DER encoding of an object identifier."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    content = bytearray()
    for arc in (40 * first + second, *rest):
        octets = [arc & 0x7F]
        while arc := arc >> 7:
            octets.append(arc & 0x7F | 0x80)
        content += bytes(reversed(octets))
    return encode(OID, bytes(content))
