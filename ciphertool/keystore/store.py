"""An opened keystore: its entries, certificates, private keys. Nothing here reads or writes a format."""

from __future__ import annotations

from contextlib import contextmanager
from enum import Enum
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ciphertool.errors import (
    KeystoreError,
    NoCertificateError,
    NoPrivateKeyError,
    NoSecretKeyError,
    NoSuchKeyAliasError,
    UnprovenCertificateError,
    UnsupportedKeystoreError,
)
from ciphertool.secret import showing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import rsa

    from ciphertool.secret import Secret


# Formats that are nothing but their certificates and keys, one after another, under no common password.
_BARE = frozenset({"PEM", "DER"})


class EntryKind(Enum):
    """What an entry holds; the value is its name in lists."""

    KEY = "key"
    TRUSTED = "trusted"
    SECRET = "secret"  # noqa: S105 - a kind, no password


class SealedKey(Protocol):
    """A private key as it lies in its store, which may be in the clear."""

    def unseal(self, password: str | None) -> bytes:
        """Return the key as PKCS #8 in the clear.

        Raise `PasswordNeededError` where it is encrypted and None is given, `WrongKeyPasswordError` where the
        password is not its own.
        """


class ClearKey:
    """A private key in the clear, on its way into a store."""

    __slots__ = ("pkcs8",)  # no tuple, as `Passwords` is none

    def __init__(self, pkcs8: bytes) -> None:
        self.pkcs8 = pkcs8

    def __repr__(self) -> str:
        return showing(self)

    def unseal(self, password: str | None) -> bytes:  # noqa: ARG002 - a SealedKey
        """Return the key."""
        return self.pkcs8


class SecretKey(NamedTuple):
    """A secret key in the clear, and its algorithm: Java's name, or an object identifier that has none here."""

    algorithm: str
    key: bytes

    def __repr__(self) -> str:
        return showing(self, "algorithm")


class SealedSecret(Protocol):
    """A secret key as it lies in its store."""

    def unseal(self, password: str | None) -> SecretKey:
        """Return the key; raise what `SealedKey.unseal` raises."""


class Entry(NamedTuple):
    """One entry of a keystore. `chain` is DER, leaf first; `created` is None where the format does not say.

    `sealed` is the private key of a key entry, `secret` the key of a secret entry, where its format is one whose secret
    keys can be read.
    """

    alias: str
    kind: EntryKind
    chain: tuple[bytes, ...] = ()
    created: datetime | None = None
    sealed: SealedKey | None = None
    secret: SealedSecret | None = None

    def __repr__(self) -> str:
        return showing(self, "alias", "kind", "created")

    @property
    def sha256(self) -> str | None:
        """The fingerprint of the leaf certificate's DER in lower-case hex, or None where there is none."""
        return sha256(self.chain[0]).hexdigest() if self.chain else None


class Content(NamedTuple):
    """What a format's reader found: the entries, and whether the password proved that nobody changed the file."""

    entries: Sequence[Entry]
    verified: bool


