"""Password-based encryption and integrity of PKCS #5 and PKCS #12. Independent of entries and files.

Algorithms are read from their AlgorithmIdentifier, and their cost is charged to the budget before it is spent.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import TYPE_CHECKING, Any, TypeVar

from ciphertool.asn1 import der
from ciphertool.errors import UnsupportedKeystoreError
from ciphertool.keystore.limits import StoreBudget

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ciphertool.asn1.der import Element

PBES2, PBKDF2, PBMAC1, SCRYPT = (
    "1.2.840.113549.1.5.13",
    "1.2.840.113549.1.5.12",
    "1.2.840.113549.1.5.14",
    "1.3.6.1.4.1.11591.4.11",
)
HMAC_SHA256, AES_256_CBC, SHA256 = "1.2.840.113549.2.9", "2.16.840.1.101.3.4.1.42", "2.16.840.1.101.3.4.2.1"
# As many as keytool 17 uses: opening a store is part of every start of an application.
ITERATIONS = 10_000
KEY_MATERIAL, IV_MATERIAL, MAC_MATERIAL = 1, 2, 3

T = TypeVar("T")

_PRFS = {
    "1.2.840.113549.2.7": "sha1",
    "1.2.840.113549.2.8": "sha224",
    HMAC_SHA256: "sha256",
    "1.2.840.113549.2.10": "sha384",
    "1.2.840.113549.2.11": "sha512",
}
_DIGESTS = {
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    SHA256: "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
# Cipher and key length in bytes.
_PBES2_CIPHERS = {
    "2.16.840.1.101.3.4.1.2": ("AES", 16),
    "2.16.840.1.101.3.4.1.22": ("AES", 24),
    AES_256_CBC: ("AES", 32),
    "1.2.840.113549.3.7": ("3DES", 24),
}
SHA_3DES = ("3DES", 24)
_PKCS12_CIPHERS = {
    "1.2.840.113549.1.12.1.3": SHA_3DES,
    "1.2.840.113549.1.12.1.4": ("3DES", 16),
    "1.2.840.113549.1.12.1.5": ("RC2", 16),
    "1.2.840.113549.1.12.1.6": ("RC2", 5),
}
_SCRYPT_WORK = 64 << 20


class BadDecryptError(Exception):
    """The password does not decrypt a ciphertext; the caller knows which one. Its text is a reason, or empty."""


def decrypt(algorithm: Element, ciphertext: bytes, password: str, budget: StoreBudget) -> bytes:
    """Decrypt a ciphertext under PBES2 or a PKCS #12 scheme; raise `BadDecryptError` if the padding is wrong."""
    oid, parameters = algorithm.sequence(2)[:2]
    if oid.oid() == PBES2:
        kdf, cipher = parameters.sequence(2)[:2]
        cipher_oid, vector = cipher.sequence(2)[:2]
        name, length = _known(_PBES2_CIPHERS, cipher_oid, "encryption")
        key, iv = _derive(kdf, password, length, budget), vector.octets()
        return cbc_decrypt(name, key, iv, ciphertext)
    salt, count = parameters.sequence(2)[:2]
    scheme = _known(_PKCS12_CIPHERS, oid, "encryption")
    return pkcs12_decrypt(scheme, ciphertext, password, salt.octets(), count.integer(), budget)


def pkcs12_decrypt(
    scheme: tuple[str, int], ciphertext: bytes, password: str | None, salt: bytes, count: int, budget: StoreBudget
) -> bytes:
    """Decrypt by a scheme of RFC 7292, appendix C, a cipher and its key length; raise as `decrypt` does."""
    name, length = scheme
    key = pkcs12_kdf("sha1", KEY_MATERIAL, password, salt, count, length, budget)
    iv = pkcs12_kdf("sha1", IV_MATERIAL, password, salt, count, 8, budget)
    return cbc_decrypt(name, key, iv, ciphertext)


def encrypt(plain: bytes, password: str) -> tuple[bytes, bytes]:
    """Return the AlgorithmIdentifier and the ciphertext of PBES2 with keytool 17's parameters."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    salt, iv = os.urandom(20), os.urandom(16)
    key = hashlib.pbkdf2_hmac("sha256", password.encode("utf-8"), salt, ITERATIONS, 32)
    padding = 16 - len(plain) % 16
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    ciphertext = encryptor.update(plain + bytes((padding,)) * padding) + encryptor.finalize()
    prf = der.encode(der.SEQUENCE, der.encode_oid(HMAC_SHA256), der.encode(der.NULL))
    kdf = der.encode(der.SEQUENCE, der.encode(der.OCTET_STRING, salt), der.encode_integer(ITERATIONS), prf)
    parameters = der.encode(
        der.SEQUENCE,
        der.encode(der.SEQUENCE, der.encode_oid(PBKDF2), kdf),
        der.encode(der.SEQUENCE, der.encode_oid(AES_256_CBC), der.encode(der.OCTET_STRING, iv)),
    )
    return der.encode(der.SEQUENCE, der.encode_oid(PBES2), parameters), ciphertext


def mac(content: bytes, password: str) -> bytes:
    """Return the MacData of a PFX for its content, as keytool 17 makes it."""
    salt = os.urandom(20)
    key = pkcs12_kdf("sha256", MAC_MATERIAL, password, salt, ITERATIONS, 32, StoreBudget("PKCS #12"))
    algorithm = der.encode(der.SEQUENCE, der.encode_oid(SHA256), der.encode(der.NULL))
    digest = der.encode(der.OCTET_STRING, hmac.digest(key, content, "sha256"))
    return der.encode(
        der.SEQUENCE,
        der.encode(der.SEQUENCE, algorithm, digest),
        der.encode(der.OCTET_STRING, salt),
        der.encode_integer(ITERATIONS),
    )


def mac_matches(mac_data: Element, content: bytes, password: str, budget: StoreBudget) -> bool:
    """Return whether a PFX's MacData is that of `content` under the password."""
    info, salt, *rest = mac_data.sequence(2)
    algorithm, expected = info.sequence(2)[:2]
    oid, *parameters = algorithm.sequence()
    keys: list[bytes]
    if oid.oid() == PBMAC1 and parameters:
        kdf, scheme = parameters[0].sequence(2)[:2]
        digest = _known(_PRFS, scheme.sequence()[0], "integrity")
        keys = [_derive(kdf, password, hashlib.new(digest).digest_size, budget)]
    else:
        digest = _known(_DIGESTS, oid, "integrity")
        count = rest[0].integer() if rest else 1
        size = hashlib.new(digest).digest_size
        keys = [
            pkcs12_kdf(digest, MAC_MATERIAL, spelling, salt.octets(), count, size, budget)
            for spelling in ([password] if password else ["", None])
        ]
    return any(hmac.compare_digest(hmac.digest(key, content, digest), expected.octets()) for key in keys)


