"""What the direct RSA schemes share: a ciphertext is one block, as long as the modulus."""

from __future__ import annotations

from ciphertool.errors import CiphertextLengthError


def modulus_length(bits: int) -> int:
    """Return the length in bytes of a modulus of `bits` bits."""
    return (bits + 7) // 8


def require_block(ciphertext: bytes, size: int) -> bytes:
    """Return a ciphertext that is one block of the key, or raise `CiphertextLengthError`."""
    if len(ciphertext) != size:
        raise CiphertextLengthError(len(ciphertext), size)
    return ciphertext
