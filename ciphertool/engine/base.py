"""The interface of encryption schemes. The schemes are in modules of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

Transform = Callable[[bytes, bytes], bytes]
"""A function of a text and its label."""


class Scheme(Protocol):
    """One way of encrypting a value to an RSA key. Stateless: the `Transform`s keep the state for one key."""

    @property
    def name(self) -> str:
        """The name in stored values, settings and messages."""

    @property
    def spellings(self) -> frozenset[str]:
        """The JCA transformations, in lower case, that mean this scheme; a native scheme has none."""

    @property
    def native(self) -> bool:
        """Whether a native repository accepts it, because it refuses foreign input and binds the label."""

    @property
    def labelled(self) -> bool:
        """Whether it takes a label; otherwise it is only ever called with `b""`."""

    def limit(self, bits: int) -> int | None:
        """Return how many bytes it can encrypt to a key of `bits` bits (negative: none at all), None for any number."""

    def encrypting(self, key: RSAPublicKey) -> Transform:
        """Return the function of (plaintext within the limit, label) that encrypts to the key."""

    def decrypting(self, key: RSAPrivateKey) -> Transform:
        """Return the function of (ciphertext, label) that decrypts, raising `DecryptionError`."""
