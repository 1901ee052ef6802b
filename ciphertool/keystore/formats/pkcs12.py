"""PKCS #12 stores as they occur in practice, read bag by bag (RFC 7292). Ciphers and MACs are in `pbe`.

`cryptography` reads only one private key per store, fails on a single odd certificate, and takes at least 40 ms per
key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ciphertool.asn1 import der
from ciphertool.certificates import chains
from ciphertool.errors import (
    MalformedKeystoreError,
    PasswordNeededError,
    UnsupportedKeystoreError,
    WrongKeyPasswordError,
    WrongKeystorePasswordError,
)
from ciphertool.keystore.entries import EntryKind, KeyEntry, StoreContent
from ciphertool.keystore.formats import pbe
from ciphertool.keystore.formats.javadata import date_of
from ciphertool.keystore.limits import MAX_ENTRIES, MAX_SEALED_KEY, StoreBudget
from ciphertool.secret import repr_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from ciphertool.keystore.entries import SymmetricKey

DATA, ENCRYPTED_DATA = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.6"
KEY_BAG, SHROUDED_KEY_BAG, CERT_BAG, SECRET_BAG, NESTED_BAG = (
    f"1.2.840.113549.1.12.10.1.{number}" for number in (1, 2, 3, 5, 6)
)
X509_CERTIFICATE = "1.2.840.113549.1.9.22.1"
FRIENDLY_NAME, LOCAL_KEY_ID = "1.2.840.113549.1.9.20", "1.2.840.113549.1.9.21"
# Java lists a certificate as trusted only if it has this attribute.
TRUSTED_KEY_USAGE = "2.16.840.1.113894.746875.1.1"
_NAME = "PKCS #12"


class _Bag(NamedTuple):
    """One bag: a key, a certificate or a secret, with the attributes that link them."""

    kind: str
    value: bytes
    alias: str | None
    key_id: bytes | None
    trusted: bool

    def __repr__(self) -> str:
        return repr_of(self, "kind", "alias", "key_id", "trusted")


class Pkcs12SealedKey(NamedTuple):
    """A private key bag, encrypted or in the clear."""

    alias: str
    value: bytes
    encrypted: bool

    def __repr__(self) -> str:
        return repr_of(self, "alias", "encrypted")

    def unseal(self, password: str | None) -> bytes:
        """Return the key as PKCS #8 in the clear."""
        if not self.encrypted:
            return self.value
        if password is None:
            raise PasswordNeededError(f"the private key of {self.alias!r}")
        return _decrypted(self.value, password, self.alias)


class Pkcs12SecretBag(NamedTuple):
    """A secret bag. Java stores a secret key in the form of a private key, and that bag's value in this one."""

    alias: str
    value: bytes

    def __repr__(self) -> str:
        return repr_of(self, "alias")

    def unseal(self, password: str | None) -> SymmetricKey:
        """Return the key, of any algorithm."""
        if password is None:
            raise PasswordNeededError(f"the secret key of {self.alias!r}")
        kind, value = der.parse(self.value, StoreBudget(_NAME)).sequence(2)[:2]
        if kind.oid() != SHROUDED_KEY_BAG:
            raise UnsupportedKeystoreError(f"the secret {self.alias!r}, which is of another kind than Java's keys")
        from ciphertool.keystore.formats.sealed_object import of_pkcs8

        sealed = value.sequence(tag=der.CONTEXT_0)[0].octets()
        return of_pkcs8(_decrypted(sealed, password, self.alias), self.alias)


def _decrypted(sealed: bytes, password: str, alias: str) -> bytes:
    """Return the key of an EncryptedPrivateKeyInfo as PKCS #8 in the clear."""
    budget = StoreBudget(_NAME)
    if len(sealed) > MAX_SEALED_KEY:
        raise budget.malformed("an encrypted key that is larger than any real one")
    algorithm, ciphertext = der.parse(sealed, budget).sequence(2)[:2]
    try:
        plain = pbe.decrypt(algorithm, ciphertext.octets(), password, budget)
    except pbe.BadDecryptError:
        raise WrongKeyPasswordError(alias) from None
    if not _is_private_key_info(plain):
        # One wrong password in 256 results in a valid padding.
        raise WrongKeyPasswordError(alias)
    return plain


def looks_like(data: bytes) -> bool:
    """Return whether the data begins like a PFX: a sequence, of any form of length, that begins with version 3."""
    if data[:1] != b"\x30" or len(data) < 2:
        return False
    start = 2 + (data[1] & 0x7F if data[1] > 0x80 else 0)
    return data[start : start + 3] == b"\x02\x01\x03"


def read(data: bytes, password: str | None, path: Path) -> StoreContent:  # noqa: ARG001 - a Reader
    """Read a PKCS #12 store. Without a MAC it counts as not verified, with or without a password."""
    budget = StoreBudget(_NAME)
    _, safe, *mac = der.parse(data, budget).sequence(2)
    kind, value = safe.sequence(2)[:2]
    if kind.oid() != DATA:
        raise UnsupportedKeystoreError("a PKCS #12 store that is signed by a key instead of a password")
    content = value.sequence(tag=der.CONTEXT_0)[0].octets()
    verified = bool(mac) and password is not None
    if verified and not pbe.mac_matches(mac[0], content, password or "", budget):
        raise WrongKeystorePasswordError
    bags: list[_Bag] = []
    for info in der.parse(content, budget).sequence(0):
        bags += _bags(_safe_contents(info, password, budget), budget)
        if len(bags) > MAX_ENTRIES:
            raise budget.malformed(f"more than {MAX_ENTRIES} bags")
    return StoreContent(_entries(bags), verified)


