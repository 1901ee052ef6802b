"""Ciphertexts made by javax.crypto decrypt, and what is not one of them does not."""

from __future__ import annotations

import hashlib

import pytest

from ciphertool.engine import SCHEMES, Decryptor, LocalKey, Scheme, scheme_named
from ciphertool.errors import CiphertextLengthError, NotTextError, WrongKeyOrDamagedError
from tests.engine.vectors import VECTORS, Vector, key

LABELLED = [vector for vector in VECTORS if vector.label and vector.bits == 2048]
SHORT = [vector for vector in VECTORS if vector.plaintext == b"ABC@123" and vector.bits == 1024]


def _scheme(vector: Vector) -> Scheme:
    return scheme_named(vector.scheme, allow_unpadded=True)


@pytest.mark.parametrize("vector", VECTORS, ids=str)
def test_what_java_encrypted_decrypts(vector: Vector) -> None:
    decryptor = Decryptor(LocalKey(key(str(vector.bits))))
    assert decryptor.decrypt(vector.ciphertext, _scheme(vector), vector.label) == vector.plaintext
    assert decryptor.decrypt_text(vector.ciphertext, _scheme(vector), vector.label) == vector.plaintext.decode()


@pytest.mark.parametrize("vector", [v for v in VECTORS if v.scheme != "RSA/ECB/NoPadding" and v.bits < 3072], ids=str)
def test_the_scheme_of_an_unknown_value_is_found(vector: Vector) -> None:
    text, scheme = Decryptor(LocalKey(key(str(vector.bits)))).detect_text(vector.ciphertext, vector.label)
    assert (text, scheme.name) == (vector.plaintext.decode(), vector.scheme)


def test_an_unpadded_value_is_not_tried_for() -> None:
    vector = next(v for v in VECTORS if v.scheme == "RSA/ECB/NoPadding" and v.bits == 1024)
    with pytest.raises(WrongKeyOrDamagedError) as e:
        Decryptor(LocalKey(key("1024"))).detect_text(vector.ciphertext)
    assert e.value.scheme is None


@pytest.mark.parametrize("vector", LABELLED, ids=str)
def test_a_value_does_not_decrypt_under_another_label(vector: Vector) -> None:
    for label in (b"", b"other", vector.label + b"x"):
        with pytest.raises(WrongKeyOrDamagedError) as e:
            Decryptor(LocalKey(key("2048"))).decrypt(vector.ciphertext, _scheme(vector), label)
        assert e.value.labelled == bool(label)
    with pytest.raises(WrongKeyOrDamagedError):
        Decryptor(LocalKey(key("2048"))).detect_text(vector.ciphertext, b"other")


