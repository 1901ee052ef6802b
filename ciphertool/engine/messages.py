"""The algorithms of XML Signature and Encryption: RSA signatures, content under a key of its own, and that key to RSA.

Messages come from the network, so no failure here depends on why it failed: a key that does not unwrap is replaced by a
random one, under which nothing decrypts. Independent of XML.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ciphertool.engine.block import modulus_length
from ciphertool.errors import KeystoreError, UnsupportedSchemeError, WrongKeyOrDamagedError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

KEY_BYTES = {"aes256-gcm": 32, "aes128-gcm": 16, "aes256-cbc": 32, "aes128-cbc": 16}
"""The content encryptions, and the length of their keys."""
DIGESTS = frozenset({"sha1", "sha256", "sha384", "sha512"})
"""The digests of signatures, by their names in `hashlib`."""
_NONCE, _BLOCK = 12, 16


def new_key(encryption: str) -> bytes:
    """Return a new key for a content encryption."""
    return os.urandom(KEY_BYTES[encryption])


def encrypt(plaintext: bytes, key: bytes, encryption: str) -> bytes:
    """Return the cipher value: initialisation vector, ciphertext and, of GCM, the tag."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if encryption.endswith("gcm"):
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(key).encrypt(nonce, plaintext, None)
    vector, filling = os.urandom(_BLOCK), _BLOCK - len(plaintext) % _BLOCK
    encryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).encryptor()
    return vector + encryptor.update(plaintext + bytes(filling - 1) + bytes([filling])) + encryptor.finalize()


def decrypt(value: bytes, key: bytes, encryption: str) -> bytes:
    """Return the plaintext of a cipher value; raise `WrongKeyOrDamagedError`, for CBC only if the filling is wrong."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if encryption.endswith("gcm"):
        try:
            return AESGCM(key).decrypt(value[:_NONCE], value[_NONCE:], None)
        except (InvalidTag, ValueError):
            raise WrongKeyOrDamagedError(encryption) from None
    if len(value) < 2 * _BLOCK or len(value) % _BLOCK:
        raise WrongKeyOrDamagedError(encryption)
    decryptor = Cipher(algorithms.AES(key), modes.CBC(value[:_BLOCK])).decryptor()
    padded = decryptor.update(value[_BLOCK:]) + decryptor.finalize()
    if not 1 <= padded[-1] <= _BLOCK:  # XML Encryption, section 5.2: only the last byte means anything
        raise WrongKeyOrDamagedError(encryption)
    return padded[: -padded[-1]]


def wrap(key: bytes, public: RSAPublicKey, transport: str) -> bytes:
    """Return a content key, encrypted to a recipient's key; raise `KeystoreError` for a key that OpenSSL refuses."""
    try:
        return public.encrypt(key, _padding(transport))
    except ValueError:
        raise KeystoreError("the recipient's public key cannot encrypt: OpenSSL rejects its parameters") from None


def unwrap(wrapped: bytes, private: RSAPrivateKey, transport: str, encryption: str) -> bytes:
    """Return the content key for a content encryption, or a random one if there is none."""
    substitute = new_key(encryption)
    if len(wrapped) != modulus_length(private.key_size):
        return substitute
    try:
        # Of PKCS #1 v1.5, OpenSSL itself returns pseudo-random bytes for a wrong filling.
        key = private.decrypt(wrapped, _padding(transport))
    except ValueError:
        return substitute
    return key if len(key) == len(substitute) else substitute


def sign(data: bytes, private: RSAPrivateKey, digest: str) -> bytes:
    """Return the signature of data by RSASSA-PKCS1-v1_5, with a digest of `DIGESTS`."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

    return private.sign(data, PKCS1v15(), _hash(digest))


def verify(signature: bytes, data: bytes, public: RSAPublicKey, digest: str) -> bool:
    """Return whether a signature by RSASSA-PKCS1-v1_5 is that of data."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

    try:
        public.verify(signature, data, PKCS1v15(), _hash(digest))
    except InvalidSignature:
        return False
    return True


def _hash(digest: str) -> HashAlgorithm:
    from cryptography.hazmat.primitives import hashes

    algorithm: HashAlgorithm = getattr(hashes, digest.upper())()
    return algorithm


def _padding(transport: str) -> AsymmetricPadding:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15

    if transport == "rsa-oaep":
        return OAEP(MGF1(hashes.SHA256()), hashes.SHA256(), None)
    if transport == "rsa-oaep-mgf1p":
        return OAEP(MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303 - OAEP does not rely on its collisions
    if transport == "rsa-1_5":
        return PKCS1v15()
    raise UnsupportedSchemeError(transport)
