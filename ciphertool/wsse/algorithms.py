"""The algorithms of messages, by their identifiers in XML. What they do is in `engine.messages`."""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

from ciphertool.wsse.names import DS, XENC, XENC11

_MORE = "http://www.w3.org/2001/04/xmldsig-more#"


class SignatureAlgorithm(Enum):
    """How a message is signed."""

    RSA_SHA256 = f"{_MORE}rsa-sha256"
    RSA_SHA384 = f"{_MORE}rsa-sha384"
    RSA_SHA512 = f"{_MORE}rsa-sha512"
    RSA_SHA1 = f"{DS}rsa-sha1"

    @property
    def digest(self) -> str:
        """The name of its digest in `hashlib`."""
        return self.value.rpartition("-")[2]


class Digest(Enum):
    """How each signed part is hashed."""

    SHA256 = f"{XENC}sha256"
    SHA384 = f"{_MORE}sha384"
    SHA512 = f"{XENC}sha512"
    SHA1 = f"{DS}sha1"

    @property
    def digest(self) -> str:
        """Its name in `hashlib`."""
        return self.value.rpartition("#")[2]


class Encryption(Enum):
    """How content is encrypted."""

    AES256_GCM = f"{XENC11}aes256-gcm"
    AES128_GCM = f"{XENC11}aes128-gcm"
    AES256_CBC = f"{XENC}aes256-cbc"
    AES128_CBC = f"{XENC}aes128-cbc"

    @property
    def authenticates(self) -> bool:
        """Whether it refuses a changed ciphertext; CBC decrypts it to something else."""
        return self.value.startswith(XENC11)


class KeyTransport(Enum):
    """How a content key is encrypted to the recipient's RSA key."""

    RSA_OAEP = f"{XENC11}rsa-oaep"
    """OAEP with SHA-256, also for its mask."""
    RSA_OAEP_MGF1P = f"{XENC}rsa-oaep-mgf1p"
    """OAEP with SHA-1, also for its mask: what WSS4J 1.6 and so Carbon 4.4 know."""
    RSA_1_5 = f"{XENC}rsa-1_5"


Algorithm: TypeAlias = SignatureAlgorithm | Digest | Encryption | KeyTransport

OLD: frozenset[Algorithm] = frozenset(
    {
        SignatureAlgorithm.RSA_SHA1,
        Digest.SHA1,
        Encryption.AES256_CBC,
        Encryption.AES128_CBC,
        KeyTransport.RSA_OAEP_MGF1P,
        KeyTransport.RSA_1_5,
    }
)
"""What is read and written only if a policy names it."""
BY_NAME: dict[str, Algorithm] = {
    one.value.rpartition("#")[2]: one for kind in (SignatureAlgorithm, Digest, Encryption, KeyTransport) for one in kind
}
"""The algorithms by the short names that the command line uses: `rsa-sha256`, `aes256-gcm`."""


def short_name(algorithm: Algorithm) -> str:
    """Return the name of an algorithm in `BY_NAME`."""
    return str(algorithm.value).rpartition("#")[2]
