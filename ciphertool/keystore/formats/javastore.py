"""JKS and JCEKS stores: the structure is parsed here, within bounds, and JKS is written.

The password protects two things by different algorithms: the keys (`key_protectors.py`) and the store as a whole.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ciphertool.asn1 import der
from ciphertool.certificates.chains import MAX_CHAIN
from ciphertool.errors import (
    PasswordNeededError,
    UnsupportedKeystoreError,
    WrongKeyPasswordError,
    WrongKeystorePasswordError,
)
from ciphertool.keystore.entries import EntryKind, KeyEntry, StoreContent
from ciphertool.keystore.formats import key_protectors
from ciphertool.keystore.formats.javadata import DataInput, encode_text
from ciphertool.keystore.formats.pbe import BadDecryptError
from ciphertool.keystore.limits import MAX_ENTRIES, MAX_SEALED_KEY, StoreBudget

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ciphertool.keystore.entries import SealedKey

_WHITENER = b"Mighty Aphrodite"
_MAGIC_JKS = b"\xfe\xed\xfe\xed"
_X509 = b"\x00\x05X.509"
_JKS_KEY_PROTECTOR = "1.3.6.1.4.1.42.2.17.1.1"
_JCE_KEY_PROTECTOR = "1.3.6.1.4.1.42.2.19.1"
_PRIVATE_KEY, _TRUSTED, _SECRET_KEY = 1, 2, 3


@dataclass(frozen=True, slots=True)
class JavaSealedKey:
    """A private key under Sun's proprietary protection algorithms."""

    alias: str
    format_name: str
    encrypted: bytes = field(repr=False)

    def unseal(self, password: str | None) -> bytes:
        """Return the key as PKCS #8 in the clear."""
        if password is None:
            raise PasswordNeededError(f"the private key of {self.alias!r}")
        budget = StoreBudget(self.format_name)
        if len(self.encrypted) > MAX_SEALED_KEY:
            raise budget.malformed("an encrypted key that is larger than any real one")
        algorithm, ciphertext = der.parse(self.encrypted, budget).sequence(2)[:2]
        oid, *parameters = algorithm.sequence()
        try:
            if oid.oid() == _JKS_KEY_PROTECTOR:
                return key_protectors.unseal_jks(ciphertext.octets(), password)
            if oid.oid() == _JCE_KEY_PROTECTOR and parameters and self.format_name == "JCEKS":
                salt, count = parameters[0].sequence(2)[:2]
                return key_protectors.unseal_jceks(
                    ciphertext.octets(), password, salt.octets(), count.integer(), budget
                )
        except BadDecryptError as error:
            raise WrongKeyPasswordError(self.alias, str(error)) from None
        raise budget.malformed(f"unknown key protection {oid.oid()}")


def read_jks(data: bytes, password: str | None, path: Path) -> StoreContent:  # noqa: ARG001 - a Reader
    """Read a JKS store."""
    return _read(data, password, "JKS")


def read_jceks(data: bytes, password: str | None, path: Path) -> StoreContent:  # noqa: ARG001 - a Reader
    """Read a JCEKS store."""
    return _read(data, password, "JCEKS")


def write(entries: Sequence[KeyEntry], password: str, key_password: str) -> bytes:
    """Return a JKS store. Keys in the clear are sealed under the key password; sealed ones stay as they are."""
    written: dict[str, bytes] = {}
    for entry in entries:
        alias = entry.alias.lower()  # Java looks up nothing else
        name = encode_text(alias)
        if alias in written or name is None:
            raise UnsupportedKeystoreError(f"a JKS store cannot hold the alias {entry.alias!r}, or not twice")
        created = max(0, int(entry.created.timestamp() * 1000)) if entry.created else 0
        if entry.kind is EntryKind.TRUSTED:
            tag, content = _TRUSTED, _certificate(entry.chain[0])
        elif entry.kind is EntryKind.KEY and entry.sealed is not None:
            tag, content = _PRIVATE_KEY, _key(entry, entry.sealed, key_password)
        else:
            raise UnsupportedKeystoreError(f"a JKS store cannot hold the secret key {entry.alias!r}")
        written[alias] = _number(tag) + name + created.to_bytes(8, "big") + content
    content = _MAGIC_JKS + _number(2) + _number(len(written)) + b"".join(written.values())
    return content + _digest(content, password)


