"""The readers below the formats: BER, key derivation, what PKCS #12 allows and keytool does not write."""

from __future__ import annotations

import hashlib
import hmac
import warnings
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jks import rfc7292

from ciphertool.asn1 import der
from ciphertool.errors import BadPrivateKeyError, MalformedKeystoreError, WrongKeystorePasswordError
from ciphertool.keystore import keys, open_keystore
from ciphertool.keystore.entries import ClearKey
from ciphertool.keystore.formats import pbe, pkcs12
from ciphertool.keystore.formats.javadata import DataInput, encode_text
from ciphertool.keystore.formats.writing import write
from ciphertool.keystore.limits import StoreBudget

from .vectors import PASSWORD, VECTORS, listed, vector

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric import rsa


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
    data = as_ber(der.parse((VECTORS / name).read_bytes(), StoreBudget("test")))
    assert data[:2] == b"\x30\x80"
    keystore = open_keystore(VECTORS / name, PASSWORD, data=data)
    assert listed(keystore) == listed(vector(name))
    assert keystore.verified is vector(name).verified


@given(
    st.text(max_size=40),
    st.binary(min_size=1, max_size=90),
    st.integers(1, 5),
    st.integers(1, 100),
    st.sampled_from(["sha1", "sha256", "sha512"]),
)
def test_key_derivation_is_that_of_pyjks(password: str, salt: bytes, count: int, size: int, digest: str) -> None:
    spelled = password or None  # pyjks takes an empty password for none
    ours = pbe.pkcs12_kdf(digest, pbe.KEY_MATERIAL, spelled, salt, count, size, StoreBudget("test"))
    assert ours == rfc7292.derive_key(getattr(hashlib, digest), pbe.KEY_MATERIAL, password, salt, count, size)


def test_a_mac_of_the_newer_kind() -> None:
    """PBMAC1 (RFC 9579), which OpenSSL 3.4 and later write."""
    source = (VECTORS / "openssl-no-mac-clear.p12").read_bytes()
    version, safe = der.parse(source, StoreBudget("test")).sequence(2)[:2]
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


def in_the_clear(data: bytes) -> bytes:
    """Return a store of ours without its MAC, its certificates in the clear: what it then says, nothing proves."""
    version, safe = der.parse(data, StoreBudget("test")).sequence(2)[:2]
    content = safe.sequence(2)[1].sequence(tag=der.CONTEXT_0)[0].octets()
    keys, encrypted = der.parse(content, StoreBudget("test")).sequence(2)
    info = encrypted.sequence(2)[1].sequence(tag=der.CONTEXT_0)[0].sequence(2)[1]
    _, algorithm, ciphertext = info.sequence(3)
    plain = pbe.decrypt(algorithm, ciphertext.octets(der.CONTEXT_0_PRIMITIVE), PASSWORD, StoreBudget("test"))

    def part(value: bytes) -> bytes:
        return der.encode(der.SEQUENCE, der.encode_oid(pkcs12.DATA), der.encode(der.CONTEXT_0, value))

    certificates = part(der.encode(der.OCTET_STRING, plain))
    authenticated = der.encode(der.SEQUENCE, bytes(keys.encoding), certificates)
    return der.encode(der.SEQUENCE, bytes(version.encoding), part(der.encode(der.OCTET_STRING, authenticated)))


def test_a_key_without_an_id_has_the_certificate_of_its_name() -> None:
    source = vector("six.p12")
    entries = [source.entry(a)._replace(sealed=ClearKey(source.unseal(source.entry(a)))) for a in ("rsa-tls", "ec")]
    data = in_the_clear(write("PKCS12", entries, PASSWORD))
    without = data.replace(der.encode_oid(pkcs12.LOCAL_KEY_ID), der.encode_oid("1.2.840.113549.1.9.99"))
    assert without != data
    keystore = open_keystore(VECTORS / "x", PASSWORD, data=without)
    assert [entry.chain for entry in keystore.entries] == [entry.chain for entry in entries]


def test_a_change_in_the_clear_part_of_a_store_is_noticed() -> None:
    data = (VECTORS / "chain.p12").read_bytes()
    renamed = data.replace("leaf".encode("utf-16-be"), "lead".encode("utf-16-be"))
    assert renamed != data
    with pytest.raises(WrongKeystorePasswordError):
        open_keystore(VECTORS / "x", PASSWORD, data=renamed)


def pkcs8(parts: Mapping[str, int]) -> bytes:
    """Return an RSA key of any numbers, which no library would make."""
    values = (0, *(parts[name] for name in ("n", "e", "d", "p", "q", "dmp1", "dmq1", "iqmp")))
    algorithm = der.encode(der.SEQUENCE, der.encode_oid("1.2.840.113549.1.1.1"), der.encode(der.NULL))
    numbers = der.encode(der.SEQUENCE, *(der.encode_integer(value) for value in values))
    return der.encode(der.SEQUENCE, der.encode_integer(0), algorithm, der.encode(der.OCTET_STRING, numbers))


@pytest.mark.parametrize("bit", [0, 1, 100, 3000, 30_000])
@pytest.mark.parametrize("name", ["", "n", "e", "d", "p", "q", "dmp1", "dmq1", "iqmp"])
def test_a_key_whose_numbers_contradict_one_another(name: str, bit: int, key: rsa.RSAPrivateKey) -> None:
    numbers = key.private_numbers()
    parts = {part: getattr(numbers, part) for part in ("d", "p", "q", "dmp1", "dmq1", "iqmp")}
    parts |= {"n": numbers.public_numbers.n, "e": numbers.public_numbers.e}
    if not name:
        assert keys.load(pkcs8(parts), "a")
        return
    with pytest.raises(BadPrivateKeyError):
        keys.load(pkcs8({**parts, name: parts[name] ^ 1 << bit}), "a")


@pytest.mark.parametrize(("prime", "other"), [("p", "q"), ("q", "p")])
def test_a_key_that_is_right_for_one_of_its_primes_only(prime: str, other: str, key: rsa.RSAPrivateKey) -> None:
    numbers = key.private_numbers()
    parts = {part: getattr(numbers, part) for part in ("p", "q", "dmp1", "dmq1", "iqmp")}
    parts |= {"n": numbers.public_numbers.n, "e": numbers.public_numbers.e}
    parts["d"] = numbers.d - (parts[prime] - 1)
    parts["dm" + other + "1"] = parts["d"] % (parts[other] - 1)
    with pytest.raises(BadPrivateKeyError):
        keys.load(pkcs8(parts), "a")


@pytest.mark.parametrize("text", ["plain", "ü€", "😀 and \0", "", "\ud800"])
def test_names_as_java_writes_them(text: str) -> None:
    units = text.encode("utf-16-be", "surrogatepass")
    pairs = [int.from_bytes(units[start : start + 2], "big") for start in range(0, len(units), 2)]
    written = b"".join(b"\xc0\x80" if unit == 0 else chr(unit).encode("utf-8", "surrogatepass") for unit in pairs)
    source = DataInput(len(written).to_bytes(2, "big") + written, StoreBudget("test"))
    assert encode_text(text) == (None if text == "\ud800" else source.data)
    if text == "\ud800":
        with pytest.raises(MalformedKeystoreError, match="no text"):
            source.text()
    else:
        assert source.text() == text