class Keystore:
    """An opened keystore; `open_keystore` makes one.

    `verified` tells that the password proved the file's integrity. Aliases are found without regard to case. Reading
    one entry parses that entry only, so that an odd certificate beside it does no harm.
    """

    def __init__(
        self,
        path: Path,
        format: str,  # noqa: A002 - the word for it
        entries: tuple[Entry, ...],
        verified: bool = False,
        password: Secret | None = None,
    ) -> None:
        self.path = path
        self.format = format
        self.entries = entries
        self.verified = verified
        self.password = password

    def entry(self, alias: str | None) -> Entry:
        """Return the entry of that alias; None means the only key entry, or, without any, the only entry.

        In a PEM file without a key None means the first certificate, as everywhere with PEM.
        Raise `NoSuchKeyAliasError`, which lists the aliases there.
        """
        if alias is None:
            keys = [entry for entry in self.entries if entry.kind is EntryKind.KEY]
            candidates = keys or list(self.entries[:1] if self.format in _BARE else self.entries)
        else:
            # An exact match goes first: old stores hold aliases that differ in case only.
            candidates = [entry for entry in self.entries if entry.alias == alias] or self._by_folded_alias.get(
                alias.casefold(), []
            )
        if len(candidates) != 1:
            raise NoSuchKeyAliasError(alias, [entry.alias for entry in self.entries]).at(self.path)
        return candidates[0]

    @cached_property
    def _by_folded_alias(self) -> dict[str, list[Entry]]:
        folded: dict[str, list[Entry]] = {}
        for entry in self.entries:
            folded.setdefault(entry.alias.casefold(), []).append(entry)
        return folded

    def certificate(self, alias: str | None = None) -> x509.Certificate:
        """Return the leaf certificate of an entry. It proves nothing yet: see `encryption_certificate`."""
        from ciphertool.certificates import chains

        entry = self.entry(alias)
        with located(self.path):
            if not entry.chain:
                raise NoCertificateError(entry.alias)
            return chains.load(entry.chain[0], entry.alias)

    def encryption_certificate(
        self, alias: str | None = None, *, fingerprint: str | None = None, key_password: str | None = None
    ) -> x509.Certificate:
        """Return the RSA certificate to encrypt under, proven to be the one that the keystore's owner put there.

        The proof is the expected `fingerprint` ("sha256:…"), or the integrity of the store under its password, or the
        match with the private key. A PEM file without a key states nothing but its certificate: taken at its word.
        Raise `UnprovenCertificateError` where there is none of these, `NotRsaError` for another kind of key.
        """
        from ciphertool.certificates import chains

        entry = self.entry(alias)
        certificate = self.certificate(entry.alias)
        with located(self.path):
            chains.rsa_public_key(certificate, entry.alias)
            if fingerprint is not None:
                if not chains.has_fingerprint(entry.chain[0], fingerprint):
                    raise UnprovenCertificateError(
                        entry.alias,
                        f"its fingerprint is sha256:{entry.sha256}, not the expected one",
                        "put the right certificate back; if the key was changed on purpose, correct the fingerprint",
                    )
            elif not self.verified and (self.format not in _BARE or entry.sealed):
                if entry.sealed is None or self.password is None:
                    raise UnprovenCertificateError(entry.alias, "nothing vouches for the file")
                self.private_key(entry.alias, key_password)
        return certificate

    def private_key(self, alias: str | None = None, key_password: str | None = None) -> rsa.RSAPrivateKey:
        """Return an entry's RSA key, proved by its arithmetic and by its match with the entry's certificate.

        `key_password` is the keystore password unless given. Raise `NoPrivateKeyError`, `NotRsaError`,
        `WrongKeyPasswordError`, `PasswordNeededError` or `BadPrivateKeyError`.
        """
        from ciphertool.keystore import keys

        entry = self.entry(alias)
        with located(self.path):
            return keys.load_rsa(self.unseal(entry, key_password), entry.alias, entry.chain[:1])

    def aes_key(self, alias: str | None = None, key_password: str | None = None) -> bytes:
        """Return the AES key of a secret entry.

        `key_password` is the keystore password unless given. Raise `NoSecretKeyError`, `NotAesError`,
        `WrongKeyPasswordError`, `PasswordNeededError` or, for a format whose secret keys are not read,
        `UnsupportedKeystoreError`.
        """
        from ciphertool.keystore import symmetric_keys

        entry = self.entry(alias)
        with located(self.path):
            if entry.kind is not EntryKind.SECRET:
                raise NoSecretKeyError(entry.alias, entry.kind.value)
            if entry.secret is None:
                raise UnsupportedKeystoreError(
                    f"the secret key {entry.alias!r} of a {self.format} store", "convert the store to PKCS #12"
                )
            return symmetric_keys.aes(entry.secret.unseal(self._password_of(key_password)), entry.alias)

    def unseal(self, entry: Entry, key_password: str | None = None) -> bytes:
        """Return an entry's private key as PKCS #8 in the clear, of whatever algorithm, unproven."""
        with located(self.path):
            if entry.sealed is None or entry.kind is not EntryKind.KEY:
                raise NoPrivateKeyError(entry.alias, entry.kind.value)
            return entry.sealed.unseal(self._password_of(key_password))

    def _password_of(self, key_password: str | None) -> str | None:
        """The password that opens a key: its own, or else the keystore's."""
        if key_password is None and self.password is not None:
            return self.password.reveal()
        return key_password


@contextmanager
def located(path: Path) -> Iterator[None]:
    """Give every keystore error raised within the path it is about."""
    try:
        yield
    except KeystoreError as error:
        error.at(path)
        raise
