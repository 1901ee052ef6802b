"""BKS and UBER, Bouncy Castle's stores: the structure is parsed here, within bounds; pyjks decrypts UBER.

BKS is the entries followed by a MAC, UBER the same entries encrypted by Twofish as a whole. pyjks is optional.
"""

from __future__ import annotations

import hashlib
import hmac
import warnings
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ciphertool.certificates.chains import MAX_CHAIN
from ciphertool.errors import (
    MalformedKeystoreError,
    NoPrivateKeyError,
    PasswordNeededError,
    UnsupportedKeystoreError,
    WrongKeyPasswordError,
    WrongKeystorePasswordError,
)
from ciphertool.keystore.entries import ClearKey, EntryKind, KeyEntry, StoreContent
from ciphertool.keystore.formats import pbe
from ciphertool.keystore.formats.javadata import DataInput
from ciphertool.keystore.limits import MAX_ENTRIES, MAX_SEALED_KEY, StoreBudget

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.keystore.entries import SealedKey

_CERTIFICATE, _KEY, _SECRET, _SEALED = 1, 2, 3, 4
_PRIVATE = 0
_MAX_SALT = 64
# pyjks takes 10 µs for each 16 bytes of Twofish.
_MAX_UBER = 1 << 20
_MAC_SIZE = 20


@dataclass(frozen=True, slots=True)
class BksSealedKey:
    """A key under PKCS #12's pbeWithSHAAnd3-KeyTripleDES-CBC: salt, iteration count, the encrypted key record."""

    alias: str
    encrypted: bytes = field(repr=False)

    def unseal(self, password: str | None) -> bytes:
        """Return the key as PKCS #8 in the clear."""
        if password is None:
            raise PasswordNeededError(f"the private key of {self.alias!r}")
        source = DataInput(self.encrypted, StoreBudget("BKS"))
        salt, iterations = _salt(source)
        ciphertext = self.encrypted[source.position :]
        if len(ciphertext) > MAX_SEALED_KEY or not ciphertext or len(ciphertext) % 8:
            raise source.budget.malformed("an encrypted key of a size that no real one has")
        try:
            plain = pbe.pkcs12_decrypt(pbe.SHA_3DES, ciphertext, password or None, salt, iterations, source.budget)
        except pbe.BadDecryptError:
            raise WrongKeyPasswordError(self.alias) from None
        try:
            key = _key(DataInput(plain, StoreBudget("BKS")))
        except MalformedKeystoreError:  # a wrong password may leave a padding that looks right
            raise WrongKeyPasswordError(self.alias) from None
        if key is None:
            raise NoPrivateKeyError(self.alias, EntryKind.SECRET.value)
        return key


def looks_like_bks(data: bytes) -> bool:
    """Return whether the data is a BKS store: its entries can be parsed, and exactly a MAC is left."""
    source = DataInput(data, StoreBudget("BKS"))
    try:
        version = source.number(4)
        _salt(source)
        if version == 2:
            return True
        _entries(source)
    except MalformedKeystoreError:
        return False
    return version == 1 and len(data) - source.position == _MAC_SIZE


def looks_like_uber(data: bytes) -> bool:
    """Return whether the data may be an UBER store: version, salt, iterations, then whole, opaque blocks."""
    source = DataInput(data, StoreBudget("UBER"))
    try:
        version = source.number(4)
        _salt(source)
    except MalformedKeystoreError:
        return False
    return version == 1 and (len(data) - source.position) % 16 == 0


def read_bks(data: bytes, password: str | None, path: Path) -> StoreContent:  # noqa: ARG001 - a Reader
    """Read a BKS store."""
    source = DataInput(data, StoreBudget("BKS"))
    version = source.number(4)
    salt, iterations = _salt(source)
    start = source.position
    entries = _entries(source)
    covered, expected = data[start : source.position], source.take(_MAC_SIZE)
    if password is not None:
        # Version 1 took a length in bits for one in bytes.
        size = _MAC_SIZE // 8 if version == 1 else _MAC_SIZE
        key = pbe.pkcs12_kdf("sha1", pbe.MAC_MATERIAL, password or None, salt, iterations, size, source.budget)
        if not hmac.compare_digest(hmac.digest(key, covered, "sha1"), expected):
            raise WrongKeystorePasswordError
    return StoreContent(entries, password is not None)


