"""JKS and JCEKS stores: the structure is parsed here, within bounds. pyjks unseals JCEKS keys and writes JKS.

pyjks reads these stores too, but without limits, and decrypts before it has checked anything. JKS keys are unsealed
here as well, because importing pyjks takes longer than the rest of a start-up.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

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
from ciphertool.keystore.formats.javadata import DataInput
from ciphertool.keystore.limits import MAX_ENTRIES, MAX_SEALED_KEY, StoreBudget

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_WHITENER = b"Mighty Aphrodite"
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
                plain = key_protectors.unsealed_jks(ciphertext.octets(), password.encode("utf-16-be"))
            elif oid.oid() == _JCE_KEY_PROTECTOR and parameters and self.format_name == "JCEKS":
                salt, count = parameters[0].sequence(2)[:2]
                # Both halves of the salt take that many iterations.
                budget.iterations(2 * count.integer())
                plain = _unsealed_jceks(ciphertext.octets(), password, salt.octets(), count.integer())
            else:
                raise budget.malformed(f"unknown key protection {oid.oid()}")
        except UnicodeEncodeError:
            raise WrongKeyPasswordError(self.alias, "it holds characters that a Java password cannot have") from None
        if plain is None:
            raise WrongKeyPasswordError(self.alias)
        return plain


def _unsealed_jceks(sealed: bytes, password: str, salt: bytes, count: int) -> bytes | None:
    from jks import sun_crypto, util

    try:
        return bytes(sun_crypto.jce_pbe_decrypt(sealed, password, salt, count))
    except UnicodeEncodeError:
        raise
    except (util.BadPaddingException, ValueError):  # or a wrong length, or a password that JCEKS cannot have
        return None


def read_jks(data: bytes, password: str | None, path: Path) -> StoreContent:  # noqa: ARG001 - a Reader
    """Read a JKS store."""
    return _read(data, password, "JKS")


def read_jceks(data: bytes, password: str | None, path: Path) -> StoreContent:  # noqa: ARG001 - a Reader
    """Read a JCEKS store."""
    return _read(data, password, "JCEKS")


def write(entries: Sequence[KeyEntry], password: str, key_password: str) -> bytes:
    """Return a JKS store. Keys in the clear are sealed under the key password; sealed ones stay as they are."""
    import jks

    written = {}
    for entry in entries:
        alias = entry.alias.lower()  # Java looks up nothing else
        if alias in written or max(map(ord, alias), default=0) > 0xFFFF or "\0" in alias:
            raise UnsupportedKeystoreError(f"a JKS store cannot hold the alias {entry.alias!r}, or not twice")
        timestamp = max(0, int(entry.created.timestamp() * 1000)) if entry.created else 0
        if entry.kind is EntryKind.TRUSTED:
            written[alias] = jks.TrustedCertEntry(alias=alias, timestamp=timestamp, cert=entry.chain[0])
        elif entry.kind is EntryKind.KEY and entry.sealed is not None:
            written[alias] = _jks_key(entry, alias, timestamp, key_password)
        else:
            raise UnsupportedKeystoreError(f"a JKS store cannot hold the secret key {entry.alias!r}")
    return bytes(jks.KeyStore.new("jks", list(written.values())).saves(password))


def _jks_key(entry: KeyEntry, alias: str, timestamp: int, key_password: str) -> Any:
    import jks

    sealed = entry.sealed
    chain = [("X.509", certificate) for certificate in entry.chain]
    if isinstance(sealed, JavaSealedKey) and sealed.format_name == "JKS":
        return jks.PrivateKeyEntry(alias=alias, timestamp=timestamp, cert_chain=chain, encrypted=sealed.encrypted)
    pkcs8 = sealed.unseal(key_password) if sealed is not None else b""
    written = jks.PrivateKeyEntry.new(alias, list(entry.chain), pkcs8)
    written.timestamp = timestamp
    written.encrypt(key_password)
    return written


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
    expected = source.take(20)
    secret = password.encode("utf-16-be", "surrogatepass")
    digest = hashlib.sha1(secret + _WHITENER, usedforsecurity=False)
    digest.update(covered)
    if not hmac.compare_digest(digest.digest(), expected):
        raise WrongKeystorePasswordError


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
