"""RSA-OAEP (RFC 8017, section 7.1), by `cryptography`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ciphertool.engine.block import modulus_length, require_block
from ciphertool.errors import WrongKeyOrDamagedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.padding import OAEP
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

    from ciphertool.engine.base import Transform

_DIGEST_BYTES = {"SHA1": 20, "SHA256": 32}


class Oaep(NamedTuple):
    """OAEP with a digest for the label and one for the mask (MGF1), each by its name in `cryptography`."""

    name: str
    digest: str
    mask_digest: str
    spellings: frozenset[str] = frozenset()
    native: bool = False
    labelled: bool = True

    def limit(self, bits: int) -> int:
        """Return the limit in bytes."""
        return modulus_length(bits) - 2 * _DIGEST_BYTES[self.digest] - 2

    def encrypting(self, key: RSAPublicKey) -> Transform:
        """Return the encrypting function."""
        padding = self._padding()
        return lambda plaintext, label: key.encrypt(plaintext, padding(label))

    def decrypting(self, key: RSAPrivateKey) -> Transform:
        """Return the decrypting function."""
        padding = self._padding()
        size = modulus_length(key.key_size)

        def decrypt(ciphertext: bytes, label: bytes) -> bytes:
            try:
                return key.decrypt(require_block(ciphertext, size), padding(label))
            except ValueError:
                raise WrongKeyOrDamagedError(self.name, labelled=bool(label)) from None

        return decrypt

    def _padding(self) -> Callable[[bytes], OAEP]:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP

        algorithm: hashes.HashAlgorithm = getattr(hashes, self.digest)()
        mask: hashes.HashAlgorithm = getattr(hashes, self.mask_digest)()
        return lambda label: OAEP(MGF1(mask), algorithm, label)
