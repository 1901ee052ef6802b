"""AES-GCM encryption of one value under a secret key, as newer Carbon products store it."""

from __future__ import annotations

import os
import re

from ciphertool.engine.schemes import AES_GCM
from ciphertool.errors import BadKeyTextError, MalformedCiphertextError, NotTextError, WrongKeyOrDamagedError

# Java's tool writes 128 bytes, its successor the usual 12; a shorter vector may well repeat.
_VECTOR_LENGTHS = range(12, 129)
_VECTOR = 12
"""The bytes of the vectors that are made here."""
_KEY = 32
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{64}")


def key_of_text(text: str) -> bytes:
    """Return the AES-256 key that a password represents in Carbon 4: 64 hexadecimal digits, or 32 bytes of UTF-8.

    Raises `BadKeyTextError` for any other text.
    """
    key = bytes.fromhex(text) if _HEXADECIMAL.fullmatch(text) else text.encode("utf-8", "surrogatepass")
    if len(key) != _KEY:
        raise BadKeyTextError(len(key))
    return key


class SecretKeyEncryptor:
    """Encrypts values with one AES key, each with a vector of its own."""

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._cipher = AESGCM(key)

    def encrypt(self, plaintext: bytes) -> tuple[bytes, bytes]:
        """Return the ciphertext with its tag, and the vector."""
        vector = os.urandom(_VECTOR)
        return self._cipher.encrypt(vector, plaintext, None), vector


class SecretKeyDecryptor:
    """Decrypts values with one AES key. There is no key id and no label: a wrong key looks like damage."""

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._key = key
        self._cipher = AESGCM(key)

    def duplicate(self) -> SecretKeyDecryptor:
        """Return a copy with its own cipher object: a lost thread may still hold OpenSSL's locks in this one."""
        return SecretKeyDecryptor(self._key)

    def decrypt(self, ciphertext: bytes, vector: bytes) -> bytes:
        """Return the plaintext of a ciphertext with its tag; raise `DecryptionError` if it is not authentic."""
        from cryptography.exceptions import InvalidTag

        if len(vector) not in _VECTOR_LENGTHS:
            raise MalformedCiphertextError(f"an initialisation vector of {len(vector)} bytes")
        try:
            return self._cipher.decrypt(vector, ciphertext, None)
        except InvalidTag:
            raise WrongKeyOrDamagedError(AES_GCM) from None

    def decrypt_text(self, ciphertext: bytes, vector: bytes) -> str:
        """Return the plaintext as UTF-8 text, or raise `DecryptionError`."""
        try:
            return self.decrypt(ciphertext, vector).decode("utf-8")
        except UnicodeDecodeError:
            raise NotTextError(AES_GCM) from None
