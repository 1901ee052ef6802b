"""The readers below the formats: BER, key derivation, what PKCS #12 allows and keytool does not write."""

from __future__ import annotations

import hashlib
import hmac
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jks import rfc7292
from pyasn1.codec.ber import decoder

from ciphertool.errors import MalformedKeystoreError
from ciphertool.keystore import der, open_keystore, pbe
from ciphertool.keystore.limits import MAX_DEPTH, Budget

from .vectors import PASSWORD, VECTORS, listed, vector


def as_ber(element: der.Element) -> bytes:
    """Encode again with indefinite lengths, and octet strings in segments of 100 bytes, as old tools do."""
    if element.tag & 0x20:
        return bytes((element.tag, 0x80)) + b"".join(as_ber(child) for child in element.children()) + b"\0\0"
    if element.tag == der.OCTET_STRING and len(element.content) > 100:
        content = bytes(element.content)
        segments = [der.encode(0x04, content[start : start + 100]) for start in range(0, len(content), 100)]
        return b"\x24\x80" + b"".join(segments) + b"\0\0"
    return bytes(element.encoding)


@pytest.mark.parametrize("name", ["six.p12", "openssl-no-mac-clear.p12", "legacy.p12"])
def test_indefinite_lengths_and_segments(name: str) -> None:
    data = as_ber(der.parse((VECTORS / name).read_bytes(), Budget("test")))
    assert data[:2] == b"\x30\x80"
    keystore = open_keystore(VECTORS / name, PASSWORD, data=data)
    assert listed(keystore) == listed(vector(name))
    assert keystore.verified is vector(name).verified


@given(st.binary(max_size=60))
def test_what_is_read_as_ber_is_what_pyasn1_reads(data: bytes) -> None:
    try:
        element = der.parse(der.encode(der.OCTET_STRING, data), Budget("test"))
    except MalformedKeystoreError:
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
    with pytest.raises(MalformedKeystoreError):
        der.parse(data, Budget("test"))


def test_depth_is_limited() -> None:
    data = b""
    for _ in range(MAX_DEPTH + 2):
        data = der.encode(der.SEQUENCE, data)
    element = der.parse(data, Budget("test"))
    for _ in range(MAX_DEPTH):
        element = element.sequence()[0]
    with pytest.raises(MalformedKeystoreError, match="nested deeper"):
        element.sequence()


@given(
    st.text(max_size=40),
    st.binary(min_size=1, max_size=90),
    st.integers(1, 5),
    st.integers(1, 100),
    st.sampled_from(["sha1", "sha256", "sha512"]),
)
def test_key_derivation_is_that_of_pyjks(password: str, salt: bytes, count: int, size: int, digest: str) -> None:
    spelled = password or None  # pyjks takes an empty password for none
    ours = pbe.pkcs12_kdf(digest, pbe.KEY_MATERIAL, spelled, salt, count, size, Budget("test"))
    assert ours == rfc7292.derive_key(getattr(hashlib, digest), pbe.KEY_MATERIAL, password, salt, count, size)


def test_a_mac_of_the_newer_kind() -> None:
    """PBMAC1 (RFC 9579), which OpenSSL 3.4 and later write."""
    source = (VECTORS / "openssl-no-mac-clear.p12").read_bytes()
    version, safe = der.parse(source, Budget("test")).sequence(2)[:2]
    content = safe.sequence(2)[1].sequence(tag=der.CONTEXT_0)[0].octets()
    salt, count = b"saltsalt", 2048
    key = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), salt, count, 32)
    null, prf = der.encode(der.NULL), der.encode_oid(pbe.HMAC_SHA256)
    kdf_parameters = der.encode(
        der.SEQUENCE, der.encode(der.OCTET_STRING, salt), der.encode_integer(count), der.encode_integer(32),
        der.encode(der.SEQUENCE, prf, null),
    )  # fmt: skip
    kdf = der.encode(der.SEQUENCE, der.encode_oid(pbe.PBKDF2), kdf_parameters)
    scheme = der.encode(der.SEQUENCE, kdf, der.encode(der.SEQUENCE, prf, null))
    digest = der.encode(der.OCTET_STRING, hmac.digest(key, content, "sha256"))
    info = der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.encode_oid(pbe.PBMAC1), scheme), digest)
    mac = der.encode(der.SEQUENCE, info, der.encode(der.OCTET_STRING, b"-"), der.encode_integer(1))
    data = der.encode(der.SEQUENCE, bytes(version.encoding), bytes(safe.encoding), mac)
    assert open_keystore(VECTORS / "x", PASSWORD, data=data).verified


def test_uber_leaves_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert vector("bouncy.uber").private_key("rsa").key_size == 2048
