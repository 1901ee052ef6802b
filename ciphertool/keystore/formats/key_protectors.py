"""The algorithms of the JDK that protect keys in JKS stores. Independent of entries and files."""

from __future__ import annotations

import hashlib
import hmac


def unsealed_jks(sealed: bytes, password: bytes) -> bytes | None:
    """Unseal a key of Sun's JKS key protector (`sun.security.provider.KeyProtector`); return None if that fails.

    Its parts are a salt of 20 bytes, the key under a stream of chained SHA-1 digests, and a digest of password and key.
    """
    salt, key, expected = sealed[:20], sealed[20:-20], sealed[-20:]
    stream, block = bytearray(), salt
    while len(stream) < len(key):
        block = _sha1(password + block)
        stream += block
    plain = bytes(a ^ b for a, b in zip(key, stream, strict=False))
    return plain if hmac.compare_digest(_sha1(password + plain), expected) else None


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()
