"""Changes to a keystore. Each returns the bytes of the whole new store, in its own format, for the caller to write.

PKCS #12, JKS and PEM stores can be changed; those of other formats can only be converted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.certificates import chains
from ciphertool.errors import AliasTakenError, BadCertificateError, UnsupportedKeystoreError, WrongKeyPasswordError
from ciphertool.keystore import keys
from ciphertool.keystore.entries import ClearKey, EntryKind, KeyEntry, error_path
from ciphertool.keystore.formats.writing import write
from ciphertool.keystore.store import Keystore
from ciphertool.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path


def new_keystore(path: Path, password: str, *, format_name: str = "PKCS12") -> Keystore:
    """Return an empty store that is no file yet, to put certificates or keys into."""
    return Keystore(path, format_name, (), verified=True, password=Secret(password))


def trust(keystore: Keystore, trusted: Sequence[bytes], *, alias: str | None = None, now: datetime) -> bytes:
    """Return the store with certificates, in DER, as trusted entries.

    They are named `alias`, `alias-2`, …; without an alias each is named after its subject. A certificate that is
    already trusted is left as it is. Raise `AliasTakenError` if an alias is in use.
    """
    entries = list(keystore.entries)
    there = {entry.chain[0] for entry in entries if entry.kind is EntryKind.TRUSTED and entry.chain}
    new = [data for data in dict.fromkeys(trusted) if data not in there]
    with error_path(keystore.path):
        for number, data in enumerate(new, 1):
            what = alias or "a new entry"
            subject = chains.subject(chains.load(data, what), what).rfc4514_string()
            name = (alias if number == 1 else f"{alias}-{number}") if alias else subject.lower()
            entries = _with(entries, KeyEntry(name, EntryKind.TRUSTED, (data,), now))
        return _write(keystore, entries)


def delete(keystore: Keystore, alias: str) -> bytes:
    """Return the store without the entry of an alias."""
    gone = keystore.entry(alias)
    return _write(keystore, [entry for entry in keystore.entries if entry is not gone])


def change_password(keystore: Keystore, new_password: str, *, key_password: str | None = None) -> bytes:
    """Return the store under a new password.

    Keys that open with the old store password, or with `key_password`, are sealed under the new one too, because most
    servers need that; a key with a different password keeps it. Raises `UnsupportedKeystoreError` for a store that has
    secret keys.
    """
    secret = [entry.alias for entry in keystore.entries if entry.kind is EntryKind.SECRET]
    if secret:
        named = ", ".join(map(repr, secret))
        reason = f"holds secret keys, which cannot be sealed under another password here: {named}"
        hint = "change the password with `keytool -storepasswd` and, in a JCEKS store, `keytool -keypasswd`"
        raise UnsupportedKeystoreError(reason, hint).at(keystore.path)
    entries = [_opened(keystore, entry, key_password) for entry in keystore.entries]
    with error_path(keystore.path):
        return write(keystore.format, entries, new_password)


def convert(keystore: Keystore, format_name: str, password: str, *, key_password: str | None = None) -> bytes:
    """Return the entries as a store of another format; every key must open with `key_password` or the store's own."""
    entries = [_clear(keystore, entry, key_password) for entry in keystore.entries]
    with error_path(keystore.path):
        return write(format_name, entries, password)


def import_entry(
    keystore: Keystore,
    source: Keystore,
    alias: str | None,
    *,
    as_alias: str | None = None,
    source_key_password: str | None = None,
    key_password: str | None = None,
) -> bytes:
    """Return the store with an entry of another store; its key is sealed under `key_password` or the store password."""
    entry = _clear(source, source.entry(alias), source_key_password)
    with error_path(keystore.path):
        entries = _with(list(keystore.entries), entry._replace(alias=as_alias or entry.alias))
        return _write(keystore, entries, key_password)


def import_reply(
    keystore: Keystore,
    alias: str | None,
    reply: Sequence[bytes],
    *,
    truststore: Keystore | None = None,
    key_password: str | None = None,
) -> bytes:
    """Return the store with a certificate authority's reply as the entry's chain.

    The certificates, in DER, may be in any order; missing issuers are taken from the truststore. Raise
    `BadPrivateKeyError` if none of them belongs to the key, `BadCertificateError` if a signature is invalid.
    """
    entry = keystore.entry(alias)
    key = keys.load(keystore.unseal(entry, key_password), entry.alias)
    with error_path(keystore.path):
        public_key = key.public_key()
        loaded = {data: chains.load(data, entry.alias) for data in reply}
        leaves = [
            data for data, certificate in loaded.items() if chains.public_key(certificate, entry.alias) == public_key
        ]
        if not leaves:
            raise BadCertificateError(entry.alias, "is not in the reply: none of its certificates matches the key")
        others = [trusted.chain[0] for trusted in truststore.entries if trusted.chain] if truststore else []
        chain = chains.chains(leaves[:1], [*reply, *others])[0]
        chains.prove_chain(chain, entry.alias)
        entries = [old._replace(chain=chain) if old is entry else old for old in keystore.entries]
        return _write(keystore, entries)


def _write(keystore: Keystore, entries: Sequence[KeyEntry], key_password: str | None = None) -> bytes:
    password = keystore.password.reveal() if keystore.password else None
    with error_path(keystore.path):
        if keystore.format == "PKCS12" and not keystore.verified:
            # The password that the store is about to be written under has not been proved yet.
            for entry in keystore.entries:
                if entry.kind is EntryKind.KEY:
                    keystore.unseal(entry)
        return write(keystore.format, entries, password, key_password)


def _with(entries: list[KeyEntry], new: KeyEntry) -> list[KeyEntry]:
    if any(entry.alias.casefold() == new.alias.casefold() for entry in entries):
        raise AliasTakenError(new.alias)
    return [*entries, new]


def _clear(keystore: Keystore, entry: KeyEntry, key_password: str | None) -> KeyEntry:
    """Return the entry with its key in the clear, proved to be a key."""
    if entry.kind is not EntryKind.KEY:
        return entry
    pkcs8 = keystore.unseal(entry, key_password)
    with error_path(keystore.path):
        keys.load(pkcs8, entry.alias)
    return entry._replace(sealed=ClearKey(pkcs8))


def _opened(keystore: Keystore, entry: KeyEntry, key_password: str | None) -> KeyEntry:
    """Return the entry with its key in the clear if an available password opens it, else as it is."""
    for password in (None, key_password):
        try:
            return _clear(keystore, entry, password)
        except WrongKeyPasswordError:
            continue
    return entry