def _safe_contents(info: der.Element, password: str | None, budget: StoreBudget) -> der.Element:
    """Return one of the store's parts, decrypted if it is encrypted."""
    kind, value = info.sequence(2)[:2]
    inner = value.sequence(tag=der.CONTEXT_0)[0]
    if kind.oid() == DATA:
        return der.parse(inner.octets(), budget)
    if kind.oid() != ENCRYPTED_DATA:
        raise UnsupportedKeystoreError("a PKCS #12 store that is encrypted to a key instead of a password")
    if password is None:
        raise PasswordNeededError("the entries of a PKCS #12 store")
    _, algorithm, ciphertext = inner.sequence(2)[1].sequence(3)[:3]
    try:
        plain = pbe.decrypt(algorithm, ciphertext.octets(der.CONTEXT_0_PRIMITIVE), password, budget)
        return der.parse(plain, budget).expect(der.SEQUENCE)
    except pbe.BadDecryptError:
        raise WrongKeystorePasswordError from None


def _bags(safe_contents: der.Element, budget: StoreBudget) -> Iterator[_Bag]:
    for bag in safe_contents.sequence(0):
        oid, wrapped, *rest = bag.sequence(2)
        kind = oid.oid()
        value = wrapped.sequence(tag=der.CONTEXT_0)[0]
        if kind == NESTED_BAG:
            yield from _bags(value, budget)
            continue
        attributes = dict(_attributes(rest[0])) if rest else {}
        alias, key_id = attributes.get(FRIENDLY_NAME), attributes.get(LOCAL_KEY_ID)
        content = bytes(value.encoding)
        if kind == CERT_BAG:
            certificate_kind, certificate = value.sequence(2)[:2]
            if certificate_kind.oid() != X509_CERTIFICATE:
                continue
            content = certificate.sequence(tag=der.CONTEXT_0)[0].octets()
        yield _Bag(
            kind,
            content,
            alias.decode("utf-16-be", "replace") if alias is not None else None,
            key_id,
            TRUSTED_KEY_USAGE in attributes,
        )


def _attributes(attributes: der.Element) -> Iterator[tuple[str, bytes]]:
    for attribute in attributes.sequence(0, der.SET):
        oid, values = attribute.sequence(2)[:2]
        for value in values.sequence(0, der.SET)[:1]:
            yield oid.oid(), bytes(value.content)


def _entries(bags: list[_Bag]) -> list[KeyEntry]:
    """Combine the bags as Java does: a certificate belongs to a key by its id, else by its name."""
    keys = [bag for bag in bags if bag.kind in (KEY_BAG, SHROUDED_KEY_BAG)]
    found = [bag for bag in bags if bag.kind == CERT_BAG]
    leaves = _leaves(keys, found)
    found_chains = iter(chains.chains([leaf for leaf in leaves if leaf], [bag.value for bag in found]))
    of_key = {id(key): next(found_chains) if leaf else () for key, leaf in zip(keys, leaves, strict=True)}
    # Java ignores plain certificates in a store; here they count, as the store was made for them.
    all_trusted = not keys and not any(bag.trusted for bag in found)
    entries: dict[str, KeyEntry] = {}
    unnamed = 0
    for bag in bags:
        alias = bag.alias
        if alias is None and (bag.kind != CERT_BAG or bag.trusted or all_trusted):
            unnamed += 1
            alias = str(unnamed)
        if alias is None:
            continue
        if id(bag) in of_key:
            sealed = Pkcs12SealedKey(alias.rstrip("\0"), bag.value, bag.kind == SHROUDED_KEY_BAG)
            entry = KeyEntry(alias, EntryKind.KEY, of_key[id(bag)], _created(bag.key_id), sealed)
        elif bag.kind == SECRET_BAG:
            secret = Pkcs12SecretBag(alias, bag.value)
            entry = KeyEntry(alias, EntryKind.SECRET, created=_created(bag.key_id), secret=secret)
        elif bag.kind == CERT_BAG and (bag.trusted or all_trusted):
            entry = KeyEntry(alias, EntryKind.TRUSTED, (bag.value,))
        else:
            continue
        entries[alias.lower()] = entry
    return list(entries.values())


def _leaves(keys: list[_Bag], found: list[_Bag]) -> list[bytes | None]:
    by_id = {bag.key_id: bag.value for bag in found if bag.key_id is not None}
    by_both = {(bag.key_id, _folded(bag.alias)): bag.value for bag in found}
    by_alias = {_folded(bag.alias): bag.value for bag in found if bag.alias is not None}
    leaves = []
    for key in keys:
        leaf = None
        if key.key_id is not None:
            leaf = by_both.get((key.key_id, _folded(key.alias))) or by_id.get(key.key_id)
        if leaf is None and key.alias is not None:
            leaf = by_alias.get(_folded(key.alias))
        if leaf is None and len(keys) == 1 and found:
            leaf = found[0].value
        leaves.append(leaf)
    return leaves


def _folded(alias: str | None) -> str | None:
    return None if alias is None else alias.rstrip("\0").lower()


def _created(key_id: bytes | None) -> datetime | None:
    """Return the time that Java writes into the id that links a key to its certificate: `Time 1700000000000`."""
    if key_id and key_id.startswith(b"Time ") and key_id[5:].isdigit() and len(key_id) < 25:
        return date_of(int(key_id[5:]))
    return None


def _is_private_key_info(plain: bytes) -> bool:
    try:
        return len(der.parse(plain, StoreBudget(_NAME)).sequence(3)) >= 3
    except MalformedKeystoreError:
        return False
