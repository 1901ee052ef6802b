"""Encrypts a whole vault anew: under new content keys for the same recipients, or to another key pair.

To another key pair it goes in three commits: the vault for the old key and the new one, the settings, the vault for the
new key without the old one. All are proved in memory before the first. The keystore that the settings name opens the
vault at any time, and the same command, given again, goes on where it was interrupted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import files
from ciphertool.changes.changeset import ChangeSet, Replacement
from ciphertool.ciphertext import Envelope
from ciphertool.engine.envelope import Recipient
from ciphertool.errors import ConfigError, ConflictError, KeystoreError
from ciphertool.lifecycle import keystore_table
from ciphertool.lifecycle.reencryption import proved, sealed, values_of
from ciphertool.lifecycle.writing import outstanding, vault_before
from ciphertool.repository import Encrypted
from ciphertool.vault.cipher import Opener, Sealer
from ciphertool.vault.envelopes import EnvelopeSealer
from ciphertool.vault.opening import VaultAccess
from ciphertool.workers import Progress, no_progress

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

    from ciphertool.changes.commit import Transaction
    from ciphertool.ciphertext import Ciphertext
    from ciphertool.keystore import KeyEntry
    from ciphertool.lifecycle.reencryption import Value
    from ciphertool.passwords import PasswordChain
    from ciphertool.repository import SecretRepository
    from ciphertool.settings.model import Settings
    from ciphertool.storage.base import Content


class Keys(NamedTuple):
    """What opens a vault, and what encrypts it: both of one key pair. `warnings` are about both.

    The `recipients` are at least the primary key, even if no envelopes are to be made for it: on the way to another key
    pair a vault is an envelope.
    """

    opener: Opener
    sealer: Sealer
    recipients: tuple[Recipient, ...]
    warnings: tuple[str, ...] = ()


class Rotation(NamedTuple):
    """What was encrypted anew: the aliases, the content keys that are gone, and whose spelling is no longer kept."""

    aliases: tuple[str, ...]
    content_keys: tuple[str, ...]
    unspelled: tuple[str, ...] = ()


def open_keys(settings: Settings, passwords: PasswordChain, now: datetime) -> Keys:
    """Return the keys of settings.

    Raises `ConfigError` for a vault that is not native, and `KeystoreError` if the private key is not available.
    """
    if settings.kind != "native":
        raise ConfigError(
            f"a vault of kind {settings.kind} is not rotated",
            path=settings.origin,
            hint="restore its files with `ciphertool resolve`, name the new keystore, and run `ciphertool protect`",
        )
    access = VaultAccess(settings, passwords)
    opened, sealing = access.to_open(), access.to_seal(now=now)
    opener, sealer = opened.opener, sealing.sealer
    assert isinstance(opener, Opener)  # noqa: S101 - a native vault's
    assert isinstance(sealer, Sealer)  # noqa: S101 - as above
    warnings = tuple(dict.fromkeys((*opened.warnings, *sealing.warnings)))
    if opener.decryptor.key_id != sealer.key_id:
        raise KeystoreError(
            f"the keystore's key is {opener.decryptor.key_id}, but values are encrypted to {sealer.recipient}",
            path=settings.keystore.path,
            hint="rotating needs the primary keystore; `ciphertool recipients` changes who else can read the vault",
        )
    primary = Recipient(opener.decryptor.key.public, settings.keystore.algorithm)
    recipients = sealer.envelope.to if sealer.envelope is not None else (primary,)
    return Keys(opener, sealer, recipients, warnings)


def plan(
    settings: Settings, repository: SecretRepository, keys: Keys, progress: Progress = no_progress
) -> tuple[Rotation, ChangeSet]:
    """Return what encrypts every value anew, under one content key, for the recipients that the settings name.

    They are then in the form that the settings' scheme asks for, whichever they were in. Every value is decrypted,
    encrypted, and decrypted again before anything is written; kept spellings stay if the scheme has room for them.
    Raises `ProblemsError` with each that does not decrypt or does not fit the scheme, `OtherKeyError` and
    `RecipientsError` if the vault is encrypted to others than the settings name, and `ConflictError` after an
    interrupted run.
    """
    if (different := keys.sealer.other_recipients(repository)) is not None:
        raise different
    before = vault_before(settings, repository)
    values = values_of(repository, keys.opener, progress)
    anew = _anew(settings, repository, values, keys, progress)
    return anew.rotation, ChangeSet((), anew.saved, (), before)


class _Anew(NamedTuple):
    new: Mapping[str, Ciphertext]
    rotation: Rotation
    saved: Replacement | None


def _anew(
    settings: Settings, repository: SecretRepository, values: Mapping[str, Value], keys: Keys, progress: Progress
) -> _Anew:
    unspelled: tuple[str, ...] = ()
    if not keys.sealer.keeps_spelling:
        unspelled = tuple(alias for alias, one in values.items() if one.spelling is not None)
        values = {alias: one._replace(spelling=None) for alias, one in values.items()}
    new = sealed(values, keys.sealer, repository, progress)
    saved = proved(settings, repository, new, dict.fromkeys(repository.keys), values, keys.opener, progress)
    return _Anew(new, Rotation(tuple(new), tuple(repository.keys), unspelled), saved)


def _change(settings: Settings, repository: SecretRepository, new: Mapping[str, Ciphertext]) -> ChangeSet:
    """Return what gives a vault values that were proved before, and no content keys but theirs."""
    before = vault_before(settings, repository)
    if not new and not repository.keys:
        return ChangeSet((), None, (), before)
    data = repository.updated(new, dict.fromkeys(repository.keys))
    replacement = Replacement(settings.storage, repository.content, data)
    return ChangeSet((), replacement, (), before)


class Planned(NamedTuple):
    """A move to another key pair, proved: the vault as it was read, for both keys, and for the new one alone.

    `both` is empty if the vault is for both already, or need not be.
    """

    content: Content
    both: Mapping[str, Ciphertext]
    new: Mapping[str, Ciphertext]
    rotation: Rotation


@dataclass(frozen=True, slots=True)
class Move:
    """A vault's way to another key pair: the settings and the keys before and after."""

    before: Settings
    old: Keys
    after: Settings
    new: Keys
    certificate: files.Write | None
    """The new certificate's file, if the settings state one."""

    @property
    def in_settings(self) -> bool:
        """Whether the settings name the new key pair already."""
        return self.before.keystore == self.after.keystore

    def plan(self, progress: Progress = no_progress) -> Planned:
        """Return the whole vault, encrypted and proved for each step; nothing is written.

        Raises `ProblemsError` with each value that does not decrypt or does not fit the scheme, and what `commit` would
        raise for settings that cannot be changed.
        """
        repository = self._read()
        both: Mapping[str, Ciphertext] = {}
        opener = self.new.opener if self.in_settings else self.old.opener
        values = values_of(repository, opener, progress)
        if not self.in_settings:
            self._settings(repository)
            if not self._is_for_both(repository):
                both = self._for_both(repository, values, opener)
        anew = _anew(self.after, repository, values, self.new, progress)
        return Planned(repository.content, both, anew.new, anew.rotation)

    def carry_out(self, planned: Planned, transaction: Transaction) -> Rotation:
        """Do all steps that are still to be done. Raises `ConflictError` if the vault changed since it was planned."""
        repository = self._read()
        if repository.content != planned.content:
            raise ConflictError("changed during processing; nothing was written", path=repository.where)
        if not self.in_settings:
            changes = self._settings(repository)  # raises before anything is written
            if planned.both:
                transaction.apply(_change(self.before, repository, planned.both))
                repository, changes = self._read(), self._settings(self._read())
            transaction.apply(changes)
        transaction.apply(_change(self.after, repository, planned.new))
        return planned.rotation

    def _read(self) -> SecretRepository:
        from ciphertool.repository import open_repository

        settings = self.before
        extensions = settings.trust.extensions
        return open_repository(settings.kind, settings.storage, extensions=extensions, declared=settings.aliases)

    def _is_for_both(self, repository: SecretRepository) -> bool:
        both = {self.old.sealer.key_id, self.new.sealer.key_id}
        stored = (entry.stored for entry in repository.entries.values() if isinstance(entry.stored, Encrypted))
        return all(isinstance(one.ciphertext, Envelope) and both <= one.ciphertext.wrapped.keys() for one in stored)

    def _for_both(
        self, repository: SecretRepository, values: Mapping[str, Value], opener: Opener
    ) -> Mapping[str, Ciphertext]:
        """Return the whole vault, readable by the old key and by the new one."""
        sealer = EnvelopeSealer(list(_distinct((*self.old.recipients, *self.new.recipients))))
        made: dict[str, Ciphertext] = {alias: sealer.seal(alias, *one.revealed()) for alias, one in values.items()}
        gone = dict.fromkeys(repository.keys)
        for either in (opener, self.new.opener):
            proved(self.before, repository, made, gone, values, either)
        return made

    def _settings(self, repository: SecretRepository) -> ChangeSet:
        file = files.read(self.before.origin)
        written = files.Write(file, keystore_table.changed(file, keystore_table.members(self.before, self.after)))
        first = () if self.certificate is None else outstanding((self.certificate,))
        return ChangeSet((written,), None, first, vault_before(self.before, repository, file.real))


