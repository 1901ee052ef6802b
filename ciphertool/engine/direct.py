"""Encryptor and Decryptor: a key bound to the schemes. The public and the private key are types of their own."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ciphertool.engine.keys import key_id
from ciphertool.engine.schemes import DEFAULT, SCHEMES
from ciphertool.errors import (
    KeystoreError,
    KeyTooSmallError,
    NotTextError,
    ValueTooLongError,
    WrongKeyOrDamagedError,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from ciphertool.engine.base import Scheme, Transform
    from ciphertool.engine.keys import Key

MINIMUM_BITS = 2048


class Encryptor:
    """Encrypts values to one public key by one scheme."""

    def __init__(self, key: RSAPublicKey, scheme: Scheme = DEFAULT, *, minimum_bits: int = MINIMUM_BITS) -> None:
        """Raise `KeyTooSmallError` for a key under `minimum_bits`."""
        self.scheme = scheme
        self.bits = key.key_size
        self.limit = scheme.limit(self.bits)
        if self.bits < minimum_bits:
            raise KeyTooSmallError(self.bits, minimum_bits)
        self._key = key
        self._encrypt: Transform = scheme.encrypting(key)

    @cached_property
    def key_id(self) -> str:
        """The id of the public key."""
        return key_id(self._key)

    def encrypt(self, plaintext: bytes, label: bytes = b"") -> bytes:
        """Return the ciphertext, bound to the label.

        Raise `ValueTooLongError`, and `KeystoreError` for a key whose numbers OpenSSL refuses.
        """
        if self.limit is not None and len(plaintext) > self.limit:
            raise ValueTooLongError(self.scheme.name, self.bits, len(plaintext), self.limit)
        _check_label(self.scheme, label)
        try:
            return self._encrypt(plaintext, label)
        except ValueError:
            raise KeystoreError("the public key cannot encrypt: OpenSSL rejects its parameters") from None


class Decryptor:
    """Decrypts values with one private key. It refuses no key for its age, size or usage: old values stay readable."""

    def __init__(self, key: Key) -> None:
        self.key = key

    @property
    def key_id(self) -> str:
        """The id of the key's public half."""
        return self.key.id

    def duplicate(self) -> Decryptor:
        """Return a decryptor for a forked child, with its own copy of the key."""
        return Decryptor(self.key.duplicate())

    def decrypt(self, ciphertext: bytes, scheme: Scheme, label: bytes = b"") -> bytes:
        """Return the plaintext; raise `DecryptionError` if any check fails, never return an invented result."""
        _check_label(scheme, label)
        return self.key.unwrap((ciphertext,), scheme.name, label)[0]

    def decrypt_text(self, ciphertext: bytes, scheme: Scheme, label: bytes = b"") -> str:
        """Return the plaintext as UTF-8 text, or raise `DecryptionError`, at the latest here for foreign blocks."""
        try:
            return self.decrypt(ciphertext, scheme, label).decode("utf-8")
        except UnicodeDecodeError:
            raise NotTextError(scheme.name) from None

    def detect_text(self, ciphertext: bytes, label: bytes = b"") -> tuple[str, Scheme]:
        """Return the text and the first scheme of `SCHEMES` that yields one, OAEP before PKCS #1.

        With a label, only the schemes that take one are tried. This is for a person's question about one value: for a
        repository, only the scheme that it declares is used.
        """
        for scheme in SCHEMES:
            if label and not scheme.labelled:
                continue
            try:
                return self.decrypt_text(ciphertext, scheme, label), scheme
            except (WrongKeyOrDamagedError, NotTextError):
                continue
        raise WrongKeyOrDamagedError(None, labelled=bool(label))


def _check_label(scheme: Scheme, label: bytes) -> None:
    """Refuse a label that the scheme would ignore: the caller relies on the value being bound to it."""
    if label and not scheme.labelled:
        raise ValueError(f"{scheme.name} does not take a label")
