"""Encrypts a whole vault anew: under new content keys for the same recipients, or to another key pair.

To another key pair it goes in three commits: the vault for the old key and the new one, the settings, the vault for the
new key without the old one. The keystore that the settings name opens the vault at any time, and the same command,
given again, goes on where it was interrupted.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import files
from ciphertool.changes.changeset import ChangeSet
from ciphertool.ciphertext import Envelope
from ciphertool.errors import ConfigError, KeystoreError
from ciphertool.lifecycle import keystore_table
from ciphertool.lifecycle.reencryption import proved, values_of
from ciphertool.lifecycle.writing import vault_before
from ciphertool.repository import Encrypted
from ciphertool.vault.cipher import Opener, Sealer
from ciphertool.vault.envelopes import EnvelopeSealer
from ciphertool.vault.opening import VaultAccess
from ciphertool.workers import Progress, no_progress

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from ciphertool.changes.commit import Transaction
    from ciphertool.engine.envelope import Recipient
    from ciphertool.keystore import KeyEntry
    from ciphertool.passwords import PasswordChain
    from ciphertool.repository import SecretRepository
    from ciphertool.settings.model import Settings


class Keys(NamedTuple):
    """What opens a vault, and what encrypts it: both of one key pair. `warnings` are about both."""

    opener: Opener
    sealer: Sealer
    recipients: tuple[Recipient, ...]
    warnings: tuple[str, ...] = ()


class Rotation(NamedTuple):
    """What was encrypted anew: the aliases, and the content keys that are gone."""

    aliases: tuple[str, ...]
    content_keys: tuple[str, ...]


def open_keys(settings: Settings, passwords: PasswordChain, now: datetime) -> Keys:
    """Return the keys of settings.

    Raises `ConfigError` for a vault that is not native, and `KeystoreError` if the private key is not available.
    """
    if settings.kind != "native":
        raise ConfigError(
            f"only a native vault is rotated, and this one is of kind {settings.kind}",
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
    recipients = sealer.envelope.to if sealer.envelope is not None else ()
    return Keys(opener, sealer, recipients, warnings)


def plan(
    settings: Settings, repository: SecretRepository, keys: Keys, progress: Progress = no_progress
) -> tuple[Rotation, ChangeSet]:
    """Return what encrypts every value anew, under one content key, for the recipients that the settings name.

    Every value is decrypted, encrypted, and decrypted again before anything is written; kept spellings stay. Raises
    `ProblemsError` with each that does not decrypt, `OtherKeyError` and `RecipientsError` if the vault is encrypted to
    others than the settings name, and `ConflictError` after an interrupted run.
    """
    if (different := keys.sealer.other_recipients(repository)) is not None:
        raise different
    return _anew(settings, repository, keys.opener, keys, progress)


def _anew(
    settings: Settings, repository: SecretRepository, opener: Opener, keys: Keys, progress: Progress
) -> tuple[Rotation, ChangeSet]:
    before = vault_before(settings, repository)
    values = values_of(repository, opener, progress)
    new = {alias: keys.sealer.seal(alias, *one.revealed()) for alias, one in values.items()}
    saved = proved(settings, repository, new, dict.fromkeys(repository.keys), values, keys.opener, progress)
    return Rotation(tuple(new), tuple(repository.keys)), ChangeSet((), saved, (), before, forgets=True)


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

    def carry_out(self, transaction: Transaction, progress: Progress = no_progress) -> Rotation:
        """Do all steps that are still to be done; raise what `plan` and `commit` raise."""
        repository = self._read()
        opener = self.new.opener if self.in_settings else self.old.opener
        if not self.in_settings:
            self._settings(repository)  # raises before anything is written
            if not self._is_for_both(repository):
                transaction.apply(self._for_both(repository, opener, progress))
                repository = self._read()
            transaction.apply(self._settings(repository))
            opener = self.new.opener
        rotation, changes = _anew(self.after, repository, opener, self.new, progress)
        transaction.apply(changes)
        return rotation

    def _read(self) -> SecretRepository:
        from ciphertool.repository import open_repository

        settings = self.before
        extensions = settings.trust.extensions
        return open_repository(settings.kind, settings.storage, extensions=extensions, declared=settings.aliases)

    def _is_for_both(self, repository: SecretRepository) -> bool:
        both = {self.old.sealer.key_id, self.new.sealer.key_id}
        stored = (entry.stored for entry in repository.entries.values() if isinstance(entry.stored, Encrypted))
        return all(isinstance(one.ciphertext, Envelope) and both <= one.ciphertext.wrapped.keys() for one in stored)

    def _for_both(self, repository: SecretRepository, opener: Opener, progress: Progress) -> ChangeSet:
        """Return what makes the whole vault readable by the old key and by the new one."""
        sealer = EnvelopeSealer(list(_distinct((*self.old.recipients, *self.new.recipients))))
        before = vault_before(self.before, repository)
        values = values_of(repository, opener, progress)
        made = {alias: sealer.seal(alias, *one.revealed()) for alias, one in values.items()}
        gone = dict.fromkeys(repository.keys)
        saved = proved(self.before, repository, made, gone, values, opener, progress)
        proved(self.before, repository, made, gone, values, self.new.opener, progress)
        return ChangeSet((), saved, (), before, forgets=True)

    def _settings(self, repository: SecretRepository) -> ChangeSet:
        keystore, root = self.after.keystore, self.after.root
        file = files.read(self.before.origin)
        members: dict[str, str | None] = {
            "path": _relative(keystore.path, root),
            "alias": keystore.alias,
            "certificate": _relative(keystore.certificate, root),
            "fingerprint": None if self.before.keystore.fingerprint is None else f"sha256:{keystore.fingerprint}",
        }
        written = files.Write(file, keystore_table.changed(file, members))
        first = () if self.certificate is None else (self.certificate,)
        return ChangeSet((written,), None, first, vault_before(self.before, repository, file.real), forgets=True)


def _distinct(recipients: Iterable[Recipient]) -> Iterable[Recipient]:
    return {one.id: one for one in recipients}.values()


def _relative(path: Path | None, root: Path) -> str | None:
    return None if path is None else os.path.relpath(path, root).replace(os.sep, "/")


def settings_after(settings: Settings, keystore: Path, entry: KeyEntry) -> tuple[Settings, files.Write | None]:
    """Return the settings that name an entry of another keystore, and the write of its certificate's file.

    If the settings name a certificate, the new one is written beside the new keystore, as `NAME.pem`. Raises
    `ConfigError` if another file has that name.
    """
    from ssl import DER_cert_to_PEM_cert

    stated = settings.keystore
    certificate, written = None, None
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
