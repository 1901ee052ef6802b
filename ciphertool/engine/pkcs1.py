"""RSA with PKCS #1 v1.5 padding (RFC 8017, section 7.2) and with none, for values that older tools made.

`cryptography` is not used to decrypt. Since OpenSSL 3.2 it answers a wrong key or a damaged block with pseudo-random
bytes, so that a server's client learns nothing from the padding ("implicit rejection"). A tool that reads its owner's
files must report the failure instead, so this module checks the padding on the raw RSA result. The time that Python's
`pow` takes depends on the key, but nobody who could measure it can send blocks: they come from the owner's files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ciphertool.engine.block import modulus_length, require_block
from ciphertool.errors import UnsupportedSchemeError, WrongKeyOrDamagedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

    from ciphertool.engine.base import Transform

_FILLING = 8
"""The minimum number of non-zero bytes that PKCS #1 v1.5 puts before a value."""


class Pkcs1(NamedTuple):
    """PKCS #1 v1.5. It accepts blocks that anybody could construct, so no native repository takes it."""

    name: str
    spellings: frozenset[str]
    native: bool = False
    labelled: bool = False

    def limit(self, bits: int) -> int:
        """Return the limit in bytes."""
        return modulus_length(bits) - _FILLING - 3

    def encrypting(self, key: RSAPublicKey) -> Transform:
        """Return the encrypting function."""
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

        padding = PKCS1v15()
        return lambda plaintext, _: key.encrypt(plaintext, padding)

    def decrypting(self, key: RSAPrivateKey) -> Transform:
        """Return the decrypting function. One foreign block in 100,000 passes its check: require UTF-8 as well."""
        raw = _raw_rsa(key, self.name)

        def decrypt(ciphertext: bytes, _: bytes) -> bytes:
            block = raw(ciphertext)
            end = block.find(0, 2)
            if not block.startswith(b"\x00\x02") or end < 2 + _FILLING:
                raise WrongKeyOrDamagedError(self.name)
            return block[end + 1 :]

        return decrypt


class Unpadded(NamedTuple):
    """Textbook RSA: the same value always has the same ciphertext. Only ever read, never written."""

    name: str
    spellings: frozenset[str]
    native: bool = False
    labelled: bool = False

    def limit(self, bits: int) -> int:
        """Return the limit in bytes; only reading old values needs it."""
        return modulus_length(bits) - _FILLING

    def encrypting(self, key: RSAPublicKey) -> Transform:  # noqa: ARG002 - the protocol's argument
        """Raise: nothing is encrypted without padding."""
        raise UnsupportedSchemeError(self.name, "nothing is encrypted without padding")

    def decrypting(self, key: RSAPrivateKey) -> Transform:
        """Return the decrypting function. Its only check is that a value is at least 8 bytes shorter than the block."""
        raw = _raw_rsa(key, self.name)

        def decrypt(ciphertext: bytes, _: bytes) -> bytes:
            block = raw(ciphertext)
            value = block.lstrip(b"\x00")
            if not value or len(block) - len(value) < _FILLING:
                raise WrongKeyOrDamagedError(self.name)
            return value

        return decrypt


def _raw_rsa(key: RSAPrivateKey, scheme: str) -> Callable[[bytes], bytes]:
    """Return the function from ciphertext to the padded block (RFC 8017, section 5.1.2, by the CRT)."""
    numbers = key.private_numbers()
    p, q, modulus = numbers.p, numbers.q, numbers.public_numbers.n
    size = modulus_length(key.key_size)

    def raw(ciphertext: bytes) -> bytes:
        number = int.from_bytes(require_block(ciphertext, size), "big")
        if number >= modulus:
            raise WrongKeyOrDamagedError(scheme)
        one, two = pow(number, numbers.dmp1, p), pow(number, numbers.dmq1, q)
        return (two + (one - two) * numbers.iqmp % p * q).to_bytes(size, "big")

    return raw
