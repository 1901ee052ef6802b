"""A private key whose numbers are in this process, from a keystore."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.engine.keys import key_id
from ciphertool.engine.schemes import SCHEMES, UNPADDED
from ciphertool.errors import UnsupportedSchemeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.padding import PSS, PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
    from cryptography.hazmat.primitives.hashes import SHA256

    from ciphertool.engine.base import Transform

_BY_NAME = {scheme.name: scheme for scheme in (*SCHEMES, UNPADDED)}
_SIGNATURES = frozenset({"PS256", "RS256"})
"""RSASSA-PSS and RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518, sections 3.3 and 3.5)."""


class LocalKey:
    """An RSA private key in memory. It is refused for no age, size or usage: old values stay readable."""

    algorithms = frozenset(_BY_NAME) | _SIGNATURES

    def __init__(self, private: RSAPrivateKey) -> None:
        self._private = private
        self._transforms: dict[str, Transform] = {}
        self._id: str | None = None

    @property
    def id(self) -> str:
        """The id of its public half."""
        # Not a `cached_property`: before Python 3.12 it has a lock that might stay held for ever in a forked child.
        if self._id is None:
            self._id = key_id(self.public)
        return self._id

    @property
    def public(self) -> RSAPublicKey:
        """Its public half."""
        return self._private.public_key()

    def unwrap(self, wrapped: Sequence[bytes], algorithm: str, label: bytes = b"") -> list[bytes]:
        """Return the plaintexts of ciphertexts; raise `DecryptionError` for the first that fails."""
        transform = self._transforms.get(algorithm)
        if transform is None:
            if algorithm not in _BY_NAME:
                raise UnsupportedSchemeError(algorithm)
            transform = self._transforms[algorithm] = _BY_NAME[algorithm].decrypting(self._private)
        return [transform(ciphertext, label) for ciphertext in wrapped]

    def sign(self, data: bytes, algorithm: str) -> bytes:
        """Return the signature of data: PS256 with a salt as long as the digest, or RS256."""
        return self._private.sign(data, *_signing(algorithm))

    def duplicate(self) -> LocalKey:
        """Return a copy with its own key object: a lost thread may still hold OpenSSL's locks in this one."""
        duplicate = LocalKey(self._private.private_numbers().private_key(unsafe_skip_rsa_key_validation=True))
        duplicate._id = self._id
        return duplicate


def verify(public: RSAPublicKey, signature: bytes, data: bytes, algorithm: str) -> bool:
    """Return whether a signature of data is that of a key; raise `UnsupportedSchemeError` for another algorithm."""
    from cryptography.exceptions import InvalidSignature

    try:
        public.verify(signature, data, *_signing(algorithm))
    except InvalidSignature:
        return False
    return True


def _signing(algorithm: str) -> tuple[PSS | PKCS1v15, SHA256]:
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    if algorithm not in _SIGNATURES:
        raise UnsupportedSchemeError(algorithm, hint=f"sign with one of {', '.join(sorted(_SIGNATURES))}")
    return (PSS(MGF1(SHA256()), PSS.DIGEST_LENGTH) if algorithm == "PS256" else PKCS1v15()), SHA256()
