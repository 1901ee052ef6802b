"""BER and DER within bounds, against pyasn1."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyasn1.codec.ber import decoder

from ciphertool.asn1 import der
from ciphertool.asn1.limits import MAX_DEPTH, Budget
from ciphertool.errors import MalformedStructureError


@given(st.binary(max_size=60))
def test_what_is_read_as_ber_is_what_pyasn1_reads(data: bytes) -> None:
    try:
        element = der.parse(der.encode(der.OCTET_STRING, data), Budget("test"))
    except MalformedStructureError:
        pytest.fail("an octet string is not hostile")
    assert element.octets() == data == bytes(decoder.decode(bytes(element.encoding))[0])


@given(st.integers(0, 2**63 - 1))
def test_numbers_survive(number: int) -> None:
    assert der.parse(der.encode_integer(number), Budget("test")).integer() == number


@pytest.mark.parametrize("dotted", ["1.2.840.113549.1.12.10.1.2", "2.5.29.15", "2.16.840.1.113894.746875.1.1", "0.9"])
def test_object_identifiers_survive(dotted: str) -> None:
    encoded = der.encode_oid(dotted)
    assert der.parse(encoded, Budget("test")).oid() == dotted == str(decoder.decode(encoded)[0])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x05\x02\x01",
        b"\x30\x89" + bytes(9),
        b"\x3f\x81\x00\x00",
        b"\x04\x80\x00\x00",
        b"\x30\x80\x02",
    ],
)
def test_broken_ber_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedStructureError):
        der.parse(data, Budget("test"))


def test_depth_is_limited() -> None:
    data = b""
    for _ in range(MAX_DEPTH + 2):
        data = der.encode(der.SEQUENCE, data)
    element = der.parse(data, Budget("test"))
    for _ in range(MAX_DEPTH):
        element = element.sequence()[0]
    with pytest.raises(MalformedStructureError, match="nested deeper"):
        element.sequence()


@given(st.binary(min_size=1, max_size=4), st.integers(0, 7))
def test_named_bits_are_those_of_pyasn1(octets: bytes, unused: int) -> None:
    data = der.encode(der.BIT_STRING, bytes((unused,)), octets)
    bits = decoder.decode(data)[0]
    names = [str(place) for place in range(20)]
    expected = tuple(name for name, bit in zip(names, bits, strict=False) if bit)
    assert der.parse_all(data, Budget("test")).named_bits(names) == expected


@pytest.mark.parametrize("content", [b"", b"\x01", b"\x08\x10"])
def test_a_bit_string_without_its_bits_is_refused(content: bytes) -> None:
    with pytest.raises(MalformedStructureError, match="bit string"):
        der.parse(der.encode(der.BIT_STRING, content), Budget("test")).named_bits(("a",))


def test_what_follows_is_refused_where_all_is_to_be_read() -> None:
    data = der.encode_integer(7)
    assert der.parse_all(data, Budget("test")).integer() == 7
    assert der.parse(data + b"\0", Budget("test")).integer() == 7
    with pytest.raises(MalformedStructureError) as e:
        der.parse_all(data + b"\0", Budget("test"))
    assert (e.value.what, e.value.reason) == ("test", "unexpected data after the element")
