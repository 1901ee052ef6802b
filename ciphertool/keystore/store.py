"""An opened keystore: its entries, certificates, private keys. Reads and writes no format itself."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ciphertool.errors import (
    NoCertificateError,
    NoPrivateKeyError,
    NoSecretKeyError,
    NoSuchKeyAliasError,
    NotRsaError,
    UnprovenCertificateError,
    UnsupportedKeystoreError,
)
from ciphertool.keystore.entries import EntryKind, KeyEntry, error_path
from ciphertool.keystore.entries import StoreContent as Content  # noqa: F401 - the former path, kept for one release

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import rsa

    from ciphertool.engine import Key
    from ciphertool.secret import Secret


# Formats that merely concatenate certificates and keys, without a common password.
_BARE = frozenset({"PEM", "DER"})


class Keystore:
    """An opened keystore; `open_keystore` makes one.

    `verified` is True if the password proved the file's integrity. Aliases are case-insensitive. Reading an entry
    parses only that entry, so that a malformed certificate elsewhere does no harm. If a configuration states them,
    `alias` is the entry that None means, and `key_password` the password of its key.
    """

    def __init__(
        self,
        path: Path,
        format: str,  # noqa: A002 - the usual word
        entries: tuple[KeyEntry, ...],
        verified: bool = False,
        password: Secret | None = None,
        *,
        alias: str | None = None,
        key_password: Secret | None = None,
    ) -> None:
        self.path = path
        self.format = format
        self.entries = entries
        self.verified = verified
        self.password = password
        self.alias = alias
        self.key_password = key_password

    def entry(self, alias: str | None) -> KeyEntry:
        """Return the entry of an alias; None means the configured one, else the only key entry, else the only entry.

        In a PEM file without a key, None means the first certificate, as is usual with PEM. Raise
        `NoSuchKeyAliasError`, which lists the existing aliases.
        """
        alias = self.alias if alias is None else alias
        if alias is None:
            keys = [entry for entry in self.entries if entry.kind is EntryKind.KEY]
            candidates = keys or list(self.entries[:1] if self.format in _BARE else self.entries)
        else:
            # An exact match comes first: old stores may have aliases that differ only in case.
            candidates = [entry for entry in self.entries if entry.alias == alias] or self._by_folded_alias.get(
                alias.casefold(), []
            )
        if len(candidates) != 1:
            raise NoSuchKeyAliasError(alias, [entry.alias for entry in self.entries]).at(self.path)
        return candidates[0]

    @cached_property
    def _by_folded_alias(self) -> dict[str, list[KeyEntry]]:
        folded: dict[str, list[KeyEntry]] = {}
        for entry in self.entries:
            folded.setdefault(entry.alias.casefold(), []).append(entry)
        return folded

    @property
    def anchors(self) -> list[bytes]:
        """The certificates that the store trusts, in DER: those of its trusted entries."""
        return [entry.chain[0] for entry in self.entries if entry.kind is EntryKind.TRUSTED and entry.chain]

    def certificate(self, alias: str | None = None) -> x509.Certificate:
        """Return the leaf certificate of an entry, unproven: see `encryption_certificate`."""
        from ciphertool.certificates import chains

        entry = self.entry(alias)
        with error_path(self.path):
            if not entry.chain:
                raise NoCertificateError(entry.alias)
            return chains.load(entry.chain[0], entry.alias)

    def encryption_certificate(
        self, alias: str | None = None, *, fingerprint: str | None = None, key_password: str | None = None
    ) -> x509.Certificate:
        """Return the RSA certificate to encrypt with, proven to be the one that the keystore's owner put there.

        The proof is the expected `fingerprint` ("sha256:…"), the integrity of the store under its password, or, only if
        there is neither, the match with the private key. A PEM file without a key contains nothing but its certificate,
        which is trusted as it is. Raise `UnprovenCertificateError` if there is no proof, `NotRsaError` for another kind
        of key.
        """
        from ciphertool.certificates import chains

        entry = self.entry(alias)
        with error_path(self.path):
            if entry.chain and (algorithm := chains.key_algorithm(entry.chain[0])) not in ("RSA", None):
                raise NotRsaError(entry.alias, algorithm)  # even if nothing else in the certificate can be read
        certificate = self.certificate(entry.alias)
        with error_path(self.path):
            chains.rsa_public_key(certificate, entry.alias)
            if fingerprint is not None:
                if not chains.has_fingerprint(entry.chain[0], fingerprint):
                    raise UnprovenCertificateError(
                        entry.alias,
                        f"its fingerprint is sha256:{entry.sha256}, not the expected one",
                        "restore the expected certificate; if the key was changed on purpose, update the fingerprint",
                    )
            elif not self.verified and (self.format not in _BARE or entry.sealed):
                if entry.sealed is None or self.password is None:
                    raise UnprovenCertificateError(entry.alias, "nothing proves the integrity of the file")
                self.private_key(entry.alias, key_password)
        return certificate

    def private_key(self, alias: str | None = None, key_password: str | None = None) -> rsa.RSAPrivateKey:
        """Return an entry's RSA key, proved by its arithmetic and by matching the entry's certificate.

        `key_password` is the keystore password unless given. Raise `NoPrivateKeyError`, `NotRsaError`,
        `WrongKeyPasswordError`, `PasswordNeededError` or `BadPrivateKeyError`.
        """
        from ciphertool.keystore import keys

        entry = self.entry(alias)
        with error_path(self.path):
            return keys.load_rsa(self.unseal(entry, key_password), entry.alias, entry.chain[:1])

    def key(self, alias: str | None = None, key_password: str | None = None) -> Key:
        """Return an entry's RSA key as what decrypts; raise as `private_key` does."""
        from ciphertool.engine import LocalKey

        return LocalKey(self.private_key(alias, key_password))

    def symmetric_key(self, alias: str | None = None, key_password: str | None = None) -> bytes:
        """Return the AES key of a secret entry.

        `key_password` is the keystore password unless given. Raise `NoSecretKeyError`, `NotAesError`,
        `WrongKeyPasswordError`, `PasswordNeededError` or, for a format whose secret keys are not read,
        `UnsupportedKeystoreError`.
        """
        from ciphertool.keystore import symmetric_keys

        entry = self.entry(alias)
        with error_path(self.path):
            if entry.kind is not EntryKind.SECRET:
                raise NoSecretKeyError(entry.alias, entry.kind.value)
            if entry.secret is None:
                raise UnsupportedKeystoreError(
                    f"the secret key {entry.alias!r} of a {self.format} store", "convert the store to PKCS #12"
                )
            return symmetric_keys.require_aes(entry.secret.unseal(self._password_of(key_password)), entry.alias)

    aes_key = symmetric_key
    """The former name, kept for one release."""

    def unseal(self, entry: KeyEntry, key_password: str | None = None) -> bytes:
        """Return an entry's private key, of any algorithm, as PKCS #8 in the clear, unproven."""
        with error_path(self.path):
            if entry.sealed is None or entry.kind is not EntryKind.KEY:
                raise NoPrivateKeyError(entry.alias, entry.kind.value)
            return entry.sealed.unseal(self._password_of(key_password))

    def _password_of(self, key_password: str | None) -> str | None:
        """Return the password that opens a key: its own, or else the keystore's."""
        if key_password is not None:
            return key_password
        password = self.password if self.key_password is None else self.key_password
        return None if password is None else password.reveal()
