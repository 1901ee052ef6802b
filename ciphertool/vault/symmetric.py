"""What encrypts and decrypts the values of a vault whose key is an AES key. Opens no keystore."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.engine.schemes import AES_GCM
from ciphertool.errors import (
    UnprovenCertificateError,
    UnsupportedKeystoreError,
    UnsupportedSchemeError,
    WrongKeyPasswordError,
)
from ciphertool.runtimes.base import jca_type
from ciphertool.vault.cipher import SymmetricOpener, SymmetricSealer

if TYPE_CHECKING:
    from ciphertool.keystore import KeyEntry, Keystore
    from ciphertool.passwords import Passwords
    from ciphertool.settings.model import Settings


def is_secret(entry: KeyEntry) -> bool:
    """Return whether an entry of a keystore is a secret key."""
    from ciphertool.keystore import EntryKind

    return entry.kind is EntryKind.SECRET


def require_no_secret(entry: KeyEntry, keystore: Keystore) -> None:
    """Raise `UnsupportedSchemeError` if the key beside a certificate is a secret key."""
    if is_secret(entry):
        raise UnsupportedSchemeError(
            AES_GCM,
            f"{entry.alias!r} is a secret key, which does not decrypt what [keystore] certificate encrypts",
            hint="remove [keystore] certificate, or set the key alias to the entry of its RSA key",
        ).at(keystore.path)


def sealer_of_key(key: bytes, store_type: str = "JKS", alias: str | None = None) -> SymmetricSealer:
    """Return the sealer of an AES key, with its opener."""
    from ciphertool.engine.gcm import SecretKeyDecryptor, SecretKeyEncryptor

    return SymmetricSealer(SecretKeyEncryptor(key), SymmetricOpener(SecretKeyDecryptor(key)), store_type, alias)


def sealer_of_entry(settings: Settings, keystore: Keystore, alias: str, given: Passwords | None) -> SymmetricSealer:
    """Return the sealer of a keystore's secret key, whatever transformation the vault declares.

    Raises `UnsupportedSchemeError` if the product of the vault does not decrypt its values, and `KeystoreError` if the
    key does not open. Carbon opens it with the keystore's password, even if it has another password for keys.
    """
    from ciphertool.runtimes.registry import runtime_of

    if not runtime_of(settings.kind).symmetric:
        reason = f"{alias!r} is a secret key, but a {settings.kind} vault needs an RSA key"
        hint = "set the key alias to the entry of an RSA key"
        raise UnsupportedSchemeError(AES_GCM, reason, hint=hint).at(keystore.path)
    try:
        key = keystore.symmetric_key(alias, given.key if given and settings.home is None else None)
    except WrongKeyPasswordError:
        if settings.home is None:
            raise
        raise UnsupportedKeystoreError(
            f"secret key {alias!r} does not open with the keystore's password, with which Carbon opens it",
            "change the key's password to the keystore's",
        ).at(keystore.path) from None
    return sealer_of_key(key, jca_type(keystore.format), alias)


def sealer_to_encrypt(settings: Settings, keystore: Keystore, alias: str, given: Passwords | None) -> SymmetricSealer:
    """Return that sealer; raise `UnprovenCertificateError` if settings state the fingerprint of a certificate."""
    sealer = sealer_of_entry(settings, keystore, alias, given)
    if settings.keystore.fingerprint is not None:
        hint = "take `fingerprint` out of [keystore]: the keystore's password proves a secret key"
        raise UnprovenCertificateError(alias, "a secret key has none", hint).at(keystore.path)
    return sealer
