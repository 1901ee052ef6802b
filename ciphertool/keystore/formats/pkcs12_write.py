"""PKCS #12 stores written as keytool 17 writes them: PBES2 with AES-256, a SHA-256 MAC, Java's trust attribute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.asn1 import der
from ciphertool.errors import UnsupportedKeystoreError
from ciphertool.keystore.entries import EntryKind
from ciphertool.keystore.formats import pbe, pkcs12

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ciphertool.keystore.entries import KeyEntry

_ANY_EXTENDED_KEY_USAGE = "2.5.29.37.0"


def write(entries: Sequence[KeyEntry], password: str, key_password: str) -> bytes:
    """Return a store of the entries. Keys in the clear are sealed under the key password; sealed ones are kept."""
    keys, found = [], []
    for number, entry in enumerate(entries):
        key_id = None if entry.kind is EntryKind.TRUSTED else _key_id(entry, number)
        if key_id is not None:
            keys.append(_bag(*_key(entry, key_password), entry.alias, key_id))
        for place, certificate in enumerate(entry.chain):
            value = der.encode(
                der.SEQUENCE,
                der.encode_oid(pkcs12.X509_CERTIFICATE),
                der.encode(der.CONTEXT_0, der.encode(der.OCTET_STRING, certificate)),
            )
            alias = entry.alias if place == 0 else None
            found.append(_bag(pkcs12.CERT_BAG, value, alias, None if place else key_id, trusted=key_id is None))
    parts = []
    if keys:
        parts.append(_content_info(pkcs12.DATA, der.encode(der.OCTET_STRING, der.encode(der.SEQUENCE, *keys))))
    if found:
        parts.append(_content_info(pkcs12.ENCRYPTED_DATA, _encrypted(der.encode(der.SEQUENCE, *found), password)))
    content = der.encode(der.SEQUENCE, *parts)
    safe = _content_info(pkcs12.DATA, der.encode(der.OCTET_STRING, content))
    return der.encode(der.SEQUENCE, der.encode_integer(3), safe, pbe.mac(content, password))


def _key_id(entry: KeyEntry, number: int) -> bytes:
    """Return the id that links a key to its certificate; Java reads the entry's date from it."""
    milliseconds = int(entry.created.timestamp() * 1000) if entry.created else number
    return b"Time %d" % milliseconds


def _key(entry: KeyEntry, key_password: str) -> tuple[str, bytes]:
    """Return the type and the value of a key's bag."""
    if entry.kind is EntryKind.SECRET:
        if not isinstance(entry.secret, pkcs12.Pkcs12SecretBag):
            raise UnsupportedKeystoreError(f"the secret key {entry.alias!r} cannot be taken over")
        return pkcs12.SECRET_BAG, entry.secret.value
    sealed = entry.sealed
    if isinstance(sealed, pkcs12.Pkcs12SealedKey):
        return pkcs12.SHROUDED_KEY_BAG if sealed.encrypted else pkcs12.KEY_BAG, sealed.value
    if sealed is None:
        raise ValueError("a key entry without its key")
    algorithm, ciphertext = pbe.encrypt(sealed.unseal(key_password), key_password)
    return pkcs12.SHROUDED_KEY_BAG, der.encode(der.SEQUENCE, algorithm, der.encode(der.OCTET_STRING, ciphertext))


def _bag(kind: str, value: bytes, alias: str | None, key_id: bytes | None, *, trusted: bool = False) -> bytes:
    attributes = []
    if alias is not None:
        attributes.append((pkcs12.FRIENDLY_NAME, der.encode(der.BMP_STRING, alias.encode("utf-16-be"))))
    if key_id is not None:
        attributes.append((pkcs12.LOCAL_KEY_ID, der.encode(der.OCTET_STRING, key_id)))
    if trusted:
        attributes.append((pkcs12.TRUSTED_KEY_USAGE, der.encode_oid(_ANY_EXTENDED_KEY_USAGE)))
    encoded = sorted(
        der.encode(der.SEQUENCE, der.encode_oid(oid), der.encode(der.SET, value)) for oid, value in attributes
    )
    bag_attributes = der.encode(der.SET, *encoded) if encoded else b""
    return der.encode(der.SEQUENCE, der.encode_oid(kind), der.encode(der.CONTEXT_0, value), bag_attributes)


def _encrypted(plain: bytes, password: str) -> bytes:
    algorithm, ciphertext = pbe.encrypt(plain, password)
    info = der.encode(
        der.SEQUENCE, der.encode_oid(pkcs12.DATA), algorithm, der.encode(der.CONTEXT_0_PRIMITIVE, ciphertext)
    )
    return der.encode(der.SEQUENCE, der.encode_integer(0), info)


def _content_info(kind: str, value: bytes) -> bytes:
    return der.encode(der.SEQUENCE, der.encode_oid(kind), der.encode(der.CONTEXT_0, value))