def read_uber(data: bytes, password: str | None, path: Path) -> StoreContent:  # noqa: ARG001 - a Reader
    """Read an UBER store; nothing in it is readable without its password."""
    if password is None:
        raise PasswordNeededError("an UBER store")
    source = DataInput(data, StoreBudget("UBER"))
    source.number(4)
    salt, iterations = _salt(source)
    ciphertext = data[source.position :]
    if len(ciphertext) > _MAX_UBER:
        raise source.budget.malformed(f"larger than {_MAX_UBER >> 20} MB")
    source.budget.iterations(3 * iterations)  # one round for the vector, two for the key
    plain = _twofish_decrypt(ciphertext, password, salt, iterations)
    content, digest = plain[:-_MAC_SIZE], plain[-_MAC_SIZE:]
    if not hmac.compare_digest(hashlib.sha1(content, usedforsecurity=False).digest(), digest):
        raise WrongKeystorePasswordError
    return StoreContent(_entries(DataInput(content, source.budget)), verified=True)


def _twofish_decrypt(ciphertext: bytes, password: str, salt: bytes, iterations: int) -> bytes:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Twofish imports a deprecated module and leaves a file open
            import_module("twofish")
        from jks import rfc7292, util
    except ImportError:
        raise _without_twofish() from None
    try:
        return bytes(rfc7292.decrypt_PBEWithSHAAndTwofishCBC(ciphertext, password, salt, iterations))
    except (util.KeystoreException, ValueError):
        raise WrongKeystorePasswordError from None


def _without_twofish() -> UnsupportedKeystoreError:
    """Return the error for an UBER store that cannot be read here, with what helps on this Python."""
    if find_spec("imp") is None:  # Twofish imports it; Python 3.12 removed it
        return UnsupportedKeystoreError(
            "an UBER store cannot be read on Python 3.12 or later, for which there is no Twofish",
            "convert it with keytool, or read it on Python 3.11",
        )
    return UnsupportedKeystoreError(
        "reading an UBER store needs pyjks, which is not installed",
        "install ciphertool's extra, which needs a C compiler: pip install '.[pyjks]' in a clone of its repository",
    )


def _salt(source: DataInput) -> tuple[bytes, int]:
    length = source.number(4)
    if not 0 < length <= _MAX_SALT:
        raise source.budget.malformed("a salt out of range")
    return source.take(length), source.number(4)


def _entries(source: DataInput) -> list[KeyEntry]:
    entries: dict[str, KeyEntry] = {}
    count = 0
    while kind := source.number(1):
        count += 1
        if count > MAX_ENTRIES:
            raise source.budget.malformed(f"more than {MAX_ENTRIES} entries")
        alias, created = source.text(), source.date()
        length = source.count(MAX_CHAIN, "certificates in a chain")
        chain = tuple(_certificate(source) for _ in range(length))
        entries[alias] = _entry(source, kind, KeyEntry(alias, EntryKind.KEY, chain, created))
    return list(entries.values())


def _entry(source: DataInput, kind: int, entry: KeyEntry) -> KeyEntry:
    """Return the entry with the data of its kind."""
    sealed: SealedKey | None = None
    if kind == _CERTIFICATE:
        return entry._replace(kind=EntryKind.TRUSTED, chain=(_certificate(source),))
    if kind == _KEY:
        key = _key(source)
        sealed = None if key is None else ClearKey(key)
    elif kind == _SEALED:
        encrypted = source.block()
        # Bouncy Castle requires a chain for a private key, and seals secret keys in the same way without one.
        sealed = BksSealedKey(entry.alias, encrypted) if entry.chain else None
    elif kind == _SECRET:
        source.block()
    else:
        raise source.budget.malformed(f"an entry of unknown kind {kind}")
    return entry._replace(kind=EntryKind.KEY if sealed else EntryKind.SECRET, sealed=sealed)


def _key(source: DataInput) -> bytes | None:
    """Return the PKCS #8 of a key record, or None if it is not a private key."""
    kind, _format, _algorithm, encoded = source.number(1), source.text(), source.text(), source.block()
    return encoded if kind == _PRIVATE else None


def _certificate(source: DataInput) -> bytes:
    source.text()
    return source.block()
