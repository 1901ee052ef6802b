"""The port for private keys. Only the key itself knows whether its bits are in this process."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey


def key_id(key: RSAPublicKey) -> str:
    """Return the id of a public key: the first 8 bytes of its SubjectPublicKeyInfo's SHA-256, in hex."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    info = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(info).digest()[:8].hex()


class Key(Protocol):
    """A private RSA key: in a keystore's entry, or in a token or a service that it never leaves.

    Algorithms are named as `engine.schemes` names them for decryption, and as RFC 7518 names them for signing.
    """

    @property
    def id(self) -> str:
        """The id of its public half, as `key_id` makes it."""

    @property
    def public(self) -> RSAPublicKey:
        """Its public half."""

    @property
    def algorithms(self) -> frozenset[str]:
        """The names of everything that it really does; asking for anything else raises `UnsupportedSchemeError`."""

    def unwrap(self, wrapped: Sequence[bytes], algorithm: str, label: bytes = b"") -> list[bytes]:
        """Return the plaintexts of ciphertexts, in their order; raise `DecryptionError` for the first that fails.

        One call may be one conversation with a service: hand it everything that is to be decrypted.
        """

    def sign(self, data: bytes, algorithm: str) -> bytes:
        """Return the signature of data, which the key hashes itself."""

    def duplicate(self) -> Key:
        """Return the same key for a forked child: it shares no lock and no session with this one."""
