"""The algorithms of the JDK that protect keys in JKS and JCEKS stores. Independent of entries and files."""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import TYPE_CHECKING

from ciphertool.keystore.formats.pbe import BadDecryptError, cbc_decrypt

if TYPE_CHECKING:
    from ciphertool.keystore.limits import StoreBudget

_SALT = 20
_NOT_ASCII = "it holds characters other than ASCII, which a JCEKS password cannot have"


def seal_jks(plain: bytes, password: str) -> bytes:
    """Seal a key by the JDK's protector of JKS keys, `sun.security.provider.KeyProtector`.

    The parts of the result are a salt of 20 bytes, the key under a stream of chained SHA-1 digests, and a digest of
    password and key.
    """
    salt, secret = os.urandom(_SALT), _utf16(password)
    return salt + _under_stream(plain, secret, salt) + _sha1(secret + plain)


def unseal_jks(sealed: bytes, password: str) -> bytes:
    """Return the key that `seal_jks` or the JDK sealed; raise `BadDecryptError` if the password is another."""
    secret = _utf16(password)
    plain = _under_stream(sealed[_SALT:-_SALT], secret, sealed[:_SALT])
    if not hmac.compare_digest(_sha1(secret + plain), sealed[-_SALT:]):
        raise BadDecryptError
    return plain


def unseal_jceks(ciphertext: bytes, password: str, salt: bytes, count: int, budget: StoreBudget) -> bytes:
    """Decrypt by the JDK's PBEWithMD5AndTripleDES; raise `BadDecryptError` if the padding is wrong.

    The algorithm is that of `com.sun.crypto.provider.PBES1Core`: PBKDF1 of PKCS #5 with MD5 on each half of the salt.
    Of the 32 bytes, 24 are the key of 3DES and 8 the initial vector.
    """
    if len(salt) != 8:
        raise budget.malformed(f"a salt of {len(salt)} bytes, not 8")
    if not password.isascii():
        raise BadDecryptError(_NOT_ASCII)
    budget.iterations(2 * count)
    first, second = salt[:4], salt[4:]
    if first == second:
        first = first[::-1]  # as JDK 17 does it; old ones wrote something else here, once in 2^32 salts
    secret = password.encode("ascii")
    material = _pbkdf1_md5(secret, first, count) + _pbkdf1_md5(secret, second, count)
    return cbc_decrypt("3DES", material[:24], material[24:], ciphertext)


def _under_stream(data: bytes, secret: bytes, block: bytes) -> bytes:
    """Return the data with a stream of chained SHA-1 digests added to it, or taken from it."""
    stream = bytearray()
    while len(stream) < len(data):
        block = _sha1(secret + block)
        stream += block
    return bytes(a ^ b for a, b in zip(data, stream, strict=False))


def _pbkdf1_md5(secret: bytes, salt: bytes, count: int) -> bytes:
    """Return the digest of salt and password, the password appended again for each round, as only the JDK does it."""
    digest = salt
    for _ in range(count):
        digest = hashlib.md5(digest + secret, usedforsecurity=False).digest()
    return digest


def _utf16(password: str) -> bytes:
    """Return the password as Java's characters, of which a surrogate alone is one."""
    return password.encode("utf-16-be", "surrogatepass")


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()