def pkcs12_kdf(
    digest: str, purpose: int, password: str | None, salt: bytes, count: int, size: int, budget: StoreBudget
) -> bytes:
    """Return key material by RFC 7292, appendix B.2. None means no password, which some writers treat as not empty."""
    secret = b"" if password is None else password.encode("utf-16-be", "surrogatepass") + b"\0\0"
    function = getattr(hashlib, digest)
    block = function().block_size
    if not 0 < len(salt) <= 1024 or len(secret) > 8192:
        raise budget.malformed("a salt or password out of range")
    blocks = [part for source in (salt, secret) if source for part in _filled(source, block)]
    material = b""
    while len(material) < size:
        budget.iterations(count)
        value = bytes((purpose,)) * block + b"".join(blocks)
        for _ in range(count):
            value = function(value).digest()
        material += value
        addend = int.from_bytes(_filled(value, block)[0], "big") + 1
        blocks = [((int.from_bytes(part, "big") + addend) % (1 << 8 * block)).to_bytes(block, "big") for part in blocks]
    return material[:size]


def _filled(source: bytes, block: int) -> list[bytes]:
    """Return the source repeated until it fills whole blocks."""
    length = -(-len(source) // block) * block
    repeated = (source * (length // len(source) + 1))[:length]
    return [repeated[start : start + block] for start in range(0, length, block)]


def _derive(kdf: Element, password: str, length: int, budget: StoreBudget) -> bytes:
    """Derive a key of PBES2 or PBMAC1 by the function that the element names."""
    oid, parameters = kdf.sequence(2)[:2]
    secret = password.encode("utf-8", "surrogatepass")
    if oid.oid() == SCRYPT:
        return _scrypt(parameters, secret, length, budget)
    if oid.oid() != PBKDF2:
        raise UnsupportedKeystoreError(f"unknown key derivation {oid.oid()}")
    salt, count, *options = parameters.sequence(2)
    prf = "sha1"
    for option in options:
        if option.tag == der.SEQUENCE:  # the key length may come before it
            prf = _known(_PRFS, option.sequence()[0], "key derivation")
    budget.iterations(count.integer() * -(-length // hashlib.new(prf).digest_size))
    return hashlib.pbkdf2_hmac(prf, secret, salt.octets(), count.integer(), length)


def _scrypt(parameters: Element, secret: bytes, length: int, budget: StoreBudget) -> bytes:
    salt, *numbers = parameters.sequence(4)[:4]
    cost, size, lanes = (number.integer() for number in numbers)
    if min(cost - 1, size, lanes) < 1 or cost.bit_count() != 1 or cost * size * lanes * 128 > _SCRYPT_WORK:
        raise budget.malformed("scrypt parameters out of range")
    budget.iterations(max(1, cost * size * lanes // 2))  # takes about as long
    return hashlib.scrypt(secret, salt=salt.octets(), n=cost, r=size, p=lanes, dklen=length, maxmem=2 * _SCRYPT_WORK)


def cbc_decrypt(name: str, key: bytes, iv: bytes, ciphertext: bytes) -> bytes:
    """Decrypt by AES, 3DES or RC2 and remove the padding; raise `BadDecryptError` if it is wrong."""
    size = 16 if name == "AES" else 8
    if len(iv) != size or not ciphertext or len(ciphertext) % size:
        raise BadDecryptError
    if name == "RC2":
        # OpenSSL has RC2 only in a provider that many builds lack.
        from Cryptodome.Cipher import ARC2

        options: Any = {"iv": iv, "effective_keylen": 8 * len(key)}  # its stubs lack the second
        plain = ARC2.new(key, ARC2.MODE_CBC, **options).decrypt(ciphertext)  # noqa: S304 - old stores use it
    else:
        from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        algorithm = algorithms.AES(key) if name == "AES" else TripleDES(key)
        decryptor = Cipher(algorithm, modes.CBC(iv)).decryptor()
        plain = decryptor.update(ciphertext) + decryptor.finalize()
    padding = plain[-1]
    if not 1 <= padding <= size or plain[-padding:] != bytes((padding,)) * padding:
        raise BadDecryptError
    return plain[:-padding]


def _known(table: Mapping[str, T], oid: Element, what: str) -> T:
    try:
        return table[oid.oid()]
    except KeyError:
        raise UnsupportedKeystoreError(f"unknown {what} algorithm {oid.oid()}") from None