@pytest.mark.parametrize("vector", SHORT, ids=str)
def test_every_flipped_bit_is_refused(vector: Vector) -> None:
    decryptor = Decryptor(LocalKey(key("1024")))
    for position in range(0, 8 * len(vector.ciphertext), 7):
        flipped = bytearray(vector.ciphertext)
        flipped[position // 8] ^= 1 << position % 8
        with pytest.raises(WrongKeyOrDamagedError):
            decryptor.decrypt(bytes(flipped), _scheme(vector), vector.label)


@pytest.mark.parametrize("vector", SHORT, ids=str)
def test_a_value_of_another_length_is_refused_with_both_lengths(vector: Vector) -> None:
    for ciphertext in (b"", vector.ciphertext[1:], vector.ciphertext + b"\0", b"\0" + vector.ciphertext):
        with pytest.raises(CiphertextLengthError) as e:
            Decryptor(LocalKey(key("1024"))).decrypt(ciphertext, _scheme(vector), vector.label)
        assert (e.value.length, e.value.expected) == (len(ciphertext), 128)
    with pytest.raises(CiphertextLengthError):
        Decryptor(LocalKey(key("2048"))).detect_text(vector.ciphertext)


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
def test_a_thousand_blocks_under_a_wrong_key_are_refused(scheme: Scheme) -> None:
    """OpenSSL alone would make up a value for most of these."""
    decryptor = Decryptor(LocalKey(key("1024-wrong")))
    for block in _pkcs1_blocks(1000):
        with pytest.raises(WrongKeyOrDamagedError) as e:
            decryptor.decrypt(block, scheme)
        assert e.value.scheme == scheme.name


def test_the_thousand_blocks_open_under_their_own_key() -> None:
    decryptor = Decryptor(LocalKey(key("1024")))
    for number, block in enumerate(_pkcs1_blocks(20)):
        assert decryptor.decrypt(block, scheme_named("RSA")) == b"%d" % number


@pytest.mark.parametrize(
    ("block", "value"),
    [
        (b"\x00\x02" + b"\x01" * 8 + b"\x00" + b"v" * 117, b"v" * 117),
        (b"\x00\x02" + b"\x01" * 125 + b"\x00", b""),
        (b"\x00\x02" + b"\x01" * 7 + b"\x00" + b"v" * 118, None),  # too little filling
        (b"\x00\x02" + b"\x01" * 126, None),  # no end of the filling
        (b"\x00\x02" + b"\x00" + b"v" * 125, None),
        (b"\x00\x01" + b"\xff" * 8 + b"\x00" + b"v" * 117, None),  # a signature's block
        (b"\x01\x02" + b"\x01" * 8 + b"\x00" + b"v" * 117, None),
        (b"\x00" * 128, None),
    ],
)
def test_pkcs1_padding_is_checked_strictly(block: bytes, value: bytes | None) -> None:
    decryptor, scheme = Decryptor(LocalKey(key("1024"))), scheme_named("RSA")
    if value is not None:
        assert decryptor.decrypt(_raw_encrypted(block), scheme) == value
    else:
        with pytest.raises(WrongKeyOrDamagedError):
            decryptor.decrypt(_raw_encrypted(block), scheme)


@pytest.mark.parametrize("zeros", [0, 1, 7, 128])
def test_an_unpadded_block_that_is_full_or_empty_is_refused(zeros: int) -> None:
    block = b"\x00" * zeros + b"v" * (128 - zeros)
    if zeros == 0:
        block = b"\x01" + block[1:]
    with pytest.raises(WrongKeyOrDamagedError):
        Decryptor(LocalKey(key("1024"))).decrypt(
            _raw_encrypted(block), scheme_named("RSA/ECB/NoPadding", allow_unpadded=True)
        )


def test_a_number_above_the_modulus_is_refused() -> None:
    """Or a value had a second ciphertext: the first one plus the modulus."""
    modulus = key("1024").public_key().public_numbers().n
    first = next(block for block in _pkcs1_blocks(1000) if int.from_bytes(block, "big") + modulus < 1 << 1024)
    second = (int.from_bytes(first, "big") + modulus).to_bytes(128, "big")
    assert Decryptor(LocalKey(key("1024"))).decrypt(first, scheme_named("RSA"))
    for name in ("RSA", "RSA/ECB/NoPadding", "RSA-OAEP-256"):
        with pytest.raises(WrongKeyOrDamagedError):
            Decryptor(LocalKey(key("1024"))).decrypt(second, scheme_named(name, allow_unpadded=True))


def test_a_pkcs1_block_that_passes_by_chance_is_no_text() -> None:
    foreign = _raw_encrypted(b"\x00\x02" + b"\x01" * 20 + b"\x00" + b"\xfe" * 105)
    decryptor, scheme = Decryptor(LocalKey(key("1024"))), scheme_named("RSA")
    assert decryptor.decrypt(foreign, scheme) == b"\xfe" * 105
    with pytest.raises(NotTextError) as e:
        decryptor.decrypt_text(foreign, scheme)
    assert e.value.scheme == "RSA/ECB/PKCS1Padding"
    assert e.value.__suppress_context__  # a UnicodeDecodeError holds the bytes
    with pytest.raises(WrongKeyOrDamagedError) as detecting:
        decryptor.detect_text(foreign)
    assert detecting.value.scheme is None


def _raw_encrypted(block: bytes) -> bytes:
    numbers = key("1024").public_key().public_numbers()
    return pow(int.from_bytes(block, "big"), numbers.e, numbers.n).to_bytes(128, "big")


def _pkcs1_blocks(count: int) -> list[bytes]:
    """Return values "0", "1", … as PKCS #1 v1.5 encrypts them to `rsa-1024`, with a filling that is always the same."""
    modulus = key("1024-wrong").public_key().public_numbers().n
    blocks = []
    for number in range(count):
        value = b"%d" % number
        for attempt in range(100):
            random = hashlib.shake_256(b"%d.%d" % (number, attempt)).digest(1000).replace(b"\0", b"")
            block = _raw_encrypted(b"\x00\x02" + random[: 125 - len(value)] + b"\x00" + value)
            if int.from_bytes(block, "big") < modulus:  # or it would be refused before it is decrypted
                blocks.append(block)
                break
    assert len(blocks) == count
    return blocks