def _distinct(recipients: Iterable[Recipient]) -> Iterable[Recipient]:
    return {one.id: one for one in recipients}.values()


def settings_after(settings: Settings, keystore: Path, entry: KeyEntry) -> tuple[Settings, files.Write | None]:
    """Return the settings that name an entry of another keystore, and the write of its certificate's file.

    If the settings name a certificate, the new one is written beside the new keystore, as `NAME.pem`. Raises
    `ConfigError` if another file has that name.
    """
    from ssl import DER_cert_to_PEM_cert

    stated = settings.keystore
    certificate, written = None, None
    if stated.certificate is not None and not entry.chain:
        raise ConfigError("states a certificate, and a secret key has none", path=settings.origin)
    if stated.certificate is not None:
        certificate = keystore.with_suffix(".pem")
        text = DER_cert_to_PEM_cert(entry.chain[0]).encode("ascii")
        before = files.read_if_there(certificate)
        if before.data not in (None, text):
            raise ConfigError(
                "exists, and is not the new certificate", path=certificate, hint="rename it, or the new keystore"
            )
        if before.data is None:
            written = files.Write(before, text, 0o644, files.Audience.DIRECTORY)
    after = stated._replace(
        path=keystore,
        alias=entry.alias,
        certificate=certificate,
        fingerprint=None if stated.fingerprint is None else entry.sha256,
        missing=None,
    )
    return settings._replace(keystore=after), written
