"""Symmetric keys, proved to be AES keys. `formats` knows how stores seal them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.errors import NotAesError

if TYPE_CHECKING:
    from ciphertool.keystore.entries import SymmetricKey

_AES_LENGTHS = (16, 24, 32)


def require_aes(secret: SymmetricKey, alias: str) -> bytes:
    """Return the bytes of an AES key, or raise `NotAesError`."""
    if secret.algorithm != "AES" or len(secret.key) not in _AES_LENGTHS:
        raise NotAesError(alias, secret.algorithm, 8 * len(secret.key))
    return secret.key