def _key(entry: KeyEntry, sealed: SealedKey, key_password: str) -> bytes:
    """Return a private key, sealed as JKS does it, and its chain."""
    if isinstance(sealed, JavaSealedKey) and sealed.format_name == "JKS":
        encrypted = sealed.encrypted
    else:
        algorithm = der.encode(der.SEQUENCE, der.encode_oid(_JKS_KEY_PROTECTOR), der.encode(der.NULL))
        ciphertext = key_protectors.seal_jks(sealed.unseal(key_password), key_password)
        encrypted = der.encode(der.SEQUENCE, algorithm, der.encode(der.OCTET_STRING, ciphertext))
    return _block(encrypted) + _number(len(entry.chain)) + b"".join(map(_certificate, entry.chain))


def _certificate(certificate: bytes) -> bytes:
    return _X509 + _block(certificate)


def _block(data: bytes) -> bytes:
    return _number(len(data)) + data


def _number(value: int) -> bytes:
    return value.to_bytes(4, "big")


def _read(data: bytes, password: str | None, name: str) -> StoreContent:
    source = DataInput(data, StoreBudget(name), 4)
    version = source.number(4)
    if version not in (1, 2):
        raise source.budget.malformed(f"version {version}, which is unknown")
    # A later entry replaces an earlier one of the same alias, as it does in Java.
    entries: dict[str, KeyEntry] = {}
    for _ in range(source.count(MAX_ENTRIES, "entries")):
        entry = _read_entry(source, version, name)
        entries[entry.alias] = entry
    if password is not None:
        _verify(source, password)
    return StoreContent(list(entries.values()), password is not None)


def _verify(source: DataInput, password: str) -> None:
    """Check the digest at the store's end, which covers everything before it."""
    covered = memoryview(source.data)[: source.position]
    if not hmac.compare_digest(_digest(covered, password), source.take(20)):
        raise WrongKeystorePasswordError


def _digest(content: bytes | memoryview, password: str) -> bytes:
    """Return what proves a store: `sun.security.provider.JavaKeyStore` digests the password, a name, and the store."""
    digest = hashlib.sha1(password.encode("utf-16-be", "surrogatepass") + _WHITENER, usedforsecurity=False)
    digest.update(content)
    return digest.digest()


def _read_entry(source: DataInput, version: int, name: str) -> KeyEntry:
    tag, alias, created = source.number(4), source.text(), source.date()
    if tag == _PRIVATE_KEY:
        sealed = JavaSealedKey(alias, name, source.block())
        length = source.count(MAX_CHAIN, "certificates in a chain")
        chain = tuple(_read_certificate(source, version) for _ in range(length))
        return KeyEntry(alias, EntryKind.KEY, chain, created, sealed)
    if tag == _TRUSTED:
        return KeyEntry(alias, EntryKind.TRUSTED, (_read_certificate(source, version),), created)
    if tag == _SECRET_KEY and name == "JCEKS":
        from ciphertool.keystore.formats import javaobject
        from ciphertool.keystore.formats.sealed_object import SealedObject

        secret = SealedObject(alias, javaobject.read(source))
        return KeyEntry(alias, EntryKind.SECRET, created=created, secret=secret)
    raise source.budget.malformed(f"an entry of unknown kind {tag}")


def _read_certificate(source: DataInput, version: int) -> bytes:
    if version == 2:  # which states each certificate's type
        source.text()
    return source.block()
