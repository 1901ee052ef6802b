"""What Encryptor and Decryptor promise for every scheme."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from ciphertool.engine import SCHEMES, Decryptor, Encryptor, LocalKey, Scheme, key_id, scheme_named
from ciphertool.engine.schemes import UNPADDED
from ciphertool.errors import (
    CiphertextLengthError,
    KeyTooSmallError,
    UnsupportedSchemeError,
    ValueTooLongError,
    WrongKeyOrDamagedError,
)
from tests.engine.vectors import key

every_scheme = pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)


def _encryptor(name: str, scheme: Scheme) -> Encryptor:
    return Encryptor(key(name).public_key(), scheme, minimum_bits=1024)


@every_scheme
@settings(max_examples=30, deadline=None)
@given(value=st.binary(max_size=62), label=st.text(max_size=40))
def test_a_value_comes_back(scheme: Scheme, value: bytes, label: str) -> None:
    bound = label.encode("utf-8", "surrogatepass") if scheme.labelled else b""
    ciphertext = _encryptor("1024", scheme).encrypt(value, bound)
    assert Decryptor(LocalKey(key("1024"))).decrypt(ciphertext, scheme, bound) == value


@every_scheme
@settings(max_examples=30, deadline=None)
@given(value=st.text(max_size=15))
def test_a_text_comes_back(scheme: Scheme, value: str) -> None:
    ciphertext = _encryptor("1024", scheme).encrypt(value.encode("utf-8"))
    assert Decryptor(LocalKey(key("1024"))).decrypt_text(ciphertext, scheme) == value


@every_scheme
@pytest.mark.parametrize("name", ["1024", "2048", "3072"])
def test_the_limit_is_exact(scheme: Scheme, name: str) -> None:
    encryptor = _encryptor(name, scheme)
    limit = encryptor.limit
    assert limit is not None
    longest = b"\xc3\xa4" * (limit // 2) + b"a" * (limit % 2)
    assert Decryptor(LocalKey(key(name))).decrypt(encryptor.encrypt(longest), scheme) == longest
    with pytest.raises(ValueTooLongError) as e:
        encryptor.encrypt(longest + b"b")
    assert (e.value.limit, e.value.length, e.value.bits) == (limit, limit + 1, int(name))
    assert "aab" not in str(e.value)


@pytest.mark.parametrize(("scheme", "limit"), list(zip(SCHEMES, (190, 214, 190, 245), strict=True)))
def test_the_limits_of_rsa_2048_are_those_of_java(scheme: Scheme, limit: int) -> None:
    assert scheme.limit(2048) == limit


@every_scheme
def test_two_encryptions_of_a_value_differ(scheme: Scheme) -> None:
    encryptor = _encryptor("2048", scheme)
    assert encryptor.encrypt(b"value") != encryptor.encrypt(b"value")


@every_scheme
def test_a_key_under_the_minimum_takes_no_new_value(scheme: Scheme) -> None:
    with pytest.raises(KeyTooSmallError) as e:
        Encryptor(key("1024").public_key(), scheme)
    assert (e.value.bits, e.value.minimum) == (1024, 2048)
    assert "--minimum-bits 1024" in e.value.hint
    with pytest.raises(KeyTooSmallError):
        Encryptor(key("2048").public_key(), scheme, minimum_bits=3072)
    assert Encryptor(key("2048").public_key(), scheme).bits == 2048


def test_a_key_too_small_for_the_scheme_refuses_even_an_empty_value() -> None:
    tiny = rsa.RSAPublicNumbers(65537, (1 << 511) + 1).public_key()
    encryptor = Encryptor(tiny, minimum_bits=512)
    with pytest.raises(ValueTooLongError) as e:
        encryptor.encrypt(b"")
    assert e.value.limit < 0


@every_scheme
def test_a_label_is_bound_or_refused(scheme: Scheme) -> None:
    encryptor, decryptor = _encryptor("2048", scheme), Decryptor(LocalKey(key("2048")))
    if scheme.labelled:
        ciphertext = encryptor.encrypt(b"value", b"here")
        with pytest.raises(WrongKeyOrDamagedError):
            decryptor.decrypt(ciphertext, scheme, b"there")
    else:
        with pytest.raises(ValueError, match="does not take a label"):
            encryptor.encrypt(b"value", b"here")
        with pytest.raises(ValueError, match="does not take a label"):
            decryptor.decrypt(encryptor.encrypt(b"value"), scheme, b"here")


@every_scheme
def test_another_key_of_the_same_size_is_told(
    scheme: Scheme, key: rsa.RSAPrivateKey, other_key: rsa.RSAPrivateKey
) -> None:
    ciphertext = Encryptor(key.public_key(), scheme).encrypt(b"value")
    with pytest.raises(WrongKeyOrDamagedError):
        Decryptor(LocalKey(other_key)).decrypt(ciphertext, scheme)
    with pytest.raises(WrongKeyOrDamagedError):
        Decryptor(LocalKey(other_key)).detect_text(ciphertext)


def test_nothing_is_encrypted_without_padding() -> None:
    with pytest.raises(UnsupportedSchemeError) as e:
        Encryptor(key("2048").public_key(), UNPADDED)
    assert e.value.name == "RSA/ECB/NoPadding"


def test_a_modulus_of_odd_length_fills_whole_bytes() -> None:
    odd = rsa.generate_private_key(65537, 1031)  # noqa: S505 - small, to be made quickly
    for scheme in SCHEMES:
        encryptor = Encryptor(odd.public_key(), scheme, minimum_bits=1024)
        ciphertext = encryptor.encrypt(b"v" * (encryptor.limit or 0))
        assert len(ciphertext) == 129
        assert Decryptor(LocalKey(odd)).decrypt(ciphertext, scheme) == b"v" * (encryptor.limit or 0)
        with pytest.raises(CiphertextLengthError):
            Decryptor(LocalKey(odd)).decrypt(ciphertext[1:], scheme)


def test_the_key_id_is_the_start_of_the_public_key_digest() -> None:
    public = key("2048").public_key()
    info = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert key_id(public) == hashlib.sha256(info).hexdigest()[:16]
    assert Encryptor(public).key_id == Decryptor(LocalKey(key("2048"))).key_id == key_id(public)


def test_the_native_scheme_is_oaep_sha256_throughout() -> None:
    """Decrypted with `cryptography` alone, so that the name keeps its meaning."""
    ciphertext = Encryptor(key("2048").public_key()).encrypt(b"value", b"label")
    sha256 = hashes.SHA256()
    assert key("2048").decrypt(ciphertext, padding.OAEP(padding.MGF1(sha256), sha256, b"label")) == b"value"


def test_no_key_or_value_shows_in_a_repr() -> None:
    decryptor = Decryptor(LocalKey(key("1024")))
    ciphertext = _encryptor("1024", scheme_named("RSA")).encrypt(b"c4n4ry")
    decryptor.decrypt(ciphertext, scheme_named("RSA"))
    assert "c4n4ry" not in f"{decryptor!r}{vars(decryptor)!r}"
    assert str(key("1024").private_numbers().p) not in f"{decryptor!r}{vars(decryptor)!r}"


def test_decrypting_imports_no_x509() -> None:
    """It costs 57 ms at every start; the registry of schemes, which settings ask, costs no `cryptography` at all."""
    program = """
import sys
from ciphertool.engine import Decryptor, scheme_named, LocalKey
assert not any(name.startswith("cryptography") for name in sys.modules)
from tests.engine.vectors import VECTORS, key
for vector in VECTORS[:40]:
    scheme = scheme_named(vector.scheme, allow_unpadded=True)
    Decryptor(LocalKey(key(str(vector.bits)))).decrypt(vector.ciphertext, scheme, vector.label)
assert "cryptography.x509" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
