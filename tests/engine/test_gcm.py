"""AES-GCM values that javax.crypto made decrypt, and what is not one of them does not."""

from __future__ import annotations

import os

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ciphertool.engine.gcm import SecretKeyDecryptor
from ciphertool.errors import MalformedCiphertextError, NotTextError, WrongKeyOrDamagedError

KEY = bytes(range(32))
TEXT = "c4n4ry-pässwörd"


def _encrypted(plaintext: bytes, vector: bytes) -> bytes:
    return AESGCM(KEY).encrypt(vector, plaintext, None)


@pytest.mark.parametrize("length", [12, 16, 128])
@pytest.mark.parametrize("text", [TEXT, ""])
def test_a_value_decrypts(text: str, length: int) -> None:
    vector = os.urandom(length)
    decryptor = SecretKeyDecryptor(KEY)
    assert decryptor.decrypt_text(_encrypted(text.encode(), vector), vector) == text
    assert decryptor.duplicate().decrypt_text(_encrypted(text.encode(), vector), vector) == text


@pytest.mark.parametrize("length", [0, 1, 11, 129, 4096])
def test_a_vector_of_an_odd_length_is_refused(length: int) -> None:
    with pytest.raises(MalformedCiphertextError) as e:
        SecretKeyDecryptor(KEY).decrypt(bytes(32), bytes(length))
    assert str(length) in e.value.reason


def test_every_flipped_bit_is_refused() -> None:
    vector = os.urandom(128)
    ciphertext, decryptor = _encrypted(TEXT.encode(), vector), SecretKeyDecryptor(KEY)
    for position in range(8 * len(ciphertext)):
        flipped = bytearray(ciphertext)
        flipped[position // 8] ^= 1 << position % 8
        with pytest.raises(WrongKeyOrDamagedError) as e:
            decryptor.decrypt(bytes(flipped), vector)
        assert e.value.scheme == "AES/GCM/NoPadding"
        assert e.value.__suppress_context__
    for position in range(8 * len(vector)):
        changed = bytearray(vector)
        changed[position // 8] ^= 1 << position % 8
        with pytest.raises(WrongKeyOrDamagedError):
            decryptor.decrypt(ciphertext, bytes(changed))


def test_a_value_that_is_cut_short_is_refused() -> None:
    vector = os.urandom(128)
    ciphertext = _encrypted(TEXT.encode(), vector)
    for length in range(len(ciphertext)):
        with pytest.raises(WrongKeyOrDamagedError):
            SecretKeyDecryptor(KEY).decrypt(ciphertext[:length], vector)


def test_another_key_is_refused() -> None:
    vector = os.urandom(128)
    with pytest.raises(WrongKeyOrDamagedError):
        SecretKeyDecryptor(KEY[::-1]).decrypt(_encrypted(b"x", vector), vector)


def test_what_is_no_text_is_refused_without_being_quoted() -> None:
    vector = os.urandom(128)
    with pytest.raises(NotTextError) as e:
        SecretKeyDecryptor(KEY).decrypt_text(_encrypted(b"c4n4ry\xff", vector), vector)
    assert e.value.__suppress_context__  # a UnicodeDecodeError holds the bytes


def test_nothing_shows_the_key() -> None:
    decryptor = SecretKeyDecryptor(b"c4n4ry" * 4)
    assert "c4n4ry" not in f"{decryptor!r}{decryptor}"
